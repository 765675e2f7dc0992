//! Which peers are let in, and which of them may speak for others.

use super::kind::Kind;
use super::setting::Setting;

/// Which peers are let in.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// `ALLOWED_NETWORK_RANGE`, already validated, one rule each (`10.0.0.0/8`, `!10.0.0.9`); `None` = loopback
    /// and the private networks this machine is on.
    pub allowed: Option<Vec<String>>,
    /// `ALLOWED_ORIGINS`: browser origins served from elsewhere, as `https://host[:port]`.
    pub allowed_origins: Vec<String>,
    /// `TRUSTED_PROXIES`: addresses or networks of reverse proxies; empty = none.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// `PROXY_PROTOCOL`: those proxies open every connection with a PROXY protocol v2 header.
    pub proxy_protocol: bool,
    /// `PROXY_PLAIN_HTTP`: those proxies, and nobody else, may speak plain HTTP.
    pub proxy_plain_http: bool,
}

/// What can be set here.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: "ALLOWED_NETWORK_RANGE",
        section: "network",
        key: "allowed_network_range",
        kind: Kind::AllowList,
        at: |c| &mut c.network.allowed,
        unset: "this machine and the private networks it is on",
        common: true,
        doc: "Which addresses may connect; all others get no answer at all. When it is set, nothing is added to it, not even this machine itself.",
    },
    Setting {
        name: "ALLOWED_ORIGINS",
        section: "network",
        key: "allowed_origins",
        kind: Kind::Origins,
        at: |c| &mut c.network.allowed_origins,
        unset: "",
        common: false,
        doc: "Web pages served from elsewhere that may use this server from a browser, with a token and without the cookie.",
    },
    Setting {
        name: "TRUSTED_PROXIES",
        section: "network",
        key: "trusted_proxies",
        kind: Kind::Networks,
        at: |c| &mut c.network.trusted_proxies,
        unset: "",
        common: false,
        doc: "Reverse proxies that are believed when they say for whom they speak (X-Forwarded-For or the PROXY protocol).",
    },
    Setting {
        name: "PROXY_PROTOCOL",
        section: "network",
        key: "proxy_protocol",
        kind: Kind::Flag,
        at: |c| &mut c.network.proxy_protocol,
        unset: "",
        common: false,
        doc: "The trusted proxies open every connection with a PROXY protocol v2 header. Needs TRUSTED_PROXIES.",
    },
    Setting {
        name: "PROXY_PLAIN_HTTP",
        section: "network",
        key: "proxy_plain_http",
        kind: Kind::Flag,
        at: |c| &mut c.network.proxy_plain_http,
        unset: "",
        common: false,
        doc: "The trusted proxies, and nobody else, may speak plain HTTP to this server. Needs TRUSTED_PROXIES.",
    },
];
