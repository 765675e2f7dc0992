//! How often: requests by class, for each account, API key and address, and what is sent over sockets, for each account
//! and key. Kept in memory and measured in monotonic time, so that setting the clock neither frees nor locks anyone.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use super::buckets::{Buckets, Standing};
use crate::config::{Class, Rate, Rates};
use crate::error::{Error, Result};
use crate::gate::{Caller, Cx};

/// Whose bucket it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Owner {
    Caller(Caller),
    /// An IPv4 address, or an IPv6 network: one machine has as many addresses in it as it likes.
    Network(IpAddr),
}

/// What every request passes: buckets by class.
pub struct Turnstile {
    rates: Rates,
    buckets: Buckets<(Owner, Class)>,
}

impl Turnstile {
    /// With these rates.
    pub fn new(rates: Rates) -> Self {
        Self { rates, buckets: Buckets::new() }
    }

    /// Counts a request from an address; before it is known who asks.
    pub fn at_address(&self, address: IpAddr, class: Class, now: Duration) -> Standing {
        self.buckets.take((Owner::Network(network(address)), class), self.rates.address.of(class), now)
    }

    /// Counts a request of whoever is signed in; `None` for others. What an API key asks is counted for the key alone:
    /// a program that runs wild does not lock out the person whose account it has.
    pub fn of_caller(&self, cx: &Cx, class: Class) -> Option<Standing> {
        let caller = cx.who().caller()?;
        let rates = match caller {
            Caller::Account(_) => &self.rates.account,
            Caller::Key(_) => &self.rates.key,
        };
        Some(self.buckets.take((Owner::Caller(caller), class), rates.of(class), cx.monotonic()))
    }
}

impl Standing {
    /// The refusal, if it is one.
    pub fn check(&self) -> Result<()> {
        let Some(wait) = self.refused_for else { return Ok(()) };
        Err(Error::too_many("too_many_requests", "You are asking too often: wait a moment and try again.", wait))
    }

    /// The one of two that leaves less.
    #[must_use]
    pub fn tighter(self, other: Option<Self>) -> Self {
        match other {
            Some(other)
                if (other.refused_for.is_some(), self.remaining) > (self.refused_for.is_some(), other.remaining) =>
            {
                other
            }
            _ => self,
        }
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// A token bucket for each account and each API key.
pub struct Pace {
    /// What is counted, as the audit log says it.
    what: &'static str,
    rate: Rate,
    buckets: Buckets<Caller>,
}

impl Pace {
    /// `per_second` sustained, `burst` at once, of what the audit log calls `what`.
    pub fn new(what: &'static str, per_second: u32, burst: u32) -> Self {
        Self { what, rate: Rate::per_second(per_second, burst), buckets: Buckets::new() }
    }

    /// Takes one place for whoever asks, or says when there will be one.
    pub fn take(&self, cx: &Cx) -> Result<()> {
        let caller = cx.who().caller().ok_or_else(|| Error::unauthenticated("not_signed_in", "Sign in first."))?;
        match self.buckets.take(caller, self.rate, cx.monotonic()).refused_for {
            None => Ok(()),
            Some(wait) => {
                cx.came_too_often(self.what, "too_many_messages");
                Err(Error::too_many("too_many_messages", "You are sending too fast: wait a moment.", wait))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_one_network_whichever_address_it_takes() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
    }

    #[test]
    fn classes_and_addresses_are_counted_apart() {
        let mut rates = Rates::default();
        *rates.address.of_mut(Class::Search) = Rate::new(2, 60);
        let (turnstile, one, two) = (Turnstile::new(rates), "10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        let enter = |address, class| turnstile.at_address(address, class, Duration::ZERO).check().is_ok();
        assert!(enter(one, Class::Search) && enter(one, Class::Search));
        assert!(!enter(one, Class::Search));
        assert!(enter(one, Class::Read) && enter(two, Class::Search));
    }

    #[test]
    fn of_two_standings_the_tighter_is_told() {
        let wait = Duration::from_secs(1);
        let with = |remaining, refused: bool| Standing {
            limit: 10,
            remaining,
            full_after: wait,
            refused_for: refused.then_some(wait),
        };
        assert_eq!(with(5, false).tighter(Some(with(3, false))), with(3, false));
        assert_eq!(with(3, false).tighter(Some(with(5, false))), with(3, false));
        assert_eq!(with(0, false).tighter(Some(with(0, true))), with(0, true));
        assert_eq!(with(3, false).tighter(None), with(3, false));
    }
}
