//! What this machine is called and where it can be reached: the names a certificate must carry, the names a
//! `Host` header may hold, and the private networks whose peers are let in when nobody said otherwise.
//!
//! It lives in the edge because all three questions are asked here, and asked again every minute: a clinic's
//! server changes its address when someone changes the router.

use std::net::IpAddr;

use ipnet::IpNet;

/// The names and addresses under which clients reach this server, sorted and without repeats.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    /// Host names in lower case, without a trailing dot; the first is the one to show to people.
    pub hosts: Vec<String>,
    /// Addresses, loopback included, IPv4 written as IPv4.
    pub addresses: Vec<IpAddr>,
}

impl Names {
    /// What the machine says of itself, plus `extra` (`HOST_NAMES`; an address in it counts as an address).
    ///
    /// A name that cannot stand in a certificate is left out. So are link-local and global IPv6 addresses:
    /// the former cannot be written in a URL without a zone that no certificate can carry, the latter change
    /// daily with privacy extensions, and each change would cost a new certificate.
    pub fn of_this_machine(extra: &[String]) -> Self {
        Self::gather(&host_name(), &interfaces().into_iter().map(|i| i.address).collect::<Vec<_>>(), extra)
    }

    /// [`Names::of_this_machine`] to be asked again and again, as [`super::Certificates::open`] wants it.
    pub fn discover(extra: Vec<String>) -> super::Discover {
        std::sync::Arc::new(move || Self::of_this_machine(&extra))
    }

    /// The same from given parts, so that tests need no machine.
    pub(super) fn gather(machine: &str, addresses: &[IpAddr], extra: &[String]) -> Self {
        let mut hosts = Vec::new();
        let mut kept: Vec<IpAddr> =
            vec![IpAddr::from([127, 0, 0, 1]), "::1".parse().unwrap_or(IpAddr::from([127, 0, 0, 1]))];
        kept.extend(addresses.iter().map(IpAddr::to_canonical).filter(|a| worth_certifying(*a)));

        let machine = tidy(machine);
        let short = machine.split('.').next().unwrap_or_default().to_owned();
        if is_host_name(&machine) {
            hosts.push(machine.clone());
        }
        if is_host_name(&short) && short != "localhost" {
            hosts.push(short.clone());
            hosts.push(format!("{short}.local"));
        }
        hosts.push("localhost".to_owned());
        for name in extra {
            let name = tidy(name);
            if let Ok(address) = name.trim_matches(['[', ']']).parse::<IpAddr>() {
                kept.push(address.to_canonical());
            } else if is_host_name(&name) {
                hosts.push(name);
            }
        }

        let mut seen = std::collections::HashSet::new();
        hosts.retain(|h| seen.insert(h.clone()));
        kept.sort_unstable();
        kept.dedup();
        Self { hosts, addresses: kept }
    }

    /// Whether `host`, as it stands in a `Host` header without its port, is this server. Case and a trailing
    /// dot do not matter; IPv6 may stand in brackets; `*.example.org` in the list covers one label.
    pub fn covers(&self, host: &str) -> bool {
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return self.addresses.binary_search(&address.to_canonical()).is_ok()
                || self.addresses.contains(&address.to_canonical());
        }
        let host = host.strip_suffix('.').unwrap_or(host);
        self.hosts.iter().any(|name| match name.strip_prefix("*.") {
            None => name.eq_ignore_ascii_case(host),
            Some(suffix) => {
                host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(suffix))
            }
        })
    }

    /// Both lists joined; the order of `self` leads.
    pub(super) fn joined(&self, other: &Self) -> Self {
        let mut all = self.clone();
        for host in &other.hosts {
            if !all.hosts.contains(host) {
                all.hosts.push(host.clone());
            }
        }
        all.addresses.extend(&other.addresses);
        all.addresses.sort_unstable();
        all.addresses.dedup();
        all
    }

    /// Whether everything in `self` is also in `other`.
    pub(super) fn within(&self, other: &Self) -> bool {
        self.hosts.iter().all(|h| other.hosts.contains(h)) && self.addresses.iter().all(|a| other.addresses.contains(a))
    }
}

/// An address of this machine and the network it stands in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Interface {
    pub address: IpAddr,
    pub prefix: u8,
}

/// Every address of this machine; empty when the system does not say.
pub(super) fn interfaces() -> Vec<Interface> {
    let found = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        tracing::warn!(%error, "the network interfaces cannot be listed; only loopback is known");
        Vec::new()
    });
    found
        .into_iter()
        .map(|i| match i.addr {
            if_addrs::IfAddr::V4(v4) => Interface { address: IpAddr::V4(v4.ip), prefix: v4.prefixlen },
            if_addrs::IfAddr::V6(v6) => Interface { address: IpAddr::V6(v6.ip), prefix: v6.prefixlen },
        })
        .collect()
}

