//! Durations in buckets whose width grows with the value: each power of two of microseconds is cut in four, so a
//! percentile is at most a quarter too high, whatever its size, in a fixed number of atomics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Buckets of one power of two.
const PER_OCTAVE: usize = 4;
/// Bits that tell the buckets of one power of two apart.
const SUB_BITS: u32 = 2;
/// All buckets: the last one begins at 58 seconds and has no end.
pub const BUCKETS: usize = 25 * PER_OCTAVE;

/// Counts of durations that are recorded from any thread.
#[derive(Debug)]
pub struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    micros: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: std::array::from_fn(|_| AtomicU64::new(0)), micros: AtomicU64::new(0) }
    }
}

impl Histogram {
    /// One more that took this long.
    pub fn record(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.buckets[bucket_of(micros)].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// What was recorded so far.
    pub fn spread(&self) -> Spread {
        Spread {
            buckets: std::array::from_fn(|n| self.buckets[n].load(Ordering::Relaxed)),
            micros: self.micros.load(Ordering::Relaxed),
        }
    }
}

fn bucket_of(micros: u64) -> usize {
    if micros < PER_OCTAVE as u64 {
        return usize::try_from(micros).unwrap_or(0);
    }
    let octave = micros.ilog2() - SUB_BITS;
    let within = usize::try_from((micros >> octave) & (PER_OCTAVE as u64 - 1)).unwrap_or(0);
    ((octave as usize + 1) * PER_OCTAVE + within).min(BUCKETS - 1)
}

/// The smallest number of microseconds that belongs to a bucket behind this one; `None` for the last.
pub fn end_of(bucket: usize) -> Option<u64> {
    let next = bucket + 1;
    match next {
        BUCKETS.. => None,
        _ if next < PER_OCTAVE => Some(next as u64),
        _ => {
            let octave = next / PER_OCTAVE - 1;
            Some(((PER_OCTAVE + next % PER_OCTAVE) as u64) << octave)
        }
    }
}

/// Recorded durations at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spread {
    /// How many fell into each bucket.
    pub buckets: [u64; BUCKETS],
    /// All of them together, in microseconds.
    pub micros: u64,
}

impl Default for Spread {
    fn default() -> Self {
        Self { buckets: [0; BUCKETS], micros: 0 }
    }
}

impl Spread {
    /// How many.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// What came between `earlier` and this.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            buckets: std::array::from_fn(|n| self.buckets[n].saturating_sub(earlier.buckets[n])),
            micros: self.micros.saturating_sub(earlier.micros),
        }
    }

    /// These and `others`.
    pub fn add(&mut self, others: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(others.buckets) {
            *mine = mine.saturating_add(theirs);
        }
        self.micros = self.micros.saturating_add(others.micros);
    }

    /// The microseconds that `percent` of them did not exceed, rounded up to the end of a bucket; `None` when
    /// nothing was recorded.
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let wanted = (u128::from(count) * u128::from(percent)).div_ceil(100).max(1);
        let mut seen = 0_u128;
        for (bucket, held) in self.buckets.iter().enumerate() {
            seen += u128::from(*held);
            if seen >= wanted {
                // Of the last bucket only the beginning is known.
                return Some(end_of(bucket).map_or_else(|| end_of(BUCKETS - 2).unwrap_or(0), |end| end - 1));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_bucket_holds_what_lies_between_its_ends(micros in 0_u64..100_000_000) {
            let bucket = bucket_of(micros);
            prop_assert!(end_of(bucket).is_none_or(|end| micros < end));
            prop_assert!(bucket == 0 || micros >= end_of(bucket - 1).unwrap());
        }

        #[test]
        fn a_percentile_is_at_most_a_quarter_too_high(mut all in proptest::collection::vec(1_u64..10_000_000, 1..200), percent in 1_u64..=100) {
            let histogram = Histogram::default();
            for micros in &all {
                histogram.record(Duration::from_micros(*micros));
            }
            all.sort_unstable();
            let at = (all.len() * usize::try_from(percent).unwrap()).div_ceil(100) - 1;
            let (exact, told) = (all[at], histogram.spread().percentile(percent).unwrap());
            prop_assert!(told >= exact && told <= exact + exact / 4 + 1, "{exact} {told}");
        }
    }

    #[test]
    fn nothing_has_no_percentile_and_the_longest_fits() {
        let histogram = Histogram::default();
        assert_eq!(histogram.spread().percentile(99), None);
        histogram.record(Duration::from_hours(10));
        assert_eq!(histogram.spread().count(), 1);
        assert!(histogram.spread().percentile(50).unwrap() > 50_000_000);
    }

    #[test]
    fn spreads_are_added_and_taken_apart() {
        let histogram = Histogram::default();
        histogram.record(Duration::from_micros(10));
        let before = histogram.spread();
        histogram.record(Duration::from_millis(3));
        let mut later = histogram.spread().since(&before);
        assert_eq!((later.count(), later.micros), (1, 3_000));
        later.add(&before);
        assert_eq!(later, histogram.spread());
    }
}
