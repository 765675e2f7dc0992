//! The SQLite engine: one connection and what this program needs of it.
//!
//! Write-ahead log with `synchronous=FULL`: with NORMAL a power cut loses commits that were answered (measured:
//! 6 of 8), with FULL it lost none of 20. No memory mapping, because an I/O error would then be a signal and
//! not an error. Checkpoints are never automatic: the writer makes them between batches, and nobody else does.

use std::cell::{Cell as Slot, RefCell};
use std::collections::HashMap;
use std::ffi::c_int;
use std::path::Path;
use std::time::Duration;

use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, OpenFlags, ffi};

use super::engine::{Trouble, Visit};
use super::value::{Cell, Param, Row};
use crate::error::{Context, Error, Kind, Result};

/// Older ones can lose a committed transaction when a checkpoint and a write meet (the WAL-reset bug).
pub(super) const VERSION_MIN: i32 = 3_051_003;
/// "MCPM" in the header of the file says whose database it is.
pub(super) const APPLICATION_ID: u32 = 0x4D43_504D;
/// The code of an error that means that the file itself is wrong.
pub(super) const CORRUPT: &str = "storage_corrupt";
/// Bytes of a page.
pub(super) const PAGE_BYTES: u64 = 4096;
/// More statements than the program has.
const STATEMENTS_MAX: usize = 512;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The one that writes.
    Writer,
    /// One of the pool.
    Reader,
    /// Walks the whole file once and must not hold it all in memory.
    Walker,
}

thread_local! {
    // SQLite tells the length of the log in a plain function after each commit; the writer asks on its own thread.
    static WAL_FRAMES: Slot<u64> = const { Slot::new(0) };
}

/// How the parameters of a statement are laid out: SQLite numbers names in the order they first appear.
struct Shape {
    /// The highest `$n`.
    wanted: usize,
    /// For each place the index of its value; `None` when they stand in order.
    places: Option<Box<[usize]>>,
}

/// A connection, and what is known about its statements and its transaction.
pub(super) struct Link {
    raw: Connection,
    shapes: RefCell<HashMap<(usize, usize), Shape>>,
    trouble: RefCell<Trouble>,
    // A statement after SQLite gave the transaction up would commit by itself.
    holding: Slot<bool>,
    changes: Slot<u64>,
}

impl Link {
    /// Opens `path`, which must exist unless `role` is the writer's.
    pub(super) fn open(path: &Path, role: Role) -> rusqlite::Result<Self> {
        let access = match role {
            Role::Writer => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            Role::Reader | Role::Walker => OpenFlags::SQLITE_OPEN_READ_ONLY,
        };
        let raw = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        Self::prepare(&raw, role)?;
        Ok(Self::of(raw))
    }

    /// Takes over a connection that [`prepare`](Self::prepare) has seen.
    pub(super) fn of(raw: Connection) -> Self {
        Self {
            raw,
            shapes: RefCell::default(),
            trouble: RefCell::default(),
            holding: Slot::new(false),
            changes: Slot::new(0),
        }
    }

    /// Sets a connection up for its role.
    pub(super) fn prepare(raw: &Connection, role: Role) -> rusqlite::Result<()> {
        raw.busy_timeout(Duration::from_secs(5))?;
        raw.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        raw.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        // Closing must not move the log by itself: after a failed flush nothing more may be written.
        raw.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        raw.execute_batch(
            "PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0;
             PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA wal_autocheckpoint=0;",
        )?;
        // Negative sizes are KiB. A reader's share is small because there are several.
        match role {
            Role::Writer => {
                raw.execute_batch("PRAGMA cache_size=-4096;")?;
                raw.execute_batch(synchronous())?;
                raw.wal_hook(Some(count_frames));
            }
            Role::Reader => raw.execute_batch("PRAGMA query_only=ON; PRAGMA cache_size=-4096;")?,
            Role::Walker => raw.execute_batch("PRAGMA cache_size=-2048;")?,
        }
        Ok(())
    }

    /// The bare connection, for what is particular to SQLite.
    pub(super) fn raw(&self) -> &Connection {
        &self.raw
    }

