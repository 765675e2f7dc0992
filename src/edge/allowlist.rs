//! Who may talk to this server at all, judged on the address alone and before a single byte is sent.
//!
//! A rule is an address or a network; `!` in front denies, and a denial beats every permission, so that the
//! order of rules never matters. A list that someone wrote is taken at its word: it does not admit loopback
//! unless it says so.

use std::net::IpAddr;
use std::sync::{Arc, RwLock};

use ipnet::IpNet;

use super::machine;
use crate::error::{Error, Result};

/// A list of permissions and denials.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AllowList {
    permitted: Vec<IpNet>,
    denied: Vec<IpNet>,
}

impl AllowList {
    /// Reads rules as `ALLOWED_NETWORK_RANGE` holds them, one each: `10.0.0.0/8`, `fd00::5`, `!10.0.0.9`.
    /// `Invalid` with every bad rule named, or when nothing at all would be admitted.
    pub fn parse(rules: &[String]) -> Result<Self> {
        let mut list = Self::default();
        let mut faults = Vec::new();
        for rule in rules.iter().map(|r| r.trim()).filter(|r| !r.is_empty()) {
            let (denies, range) = match rule.strip_prefix('!') {
                Some(rest) => (true, rest.trim()),
                None => (false, rule),
            };
            match network(range) {
                Some(network) if denies => list.denied.push(network),
                Some(network) => list.permitted.push(network),
                None => faults.push(format!("\"{rule}\"")),
            }
        }
        if !faults.is_empty() {
            return Err(Error::invalid(
                "bad_network_rule",
                format!(
                    "{} cannot be read as a network rule. Allowed are addresses (192.168.1.5, fd00::5) and networks \
                     (192.168.1.0/24, fd00::/64), each with a ! in front to deny it.",
                    faults.join(", ")
                ),
            ));
        }
        if list.permitted.is_empty() {
            return Err(Error::invalid(
                "bad_network_rule",
                "The list of networks admits nobody: name at least one address or network without a ! in front.",
            ));
        }
        Ok(list)
    }

    /// Loopback and the private networks that this machine is on.
    pub fn of_this_machine() -> Self {
        Self { permitted: machine::private_networks(&machine::interfaces()), denied: Vec::new() }
    }

    /// Whether a peer at `ip` may talk to us. IPv4 inside IPv6 (`::ffff:10.0.0.1`) counts as IPv4.
    pub fn admits(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.permitted.iter().any(|n| n.contains(&ip)) && !self.denied.iter().any(|n| n.contains(&ip))
    }

    /// The rules as they are written.
    pub fn rules(&self) -> Vec<String> {
        let denied = self.denied.iter().map(|network| format!("!{network}"));
        self.permitted.iter().map(IpNet::to_string).chain(denied).collect()
    }

    /// The permitted networks, for the diagnosis and the settings page.
    pub fn permitted(&self) -> &[IpNet] {
        &self.permitted
    }
}

/// A network, or an address as the network of itself; v4-mapped IPv6 is read as the IPv4 it means.
fn network(text: &str) -> Option<IpNet> {
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => text.parse::<IpNet>().ok()?.trunc(),
    };
    match network {
        IpNet::V6(v6) => match v6.addr().to_ipv4_mapped() {
            Some(v4) => IpNet::new(IpAddr::V4(v4), v6.prefix_len().checked_sub(96)?).ok(),
            None => Some(network),
        },
        IpNet::V4(_) => Some(network),
    }
}

/// An [`AllowList`] in use, which can be exchanged while the server runs.
#[derive(Debug, Clone)]
pub struct SharedAllowList(Arc<RwLock<Arc<AllowList>>>);

