//! Latencies, to about 1.5 %: 64 steps to every doubling of a nanosecond count.

use std::time::Duration;

/// Counts by size; adding is a few instructions, because it happens for every delivery.
#[derive(Clone, Default)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    /// Counts one.
    #[expect(clippy::cast_possible_truncation, reason = "places end below 64 * 64")]
    pub fn add(&mut self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let shift = (64 - nanos.leading_zeros()).saturating_sub(7);
        let place = (u64::from(shift) * 64 + (nanos >> shift)) as usize;
        if place >= self.counts.len() {
            self.counts.resize(place + 1, 0);
        }
        self.counts[place] += 1;
        self.total += 1;
    }

    /// The value that the given part (0.5, 0.99) does not exceed, in milliseconds; NaN if nothing was counted.
    #[expect(clippy::cast_precision_loss, clippy::cast_sign_loss, clippy::cast_possible_truncation, reason = "a rank")]
    pub fn quantile_ms(&self, part: f64) -> f64 {
        let rank = ((self.total as f64 * part).ceil() as u64).max(1);
        let mut seen = 0;
        for (place, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                let shift = (place / 64).saturating_sub(1);
                let nanos = ((place - 64 * shift) as f64 + 0.5) * (1_u64 << shift) as f64;
                return nanos / 1e6;
            }
        }
        f64::NAN
    }
}
