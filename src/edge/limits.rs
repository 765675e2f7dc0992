//! Places: how many connections there may be, in all and from one address, counted by guards that give the place
//! back when they are dropped, however a connection ends. And how often a refusal may be told in the log.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The counts, shared by every [`Permit`].
#[derive(Debug)]
pub(super) struct Places {
    in_all_max: usize,
    per_address_max: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    in_all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// Which limit was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    InAll,
    ForAddress,
}

impl Places {
    pub fn new(in_all_max: usize, per_address_max: usize) -> Arc<Self> {
        Arc::new(Self { in_all_max, per_address_max, taken: Mutex::default() })
    }

    /// Takes one place of all and, when `address` is given, one of that address's.
    pub fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Permit, Full> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.in_all >= self.in_all_max {
            return Err(Full::InAll);
        }
        if let Some(address) = address {
            taken.count(address, self.per_address_max)?;
        }
        taken.in_all += 1;
        Ok(Permit { places: Arc::clone(self), address })
    }

    pub fn taken(&self) -> usize {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).in_all
    }
}

impl Taken {
    fn count(&mut self, address: IpAddr, max: usize) -> Result<(), Full> {
        let count = self.by_address.entry(address).or_default();
        if *count >= max {
            if *count == 0 {
                self.by_address.remove(&address);
            }
            return Err(Full::ForAddress);
        }
        *count += 1;
        Ok(())
    }
}

/// A connection's place. Dropping it frees the place.
#[derive(Debug)]
pub struct Permit {
    places: Arc<Places>,
    address: Option<IpAddr>,
}

impl Permit {
    /// Counts a proxy's connection for the client that the proxy announced.
    pub(super) fn charge(&mut self, address: IpAddr) -> Result<(), Full> {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.count(address, self.places.per_address_max)?;
        self.address = Some(address);
        Ok(())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.in_all = taken.in_all.saturating_sub(1);
        if let Some(address) = self.address
            && let std::collections::hash_map::Entry::Occupied(mut entry) = taken.by_address.entry(address)
        {
            if *entry.get() <= 1 {
                entry.remove();
            } else {
                *entry.get_mut() -= 1;
            }
        }
    }
}

/// Lets the first event of an address through and then none for a minute, so that a flood cannot fill the log.
#[derive(Debug, Default)]
pub(super) struct Quiet(Mutex<HashMap<IpAddr, Duration>>);

impl Quiet {
    const FOR: Duration = Duration::from_mins(1);
    const ADDRESSES_MAX: usize = 1024;

    /// Whether to speak of `address` at the monotonic time `now`.
    pub fn speaks(&self, address: IpAddr, now: Duration) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(then) = last.get(&address)
            && now.saturating_sub(*then) < Self::FOR
        {
            return false;
        }
        if last.len() >= Self::ADDRESSES_MAX {
            last.retain(|_, then| now.saturating_sub(*then) < Self::FOR);
            if last.len() >= Self::ADDRESSES_MAX {
                return false; // a flood from everywhere has been announced a thousand times already
            }
        }
        last.insert(address, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[test]
    fn places_are_counted_in_all_and_by_address_and_come_back() {
        let places = Places::new(3, 2);
        let first = places.take(Some(ip(1))).unwrap();
        let _second = places.take(Some(ip(1))).unwrap();
        assert_eq!(places.take(Some(ip(1))).unwrap_err(), Full::ForAddress);
        let _third = places.take(Some(ip(2))).unwrap();
        assert_eq!(places.take(Some(ip(3))).unwrap_err(), Full::InAll);
        drop(first);
        assert_eq!(places.taken(), 2);
        let again = places.take(Some(ip(1)));
        assert!(again.is_ok());
    }

    #[test]
    fn a_proxys_connection_is_charged_to_its_client() {
        let places = Places::new(10, 1);
        let mut a = places.take(None).unwrap();
        let mut b = places.take(None).unwrap();
        a.charge(ip(1)).unwrap();
        assert_eq!(b.charge(ip(1)).unwrap_err(), Full::ForAddress);
        drop(a);
        b.charge(ip(1)).unwrap();
        drop(b);
        assert_eq!(places.taken(), 0);
        assert!(places.taken.lock().unwrap().by_address.is_empty(), "an address without connections is forgotten");
    }

    #[test]
    fn an_address_is_spoken_of_once_a_minute() {
        let quiet = Quiet::default();
        assert!(quiet.speaks(ip(1), Duration::ZERO));
        assert!(!quiet.speaks(ip(1), Duration::from_secs(59)));
        assert!(quiet.speaks(ip(2), Duration::from_secs(59)));
        assert!(quiet.speaks(ip(1), Duration::from_mins(1)));
    }
}
