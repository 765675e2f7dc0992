//! A client that sends what cannot be read is told so and lives; one that goes on is closed.

use std::time::Duration;

/// Bad frames are counted over this long.
const WINDOW: Duration = Duration::from_secs(10);

/// Bad frames of one socket.
#[derive(Debug, Default)]
pub(super) struct BadFrames {
    since: Duration,
    count: u32,
}

impl BadFrames {
    /// One more at `now`; whether that makes too many.
    pub(super) fn one_more(&mut self, now: Duration, max: u32) -> bool {
        if now.saturating_sub(self.since) >= WINDOW {
            *self = Self { since: now, count: 0 };
        }
        self.count += 1;
        self.count >= max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twentieth_in_ten_seconds_is_too_many() {
        let mut bad = BadFrames::default();
        let start = Duration::from_secs(100);
        assert!((0..19).all(|n| !bad.one_more(start + Duration::from_millis(n * 500), 20)));
        assert!(bad.one_more(start + Duration::from_millis(9_999), 20));
        let mut slow = BadFrames::default();
        assert!((0..60).all(|n| !slow.one_more(Duration::from_secs(n), 20)), "one a second is not abuse");
    }
}
