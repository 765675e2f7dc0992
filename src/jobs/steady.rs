//! Whether the wall clock can be trusted with ending things. A machine that wakes up in the wrong year must not
//! take away what was to last until the right one.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::{SharedClock, Timestamp};

/// What the two clocks may differ by between two turns.
const LEAP_MAX: Duration = Duration::from_hours(24);
/// How long the clock has to run steadily after a leap before it is trusted again: time for a person to set it right.
const STEADY_FOR: Duration = Duration::from_hours(1);

/// Compares the wall clock with the monotonic one from turn to turn.
pub struct Steady {
    clock: SharedClock,
    state: Mutex<State>,
}

struct State {
    wall: Timestamp,
    monotonic: Duration,
    leapt_at: Option<Duration>,
}

impl Steady {
    /// Trusts the clock as it is now.
    pub fn new(clock: SharedClock) -> Self {
        let state = State { wall: clock.now(), monotonic: clock.monotonic(), leapt_at: None };
        Self { clock, state: Mutex::new(state) }
    }

    /// Whether what is due may be ended at this turn. After a leap of more than a day it is not, until the clock has
    /// run steadily for an hour.
    pub fn holds(&self) -> bool {
        let (now, monotonic) = (self.clock.now(), self.clock.monotonic());
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let expected = state.wall.plus(monotonic.saturating_sub(state.monotonic));
        let leap = now.since(expected).max(expected.since(now));
        (state.wall, state.monotonic) = (now, monotonic);
        if leap > LEAP_MAX {
            tracing::warn!(seconds = leap.as_secs(), "the clock leapt: nothing is ended by time for an hour");
            state.leapt_at = Some(monotonic);
        }
        match state.leapt_at {
            Some(at) if monotonic.saturating_sub(at) < STEADY_FOR => false,
            Some(_) => {
                state.leapt_at = None;
                true
            }
            None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::{Clock as _, ManualClock};

    #[test]
    fn a_leap_of_more_than_a_day_either_way_stops_it_for_an_hour() {
        let clock = Arc::new(ManualClock::at(Timestamp::parse("2026-01-01T00:00:00Z").unwrap()));
        let steady = Steady::new(clock.clone());
        clock.pass(Duration::from_hours(72));
        assert!(steady.holds(), "time that really passed is no leap");
        clock.set(clock.now().plus(Duration::from_hours(24)));
        assert!(steady.holds(), "a day is still taken for a correction");
        for leap in ["2036-01-01T00:00:00Z", "2026-01-06T00:00:00Z"] {
            clock.set(Timestamp::parse(leap).unwrap());
            assert!(!steady.holds(), "{leap}");
            clock.pass(Duration::from_mins(59));
            assert!(!steady.holds(), "{leap}");
            clock.pass(Duration::from_mins(1));
            assert!(steady.holds(), "{leap}");
        }
    }
}
