//! The executable as a clinic's IT meets it: what it says at the start, how it stops, why it refuses, what its commands
//! do, and how a clinic moves to another machine. Everything through the real program: its exit code, its words, its
//! files.

#[path = "../driver/mod.rs"]
mod driver;
#[cfg(feature = "postgres")]
#[path = "../driver/postgres.rs"]
mod postgres;

#[cfg(unix)]
mod commands;
#[cfg(unix)]
mod configuring;
#[cfg(unix)]
mod exporting;
#[cfg(unix)]
mod ground;
#[cfg(unix)]
mod logging;
#[cfg(unix)]
mod moving;
#[cfg(unix)]
mod refusing;
#[cfg(unix)]
mod restoring;
#[cfg(unix)]
mod starting;
#[cfg(unix)]
mod stopping;
#[cfg(all(unix, feature = "postgres"))]
mod taking_over;
