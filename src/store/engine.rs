//! Where the two engines meet: a borrowed connection for statements, an owned one for the writer.
//!
//! Everything that differs between them is behind these two enums, so a branch on the engine anywhere else
//! is a mistake.

use std::time::Duration;

use super::sqlite;
use super::value::{Param, Row};
use crate::error::Result;

#[cfg(feature = "postgres")]
use super::postgres;

/// What a failed statement said about the storage beneath it, beyond the statement itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Trouble {
    /// Nothing: the statement was at fault.
    #[default]
    None,
    /// The disk is full. Space may come back.
    Full,
    /// The server of the database is out of reach. It may come back.
    #[cfg(feature = "postgres")]
    Away,
    /// The storage can no longer be trusted: what the kernel holds and what the disk holds may differ.
    Fatal(String),
}

/// A connection lent to a transaction.
pub(super) enum Conn<'a> {
    /// SQLite.
    Sqlite(&'a sqlite::Link),
    /// PostgreSQL.
    #[cfg(feature = "postgres")]
    Postgres(&'a mut postgres::Link),
}

/// Told of each row; `false` ends the walk.
pub(super) type Visit<'v> = &'v mut dyn FnMut(&Row<'_>) -> Result<bool>;

impl Conn<'_> {
    pub(super) fn reborrow(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(link) => Conn::Sqlite(link),
            #[cfg(feature = "postgres")]
            Self::Postgres(link) => Conn::Postgres(link),
        }
    }

    pub(super) fn each(&mut self, sql: &'static str, params: &[Param<'_>], visit: Visit<'_>) -> Result<()> {
        match self {
            Self::Sqlite(link) => link.each(sql, params, visit),
            #[cfg(feature = "postgres")]
            Self::Postgres(link) => link.each(sql, params, visit),
        }
    }

    pub(super) fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64> {
        match self {
            Self::Sqlite(link) => link.execute(sql, params),
            #[cfg(feature = "postgres")]
            Self::Postgres(link) => link.execute(sql, params),
        }
    }

    /// Several statements without parameters, for the schema.
    pub(super) fn batch(&mut self, sql: &'static str) -> Result<()> {
        match self {
            Self::Sqlite(link) => link.raw().execute_batch(sql).map_err(|e| link.fault(&e, "the schema")),
            #[cfg(feature = "postgres")]
            Self::Postgres(link) => link.batch(sql),
        }
    }

    #[cfg_attr(not(feature = "postgres"), expect(clippy::unnecessary_wraps, reason = "PostgreSQL can fail here"))]
    pub(super) fn exclusive(&mut self, table: &'static str) -> Result<()> {
        match self {
            // BEGIN IMMEDIATE has locked the whole database already.
            Self::Sqlite(_) => {
                let _ = table;
                Ok(())
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(link) => link.exclusive(table),
        }
    }
}

/// The one connection that writes.
pub(super) enum Hand {
    /// SQLite.
    Sqlite(Box<sqlite::Link>),
    /// PostgreSQL.
    #[cfg(feature = "postgres")]
    Postgres(Box<postgres::Link>),
}

macro_rules! either {
    ($hand:expr, $link:ident => $body:expr) => {
        match $hand {
            Self::Sqlite($link) => $body,
            #[cfg(feature = "postgres")]
            Self::Postgres($link) => $body,
        }
    };
}

impl Hand {
    /// Lends the connection to a transaction.
    pub(super) fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(link) => Conn::Sqlite(link),
            #[cfg(feature = "postgres")]
            Self::Postgres(link) => Conn::Postgres(link),
        }
    }

    /// Opens a transaction that may write.
    pub(super) fn begin(&mut self) -> Result<()> {
        either!(self, link => link.begin())
    }

    /// Makes the savepoint of the next job.
    pub(super) fn mark(&mut self) -> Result<()> {
        either!(self, link => link.mark())
    }

    /// Keeps what the job did.
    pub(super) fn release(&mut self) -> Result<()> {
        either!(self, link => link.release())
    }

    /// Takes back what the job did.
    pub(super) fn undo(&mut self) -> Result<()> {
        either!(self, link => link.undo())
    }

    /// Whether the transaction is still there; the engine may have given all of it up.
    pub(super) fn stands(&self) -> bool {
        either!(self, link => link.stands())
    }

    /// A number that rises when a statement changes something, or fails where that spoils the transaction.
    pub(super) fn touched(&self) -> u64 {
        either!(self, link => link.touched())
    }

    /// Fails when something went wrong in the transaction that the job did not tell.
    pub(super) fn intact(&self) -> Result<()> {
        either!(self, link => link.intact())
    }

    /// Makes it durable. True when anything was written.
    pub(super) fn commit(&mut self) -> Result<bool> {
        either!(self, link => link.commit())
    }

    /// Gives the transaction up, if there is one.
    pub(super) fn rollback(&mut self) {
        either!(self, link => link.rollback());
    }

    /// Moves SQLite's log into its file; see [`sqlite::Link::checkpoint`]. PostgreSQL does so by itself.
    pub(super) fn checkpoint(&self, truncate: bool, wait: Duration) -> Result<(u64, u64)> {
        match self {
            Self::Sqlite(link) => link.checkpoint(truncate, wait),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Ok((0, 0)),
        }
    }

    /// What the last failure said about the storage; asking clears it.
    pub(super) fn trouble(&mut self) -> Trouble {
        either!(self, link => link.trouble())
    }

    /// Pretends a trouble, for an armed fault point.
    #[cfg(feature = "faults")]
    pub(super) fn ail(&mut self, trouble: Trouble) {
        either!(self, link => link.ail(trouble));
    }
}
