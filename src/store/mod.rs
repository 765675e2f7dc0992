//! The store: a small engine over two databases, with no word of what is kept in them.
//!
//! One thread writes ([`Writer`]), in groups, with one flush to the disk for all that waited; a pool of
//! readers looks. The same SQL text runs on SQLite (one file in the data folder) and on PostgreSQL; what the
//! engines do differently stays in their own files. Drivers are synchronous: they run on blocking threads.
//!
//! Above this room stands the gate, and nobody else may come here.

mod batch;
mod checkpoint;
mod engine;
pub mod fault;
mod foreign;
mod header;
mod layout;
mod migrate;
mod mount;
mod open;
#[cfg(feature = "postgres")]
mod postgres;
pub mod restore;
mod snapshot;
mod sqlite;
mod tx;
mod value;
mod writer;

#[cfg(test)]
mod measure;
#[cfg(test)]
mod testing;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use self::engine::{Conn, Hand, Trouble};
pub use self::foreign::{Address, Foreign};
pub use self::migrate::SCHEMA_VERSION;
pub use self::snapshot::Manifest;
pub use self::tx::{Tx, View};
pub use self::value::{Cell, FromCell, Json, Micros, Param, Row};
pub use self::writer::{BATCH_MAX, Job, Ledger, Writer};
use crate::config;
use crate::error::{Context, Error, Result};
use crate::metrics::{Histogram, Spread};

/// An open database: readers, and the writer until [`start`](Self::start) takes it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

/// What all handles share.
struct Inner {
    readers: Readers,
    /// The writing connection, until the writer's thread takes it.
    hand: Mutex<Option<Hand>>,
    counters: Counters,
    fatal: watch::Sender<Option<String>>,
    faults: fault::Points,
    place: Place,
    /// One snapshot at a time.
    publishing: Mutex<()>,
    published: AtomicU64,
}

/// Where the database came from.
struct Place {
    /// Folder and lock of the SQLite file; none with PostgreSQL.
    home: Option<layout::Home>,
    fresh: bool,
    adopted: bool,
}

enum Readers {
    Sqlite(r2d2::Pool<sqlite::Readers>),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Pool),
}

#[derive(Default)]
struct Counters {
    queue: Arc<AtomicUsize>,
    batches: AtomicU64,
    jobs: AtomicU64,
    commits: AtomicU64,
    /// Commits of what belongs into a snapshot.
    changes: AtomicU64,
    last_commit_micros: AtomicU64,
    commit_times: Histogram,
    wal_bytes: AtomicU64,
    /// The last attempt to write met a full disk.
    full: AtomicBool,
}

impl Counters {
    fn committed(&self, jobs: usize, wrote: bool, matters: bool, took: Duration) {
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.jobs.fetch_add(jobs as u64, Ordering::Relaxed);
        if wrote {
            self.commits.fetch_add(1, Ordering::Relaxed);
            if matters {
                self.changes.fetch_add(1, Ordering::Relaxed);
            }
            self.full.store(false, Ordering::Relaxed);
            self.commit_times.record(took);
            self.last_commit_micros.store(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }
}

/// Figures for the dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Jobs waiting for the writer.
    pub queued: usize,
    /// Batches so far.
    pub batches: u64,
    /// Jobs in those batches.
    pub jobs: u64,
    /// Batches that wrote anything.
    pub commits: u64,
    /// How long the last of them took to be on disk.
    pub last_commit_micros: u64,
    /// Bytes in SQLite's log; 0 with PostgreSQL.
    pub wal_bytes: u64,
    /// Reading connections that are open.
    pub readers: u32,
    /// Those of them that nobody is using.
    pub readers_idle: u32,
}

impl Inner {
    /// The storage failed for good. The first reason is kept.
    fn fail(&self, reason: String) {
        tracing::error!("the storage failed: {reason}");
        self.fatal.send_if_modified(|known| {
            let first = known.is_none();
            if first {
                *known = Some(reason);
            }
            first
        });
    }
}

#[cfg(feature = "postgres")]
impl Drop for Inner {
    fn drop(&mut self) {
        // The last handle may go on a runtime's thread.
        let hand = self.hand.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        drop(postgres::OffRuntime::of(hand));
    }
}

impl Store {
    /// Opens the configured database: checks the folder and the file, adopts a snapshot, brings the schema up
    /// to date. Blocking; to be called on a plain thread, before anything is served.
    ///
    /// Errors a person must act on are [`Conflict`](crate::error::Kind::Conflict) (`database_held`,
    /// `database_newer`, `database_damaged`, `database_foreign`, `database_on_network_share`,
    /// `database_unsafe`) or [`Busy`](crate::error::Kind::Busy) (`disk_full`, `database_unreachable`).
    pub fn open(config: &config::Store) -> Result<Self> {
        match config.engine {
            config::Engine::Sqlite => open::sqlite(config),
            #[cfg(feature = "postgres")]
            config::Engine::Postgres => open::postgres(config),
            #[cfg(not(feature = "postgres"))]
            config::Engine::Postgres => Err(Error::invalid(
                "engine_missing",
                "DB_ENGINE=postgres: this program was built without PostgreSQL (cargo feature `postgres`).",
            )),
        }
    }

    fn new(readers: Readers, hand: Hand, place: Place) -> Self {
        Self(Arc::new(Inner {
            readers,
            hand: Mutex::new(Some(hand)),
            counters: Counters::default(),
            fatal: watch::Sender::new(None),
            faults: fault::Points::default(),
            place,
            publishing: Mutex::new(()),
            published: AtomicU64::new(u64::MAX),
        }))
    }

