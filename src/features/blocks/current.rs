//! The list in force.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use ipnet::IpNet;

use crate::clock::Timestamp;

/// Which networks are kept out, and until when.
#[derive(Debug, Default)]
pub struct Current {
    any: AtomicBool,
    list: RwLock<Vec<(IpNet, Option<Timestamp>)>>,
    /// Held from reading the database to keeping what was read, so that of two changes the later one stays.
    pub(super) reading: tokio::sync::Mutex<()>,
}

impl Current {
    /// Whether an address is kept out at `now`.
    pub fn covers(&self, ip: IpAddr, now: Timestamp) -> bool {
        if !self.any.load(Ordering::Acquire) {
            return false;
        }
        let ip = ip.to_canonical();
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        list.iter().any(|(network, until)| network.contains(&ip) && until.is_none_or(|until| now < until))
    }

    pub(super) fn keep(&self, list: Vec<(IpNet, Option<Timestamp>)>) {
        let any = !list.is_empty();
        *self.list.write().unwrap_or_else(PoisonError::into_inner) = list;
        self.any.store(any, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_ends_at_its_moment_and_mapped_addresses_are_the_same() {
        let current = Current::default();
        let (now, until) = (Timestamp::from_micros(1), Timestamp::from_micros(2));
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(!current.covers(ip("10.0.0.9"), now));
        current.keep(vec![("10.0.0.9/32".parse().unwrap(), Some(until)), ("fd00::/64".parse().unwrap(), None)]);
        assert!(current.covers(ip("10.0.0.9"), now) && current.covers(ip("::ffff:10.0.0.9"), now));
        assert!(!current.covers(ip("10.0.0.9"), until) && !current.covers(ip("10.0.0.8"), now));
        assert!(current.covers(ip("fd00::1"), until));
        current.keep(Vec::new());
        assert!(!current.covers(ip("fd00::1"), now));
    }
}
