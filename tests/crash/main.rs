//! Tests that hurt: the real executable, killed, starved, cut off and lied to by its disk.
//!
//! `cargo test --test crash` runs all of them with counts that fit a build server. By hand, one at a time and as
//! long as one likes:
//!
//! ```text
//! cargo test --test crash -- cycles --cycles 500
//! cargo test --test crash -- copies --copies 500
//! cargo test --test crash -- images --images 2000
//! cargo test --test crash -- images-server --images 2000 --revivals 50     (or: images --server 1)
//! cargo test --test crash -- eio --trials 40
//! cargo test --test crash -- disk-full
//! cargo test --test crash -- attackers --each 2000
//! ```
//!
//! Every test takes `--seed`; the seed of a run is printed, and the same seed makes the same choices. `--set
//! LOG_LEVEL=debug,…` gives the server further settings, `MCP_MESSENGER_BIN` names another executable. Needs Linux; `images`, `images-server` and `eio` need strace, `disk-full` the right to mount a tmpfs.

#![allow(clippy::disallowed_methods, reason = "these are measurements from outside: real time and real processes")]

#[path = "../driver/mod.rs"]
mod driver;

#[cfg(target_os = "linux")]
mod attackers;
#[cfg(target_os = "linux")]
mod copies;
#[cfg(target_os = "linux")]
mod crowd;
#[cfg(target_os = "linux")]
mod cycles;
#[cfg(target_os = "linux")]
mod database;
#[cfg(target_os = "linux")]
mod disk_full;
#[cfg(target_os = "linux")]
mod eio;
#[cfg(target_os = "linux")]
mod images;
#[cfg(target_os = "linux")]
mod options;
#[cfg(target_os = "linux")]
mod oracle;
#[cfg(target_os = "linux")]
mod run;
#[cfg(target_os = "linux")]
mod watcher;

#[cfg(target_os = "linux")]
use run::{home, main as run_main};

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    run_main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("skipped: killing, tracing and mounting are done as on Linux");
}