    /// Looks, in one transaction of a pooled reader, on a blocking thread.
    ///
    /// [`Busy`](crate::error::Kind::Busy) when no reader is free within three seconds.
    pub async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut View<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.clone();
        tokio::task::spawn_blocking(move || store.read_blocking(f)).await.context("reading the database")?
    }

    /// As [`read`](Self::read), on this thread, which must not be a runtime's.
    pub fn read_blocking<T>(&self, f: impl FnOnce(&mut View<'_>) -> Result<T>) -> Result<T> {
        match &self.0.readers {
            Readers::Sqlite(pool) => {
                let link = pool.get().map_err(no_reader)?;
                link.begin_view()?;
                let seen = f(&mut View { conn: Conn::Sqlite(&link) });
                link.rollback();
                if let Trouble::Fatal(reason) = link.trouble() {
                    // One unreadable page does not stop the others; the background check will say how bad it is.
                    tracing::error!("a part of the database could not be read: {reason}");
                }
                seen
            }
            #[cfg(feature = "postgres")]
            Readers::Postgres(pool) => pool.view(f),
        }
    }

    /// Writes in a transaction of its own. Only before [`start`](Self::start): set-up, keys, seeds.
    pub fn write_blocking<T>(&self, f: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let mut held = self.0.hand.lock().unwrap_or_else(PoisonError::into_inner);
        let hand = held.as_mut().ok_or_else(|| Error::internal("the writer's thread has the database"))?;
        hand.begin()?;
        let done = f(&mut Tx { conn: hand.conn() }).and_then(|value| {
            self.0.counters.committed(1, hand.commit()?, true, Duration::ZERO);
            Ok(value)
        });
        if done.is_err() {
            hand.rollback();
        }
        if let Trouble::Fatal(reason) = hand.trouble() {
            self.0.fail(reason);
        }
        done
    }

    /// Starts the writer's thread. `queue_max` jobs may wait; further ones are refused as `busy`.
    pub fn start<L: Ledger>(&self, ledger: L, queue_max: usize) -> Result<Writer<L>> {
        let hand = self.0.hand.lock().unwrap_or_else(PoisonError::into_inner).take();
        let hand = hand.ok_or_else(|| Error::internal("the writer was started twice"))?;
        Writer::start(hand, ledger, queue_max, Arc::clone(&self.0))
    }

    /// The database was made by this opening.
    pub fn fresh(&self) -> bool {
        self.0.place.fresh
    }

    /// The database is a snapshot that this opening adopted.
    pub fn adopted(&self) -> bool {
        self.0.place.adopted
    }

    /// Becomes the reason once the storage failed for good: nothing more is acknowledged, and the server must
    /// stop with an error and be started again.
    pub fn fatal(&self) -> watch::Receiver<Option<String>> {
        self.0.fatal.subscribe()
    }

    /// Figures for the dashboard.
    pub fn stats(&self) -> Stats {
        let counters = &self.0.counters;
        let pool = match &self.0.readers {
            Readers::Sqlite(pool) => Some(pool.state()),
            #[cfg(feature = "postgres")]
            Readers::Postgres(pool) => pool.state(),
        };
        Stats {
            queued: counters.queue.load(Ordering::Relaxed),
            batches: counters.batches.load(Ordering::Relaxed),
            jobs: counters.jobs.load(Ordering::Relaxed),
            commits: counters.commits.load(Ordering::Relaxed),
            last_commit_micros: counters.last_commit_micros.load(Ordering::Relaxed),
            wal_bytes: counters.wal_bytes.load(Ordering::Relaxed),
            readers: pool.as_ref().map_or(0, |pool| pool.connections),
            readers_idle: pool.as_ref().map_or(0, |pool| pool.idle_connections),
        }
    }

    /// How long commits took since the start.
    pub fn commit_times(&self) -> Spread {
        self.0.counters.commit_times.spread()
    }

    /// Whether the last attempt to write met a full disk: reading goes on, changes are refused until there is room.
    pub fn full(&self) -> bool {
        self.0.counters.full.load(Ordering::Relaxed)
    }

    /// The full check of an SQLite file (`integrity_check`), page by page on a connection of its own: what is
    /// wrong, or nothing. Long; for a background thread. PostgreSQL has its own tools and answers nothing.
    pub fn check_blocking(&self) -> Result<Vec<String>> {
        self.0.place.home.as_ref().map_or_else(|| Ok(Vec::new()), |home| snapshot::check(home.file()))
    }

    /// The live SQLite file, for what must not touch it and for `doctor`.
    pub fn file(&self) -> Option<&Path> {
        self.0.place.home.as_ref().map(layout::Home::file)
    }

    /// The fault points of this store.
    #[cfg(feature = "faults")]
    pub fn faults(&self) -> &fault::Points {
        &self.0.faults
    }
}

/// An armed fault before a commit: the engine must look as if it had failed itself.
#[cfg_attr(not(feature = "faults"), expect(clippy::unnecessary_wraps, reason = "nothing fails without the feature"))]
fn strike(store: &Inner, hand: &mut Hand, at: &'static str) -> Result<()> {
    #[cfg(feature = "faults")]
    if let Some((error, trouble)) = store.faults.strike(at) {
        hand.ail(trouble);
        return Err(error);
    }
    let _ = (store, hand, at);
    Ok(())
}

fn no_reader(cause: r2d2::Error) -> Error {
    Error::busy("busy", "The server is busy; try again in a moment.").because(cause)
}
