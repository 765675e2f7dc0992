//! The data folder: what is where, and whether it is safe to open.
//!
//! `DATA_DIR/live/messenger.db` is the live database and `DATA_DIR/messenger.db` the published snapshot, the
//! file that people copy: a copy of a live file is torn or, worse, opens clean and empty. Every refusal here
//! is a sentence that says what to do, because whoever reads it stands before a server that does not start.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use super::mount::refuse_network;
use super::sqlite::disk_full;
use crate::error::{Context, Error, Result};

/// Below this the server does not start.
const FREE_BYTES_MIN: u64 = 4 * 1024 * 1024;

/// How often a held lock is tried again before it counts as held.
const LOCK_TRIES: u32 = 5;
const LOCK_TRIED_EVERY: std::time::Duration = std::time::Duration::from_millis(100);

/// The folder of an SQLite database, held by this process as long as the value lives.
#[derive(Debug)]
pub(super) struct Home {
    folder: PathBuf,
    file: PathBuf,
    // Closing it lets go of the lock.
    _lock: File,
}

impl Home {
    /// Makes the folders if they are missing, checks where they are, and takes the lock.
    pub(super) fn enter(data_dir: &Path) -> Result<Self> {
        let live = data_dir.join("live");
        make_private(data_dir).and_then(|()| make_private(&live)).map_err(|cause| {
            full_or(cause, |cause| {
                Error::invalid("data_dir_unusable", format!("{}: {cause}", live.display())).because(cause)
            })
        })?;
        refuse_network(&live)?;
        let lock = take_lock(&live)?;
        if free_bytes(&live).is_some_and(|free| free < FREE_BYTES_MIN) {
            return Err(disk_full());
        }
        Ok(Self { folder: data_dir.to_owned(), file: live.join("messenger.db"), _lock: lock })
    }

    /// The live database.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// The live folder.
    pub(super) fn live(&self) -> PathBuf {
        self.folder.join("live")
    }

    /// The data folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The published snapshot.
    pub(super) fn published(&self) -> PathBuf {
        self.folder.join("messenger.db")
    }

    /// The log beside the live database.
    pub(super) fn wal(&self) -> PathBuf {
        self.live().join("messenger.db-wal")
    }

    /// Removes what an interrupted snapshot or adoption left.
    pub(super) fn sweep(&self) {
        for folder in [self.folder.clone(), self.live()] {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for entry in entries.flatten() {
                if entry.file_name().to_str().is_some_and(|name| name.starts_with(".messenger.db.new")) {
                    // It will be tried again at the next start.
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
    }

    /// The file is damaged, and this is the way back.
    pub(super) fn damaged(&self, what: &str) -> Error {
        let snapshot = self.published();
        let way = if snapshot.exists() {
            format!(
                "To go back to the last snapshot, move the folder {} away and start again: the server then adopts {}.",
                self.live().display(),
                snapshot.display()
            )
        } else {
            format!(
                "There is no snapshot in {}. To restore a copy, put it there as messenger.db, move the folder {} \
                 away and start again.",
                self.folder.display(),
                self.live().display()
            )
        };
        Error::conflict("database_damaged", format!("The database {} is damaged: {what}. {way}", self.file.display()))
    }
}

pub(super) fn make_private(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Opens a file for writing that only this user can read.
pub(super) fn create_private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).read(true).write(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn take_lock(live: &Path) -> Result<File> {
    let path = live.join("lock");
    let mut lock = create_private(&path).map_err(|cause| {
        full_or(cause, |cause| {
            Error::invalid("data_dir_unusable", format!("{}: {cause}", path.display())).because(cause)
        })
    })?;
    match lock_soon(&lock) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // On Windows a locked file cannot be read; the sentence then does without the number.
            let _ = lock.read_to_string(&mut holder);
            let who = match holder.trim().parse::<u32>() {
                Ok(pid) => format!("another running server (process {pid})"),
                Err(_) => "another running server".to_owned(),
            };
            return Err(Error::conflict(
                "database_held",
                format!("{} is held by {who}. Stop it, or give this one another DATA_DIR.", live.display()),
            ));
        }
        Err(TryLockError::Error(cause)) => return Err(cause).context("locking the data folder"),
    }
    lock.set_len(0)
        .and_then(|()| lock.rewind())
        .and_then(|()| writeln!(lock, "{}", std::process::id()))
        .map_err(|cause| full_or(cause, |cause| Error::internal("writing the lock file").because(cause)))?;
    Ok(lock)
}

/// Tries for half a second: a server that was just killed holds the lock until the system has cleared it away.
fn lock_soon(lock: &File) -> std::result::Result<(), TryLockError> {
    for _ in 0..LOCK_TRIES {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_TRIED_EVERY),
            outcome => return outcome,
        }
    }
    lock.try_lock()
}

/// A full disk has its own sentence wherever it is met.
pub(super) fn full_or(cause: std::io::Error, other: impl FnOnce(std::io::Error) -> Error) -> Error {
    if matches!(cause.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
        disk_full().because(cause)
    } else {
        other(cause)
    }
}

/// Bytes that may still be written there, where the system tells.
pub(super) fn free_bytes(folder: &Path) -> Option<u64> {
    #[cfg(unix)]
    return rustix::fs::statvfs(folder).ok().map(|stat| stat.f_bavail.saturating_mul(stat.f_frsize));
    #[cfg(not(unix))]
    {
        let _ = folder;
        None
    }
}

/// Gives a finished file its name, in one step, in place of the file that had it. On Windows a copier that holds
/// the old file open is in the way for a moment.
pub(super) fn rename_over(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut tries = 0;
    loop {
        match fs::rename(from, to) {
            Err(cause) if cfg!(windows) && cause.kind() == ErrorKind::PermissionDenied && tries < 20 => {
                tries += 1;
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
            done => return done,
        }
    }
}

/// Makes a new name in `folder` survive a power cut.
pub(super) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    return File::open(folder)?.sync_all();
    #[cfg(not(unix))]
    {
        let _ = folder;
        Ok(())
    }
}
