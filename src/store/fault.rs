//! Fault points: places where a test can make the storage fail on demand.
//!
//! Each store has its own, so tests side by side do not meet. Without the feature `faults` nothing of it is
//! compiled and every check is an empty inlined function.

use crate::error::Result;

/// The points there are.
pub mod point {
    /// Just before a batch is committed.
    pub const COMMIT: &str = "commit";
    /// Before the snapshot's file is flushed.
    pub const SNAPSHOT_FSYNC: &str = "fsync_snapshot";
    /// Before the snapshot takes its name.
    pub const SNAPSHOT_RENAME: &str = "rename_snapshot";
    /// Before the manifest takes its name.
    pub const MANIFEST_RENAME: &str = "rename_manifest";
    /// Before the writer moves its log into the file.
    pub const CHECKPOINT: &str = "checkpoint";
}

/// Ends the process here and now, as a power cut does, when a test asked for it by this step's name.
#[cfg(feature = "faults")]
#[expect(clippy::disallowed_methods, reason = "only in tests, which start the program and have no other way in")]
pub fn passing(step: &str) {
    if std::env::var_os("FAULT_ABORT_AT").is_some_and(|at| at == step) {
        std::process::abort();
    }
}

/// Nothing without the feature.
#[cfg(not(feature = "faults"))]
#[inline]
pub fn passing(_: &str) {}

#[cfg(feature = "faults")]
mod armed {
    use std::collections::HashMap;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Mutex, PoisonError};

    use super::super::engine::Trouble;
    use super::super::sqlite::{disk_full, storage_failed};
    use crate::error::Error;

    /// What an armed point pretends.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Fault {
        /// The device failed (EIO).
        Io,
        /// The device is full (ENOSPC).
        Full,
    }

    /// The points of one store.
    #[derive(Debug, Default)]
    pub struct Points(Mutex<HashMap<&'static str, (u32, Fault)>>);

    impl Points {
        /// Makes the `nth` passing (from 1) of `point` fail, once.
        pub fn arm(&self, point: &'static str, nth: u32, fault: Fault) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(point, (nth.max(1), fault));
        }

        pub(in super::super) fn check(&self, point: &'static str) -> super::Result<()> {
            self.strike(point).map_or(Ok(()), |(error, _)| Err(error))
        }

        /// As [`check`](Self::check), with what the failure would say about the storage.
        pub(in super::super) fn strike(&self, point: &'static str) -> Option<(Error, Trouble)> {
            let mut points = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let (left, fault) = points.get_mut(point)?;
            *left -= 1;
            if *left > 0 {
                return None;
            }
            let fault = *fault;
            points.remove(point);
            Some(match fault {
                Fault::Io => {
                    (storage_failed().because(format!("fault point {point}")), Trouble::Fatal(point.to_owned()))
                }
                Fault::Full => (disk_full().because(format!("fault point {point}")), Trouble::Full),
            })
        }
    }

    static CARELESS: AtomicBool = AtomicBool::new(false);

    /// Opens databases with `synchronous=NORMAL` from now on: the control that a crash test must catch.
    pub fn be_careless() {
        CARELESS.store(true, Ordering::SeqCst);
    }

    pub(in super::super) fn careless() -> bool {
        CARELESS.load(Ordering::SeqCst)
    }
}

#[cfg(feature = "faults")]
pub(super) use armed::careless;
#[cfg(feature = "faults")]
pub use armed::{Fault, Points, be_careless};

/// No points.
#[cfg(not(feature = "faults"))]
#[derive(Debug, Default)]
pub struct Points(());

#[cfg(not(feature = "faults"))]
impl Points {
    #[inline]
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "the shape of the real ones")]
    pub(super) fn check(&self, _: &'static str) -> Result<()> {
        Ok(())
    }
}