    pub(super) fn each(&self, sql: &'static str, params: &[Param<'_>], visit: Visit<'_>) -> Result<()> {
        self.intact()?;
        let mut statement = self.raw.prepare_cached(sql).map_err(|e| self.fault(&e, sql))?;
        self.bind(sql, &mut statement, params)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(|e| self.fault(&e, sql))? {
            if !visit(&Row::Sqlite(row))? {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn execute(&self, sql: &'static str, params: &[Param<'_>]) -> Result<u64> {
        self.intact()?;
        let mut statement = self.raw.prepare_cached(sql).map_err(|e| self.fault(&e, sql))?;
        self.bind(sql, &mut statement, params)?;
        let changed = statement.raw_execute().map_err(|e| self.fault(&e, sql))?;
        Ok(changed as u64)
    }

    fn bind(&self, sql: &'static str, statement: &mut rusqlite::Statement<'_>, params: &[Param<'_>]) -> Result<()> {
        let mut shapes = self.shapes.borrow_mut();
        let shape = match shapes.entry((sql.as_ptr() as usize, sql.len())) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert(shape(statement, sql)?),
        };
        if shape.wanted != params.len() {
            return Err(Error::internal(format!("{} values for {} parameters: {sql}", params.len(), shape.wanted)));
        }
        match &shape.places {
            None => {
                for (place, param) in params.iter().enumerate() {
                    statement.raw_bind_parameter(place + 1, param).map_err(|e| self.fault(&e, sql))?;
                }
            }
            Some(places) => {
                for (place, index) in places.iter().enumerate() {
                    statement.raw_bind_parameter(place + 1, params[*index]).map_err(|e| self.fault(&e, sql))?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn intact(&self) -> Result<()> {
        if self.holding.get() && self.raw.is_autocommit() {
            return Err(Error::busy("given_up", "The database gave this change up; try again."));
        }
        Ok(())
    }

    fn step(&self, sql: &'static str) -> Result<()> {
        let mut statement = self.raw.prepare_cached(sql).map_err(|e| self.fault(&e, sql))?;
        statement.raw_execute().map_err(|e| self.fault(&e, sql))?;
        Ok(())
    }

    pub(super) fn begin(&self) -> Result<()> {
        self.trouble.take();
        self.changes.set(self.raw.total_changes());
        self.step("BEGIN IMMEDIATE")?;
        self.holding.set(true);
        Ok(())
    }

    /// Opens a transaction that only looks, so that all of its statements see the same moment.
    pub(super) fn begin_view(&self) -> Result<()> {
        self.step("BEGIN")
    }

    pub(super) fn mark(&self) -> Result<()> {
        self.step("SAVEPOINT job")
    }

    pub(super) fn release(&self) -> Result<()> {
        self.intact()?;
        self.step("RELEASE job")
    }

    pub(super) fn undo(&self) -> Result<()> {
        self.intact()?;
        self.step("ROLLBACK TO job")?;
        self.step("RELEASE job")
    }

    pub(super) fn stands(&self) -> bool {
        !self.raw.is_autocommit()
    }

    pub(super) fn touched(&self) -> u64 {
        self.raw.total_changes()
    }

    pub(super) fn commit(&self) -> Result<bool> {
        self.intact()?;
        self.step("COMMIT")?;
        self.holding.set(false);
        Ok(self.raw.total_changes() != self.changes.get())
    }

    pub(super) fn rollback(&self) {
        self.holding.set(false);
        if !self.raw.is_autocommit() && self.step("ROLLBACK").is_err() {
            // The next begin will say what is wrong; there is nothing left to undo here.
            tracing::warn!("the transaction could not be rolled back");
        }
    }

    pub(super) fn trouble(&self) -> Trouble {
        self.trouble.take()
    }

    /// Notes a trouble that something other than a statement met.
    #[cfg(feature = "faults")]
    pub(super) fn ail(&self, trouble: Trouble) {
        self.trouble.replace(trouble);
    }

    /// Pages in the write-ahead log after the last commit of this thread.
    pub(super) fn wal_frames() -> u64 {
        WAL_FRAMES.get()
    }

    /// Moves the log into the file; with `truncate` the log becomes empty, if no reader holds it within `wait`.
    /// Returns the pages in the log and how many of them are in the file now.
    pub(super) fn checkpoint(&self, truncate: bool, wait: Duration) -> Result<(u64, u64)> {
        let sql = if truncate { "PRAGMA wal_checkpoint(TRUNCATE)" } else { "PRAGMA wal_checkpoint(PASSIVE)" };
        self.raw.busy_timeout(wait).context("setting the time to wait")?;
        let moved = self.raw.query_row(sql, [], |row| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)));
        self.raw.busy_timeout(Duration::from_secs(5)).context("setting the time to wait")?;
        let (log, moved) = moved.map_err(|e| self.fault(&e, sql))?;
        if log == 0 {
            WAL_FRAMES.set(0);
        }
        Ok((log.max(0).unsigned_abs(), moved.max(0).unsigned_abs()))
    }

    /// Names an SQLite error, and remembers what it says about the storage.
    pub(super) fn fault(&self, error: &rusqlite::Error, sql: &'static str) -> Error {
        let (named, trouble) = name(error, sql);
        if trouble != Trouble::None {
            self.trouble.replace(trouble);
        }
        named
    }
}

/// `FULL` always, but for the control build that a crash test must be able to catch.
fn synchronous() -> &'static str {
    #[cfg(feature = "faults")]
    if super::fault::careless() {
        return "PRAGMA synchronous=NORMAL;";
    }
    "PRAGMA synchronous=FULL;"
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of SQLite's hook")]
fn count_frames(_: &rusqlite::hooks::Wal, frames: c_int) -> rusqlite::Result<()> {
    WAL_FRAMES.set(u64::try_from(frames).unwrap_or(0));
    Ok(())
}

fn shape(statement: &rusqlite::Statement<'_>, sql: &str) -> Result<Shape> {
    let mut places = Vec::with_capacity(statement.parameter_count());
    for place in 1..=statement.parameter_count() {
        let number = statement
            .parameter_name(place)
            .and_then(|name| name.strip_prefix('$'))
            .and_then(|digits| digits.parse::<usize>().ok())
            .filter(|number| *number > 0)
            .ok_or_else(|| Error::internal(format!("parameters are written $1, $2 …: {sql}")))?;
        places.push(number - 1);
    }
    let wanted = places.iter().max().map_or(0, |highest| highest + 1);
    let in_order = places.len() == wanted && places.iter().enumerate().all(|(place, index)| place == *index);
    Ok(Shape { wanted, places: (!in_order).then(|| places.into_boxed_slice()) })
}

/// Gives an SQLite error its kind. Values never get into it: SQLite names columns, not contents.
pub(super) fn name(error: &rusqlite::Error, sql: &str) -> (Error, Trouble) {
    let (code, message) = match error {
        rusqlite::Error::SqliteFailure(failure, message) => (failure.extended_code, message.clone()),
        other => (0, Some(other.to_string())),
    };
    let cause = format!("{} (SQLite {code})", message.unwrap_or_else(|| ffi::code_to_str(code).to_owned()));
    match code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY => {
            (Error::conflict("duplicate", "There is one already.").because(cause), Trouble::None)
        }
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => (
            Error::conflict("in_use", "It refers to something that is not there, or something refers to it.")
                .because(cause),
            Trouble::None,
        ),
        // In WAL mode a full disk may first be met when the shared index of the log grows.
        ffi::SQLITE_FULL | ffi::SQLITE_IOERR_SHMSIZE => (disk_full().because(cause), Trouble::Full),
        ffi::SQLITE_IOERR_NOMEM | ffi::SQLITE_NOMEM => {
            (Error::busy("no_memory", "The server is short of memory; try again.").because(cause), Trouble::None)
        }
        code => match code & 0xff {
            ffi::SQLITE_IOERR => (storage_failed().because(cause.clone()), Trouble::Fatal(cause)),
            ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB => (
                Error::new(
                    Kind::Busy,
                    CORRUPT,
                    "The database is damaged; the server stops so that nothing gets worse.",
                )
                .because(cause.clone()),
                Trouble::Fatal(cause),
            ),
            ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => {
                (Error::busy("busy", "The database is busy; try again.").because(cause), Trouble::None)
            }
            _ => (Error::internal(format!("running {sql}")).because(cause), Trouble::None),
        },
    }
}

/// The disk is full; nothing was changed and nothing is lost.
pub(super) fn disk_full() -> Error {
    Error::busy("disk_full", "The disk is full: nothing can be stored until space is made on the server.")
}

/// The storage failed; the server stops and recovers when it is started again.
pub(super) fn storage_failed() -> Error {
    Error::new(Kind::Busy, "storage_failed", "The server's disk failed; it stops so that nothing is lost.")
}

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Bool(value) => ToSqlOutput::Borrowed(ValueRef::Integer(i64::from(*value))),
            Self::Int(value) | Self::Time(super::value::Micros(value)) => {
                ToSqlOutput::Borrowed(ValueRef::Integer(*value))
            }
            Self::Text(value) | Self::Json(value) => ToSqlOutput::Borrowed(ValueRef::Text(value.as_bytes())),
            Self::Bytes(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value)),
            Self::Id(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value.as_bytes())),
            Self::Addr(value) => ToSqlOutput::Owned(Value::Text(value.to_string())),
        })
    }
}

