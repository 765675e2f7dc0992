//! Whether the wall clock can be believed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// How far wall time may move away from measured time between two looks.
const LEAP_MAX: Duration = Duration::from_hours(24);

/// The last look at both times that agreed.
pub struct Watch(Mutex<(Timestamp, Duration)>);

impl Watch {
    /// Believes the clock as it is now, at a start that a person has decided.
    pub fn new(wall: Timestamp, measured: Duration) -> Self {
        Self(Mutex::new((wall, measured)))
    }

    /// Fails while the wall clock is more than a day away from where it should be; goes on by itself when it has been
    /// set right, and after a restart, which a person has decided.
    pub fn check(&self, wall: Timestamp, measured: Duration) -> Result<()> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (then, at) = *last;
        let due = then.plus(measured.saturating_sub(at));
        if wall.since(due).max(due.since(wall)) > LEAP_MAX {
            return Err(Error::conflict(
                "clock_leapt",
                "The clock leapt by more than a day: nothing is erased until it is right or the server restarts.",
            ));
        }
        *last = (wall, measured);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leap_of_more_than_a_day_either_way_stops_it_until_the_clock_is_right() {
        let hours = |n: u64| Duration::from_hours(n);
        let start = Timestamp::from_micros(1_700_000_000_000_000);
        let watch = Watch::new(start, hours(0));
        let ask = |wall: Timestamp, measured| watch.check(wall, measured).map_err(|error| error.code());
        assert_eq!(ask(start, hours(0)), Ok(()));
        assert_eq!(ask(start.plus(hours(100)), hours(100)), Ok(()), "a long pause is no leap");
        assert_eq!(ask(start.plus(hours(125)), hours(101)), Ok(()), "a day is taken");
        let late = start.plus(hours(126 + 24)).plus(Duration::from_secs(1));
        assert_eq!(ask(late, hours(102)), Err("clock_leapt"));
        assert_eq!(ask(late.plus(hours(1)), hours(103)), Err("clock_leapt"), "it does not get used to it");
        assert_eq!(ask(start, hours(103)), Err("clock_leapt"));
        assert_eq!(ask(start.plus(hours(128)), hours(104)), Ok(()));
    }
}
