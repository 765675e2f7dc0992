//! Bringing another database into place, so that whatever is interrupted there is the old one or the new one, whole.
//!
//! First a copy is *staged*: a data folder within the data folder, on the same disk, in which it is checked, opened
//! and brought to this program's schema, while the live one is not touched and may be at work. Only when that is done
//! and flushed a note says that it is ready. The *swap* follows the note, by renames alone, under the lock of the
//! folder: by whoever staged it, or by the next start if that one was killed.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::engine::Conn;
use super::fault::passing;
use super::header::Header;
use super::layout::{self, Home, full_or, sync_folder};
use super::migrate::{self, Found};
use super::sqlite::{CORRUPT, Link, Role, name};
use super::tx::Tx;
use super::{View, snapshot};
use crate::config;
use crate::error::{Context, Error, Result};

const STAGE: &str = ".restore";
const NOTE: &str = "ready.json";
/// Where databases are kept that were replaced.
const REPLACED: &str = "replaced";

/// How often it is tried to close a database that somebody else still has open.
const CLOSE_TRIES: u32 = 50;
const CLOSE_TRIED_EVERY: std::time::Duration = std::time::Duration::from_millis(100);

/// What is to be done when the stage is ready.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    /// The name under which the database of before is kept.
    kept_as: String,
    /// What else of the data folder belonged to it and is kept beside it.
    #[serde(default)]
    with_it: Vec<String>,
}

/// A staged database; removed when it is dropped before it is ready.
#[derive(Debug)]
pub struct Stage {
    folder: PathBuf,
    data_dir: PathBuf,
    ready: bool,
}

/// What a staged file is, by its own account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Staged {
    /// It was copied from a live database, whose newest changes stand in a file beside it.
    pub raw: bool,
    /// That file was copied too.
    pub with_log: bool,
    /// Its schema.
    pub schema_version: i32,
}

impl Stage {
    /// Makes an empty stage; what an earlier one left is removed.
    ///
    /// # Errors
    /// [`Conflict`](crate::error::Kind::Conflict) `restore_waiting` when one is ready that was not put in place yet.
    pub fn begin(data_dir: &Path, name: &str) -> Result<Self> {
        let folder = data_dir.join(name);
        if folder.join(NOTE).exists() {
            return Err(Error::conflict(
                "restore_waiting",
                "A restored database waits to be put in place: start the server, which does that first.",
            ));
        }
        remove(&folder)?;
        layout::make_private(&folder.join("live")).map_err(io("making room for the restored database"))?;
        Ok(Self { folder, data_dir: data_dir.to_owned(), ready: false })
    }

    /// A stage that is to be put in place.
    pub fn for_restore(data_dir: &Path) -> Result<Self> {
        Self::begin(data_dir, STAGE)
    }

    /// Where the copy is to be written to.
    pub fn file(&self) -> PathBuf {
        self.folder.join("live").join("messenger.db")
    }

    /// Opens a file of the stage for writing, for this account alone.
    pub fn create(&self, path: &Path) -> Result<File> {
        layout::create_private(path).map_err(io("making the restored database"))
    }

    /// The same configuration over the stage.
    pub fn config(&self, config: &config::Store) -> config::Store {
        config::Store { data_dir: self.folder.clone(), readers_max: 2, ..config.clone() }
    }

    /// Whether `bytes` fit on the disk of the data folder.
    pub fn has_room_for(&self, bytes: u64) -> bool {
        layout::free_bytes(&self.folder).is_none_or(|free| free > bytes + bytes / 16 + 16 * 1024 * 1024)
    }

