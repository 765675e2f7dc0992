//! Where the server listens and under which names.

use std::net::IpAddr;

use super::kind::Kind;
use super::setting::Setting;

/// Where the server listens and under which names.
#[derive(Debug, Clone)]
pub struct Listen {
    /// `PORT`.
    pub port: u16,
    /// `BIND_ADDRESS`; the default is every address of the machine.
    pub bind: Vec<IpAddr>,
    /// `HOST_NAMES`: names beyond those of the machine, for the certificate and the `Host` check.
    pub host_names: Vec<String>,
}

impl Default for Listen {
    fn default() -> Self {
        Self { port: 3000, bind: Vec::new(), host_names: Vec::new() }
    }
}

/// What can be set here.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: "PORT",
        section: "listen",
        key: "port",
        kind: Kind::Whole { min: 0, max: 65_535 },
        at: |c| &mut c.listen.port,
        unset: "",
        common: true,
        doc: "The TCP port for everything: pages, API and WebSocket. 0 takes any free port.",
    },
    Setting {
        name: "BIND_ADDRESS",
        section: "listen",
        key: "bind_address",
        kind: Kind::Addresses,
        at: |c| &mut c.listen.bind,
        unset: "every address of this machine",
        common: true,
        doc: "The addresses of this machine to listen on.",
    },
    Setting {
        name: "HOST_NAMES",
        section: "listen",
        key: "host_names",
        kind: Kind::HostNames,
        at: |c| &mut c.listen.host_names,
        unset: "",
        common: true,
        doc: "Names under which clients reach the server, beyond those that the machine knows of itself. They go into the certificate, and a request for any other name is refused.",
    },
];