/// The networks that this machine is on, with its own address in each.
pub fn own_networks() -> Vec<(IpNet, IpAddr, &'static str)> {
    let mut found: Vec<_> = interfaces()
        .into_iter()
        .filter_map(|i| {
            let address = i.address.to_canonical();
            let network = IpNet::new(address, i.prefix).ok()?.trunc();
            let kind = match (address.is_loopback(), is_private(address)) {
                (true, _) => "loopback",
                (false, true) => "private",
                (false, false) => "public",
            };
            Some((network, address, kind))
        })
        .collect();
    found.sort_unstable_by_key(|(network, ..)| *network);
    found.dedup_by_key(|(network, ..)| *network);
    found
}

/// Loopback, and the private networks these interfaces stand in.
pub(super) fn private_networks(interfaces: &[Interface]) -> Vec<IpNet> {
    let mut networks: Vec<IpNet> =
        ["127.0.0.0/8", "::1/128"].iter().filter_map(|network| network.parse().ok()).collect();
    networks.extend(
        interfaces
            .iter()
            .filter(|i| is_private(i.address))
            .filter_map(|i| IpNet::new(i.address, i.prefix).ok())
            .map(|network| narrowed(network.trunc())),
    );
    networks.sort_unstable();
    networks.dedup();
    networks
}

/// A mask that is wider than the private range it starts in (`192.168.0.1/8`, a known slip) stops at that range.
fn narrowed(network: IpNet) -> IpNet {
    PRIVATE
        .iter()
        .filter_map(|range| range.parse::<IpNet>().ok())
        .find(|range| network.contains(range) && network != *range)
        .unwrap_or(network)
}

/// RFC 1918, RFC 3927, RFC 4193, RFC 4291 §2.5.6 and loopback: what never crosses the internet.
pub(super) const PRIVATE: [&str; 8] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "127.0.0.0/8",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
];

/// Whether the address lies in one of the [`PRIVATE`] ranges.
pub(super) fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

fn worth_certifying(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !v4.is_unspecified() && !v4.is_multicast(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
    }
}

fn tidy(name: &str) -> String {
    name.trim().trim_end_matches('.').to_ascii_lowercase()
}

/// RFC 1123 §2.1 host names, underscores excepted: what a certificate may carry as a DNS name.
pub(super) fn is_host_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 253
        && name.parse::<IpAddr>().is_err()
        && name.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}

/// The machine's own name, `localhost` when the system has none.
#[cfg(unix)]
fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() || name == "(none)" { "localhost".to_owned() } else { name }
}

/// The machine's own name. Windows tells it to `hostname.exe`, which every edition has, and to an API that would
/// need unsafe code.
#[cfg(not(unix))]
fn host_name() -> String {
    std::process::Command::new("hostname")
        .output()
        .ok()
        .and_then(|out| String::from_utf8(out.stdout).ok())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(list: &[&str]) -> Vec<IpAddr> {
        list.iter().map(|a| a.parse().unwrap()).collect()
    }

    #[test]
    fn a_machine_is_known_by_its_name_its_mdns_name_and_what_was_added() {
        let names = Names::gather(
            "Reception.clinic.lan.",
            &addresses(&["192.168.1.5", "fe80::1", "2001:db8::9", "fd00::2", "127.0.0.1"]),
            &["chat.clinic.example".into(), "10.9.8.7".into(), "not a name".into()],
        );
        assert_eq!(
            names.hosts,
            ["reception.clinic.lan", "reception", "reception.local", "localhost", "chat.clinic.example"]
        );
        assert_eq!(names.addresses, addresses(&["10.9.8.7", "127.0.0.1", "192.168.1.5", "::1", "fd00::2"]));
    }

    #[test]
    fn host_headers_are_matched_as_people_and_browsers_write_them() {
        let names = Names {
            hosts: vec!["reception".into(), "*.clinic.example".into()],
            addresses: addresses(&["192.168.1.5", "::1"]),
        };
        for good in ["reception", "RECEPTION", "reception.", "192.168.1.5", "[::1]", "::1", "a.clinic.example"] {
            assert!(names.covers(good), "{good}");
        }
        for bad in [
            "",
            ".",
            "reception.evil",
            "evil",
            "192.168.1.6",
            "[::2]",
            "clinic.example",
            "a.b.clinic.example",
            ".clinic.example",
        ] {
            assert!(!names.covers(bad), "{bad}");
        }
    }

    #[test]
    fn only_private_networks_are_taken_as_ours_and_never_wider_than_private() {
        let interfaces = [
            ("192.168.7.9", 24),
            ("8.8.8.8", 24),
            ("fd00::2", 64),
            ("fe80::5", 64),
            ("10.0.0.1", 4),
            ("2001:db8::1", 64),
        ]
        .map(|(a, prefix)| Interface { address: a.parse().unwrap(), prefix });
        let networks: Vec<String> = private_networks(&interfaces).iter().map(ToString::to_string).collect();
        assert_eq!(networks, ["10.0.0.0/8", "127.0.0.0/8", "192.168.7.0/24", "::1/128", "fd00::/64", "fe80::/64"]);
    }

    #[test]
    fn this_machine_has_a_name_and_a_loopback_address() {
        let names = Names::of_this_machine(&[]);
        assert!(names.covers("localhost") && names.covers("127.0.0.1") && names.covers("[::1]"));
    }
}
