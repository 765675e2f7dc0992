//! People who speak REST and WebSocket to the real executable, from the outside.
//!
//! The tests that hurt and the suite share this driver, so that both know the server only as its clients do: a
//! process, a port, a certificate authority on disk, JSON. Nothing here uses the library's own types; a driver
//! that shared code with the server would share its mistakes. The few names taken on trust (environment
//! variables, paths, error codes) stand in one table, [`names`].
//!
//! Used as a module by path: `#[path = "../driver/mod.rs"] mod driver;`.

#![allow(dead_code, reason = "each test binary uses a part of the driver")]
#![allow(clippy::disallowed_methods, reason = "these are measurements from outside: real time and real processes")]

pub mod clinic;
pub mod dice;
pub mod line;
pub mod names;
pub mod person;
pub mod running;
pub mod socket;

use std::time::Duration;

/// What went wrong, in words for the person who reads the test's output.
pub type Wrong = Box<dyn std::error::Error + Send + Sync>;

/// What the driver's functions give back.
pub type Result<T> = std::result::Result<T, Wrong>;

/// How long any single answer may take before the driver gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for a deed, but not for ever.
pub async fn within<T>(limit: Duration, what: &str, deed: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout(limit, deed).await {
        Ok(done) => done.map_err(|why| format!("{what}: {why}").into()),
        Err(_) => Err(format!("{what}: nothing within {limit:?}").into()),
    }
}