    /// Reads every page of the copy. Every refusal has a name of its own.
    pub fn check(&self) -> Result<Staged> {
        let path = self.file();
        let size = fs::metadata(&path).map_err(io("measuring the copy"))?.len();
        if size == 0 {
            return Err(refused("backup_empty", "it has no bytes at all"));
        }
        let mut first = [0; 20];
        let read = File::open(&path).and_then(|mut file| std::io::Read::read(&mut file, &mut first));
        if read.map_err(io("reading the copy"))? < 20 || !first.starts_with(b"SQLite format 3\0") {
            return Err(refused("backup_not_a_database", "it does not begin as a database does"));
        }
        let raw = first[18] == 2 || first[19] == 2;
        let with_log = self.log().exists();
        let wal_bytes = fs::metadata(self.log()).map_or(0, |meta| meta.len());
        Header::read(&path, wal_bytes)?.map_err(|what| refused("backup_truncated", &what))?;
        if let Some(first) = snapshot::check(&path)?.into_iter().next() {
            return Err(refused("backup_damaged", &first));
        }
        let link = Link::open(&path, if raw { Role::Writer } else { Role::Walker }).map_err(|e| damaged(&e))?;
        link.begin_view()?;
        let found = migrate::find(&mut Tx { conn: Conn::Sqlite(&link) });
        link.rollback();
        let found = found?;
        found.check()?;
        match found {
            Found::Nothing => Err(refused("backup_empty", "it has no tables")),
            Found::Version(schema_version) => Ok(Staged { raw, with_log, schema_version }),
        }
    }

    /// The log that belongs beside a raw copy.
    pub fn log(&self) -> PathBuf {
        self.folder.join("live").join("messenger.db-wal")
    }

    /// Brings everything into the one file and flushes it. Nobody may have it open any more.
    pub fn settle(&self) -> Result<()> {
        let mut tries = 0;
        // A pool that was dropped lets go of its connections on threads of its own.
        while !self.close().map_err(|e| damaged(&e))? && tries < CLOSE_TRIES {
            tries += 1;
            std::thread::sleep(CLOSE_TRIED_EVERY);
        }
        if tries == CLOSE_TRIES || self.log().exists() {
            return Err(Error::internal("the restored database could not be closed"));
        }
        flush(&self.file()).map_err(io("flushing the restored database"))?;
        sync_folder(&self.folder.join("live")).map_err(io("flushing the restored database"))
    }

