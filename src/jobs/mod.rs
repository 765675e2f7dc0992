//! What is done again and again, by name. A job that fails is logged and tried again at its next turn; one that
//! takes longer than its turn is not run twice at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::clock::{SharedClock, Timestamp};
use crate::error::Result;
use crate::features::{Means, expiry, reminders, schedule, users, words};
use crate::gate::Gate;

/// How often refusals and readings that repeated are written down.
const REPEATS_EVERY: Duration = Duration::from_secs(30);
/// How often it is written down how much each key has sealed.
const KEY_USES_EVERY: Duration = Duration::from_mins(5);
/// How often the last use of each session is written down.
const LAST_SEEN_EVERY: Duration = Duration::from_mins(5);

/// How often the word filter is read again, because another node may have changed it.
const WORDS_EVERY: Duration = Duration::from_secs(15);
/// How often it is looked for accounts whose deletion is final.
const ERASE_EVERY: Duration = Duration::from_hours(1);
/// A clock that leapt by more than this since the last turn was set, and says nothing about thirty days.
const LEAP_MAX: Duration = Duration::from_hours(24);

/// Tells a clock that goes on from one that was set: what cannot be undone waits until it has gone on for a turn.
struct Steady {
    wall: Timestamp,
    monotonic: Duration,
}

impl Steady {
    fn at(clock: &SharedClock) -> Self {
        Self { wall: clock.now(), monotonic: clock.monotonic() }
    }

    /// Whether wall time went on as much as time did since this was last asked.
    fn goes_on(&mut self, clock: &SharedClock) -> bool {
        let before = std::mem::replace(self, Self::at(clock));
        let passed = self.monotonic.saturating_sub(before.monotonic);
        let (there, back) = (self.wall.since(before.wall), before.wall.since(self.wall));
        back <= LEAP_MAX && there.abs_diff(passed) <= LEAP_MAX
    }
}

/// The jobs over people's accounts.
pub fn of_people(gate: &Gate, clock: &SharedClock, stop: &CancellationToken) {
    let (gate, clock) = (gate.clone(), clock.clone());
    let mut steady = Steady::at(&clock);
    every("erase deleted accounts", ERASE_EVERY, stop, move || {
        let (gate, goes_on) = (gate.clone(), steady.goes_on(&clock));
        async move {
            if goes_on {
                users::erase_due(&gate.system()).await.map(drop)
            } else {
                tracing::warn!("the clock was set by more than a day: no account is erased this time");
                Ok(())
            }
        }
    });
}

/// How often it is looked for messages and reminders whose time has come, and for messages whose time is over.
const DUE_EVERY: Duration = Duration::from_secs(1);

/// Runs `job` every `period` until `stop`, the first time after one period.
pub fn every<F, R>(name: &'static str, period: Duration, stop: &CancellationToken, mut job: F)
where
    F: FnMut() -> R + Send + 'static,
    R: Future<Output = Result<()>> + Send + 'static,
{
    let stop = stop.clone();
    tokio::spawn(async move {
        let mut turns = tokio::time::interval(period);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        turns.tick().await;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = turns.tick() => {}
            }
            if let Err(error) = job().await {
                tracing::warn!(job = name, code = error.code(), cause = error.chain(), "a job failed");
            }
        }
    });
}

/// Runs `job` once, `after` the start, unless `stop` comes first.
pub fn once<R>(name: &'static str, after: Duration, stop: &CancellationToken, job: impl FnOnce() -> R + Send + 'static)
where
    R: Future<Output = Result<()>> + Send + 'static,
{
    let stop = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(after) => {}
        }
        if let Err(error) = job().await {
            tracing::error!(job = name, code = error.code(), cause = error.chain(), "a job failed");
        }
    });
}

/// The jobs that keep the gate's own books.
pub fn of_the_gate(gate: &Gate, clock: &SharedClock, stop: &CancellationToken) {
    let books = gate.clone();
    every("write down repeats", REPEATS_EVERY, stop, move || {
        let books = books.clone();
        async move { books.keep_repeats(false).await }
    });
    let books = gate.clone();
    every("write down key uses", KEY_USES_EVERY, stop, move || {
        let books = books.clone();
        async move { books.keep_key_uses().await }
    });
    let (books, clock) = (gate.clone(), clock.clone());
    let mut since = clock.now();
    every("write down last use", LAST_SEEN_EVERY, stop, move || {
        let (books, from) = (books.clone(), since);
        since = clock.now();
        async move { books.keep_last_seen(from).await }
    });
}

/// The jobs of what helps or restrains a writer.
pub fn of_writers(gate: &Gate, means: &Arc<Means>, stop: &CancellationToken) {
    let (door, kept) = (gate.clone(), means.clone());
    every("read the word filter again", WORDS_EVERY, stop, move || {
        let (door, kept) = (door.clone(), kept.clone());
        async move { words::reload(&door.system(), &kept).await }
    });
    let (door, kept) = (gate.clone(), means.clone());
    every("post what was scheduled", DUE_EVERY, stop, move || {
        let (door, kept) = (door.clone(), kept.clone());
        async move { schedule::deliver(&door, &kept).await }
    });
    let door = gate.clone();
    every("remind", DUE_EVERY, stop, move || {
        let door = door.clone();
        async move { reminders::remind(&door.system()).await }
    });
    let system = gate.system();
    let (door, watch) = (gate.clone(), Arc::new(expiry::Watch::new(system.now(), system.monotonic())));
    every("erase what has expired", DUE_EVERY, stop, move || {
        let (door, watch) = (door.clone(), watch.clone());
        async move { expiry::sweep(&door.system(), &watch).await.map(drop) }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn a_clock_that_was_set_is_told_from_one_that_goes_on() {
        let manual = Arc::new(ManualClock::at(Timestamp::from_micros(1_000_000_000_000)));
        let clock: SharedClock = manual.clone();
        let mut steady = Steady::at(&clock);
        let day = Duration::from_hours(24);
        manual.pass(day * 40);
        assert!(steady.goes_on(&clock), "a machine that slept was not set");
        manual.set(clock.now().plus(day));
        assert!(steady.goes_on(&clock), "a day at most");
        manual.set(clock.now().plus(day + Duration::from_secs(1)));
        assert!(!steady.goes_on(&clock));
        assert!(steady.goes_on(&clock), "from there on it goes on");
        manual.set(Timestamp::from_micros(0));
        assert!(!steady.goes_on(&clock), "back too");
    }
}
