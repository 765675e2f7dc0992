//! How often: messages per person, failed attempts per account and address. Kept in memory and measured in
//! monotonic time, so that setting the clock neither frees nor locks anyone.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::id::UserId;

/// Entries of a table that are kept before the stale ones are looked for.
const ENTRIES_SWEPT_AT: usize = 10_000;
/// Failures older than this are forgotten.
const FAILURES_COUNT_FOR: Duration = Duration::from_mins(15);
/// The longest that a further attempt has to wait: a ward is slowed down, never locked out.
const WAIT_MAX: Duration = Duration::from_mins(1);
/// An address may fail for this many times as many accounts as one account may fail.
const ADDRESS_SHARE: u32 = 10;

struct Bucket {
    tokens: f64,
    filled: Duration,
}

/// A token bucket per person.
pub struct Pace {
    per_second: f64,
    burst: f64,
    buckets: Mutex<HashMap<UserId, Bucket>>,
}

impl Pace {
    /// `per_second` sustained, `burst` at once.
    pub fn new(per_second: u32, burst: u32) -> Self {
        Self { per_second: f64::from(per_second), burst: f64::from(burst), buckets: Mutex::default() }
    }

    /// Takes one place at `now`, or says when there will be one.
    pub fn take(&self, user: UserId, now: Duration) -> Result<()> {
        let mut buckets = lock(&self.buckets);
        if buckets.len() > ENTRIES_SWEPT_AT {
            let full = self.burst / self.per_second;
            buckets.retain(|_, b| now.saturating_sub(b.filled).as_secs_f64() < full);
        }
        let bucket = buckets.entry(user).or_insert(Bucket { tokens: self.burst, filled: now });
        let passed = now.saturating_sub(bucket.filled).as_secs_f64();
        bucket.tokens = (bucket.tokens + passed * self.per_second).min(self.burst);
        bucket.filled = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        let wait = Duration::from_secs_f64((1.0 - bucket.tokens) / self.per_second);
        Err(Error::too_many("too_many_messages", "You are sending too fast: wait a moment.", wait))
    }
}

#[derive(Default)]
struct Failures {
    count: u32,
    last: Duration,
}

/// Failed attempts by account and address. Successes are free; after `free` failures each further attempt waits,
/// a little longer each time.
pub struct Throttle {
    free: u32,
    accounts: Mutex<HashMap<(String, IpAddr), Failures>>,
    addresses: Mutex<HashMap<IpAddr, Failures>>,
}

impl Throttle {
    /// `free` failures within a quarter of an hour cost nothing.
    pub fn new(free: u32) -> Self {
        Self { free, accounts: Mutex::default(), addresses: Mutex::default() }
    }

    /// Whether an attempt may be made at `now`.
    pub fn check(&self, account: &str, address: IpAddr, now: Duration) -> Result<()> {
        let by_account = wait(&lock(&self.accounts), &(account.to_owned(), address), self.free, now);
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
        note(&mut lock(&self.accounts), (account.to_owned(), address), now);
        note(&mut lock(&self.addresses), address, now);
    }

    /// An attempt succeeded: this account is forgiven at this address.
    pub fn succeeded(&self, account: &str, address: IpAddr) {
        lock(&self.accounts).remove(&(account.to_owned(), address));
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
    use crate::id::Id;
    use uuid::Uuid;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_burst_is_taken_to_its_limit_and_then_the_sustained_rate() {
        let (pace, user) = (Pace::new(50, 500), UserId::from_uuid(Uuid::nil()));
        assert!((0..500).all(|_| pace.take(user, at(0)).is_ok()));
        let refused = pace.take(user, at(0)).err().unwrap();
        assert_eq!((refused.code(), refused.retry_after()), ("too_many_messages", Some(at(20))));
        assert!(pace.take(user, at(19)).is_err());
        assert!((0..50).filter(|n| pace.take(user, at(1_000 + n)).is_ok()).count() >= 49);
        let other = UserId::from_uuid(Uuid::max());
        assert!(pace.take(other, at(0)).is_ok(), "people have buckets of their own");
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
    fn one_address_cannot_try_every_account() {
        let (throttle, ip) = (Throttle::new(2), "10.0.0.1".parse().unwrap());
        for n in 0..20 {
            throttle.failed(&format!("user{n}"), ip, at(n));
        }
        assert!(throttle.check("another", ip, at(20)).is_err());
        assert!(throttle.check("another", ip, FAILURES_COUNT_FOR + at(20)).is_ok());
    }
}
