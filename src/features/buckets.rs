//! Token buckets, as many as there are callers. A bucket is one number, the time at which it will be full again (the
//! "generic cell rate algorithm"), so a full one is the same as none and can be forgotten.
//!
//! Each look is a hash and a short lock on one of many shards: no request waits for another's.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::config::Rate;

/// Parts of the table, each with a lock of its own.
const SHARDS: usize = 64;
/// Buckets of a shard. Beyond it full ones are thrown out, and where there are few, those that will be full first:
/// what memory an attacker with many addresses can take is bounded.
const SHARD_MAX: usize = 1_024;

/// How a bucket stands after it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// How many may come at once.
    pub limit: u32,
    /// How many of them are left.
    pub remaining: u32,
    /// Time until all of them are there again.
    pub full_after: Duration,
    /// Time until there is one; `None` where there was one.
    pub refused_for: Option<Duration>,
}

/// Buckets by who owns them.
#[derive(Debug)]
pub(super) struct Buckets<K> {
    /// When each will be full, in nanoseconds of the monotonic clock.
    shards: Vec<Mutex<HashMap<K, u64>>>,
    hasher: RandomState,
}

impl<K: Eq + Hash + Copy> Buckets<K> {
    pub(super) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }

    /// Takes one from the bucket of `key` at `now`, if there is one.
    pub(super) fn take(&self, key: K, rate: Rate, now: Duration) -> Standing {
        let now = nanos(now);
        let period = (nanos(rate.within) / u64::from(rate.burst.max(1))).max(1);
        let whole = period.saturating_mul(u64::from(rate.burst));
        #[expect(clippy::cast_possible_truncation, reason = "any bits of a hash will do")]
        let shard = &self.shards[self.hasher.hash_one(key) as usize % SHARDS];
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = shard.get(&key).copied().unwrap_or(now).max(now);
        let after = full_at.saturating_add(period);
        let refused = (after - now).saturating_sub(whole);
        let full_at = if refused == 0 {
            if shard.len() >= SHARD_MAX && !shard.contains_key(&key) {
                make_room(&mut shard, now);
            }
            shard.insert(key, after);
            after
        } else {
            full_at
        };
        let left = whole.saturating_sub(full_at - now) / period;
        Standing {
            limit: rate.burst,
            remaining: u32::try_from(left).unwrap_or(u32::MAX),
            full_after: Duration::from_nanos(full_at - now),
            refused_for: (refused > 0).then(|| Duration::from_nanos(refused)),
        }
    }

    #[cfg(test)]
    fn kept(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap().len()).sum()
    }
}

fn make_room<K: Eq + Hash + Copy>(shard: &mut HashMap<K, u64>, now: u64) {
    shard.retain(|_, full_at| *full_at > now);
    if shard.len() > SHARD_MAX - SHARD_MAX / 4 {
        // So many at once are an attack. A quarter goes, so that room is not made for every newcomer anew.
        let mut times: Vec<u64> = shard.values().copied().collect();
        let (_, last, _) = times.select_nth_unstable(SHARD_MAX / 4);
        let last = *last;
        let mut going = SHARD_MAX / 4;
        shard.retain(|_, full_at| {
            let goes = going > 0 && *full_at <= last;
            going -= usize::from(goes);
            !goes
        });
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_burst_is_taken_to_its_limit_and_then_the_sustained_rate() {
        let (buckets, rate) = (Buckets::new(), Rate::new(60, 60));
        for n in 0..60 {
            let standing = buckets.take(1, rate, at(5));
            let expected =
                Standing { limit: 60, remaining: 59 - n, full_after: at(1_000) * (n + 1), refused_for: None };
            assert_eq!(standing, expected);
        }
        let refused = buckets.take(1, rate, at(5));
        assert_eq!((refused.remaining, refused.refused_for), (0, Some(at(1_000))));
        assert_eq!(buckets.take(1, rate, at(1_004)).refused_for, Some(at(1)), "a refusal costs nothing");
        assert_eq!(buckets.take(1, rate, at(1_005)).refused_for, None);
        assert_eq!(buckets.take(1, rate, at(1_005)).refused_for, Some(at(1_000)));
        assert_eq!(buckets.take(2, rate, at(5)).remaining, 59, "others have buckets of their own");
        assert_eq!(buckets.take(1, rate, at(200_000)).remaining, 59, "it is never more than full");
    }

    #[test]
    fn the_fastest_and_the_slowest_rate_hold() {
        let buckets = Buckets::new();
        let (fast, slow) = (Rate::new(1_000_000_000, 1), Rate::new(1, 86_400));
        assert_eq!(buckets.take(1, fast, at(0)).remaining, 999_999_999);
        assert_eq!(buckets.take(2, slow, at(0)).refused_for, None);
        assert_eq!(buckets.take(2, slow, at(0)).refused_for, Some(Duration::from_hours(24)));
        assert_eq!(buckets.take(2, slow, at(86_400_000)).refused_for, None);
    }

    #[test]
    fn full_buckets_are_forgotten_and_memory_is_bounded() {
        let (buckets, rate) = (Buckets::new(), Rate::new(10, 10));
        let most = SHARDS * SHARD_MAX;
        for key in 0..4 * most {
            assert_eq!(buckets.take(key, rate, at(0)).refused_for, None);
        }
        assert!(buckets.kept() <= most, "{}", buckets.kept());
        // An empty bucket outlives many that are nearly full.
        let owner = usize::MAX;
        for _ in 0..10 {
            buckets.take(owner, rate, at(1_000));
        }
        for key in 0..4 * most {
            buckets.take(key, rate, at(1_500));
        }
        assert!(buckets.take(owner, rate, at(1_500)).refused_for.is_some());
        // When all are full again, the next few find their places free.
        for key in 0..10_000 {
            buckets.take(key, rate, at(60_000));
        }
        assert!(buckets.kept() <= most);
    }
}
