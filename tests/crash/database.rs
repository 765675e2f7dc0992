//! A database looked at from outside, with no help from the server.

use std::collections::HashSet;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::driver::Result;
use crate::driver::names;

/// Opens without changing anything.
pub fn open_read_only(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).map_err(|why| format!("{}: {why}", path.display()).into())
}

/// `SQLite`'s own checks, both.
pub fn sound(connection: &Connection) -> Result<()> {
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(format!("integrity_check: {verdict}").into());
    }
    let strays = connection.prepare("PRAGMA foreign_key_check")?.query_map([], |_| Ok(()))?.count();
    if strays > 0 {
        return Err(format!("foreign_key_check: {strays} rows refer to nothing").into());
    }
    Ok(())
}

/// The ids of all messages.
pub fn message_ids(connection: &Connection) -> Result<HashSet<[u8; 16]>> {
    let mut rows = connection.prepare("SELECT id FROM messages")?;
    let ids = rows.query_map([], |row| row.get::<_, [u8; 16]>(0))?.collect::<std::result::Result<_, _>>()?;
    Ok(ids)
}

/// Whether the tables exist yet.
pub fn has_messages(connection: &Connection) -> Result<bool> {
    let sql = "SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'messages'";
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

/// A UUID as the database keeps it.
pub fn id_bytes(id: &str) -> Result<[u8; 16]> {
    let digits: String = id.chars().filter(|c| *c != '-').collect();
    if digits.len() != 32 {
        return Err(format!("{id:?} is not a UUID").into());
    }
    Ok(u128::from_str_radix(&digits, 16)?.to_be_bytes())
}

/// How the audit rows stand to each other and to the messages.
#[derive(Debug, PartialEq, Eq)]
pub struct Tally {
    /// Messages.
    pub messages: u64,
    /// Audit rows that record the posting of one.
    pub posts: u64,
    /// Audit rows.
    pub audit_rows: u64,
    /// The highest number among them: the head of the chain.
    pub audit_head: u64,
}

impl Tally {
    /// Counts.
    pub fn of(connection: &Connection) -> Result<Self> {
        let count = |sql: &str, values: &[&str]| -> Result<u64> {
            let counted: i64 = connection.query_row(sql, rusqlite::params_from_iter(values), |row| row.get(0))?;
            Ok(u64::try_from(counted)?)
        };
        Ok(Self {
            messages: count("SELECT count(*) FROM messages", &[])?,
            posts: count("SELECT count(*) FROM audit_logs WHERE action = ?1", &[names::POST_ACTION])?,
            audit_rows: count("SELECT count(*) FROM audit_logs", &[])?,
            audit_head: count("SELECT coalesce(max(number), 0) FROM audit_logs", &[])?,
        })
    }

    /// No message without its audit row, no gap in the chain.
    pub fn consistent(&self) -> Result<()> {
        if self.messages == self.posts && self.audit_rows == self.audit_head {
            Ok(())
        } else {
            Err(format!("messages and audit do not agree: {self:?}").into())
        }
    }
}
