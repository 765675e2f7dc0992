//! Chance that can be repeated: every choice of a test comes from one printed seed.

use std::time::Duration;

/// A small generator (Steele, Lea and Flood's `SplitMix64`): good enough to choose moments, and the same everywhere.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The same seed gives the same throws.
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// A generator of its own for one part, so that parts do not disturb each other's throws.
    pub fn part(&mut self) -> Self {
        Self(self.next())
    }

    /// Any 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both possible.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    /// An index below `len`, which must not be 0.
    pub fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.next() % len as u64).expect("an index below a usize")
    }

    /// True in `times` of `of` throws.
    pub fn chance(&mut self, times: u64, of: u64) -> bool {
        self.next() % of < times
    }

    /// A length of time in whole microseconds.
    pub fn moment(&mut self, low: Duration, high: Duration) -> Duration {
        let micros = |d: Duration| u64::try_from(d.as_micros()).expect("less than half a million years");
        Duration::from_micros(self.between(micros(low), micros(high)))
    }
}

/// A seed that differs from run to run, for when none was given.
pub fn fresh_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock after 1970");
    Dice::seeded(now.as_secs() ^ u64::from(now.subsec_nanos()) << 20 ^ u64::from(std::process::id())).next() >> 16
}