/// The cell at `index` of an SQLite row.
#[inline]
pub(super) fn cell<'a>(row: &'a rusqlite::Row<'_>, index: usize) -> Result<Cell<'a>> {
    let value = match row.get_ref(index) {
        Ok(value) => value,
        Err(error) => return Err(Error::internal("reading a cell").because(error)),
    };
    Ok(match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(value) => Cell::Int(value),
        ValueRef::Real(value) => Cell::Real(value),
        ValueRef::Text(text) => Cell::Text(std::str::from_utf8(text).context("reading a cell as text")?),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes),
    })
}

/// The pool's way of making readers.
pub(super) struct Readers(r2d2_sqlite::SqliteConnectionManager);

impl Readers {
    pub(super) fn of(path: &Path) -> Self {
        Self(
            r2d2_sqlite::SqliteConnectionManager::file(path)
                .with_flags(OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
                .with_init(|raw| Link::prepare(raw, Role::Reader)),
        )
    }
}

impl r2d2::ManageConnection for Readers {
    type Connection = Link;
    type Error = rusqlite::Error;

    fn connect(&self) -> rusqlite::Result<Link> {
        self.0.connect().map(Link::of)
    }

    fn is_valid(&self, _: &mut Link) -> rusqlite::Result<()> {
        Ok(())
    }

    fn has_broken(&self, link: &mut Link) -> bool {
        // A view that ended by a panic may have left its transaction open.
        link.stands()
    }
}
