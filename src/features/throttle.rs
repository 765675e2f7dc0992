//! Failed attempts per account and address: a delay that grows, never a lock. Kept in memory and measured in monotonic
//! time, so that setting the clock neither frees nor locks anyone.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{Error, Result};

/// Entries of a table that are kept before the stale ones are looked for.
const ENTRIES_SWEPT_AT: usize = 10_000;
/// Failures older than this are forgotten.
const FAILURES_COUNT_FOR: Duration = Duration::from_mins(15);
/// The longest that a further attempt has to wait: a ward is slowed down, never locked out.
const WAIT_MAX: Duration = Duration::from_mins(1);
/// An address may fail for this many times as many accounts as one account may fail.
const ADDRESS_SHARE: u32 = 10;

#[derive(Default)]
struct Failures {
    count: u32,
    last: Duration,
}

/// Failed attempts by account and address. Successes are free; after `free` failures each further attempt waits,
/// a little longer each time.
pub struct Throttle {
    free: u32,
    /// By a hash of the name: what somebody typed may be long, and need not be kept.
    accounts: Mutex<HashMap<(u64, IpAddr), Failures>>,
    hasher: RandomState,
    addresses: Mutex<HashMap<IpAddr, Failures>>,
}

impl Throttle {
    /// `free` failures within a quarter of an hour cost nothing.
    pub fn new(free: u32) -> Self {
        Self { free, accounts: Mutex::default(), hasher: RandomState::new(), addresses: Mutex::default() }
    }

    /// Whether an attempt may be made at `now`.
    pub fn check(&self, account: &str, address: IpAddr, now: Duration) -> Result<()> {
        let by_account = wait(&lock(&self.accounts), &(self.hasher.hash_one(account), address), self.free, now);
        let by_address = wait(&lock(&self.addresses), &address, self.free.saturating_mul(ADDRESS_SHARE), now);
        match by_account.max(by_address) {
            Duration::ZERO => Ok(()),
            wait => Err(Error::too_many(
                "too_many_attempts",
                format!("Too many failed attempts: wait {} seconds and try again.", wait.as_secs() + 1),
                wait,
            )),
        }
    }

    /// An attempt failed.
    pub fn failed(&self, account: &str, address: IpAddr, now: Duration) {
        note(&mut lock(&self.accounts), (self.hasher.hash_one(account), address), now);
        note(&mut lock(&self.addresses), address, now);
    }

    /// An attempt succeeded: this account is forgiven at this address.
    pub fn succeeded(&self, account: &str, address: IpAddr) {
        lock(&self.accounts).remove(&(self.hasher.hash_one(account), address));
    }
}

fn wait<K: Eq + Hash>(table: &HashMap<K, Failures>, key: &K, free: u32, now: Duration) -> Duration {
    let Some(failures) = table.get(key) else { return Duration::ZERO };
    let since = now.saturating_sub(failures.last);
    if failures.count < free || since >= FAILURES_COUNT_FOR {
        return Duration::ZERO;
    }
    let doubled = Duration::from_secs(1u64 << (failures.count - free).min(6));
    doubled.min(WAIT_MAX).saturating_sub(since)
}

fn note<K: Eq + Hash>(table: &mut HashMap<K, Failures>, key: K, now: Duration) {
    if table.len() > ENTRIES_SWEPT_AT {
        table.retain(|_, f| now.saturating_sub(f.last) < FAILURES_COUNT_FOR);
        if table.len() > ENTRIES_SWEPT_AT {
            // So many at once are an attack; who failed last is remembered.
            let mut times: Vec<Duration> = table.values().map(|f| f.last).collect();
            let (_, middle, _) = times.select_nth_unstable(ENTRIES_SWEPT_AT / 2);
            let middle = *middle;
            table.retain(|_, f| f.last > middle);
        }
    }
    let failures = table.entry(key).or_default();
    if now.saturating_sub(failures.last) >= FAILURES_COUNT_FOR {
        failures.count = 0;
    }
    failures.count = failures.count.saturating_add(1);
    failures.last = now;
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn only_failures_count_and_the_wait_ends() {
        let (throttle, ip) = (Throttle::new(3), "10.0.0.1".parse().unwrap());
        for n in 0..3 {
            assert!(throttle.check("alice", ip, at(n)).is_ok());
            throttle.failed("alice", ip, at(n));
        }
        let wait = throttle.check("alice", ip, at(3)).err().unwrap().retry_after().unwrap();
        assert!(wait <= at(1_000) && wait > at(900));
        assert!(throttle.check("alice", ip, at(1_100)).is_ok(), "a delay, not a lock");
        throttle.failed("alice", ip, at(1_100));
        assert!(throttle.check("alice", ip, at(2_500)).is_err(), "the next wait is longer");
        assert!(throttle.check("alice", "10.0.0.2".parse().unwrap(), at(2_500)).is_ok());
        assert!(throttle.check("bob", ip, at(2_500)).is_ok());
        throttle.succeeded("alice", ip);
        assert!(throttle.check("alice", ip, at(2_500)).is_ok());
    }

    #[test]
    fn an_attack_under_many_names_takes_bounded_memory() {
        let (throttle, ip) = (Throttle::new(2), "10.0.0.1".parse().unwrap());
        for n in 0..30_000 {
            throttle.failed(&format!("user{n}"), ip, at(n));
        }
        assert!(lock(&throttle.accounts).len() <= ENTRIES_SWEPT_AT + 1);
        throttle.failed("user29999", ip, at(30_000));
        assert!(throttle.check("user29999", "10.0.0.2".parse().unwrap(), at(30_000)).is_ok());
        assert!(throttle.check("user29999", ip, at(30_000)).is_err());
    }

    #[test]
    fn one_address_cannot_try_every_account() {
        let (throttle, ip) = (Throttle::new(2), "10.0.0.1".parse().unwrap());
        for n in 0..20 {
            throttle.failed(&format!("user{n}"), ip, at(n));
        }
        assert!(throttle.check("another", ip, at(20)).is_err());
        assert!(throttle.check("another", ip, FAILURES_COUNT_FOR + at(20)).is_ok());
    }
}