    /// False while somebody has it open.
    fn close(&self) -> rusqlite::Result<bool> {
        let link = Link::open(&self.file(), Role::Writer)?;
        let mode = link.raw().query_row("PRAGMA journal_mode=DELETE", [], |row| row.get::<_, String>(0));
        match mode {
            Ok(mode) => Ok(mode == "delete"),
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Says that it is ready: from here on it will be put in place, and the one of before kept as `kept_as`, together
    /// with what else of the data folder belonged to it.
    pub fn finish(mut self, kept_as: &str, with_it: &[&str]) -> Result<()> {
        let with_it = with_it.iter().map(|name| (*name).to_owned()).collect();
        let note = Note { kept_as: kept_as.to_owned(), with_it };
        let text = serde_json::to_vec(&note).context("noting that a database is ready")?;
        let (draft, path) = (self.folder.join("ready.draft"), self.folder.join(NOTE));
        passing("restore_before_note");
        self.create(&draft)?
            .write_all(&text)
            .and_then(|()| flush(&draft))
            .and_then(|()| layout::rename_over(&draft, &path))
            .and_then(|()| sync_folder(&self.folder))
            .and_then(|()| sync_folder(&self.data_dir))
            .map_err(io("noting that a database is ready"))?;
        self.ready = true;
        passing("restore_after_note");
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !self.ready {
            // The next one removes what could not be removed now.
            let _ = remove(&self.folder);
        }
    }
}

/// Puts a staged database in place, if one is ready: where the one of before is kept now.
///
/// # Errors
/// [`Conflict`](crate::error::Kind::Conflict) `database_held` while a server runs.
pub fn finish(data_dir: &Path) -> Result<Option<PathBuf>> {
    finish_in(&Home::enter(data_dir)?)
}

/// Refuses when a server has the folder.
pub fn refuse_running(data_dir: &Path) -> Result<()> {
    Home::enter(data_dir).map(drop)
}

/// Each step may have been done already, by one who was killed then.
pub(super) fn finish_in(home: &Home) -> Result<Option<PathBuf>> {
    let stage = home.folder().join(STAGE);
    let text = match fs::read(stage.join(NOTE)) {
        Ok(text) => text,
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(io("reading the note of a restored database")(cause)),
    };
    let note: Note = serde_json::from_slice(&text).context("reading the note of a restored database")?;
    let staged = stage.join("live").join("messenger.db");
    let replaced = home.folder().join(REPLACED);
    let kept = replaced.join(&note.kept_as);
    if staged.exists() {
        layout::make_private(&replaced).map_err(io("keeping the database of before"))?;
        let log = PathBuf::from(format!("{}-wal", kept.display()));
        // The log goes first: without its file it is refused by name, the file without its log would look whole.
        for (from, to) in [(home.wal(), log), (home.file().to_owned(), kept.clone())] {
            rename_if_there(&from, &to).map_err(io("keeping the database of before"))?;
            passing("restore_moving_away");
        }
        for name in &note.with_it {
            let kept = PathBuf::from(format!("{}.{name}", kept.display()));
            rename_if_there(&home.folder().join(name), &kept).map_err(io("keeping what belonged to the database"))?;
        }
        rename_if_there(&home.live().join("messenger.db-shm"), &stage.join("shm")).map_err(io("clearing up"))?;
        sync_folder(&replaced).map_err(io("flushing the data folder"))?;
        passing("restore_before_place");
        layout::rename_over(&staged, home.file()).map_err(io("placing the restored database"))?;
        passing("restore_after_place");
        sync_folder(&home.live()).map_err(io("flushing the data folder"))?;
    }
    // What was published is of the database of before; it must not be adopted in place of this one.
    for published in ["messenger.db", "messenger.db.json"] {
        let kept =
            PathBuf::from(format!("{}.published{}", kept.display(), published.trim_start_matches("messenger.db")));
        rename_if_there(&home.folder().join(published), &kept).map_err(io("keeping the snapshot of before"))?;
    }
    passing("restore_before_clearing");
    fs::remove_file(stage.join(NOTE)).map_err(io("clearing up after a restored database"))?;
    sync_folder(home.folder()).map_err(io("flushing the data folder"))?;
    remove(&stage)?;
    Ok(Some(kept))
}

/// Looks into the live database of a folder without touching it, whether a server runs or not; `None` when there is
/// none, or none that can be read.
pub fn peek<T>(data_dir: &Path, look: impl FnOnce(&mut View<'_>) -> Result<T>) -> Option<T> {
    let file = data_dir.join("live").join("messenger.db");
    if !file.exists() {
        return None;
    }
    let link = Link::open(&file, Role::Walker).ok()?;
    link.begin_view().ok()?;
    let seen = look(&mut View { conn: Conn::Sqlite(&link) }).ok();
    link.rollback();
    seen
}

/// Length and SHA-256 of a file.
pub fn digest(path: &Path) -> Result<(u64, String)> {
    snapshot::digest(path).map_err(io("reading a copy"))
}

fn rename_if_there(from: &Path, to: &Path) -> std::io::Result<()> {
    match layout::rename_over(from, to) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn flush(path: &Path) -> std::io::Result<()> {
    fs::OpenOptions::new().write(true).open(path)?.sync_all()
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(io("clearing up after a restored database")(cause)),
        _ => Ok(()),
    }
}

fn refused(code: &'static str, what: &str) -> Error {
    Error::conflict(code, format!("That is no backup that can be restored: {what}."))
}

fn damaged(error: &rusqlite::Error) -> Error {
    let (named, _) = name(error, "the copy");
    if named.code() == CORRUPT { refused("backup_damaged", &named.chain()) } else { named }
}

fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> Error {
    move |cause| full_or(cause, |cause| Error::internal(what).because(cause))
}
