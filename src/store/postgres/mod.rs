//! The PostgreSQL engine: one connection and what this program needs of it.
//!
//! The driver is synchronous and brings a runtime of its own, so it must never run, or even be dropped, on a
//! runtime's thread: the writer has a plain thread, readers run on blocking threads, and the pool is dropped
//! on a thread made for that.
//!
//! A lost connection is not a failed storage: what was not answered is answered `Busy`, and the next batch
//! tries again. A commit whose answer was lost may have happened; that is why sending is idempotent.

mod cells;
mod foreign;
mod pool;
mod server;

use std::collections::HashMap;
use std::error::Error as _;
use std::time::{Duration, Instant};

use ::postgres::types::ToSql;
use ::postgres::{Client, Statement};

pub(super) use self::cells::cell;
pub(super) use self::foreign::foreign;
pub(super) use self::pool::{OffRuntime, Pool};
pub(super) use self::server::Server;
use super::engine::{Trouble, Visit};
use super::value::{Param, Row};
use crate::error::{Context, Error, Result};

/// "MCPM": whoever changes the schema holds this advisory lock.
const MIGRATION_LOCK: i64 = 0x4D43_504D;

fn unreachable(error: &::postgres::Error) -> Error {
    Error::busy("database_unreachable", "The database cannot be reached; try again in a moment.").because(plain(error))
}

