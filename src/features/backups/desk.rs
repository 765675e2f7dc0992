//! Where backups are made: the folder, what is under way, and what went wrong last.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use zeroize::Zeroizing;

use super::model::{Kind, Name, Plan, to_remove};
use super::shelf::{Note, Shelf, make_private};
use crate::clock::Timestamp;
use crate::crypto::{SharedEntropy, age};
use crate::error::{Error, Result};
use crate::wire::backups::{Backup, BackupJob, BackupTrouble};

/// After a failure it is tried again when this has passed.
pub(super) const RETRY_AFTER: Duration = Duration::from_mins(5);

/// A published snapshot.
pub struct Published {
    /// The file.
    pub file: PathBuf,
    /// What its manifest says.
    pub manifest: serde_json::Value,
}

/// What makes and opens the copies; the owner of the store knows how.
pub trait Press: Send + Sync {
    /// Publishes a verified snapshot of this moment. Blocking and long.
    fn publish(&self) -> Result<Published>;
    /// Opens a backup in a scratch folder and looks at all of it: rows of its audit log. Blocking and long.
    fn rehearse(&self, file: &Path, passphrase: Option<Zeroizing<String>>) -> Result<i64>;
}

/// What is under way, and what went wrong.
#[derive(Default)]
pub(super) struct State {
    pub(super) job: Option<BackupJob>,
    /// The last failure in the data folder, and in the second place, until one goes well.
    pub(super) trouble: Option<BackupTrouble>,
    pub(super) second_trouble: Option<BackupTrouble>,
    /// Not before this, on the monotonic clock.
    pub(super) retry_at: Option<Duration>,
    pub(super) second_retry_at: Option<Duration>,
}

/// The desk.
pub struct Desk {
    pub(super) data_dir: PathBuf,
    press: Option<Arc<dyn Press>>,
    entropy: SharedEntropy,
    state: Mutex<State>,
}

impl Desk {
    /// Over `DATA_DIR/backups`, which is made when it is needed first. Without a press (PostgreSQL) there are none.
    pub fn new(data_dir: PathBuf, press: Option<Arc<dyn Press>>, entropy: SharedEntropy) -> Self {
        Self { data_dir, press, entropy, state: Mutex::default() }
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.data_dir.join("backups")
    }

    pub(super) fn press(&self) -> Result<&Arc<dyn Press>> {
        self.press
            .as_ref()
            .ok_or_else(|| Error::invalid("no_snapshot", "PostgreSQL has no snapshot file; back it up with pg_dump."))
    }

    pub(super) fn is_available(&self) -> bool {
        self.press.is_some()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the one place for making a backup.
    pub(super) fn begin(&self, kind: Kind, now: Timestamp) -> Result<BackupJob> {
        let mut state = self.state();
        if state.job.as_ref().is_some_and(|job| job.state == "running") {
            return Err(Error::conflict("backup_running", "A backup is being made already: look at its progress."));
        }
        let job = BackupJob {
            state: "running",
            kind: kind.name(),
            step: "snapshot",
            done_bytes: 0,
            all_bytes: 0,
            started_at: now,
            finished_at: None,
            name: None,
            failure: None,
            detail: None,
        };
        state.job = Some(job.clone());
        Ok(job)
    }

    /// Makes a backup in the data folder, then in the second place, and removes what the plan does not keep. Blocking
    /// and long. The second place's failure is kept for the status and fails nothing.
    pub(super) fn make(&self, plan: &Plan, passphrase: Option<&str>, kind: Kind, at: Timestamp) -> Result<(Name, u64)> {
        let published = self.press()?.publish()?;
        let manifest: Note = serde_json::from_value(published.manifest).unwrap_or_default();
        let name = Name { at, kind, sealed: passphrase.is_some() };
        let lock = passphrase.map(|passphrase| age::Lock::new(passphrase, self.entropy.as_ref())).transpose()?;
        make_private(&self.folder())?;
        let folder = self.folder();
        let place = Shelf(&folder);
        let lock = lock.as_ref().map(|lock| (lock, self.entropy.as_ref()));
        let note = place.put(&name, &published.file, &manifest, lock, &mut self.teller("copying", manifest.bytes))?;
        if let Some(second) = &plan.folder {
            // Told by `copy_to_second` itself.
            let _ = self.copy_to_second(second, &name, at);
        }
        self.tidy(plan);
        Ok((name, note.bytes))
    }

    /// Copies a backup of the data folder to the second place.
    pub(super) fn copy_to_second(&self, second: &Path, name: &Name, now: Timestamp) -> Result<()> {
        let folder = self.folder();
        let own = Shelf(&folder);
        let note = own.note(name).unwrap_or_default();
        let place = Shelf(second);
        let outcome = place
            .try_it()
            .and_then(|()| place.put(name, &own.path(name), &note, None, &mut self.teller("second place", note.bytes)));
        let mut state = self.state();
        match outcome {
            Ok(_) => {
                (state.second_trouble, state.second_retry_at) = (None, None);
                Ok(())
            }
            Err(error) => {
                tracing::warn!(code = error.code(), cause = error.chain(), "the second place of the backups failed");
                state.second_trouble = Some(trouble(&error, now));
                Err(error)
            }
        }
    }

    /// Removes what the plan does not keep, in both places.
    pub(super) fn tidy(&self, plan: &Plan) {
        for folder in [Some(self.folder()), plan.folder.clone()].into_iter().flatten() {
            let place = Shelf(&folder);
            for name in to_remove(&place.names(), plan) {
                if let Err(error) = place.remove(&name) {
                    tracing::warn!(code = error.code(), cause = error.chain(), "an old backup could not be removed");
                }
            }
        }
    }

    fn teller(&self, step: &'static str, all: u64) -> impl FnMut(u64) + '_ {
        move |done| {
            if let Some(job) = &mut self.state().job {
                (job.step, job.done_bytes, job.all_bytes) = (step, done, all.max(done));
            }
        }
    }

    /// Every backup that is there, newest first.
    pub(super) fn all(&self, plan: &Plan) -> Vec<Backup> {
        let mut all = Vec::new();
        let places = [("local", Some(self.folder())), ("second", plan.folder.clone())];
        for (at, folder) in places {
            let Some(folder) = folder else { continue };
            let place = Shelf(&folder);
            all.extend(place.names().iter().map(|name| shown(at, &place, name)));
        }
        all.sort_by(|a, b| (b.created_at, b.place, &b.name).cmp(&(a.created_at, a.place, &a.name)));
        all
    }
}

pub(super) fn trouble(error: &Error, now: Timestamp) -> BackupTrouble {
    let internal = error.kind() == crate::error::Kind::Internal;
    let detail = if internal { "The log says more.".to_owned() } else { error.detail().to_owned() };
    BackupTrouble { code: error.code().to_owned(), detail, at: now }
}

fn shown(at: &'static str, place: &Shelf<'_>, name: &Name) -> Backup {
    let note = place.note(name);
    let fact = |fact: &str| note.as_ref().and_then(|note| note.facts[fact].as_i64());
    Backup {
        name: name.text(),
        place: at,
        kind: name.kind.name(),
        created_at: name.at,
        bytes: i64::try_from(place.bytes(name)).unwrap_or(i64::MAX),
        sealed: name.sealed,
        sha256: note.as_ref().map(|note| note.sha256.clone()),
        schema_version: note.as_ref().map(|note| note.schema_version),
        app_version: note.as_ref().map(|note| note.app_version.clone()),
        users: fact("users"),
        channels: fact("channels"),
        audit_rows: fact("auditNumber"),
    }
}
