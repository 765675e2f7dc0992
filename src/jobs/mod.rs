//! What is done again and again, by name. A job that fails is logged and tried again at its next turn; one that
//! takes longer than its turn is not run twice at once.

mod steady;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

pub use steady::Steady;

use crate::clock::SharedClock;
use crate::error::Result;
use crate::features::{Means, backups, channels, expiry, logs, metrics, reminders, schedule, users, words};
use crate::gate::Gate;

/// How often refusals and readings that repeated are written down.
const REPEATS_EVERY: Duration = Duration::from_secs(30);
/// How often it is written down who came too often.
const FLOODS_EVERY: Duration = Duration::from_secs(1);
/// How often it is written down how much each key has sealed.
const KEY_USES_EVERY: Duration = Duration::from_mins(5);
/// How often the last use of each session is written down.
const LAST_SEEN_EVERY: Duration = Duration::from_mins(5);
/// How often it is asked whether the time of a channel has come.
const CHANNELS_ENDED_EVERY: Duration = Duration::from_secs(5);

/// How often the word filter is read again, because another node may have changed it.
const WORDS_EVERY: Duration = Duration::from_secs(15);
/// How often it is looked for accounts whose deletion is final.
const ERASE_EVERY: Duration = Duration::from_hours(1);
/// The jobs over people's accounts.
pub fn of_people(gate: &Gate, clock: &SharedClock, stop: &CancellationToken) {
    let (gate, steady) = (gate.clone(), Steady::new(clock.clone()));
    every("erase deleted accounts", ERASE_EVERY, stop, move || {
        let (gate, holds) = (gate.clone(), steady.holds());
        async move { if holds { users::erase_due(&gate.system()).await.map(drop) } else { Ok(()) } }
    });
}

/// How often the figures are looked at, and told to those who watch.
const FIGURES_SEEN_EVERY: Duration = Duration::from_secs(5);
/// How often those who watch a log are told what was added.
const LOGS_TOLD_EVERY: Duration = Duration::from_secs(1);
/// How often they are written down.
const FIGURES_KEPT_EVERY: Duration = Duration::from_mins(1);
/// The jobs that keep the server's figures.
pub fn of_the_figures(gate: &Gate, means: &Arc<Means>, stop: &CancellationToken) {
    let (door, kept) = (gate.clone(), means.clone());
    every("look at the figures", FIGURES_SEEN_EVERY, stop, move || {
        let (door, kept) = (door.clone(), kept.clone());
        async move { metrics::observe(&door.system(), &kept).await }
    });
    let kept = means.clone();
    every("tell what is logged", LOGS_TOLD_EVERY, stop, move || {
        let kept = kept.clone();
        async move { logs::tail(&kept).await }
    });
    let (door, kept) = (gate.clone(), means.clone());
    every("write the figures down", FIGURES_KEPT_EVERY, stop, move || {
        let (door, kept) = (door.clone(), kept.clone());
        async move { metrics::keep(&door.system(), &kept).await }
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
    every("write down who came too often", FLOODS_EVERY, stop, move || {
        let books = books.clone();
        async move { books.keep_floods().await }
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
        async move { reminders::remind(&door).await }
    });
    let system = gate.system();
    let (door, watch) = (gate.clone(), Arc::new(expiry::Watch::new(system.now(), system.monotonic())));
    every("erase what has expired", DUE_EVERY, stop, move || {
        let (door, watch) = (door.clone(), watch.clone());
        async move { expiry::sweep(&door.system(), &watch).await.map(drop) }
    });
}

/// How often it is asked whether a backup is due.
const BACKUP_ASKED_EVERY: Duration = Duration::from_secs(30);
/// How often it is asked whether a backup is to be rehearsed.
const REHEARSAL_ASKED_EVERY: Duration = Duration::from_hours(1);

/// The jobs that keep copies of everything.
pub fn of_the_backups(gate: &Gate, means: &Arc<Means>, stop: &CancellationToken) {
    let (door, kept) = (gate.clone(), means.clone());
    every("keep backups", BACKUP_ASKED_EVERY, stop, move || {
        let (door, kept) = (door.clone(), kept.clone());
        async move { backups::keep_up(&door, &kept).await }
    });
    let (door, kept) = (gate.clone(), means.clone());
    every("rehearse a restore", REHEARSAL_ASKED_EVERY, stop, move || {
        let (door, kept) = (door.clone(), kept.clone());
        async move { backups::self_test(&door, &kept).await }
    });
}

/// The jobs that end what was to last for a time.
pub fn of_the_channels(gate: &Gate, clock: &SharedClock, stop: &CancellationToken) {
    let (gate, steady) = (gate.clone(), Arc::new(Steady::new(clock.clone())));
    every("end channels", CHANNELS_ENDED_EVERY, stop, move || {
        let (gate, steady) = (gate.clone(), steady.clone());
        async move { end_channels(&gate, &steady).await }
    });
}

/// Takes away the channels whose time has come, if the clock can be trusted.
pub async fn end_channels(gate: &Gate, steady: &Steady) -> Result<()> {
    if steady.holds() {
        channels::end_expired(&gate.system()).await?;
    }
    Ok(())
}