/// The error without its DETAIL line, which quotes values.
fn plain(error: &::postgres::Error) -> String {
    if let Some(db) = error.as_db_error() {
        return format!("{} {} ({})", db.severity(), db.message(), db.code().code());
    }
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// A connection, its prepared statements, and what is known about its transaction.
pub(super) struct Link {
    client: Client,
    /// Only the writer's link knows how to come back.
    server: Option<Server>,
    statements: HashMap<(usize, usize), Statement>,
    trouble: Trouble,
    holding: bool,
    /// A statement failed and nothing was taken back since. PostgreSQL would answer a COMMIT with a silent
    /// ROLLBACK.
    soiled: bool,
    touched: u64,
    before: u64,
    pause: Duration,
    next_try: Option<Instant>,
}

impl Link {
    fn of(client: Client) -> Self {
        Self {
            client,
            server: None,
            statements: HashMap::new(),
            trouble: Trouble::None,
            holding: false,
            soiled: false,
            touched: 0,
            before: 0,
            pause: Duration::ZERO,
            next_try: None,
        }
    }

    fn statement(&mut self, sql: &'static str) -> Result<Statement> {
        let key = (sql.as_ptr() as usize, sql.len());
        if let Some(known) = self.statements.get(&key) {
            return Ok(known.clone());
        }
        let statement = self.client.prepare(sql).map_err(|e| self.fault(&e, sql))?;
        self.statements.insert(key, statement.clone());
        Ok(statement)
    }

    fn ready(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<Statement> {
        let statement = self.statement(sql)?;
        if statement.params().len() != params.len() {
            let wanted = statement.params().len();
            return Err(Error::internal(format!("{} values for {wanted} parameters: {sql}", params.len())));
        }
        Ok(statement)
    }

    pub(super) fn each(&mut self, sql: &'static str, params: &[Param<'_>], visit: Visit<'_>) -> Result<()> {
        let statement = self.ready(sql, params)?;
        let values: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| param as _).collect();
        let rows = self.client.query(&statement, &values).map_err(|e| self.fault(&e, sql))?;
        if !sql.trim_start().starts_with("SELECT") {
            self.touched += 1;
        }
        for row in &rows {
            if !visit(&Row::Postgres(row))? {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64> {
        let statement = self.ready(sql, params)?;
        let values: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| param as _).collect();
        let changed = self.client.execute(&statement, &values).map_err(|e| self.fault(&e, sql))?;
        self.touched += changed.min(1);
        Ok(changed)
    }

    pub(super) fn batch(&mut self, sql: &'static str) -> Result<()> {
        self.client.batch_execute(sql).map_err(|e| self.fault(&e, sql))
    }

    pub(super) fn exclusive(&mut self, table: &'static str) -> Result<()> {
        self.client
            .batch_execute(&format!("LOCK TABLE {table} IN EXCLUSIVE MODE"))
            .map_err(|e| self.fault(&e, "LOCK TABLE"))
    }

    /// Keeps other nodes from changing the schema until the transaction ends.
    pub(super) fn alone(&mut self) -> Result<()> {
        // A large table takes its time, and so may the node before this one.
        self.batch("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")?;
        self.client
            .execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK])
            .map(|_| ())
            .map_err(|e| self.fault(&e, "pg_advisory_xact_lock"))
    }

    pub(super) fn begin(&mut self) -> Result<()> {
        self.trouble = Trouble::None;
        self.before = self.touched;
        self.soiled = false;
        self.return_if_away()?;
        self.batch("BEGIN")?;
        self.holding = true;
        Ok(())
    }

    /// Connects again, not more often than the pause that grows with every failure.
    #[expect(clippy::disallowed_methods, reason = "the pause is between attempts on a socket, not a matter of record")]
    fn return_if_away(&mut self) -> Result<()> {
        if !self.client.is_closed() {
            return Ok(());
        }
        let away = || Error::busy("database_unreachable", "The database cannot be reached; try again in a moment.");
        self.trouble = Trouble::Away;
        let Some(server) = self.server.clone() else { return Err(away()) };
        if self.next_try.is_some_and(|at| Instant::now() < at) {
            return Err(away());
        }
        match server.dial() {
            Ok(client) => {
                tracing::info!("connected to PostgreSQL again");
                self.client = client;
                self.statements.clear();
                self.pause = Duration::ZERO;
                self.next_try = None;
                self.trouble = Trouble::None;
                self.refuse_careless()
            }
            Err(error) => {
                self.pause = (self.pause * 2).clamp(Duration::from_millis(100), Duration::from_secs(5));
                self.next_try = Some(Instant::now() + self.pause);
                Err(unreachable(&error))
            }
        }
    }

    pub(super) fn mark(&mut self) -> Result<()> {
        self.batch("SAVEPOINT job")
    }

    pub(super) fn release(&mut self) -> Result<()> {
        self.batch("RELEASE SAVEPOINT job")
    }

    pub(super) fn undo(&mut self) -> Result<()> {
        self.batch("ROLLBACK TO SAVEPOINT job; RELEASE SAVEPOINT job")?;
        self.soiled = false;
        Ok(())
    }

    pub(super) fn stands(&self) -> bool {
        self.holding && !self.client.is_closed()
    }

    pub(super) fn intact(&self) -> Result<()> {
        if self.soiled { Err(Error::internal("a failed statement went unnoticed")) } else { Ok(()) }
    }

    pub(super) fn touched(&self) -> u64 {
        self.touched
    }

    pub(super) fn commit(&mut self) -> Result<bool> {
        self.intact()?;
        self.holding = false;
        self.batch("COMMIT")?;
        Ok(self.touched != self.before)
    }

    pub(super) fn rollback(&mut self) {
        self.holding = false;
        if !self.client.is_closed() && self.client.batch_execute("ROLLBACK").is_err() {
            tracing::warn!("the transaction could not be rolled back");
        }
    }

    pub(super) fn trouble(&mut self) -> Trouble {
        std::mem::take(&mut self.trouble)
    }

    /// Notes a trouble that something other than a statement met.
    #[cfg(feature = "faults")]
    pub(super) fn ail(&mut self, trouble: Trouble) {
        self.trouble = trouble;
    }

    /// Refuses a server that answers before its disk has the commit, or that a power cut would corrupt.
    pub(super) fn refuse_careless(&mut self) -> Result<()> {
        for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
            let row = self.client.query_one("SELECT current_setting($1)", &[&setting]).map_err(|e| unreachable(&e))?;
            let value: &str = row.try_get(0).context("reading a setting of PostgreSQL")?;
            if value == "off" {
                return Err(Error::conflict(
                    "database_unsafe",
                    format!(
                        "PostgreSQL runs with {setting}=off and would lose acknowledged messages when the power \
                         fails. Set {setting}=on in postgresql.conf and start again."
                    ),
                ));
            }
        }
        Ok(())
    }

    fn fault(&mut self, error: &::postgres::Error, sql: &'static str) -> Error {
        let cause = plain(error);
        self.soiled = true;
        self.touched += 1;
        let Some(code) = error.code().map(|state| state.code().to_owned()) else {
            if error.is_closed() || self.client.is_closed() {
                self.trouble = Trouble::Away;
                return unreachable(error);
            }
            return Error::internal(format!("running {sql}")).because(cause);
        };
        // https://www.postgresql.org/docs/current/errcodes-appendix.html
        match (code.as_str(), &code[..2]) {
            ("23505", _) => Error::conflict("duplicate", "There is one already.").because(cause),
            ("23503", _) => {
                Error::conflict("in_use", "It refers to something that is not there, or something refers to it.")
                    .because(cause)
            }
            ("53100", _) => {
                self.trouble = Trouble::Full;
                super::sqlite::disk_full().because(cause)
            }
            // Shutdown, crash of the server, too many connections.
            (_, "57" | "08" | "53") if code != "57014" => {
                self.trouble = Trouble::Away;
                unreachable(error)
            }
            // Deadlock, serialization, lock or statement timeout.
            ("57014" | "55P03", _) | (_, "40") => {
                Error::busy("busy", "The database is busy; try again.").because(cause)
            }
            _ => Error::internal(format!("running {sql}")).because(cause),
        }
    }
}
