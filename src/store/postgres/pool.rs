//! Readers of PostgreSQL, and how they are let go of.

use std::time::Duration;

use ::postgres::NoTls;
use r2d2_postgres::PostgresConnectionManager;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::engine::Conn;
use super::super::open::Quiet;
use super::super::tx::View;
use super::{Link, Server};
use crate::error::{Error, Result};

/// Readers, each in a read-only transaction.
pub(in super::super) struct Pool(OffRuntime<r2d2::Pool<Readers>>);

impl Pool {
    pub(in super::super) fn open(server: Server, readers_max: u32) -> Result<Self> {
        let readers = match server.tls {
            Some(tls) => Readers::Tls(PostgresConnectionManager::new(server.config, tls)),
            None => Readers::Plain(PostgresConnectionManager::new(server.config, NoTls)),
        };
        let pool = r2d2::Pool::builder()
            .max_size(readers_max.max(1))
            .min_idle(Some(1))
            .test_on_check_out(false)
            .connection_timeout(Duration::from_secs(3))
            .error_handler(Box::new(Quiet))
            .build(readers)
            .map_err(super::super::no_reader)?;
        Ok(Self(OffRuntime::of(pool)))
    }

    pub(in super::super) fn view<T>(&self, f: impl FnOnce(&mut View<'_>) -> Result<T>) -> Result<T> {
        let pool = self.0.0.as_ref().ok_or_else(|| Error::internal("the pool is gone"))?;
        // After a restart of the server every idle connection is dead, and each is found out by its first use.
        let mut dead = 0;
        let mut link = loop {
            let mut link = pool.get().map_err(super::super::no_reader)?;
            match link.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") {
                Ok(()) => break link,
                Err(error) if error.code() == "database_unreachable" && dead < pool.max_size() => dead += 1,
                Err(error) => return Err(error),
            }
        };
        link.holding = true;
        let seen = f(&mut View { conn: Conn::Postgres(&mut link) });
        link.rollback();
        seen
    }

    pub(in super::super) fn state(&self) -> Option<r2d2::State> {
        self.0.0.as_ref().map(r2d2::Pool::state)
    }
}

/// Drops what it holds on a thread of its own: the driver aborts the process when it is dropped on a
/// runtime's thread.
pub(in super::super) struct OffRuntime<T: Send + 'static>(Option<T>);

impl<T: Send + 'static> OffRuntime<T> {
    pub(in super::super) fn of(held: T) -> Self {
        Self(Some(held))
    }
}

impl<T: Send + 'static> Drop for OffRuntime<T> {
    fn drop(&mut self) {
        let held = self.0.take();
        // Without a thread it is better leaked than dropped here.
        let _ = std::thread::Builder::new()
            .name("farewell".into())
            .spawn(move || drop(held))
            .map(std::thread::JoinHandle::join);
    }
}

enum Readers {
    Plain(PostgresConnectionManager<NoTls>),
    Tls(PostgresConnectionManager<MakeRustlsConnect>),
}

impl r2d2::ManageConnection for Readers {
    type Connection = Link;
    type Error = ::postgres::Error;

    fn connect(&self) -> std::result::Result<Link, ::postgres::Error> {
        match self {
            Self::Plain(manager) => manager.connect(),
            Self::Tls(manager) => manager.connect(),
        }
        .map(Link::of)
    }

    fn is_valid(&self, link: &mut Link) -> std::result::Result<(), ::postgres::Error> {
        link.client.simple_query("").map(|_| ())
    }

    fn has_broken(&self, link: &mut Link) -> bool {
        // A view that ended by a panic left its transaction open.
        link.holding || link.client.is_closed()
    }
}