impl SharedAllowList {
    /// Puts `list` to use.
    pub fn new(list: AllowList) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(list))))
    }

    /// The list in force now.
    pub fn current(&self) -> Arc<AllowList> {
        Arc::clone(&self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Judges by the list in force now.
    pub fn admits(&self, ip: IpAddr) -> bool {
        self.current().admits(ip)
    }

    /// From now on `list` holds; connections that stand are not asked again. True if it differs from the old one.
    pub fn replace(&self, list: AllowList) -> bool {
        let mut current = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let differs = **current != list;
        *current = Arc::new(list);
        differs
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    fn list(rules: &str) -> AllowList {
        AllowList::parse(&rules.split(',').map(String::from).collect::<Vec<_>>()).unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_denial_beats_a_permission_whatever_the_order() {
        for rules in ["10.0.0.0/8, !10.0.0.9 ", " !10.0.0.9,10.0.0.0/8", "! 10.0.0.9,10.0.0.0/8,10.0.0.9"] {
            let list = list(rules);
            assert!(list.admits(ip("10.0.0.8")));
            assert!(!list.admits(ip("10.0.0.9")));
            assert!(!list.admits(ip("::ffff:10.0.0.9")));
        }
    }

    #[test]
    fn a_written_list_does_not_imply_loopback() {
        let list = list("192.168.1.0/24,fd00::/64");
        assert!(!list.admits(ip("127.0.0.1")) && !list.admits(ip("::1")));
        assert!(list.admits(ip("fd00::1")) && !list.admits(ip("fd00:0:0:1::1")));
        assert!(AllowList::of_this_machine().admits(ip("127.0.0.1")));
        assert!(!AllowList::of_this_machine().admits(ip("8.8.8.8")));
    }

    #[test]
    fn a_bad_rule_is_named_and_so_is_what_is_allowed() {
        for bad in ["10.0.0.0/33", "10.0.0", "server", "fe80::1%eth0", "010.0.0.1", "10.0.0.1-10.0.0.9"] {
            let error = AllowList::parse(&["10.0.0.0/8".into(), bad.into()]).unwrap_err();
            assert!(error.detail().contains(&format!("\"{bad}\"")), "{error}");
            assert!(error.detail().contains("192.168.1.0/24"), "{error}");
        }
        assert!(AllowList::parse(&[]).is_err());
        assert!(AllowList::parse(&["!10.0.0.1".into()]).is_err());
    }

    #[test]
    fn a_list_is_exchanged_while_in_use() {
        let shared = SharedAllowList::new(list("10.0.0.1"));
        let other = shared.clone();
        assert!(other.replace(list("10.0.0.2")));
        assert!(!shared.admits(ip("10.0.0.1")) && shared.admits(ip("10.0.0.2")));
        assert!(!other.replace(list("10.0.0.2")));
    }

    proptest! {
        #[test]
        fn v4_membership_is_the_masked_comparison(net: u32, peer: u32, prefix in 0u8..=32, flip in 0u32..32) {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            let list = list(&format!("{}/{prefix}", Ipv4Addr::from(net)));
            // a random peer is seldom inside: look near the border as well
            for peer in [peer, net, net ^ (1 << flip)] {
                let expected = peer & mask == net & mask;
                let v4 = Ipv4Addr::from(peer);
                prop_assert_eq!(list.admits(IpAddr::V4(v4)), expected);
                prop_assert_eq!(list.admits(IpAddr::V6(v4.to_ipv6_mapped())), expected);
            }
        }

        #[test]
        fn v6_membership_is_the_masked_comparison(net: u128, prefix in 1u8..=128, flip in 0u32..128) {
            let net = net | (1 << 127); // outside the v4-mapped range
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            let list = list(&format!("{}/{prefix}", Ipv6Addr::from(net)));
            let peer = net ^ (1 << flip);
            prop_assert_eq!(list.admits(IpAddr::V6(Ipv6Addr::from(peer))), peer & mask == net & mask);
        }

        #[test]
        fn what_is_denied_is_never_admitted(permitted in 0u8..=32, denied in 0u8..=32, net: u32, peer: u32) {
            let base = Ipv4Addr::from(net);
            let list = list(&format!("{base}/{permitted},!{base}/{denied}"));
            let inside = |prefix: u8| { let m = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0); peer & m == net & m };
            prop_assert_eq!(list.admits(IpAddr::V4(peer.into())), inside(permitted) && !inside(denied));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,40}") {
            let _ = AllowList::parse(&[text]);
        }
    }
}
