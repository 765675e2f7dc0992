//! Another program's PostgreSQL database, to be read once: the older server's, when it is taken over.
//!
//! Everything is read in one transaction that can write nothing and sees the database as it was at one moment, so
//! that what is counted at the end is what was read. Long answers come through a cursor, a slice at a time.

use std::path::Path;

#[cfg(feature = "postgres")]
use super::engine::Conn;
use super::tx::View;
#[cfg(not(feature = "postgres"))]
use crate::error::Error;
use crate::error::Result;

/// The open database.
pub struct Foreign {
    #[cfg(feature = "postgres")]
    link: super::postgres::Link,
    #[cfg(not(feature = "postgres"))]
    never: std::convert::Infallible,
}

/// How it is reached.
#[derive(Debug, Clone, Copy)]
pub struct Address<'a> {
    /// `postgres://user:password@host:port/database?sslmode=…`
    pub url: &'a str,
    /// The password, where it is not in the address.
    pub password: Option<&'a str>,
    /// PEM of the authority that signed the database's certificate.
    pub tls_ca: Option<&'a Path>,
}

#[cfg(feature = "postgres")]
impl Foreign {
    /// Connects, and begins the one transaction.
    ///
    /// # Errors
    /// Invalid `bad_source`, Busy `source_unreachable`.
    pub fn open(address: Address<'_>) -> Result<Self> {
        super::postgres::foreign(address).map(|link| Self { link })
    }

    /// What can be read.
    pub fn view(&mut self) -> View<'_> {
        View { conn: Conn::Postgres(&mut self.link) }
    }

    /// Opens a cursor (`DECLARE …`), to be read by `FETCH`.
    pub fn declare(&mut self, sql: &'static str) -> Result<()> {
        self.link.batch(sql)
    }
}

#[cfg(not(feature = "postgres"))]
impl Foreign {
    /// This build has no PostgreSQL.
    ///
    /// # Errors
    /// Invalid `engine_missing`.
    pub fn open(_: Address<'_>) -> Result<Self> {
        Err(Error::invalid(
            "engine_missing",
            "Taking over needs PostgreSQL: this program was built without it (cargo feature `postgres`).",
        ))
    }

    /// Never reached.
    pub fn view(&mut self) -> View<'_> {
        match self.never {}
    }

    /// Never reached.
    pub fn declare(&mut self, _: &'static str) -> Result<()> {
        match self.never {}
    }
}
