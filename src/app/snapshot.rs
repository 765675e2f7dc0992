//! The copyable file, published when something changed, and verified before it takes its name: the audit chain
//! is followed and a message is opened in the finished file itself.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::SharedClock;
use crate::crypto::Keyring;
use crate::error::{Context, Error, Result};
use crate::gate::{self, Verified};
use crate::store::{Manifest, Micros, Store};

/// A publication that takes long is not repeated before this many times as long has passed.
const REST_FACTOR: u32 = 10;
/// After a start everybody comes back at once: until this has passed, nobody waits for a copy of the whole database. A
/// new database is published at once, because there is no earlier copy.
const FIRST_AFTER: Duration = Duration::from_mins(1);

#[derive(Default)]
struct Past {
    /// When the last one ended, and how long it took; monotonic.
    last: Option<(Duration, Duration)>,
    /// How far the chain has been followed already: rows are only ever added.
    chain: Verified,
}

/// Publishes snapshots of one store.
pub struct Publisher {
    store: Store,
    keyring: Arc<Keyring>,
    clock: SharedClock,
    started: Duration,
    past: Mutex<Past>,
}

impl Publisher {
    /// For a store and its keys.
    pub fn new(store: Store, keyring: Arc<Keyring>, clock: SharedClock) -> Self {
        let started = clock.monotonic();
        Self { store, keyring, clock, started, past: Mutex::default() }
    }

    /// Publishes now. Blocking and long.
    pub fn publish(&self) -> Result<Manifest> {
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        let started = self.clock.monotonic();
        let (from, mut reached) = (past.chain, past.chain);
        let outcome = self.store.publish(Micros(self.clock.now().micros()), |view| {
            let (facts, chain) = gate::inspect(view, &self.keyring, from)?;
            reached = chain;
            Ok(facts)
        });
        let ended = self.clock.monotonic();
        past.last = Some((ended, ended.saturating_sub(started)));
        if outcome.is_ok() {
            past.chain = reached;
        }
        outcome
    }

    /// Publishes when something changed, `every` has passed, and the last one is long enough ago for its length.
    pub fn publish_if_due(&self, every: Duration) -> Result<()> {
        if self.store.file().is_none() || !self.store.changed_since_publish() {
            return Ok(());
        }
        let (last, now) = (self.past.lock().unwrap_or_else(PoisonError::into_inner).last, self.clock.monotonic());
        let due = match last {
            Some((ended, took)) => now.saturating_sub(ended) >= every.max(took * REST_FACTOR),
            None => self.store.fresh() || now.saturating_sub(self.started) >= every.min(FIRST_AFTER),
        };
        if due { self.publish().map(drop) } else { Ok(()) }
    }

    /// At the stop: publishes if something changed and it can be expected to fit `within`.
    pub fn publish_last(&self, within: Duration) {
        if self.store.file().is_none() || !self.store.changed_since_publish() {
            return;
        }
        let last = self.past.lock().unwrap_or_else(PoisonError::into_inner).last;
        if last.is_some_and(|(_, took)| took > within) {
            tracing::warn!("the snapshot was not brought up to date: it takes longer than a stop may");
            return;
        }
        if let Err(error) = self.publish() {
            tracing::error!(cause = error.chain(), "the snapshot could not be brought up to date");
        }
    }
}

/// Checks the whole live database, in the background: the start itself makes quick checks only.
pub async fn check(store: Store) -> Result<()> {
    let faults =
        tokio::task::spawn_blocking(move || store.check_blocking()).await.context("checking the database")??;
    if faults.is_empty() {
        return Ok(());
    }
    Err(Error::conflict(
        "database_damaged",
        format!("The database is damaged: {}. Stop the server and put the snapshot back.", faults.join("; ")),
    ))
}
