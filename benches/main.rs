//! The server against two baselines in the same run: `cargo bench --bench messenger -- --help`.
//!
//! A speed alone says more about the machine than about the server, so every figure stands beside the same work done
//! by *raw* (a relay without storage) and *raw+sqlite* (a relay that commits first), in the same minute, on the same
//! disk, by the same driver. `docs/performance.md` says how to read the table.
//!
//! Linux only: CPU and memory of the servers are read from `/proc`.
#![cfg_attr(
    target_os = "linux",
    expect(clippy::disallowed_methods, reason = "a bench measures real time, and its baselines make ids of their own")
)]

#[cfg(target_os = "linux")]
mod args;
#[cfg(target_os = "linux")]
mod baseline;
#[cfg(target_os = "linux")]
mod driver;
#[cfg(target_os = "linux")]
mod run;
#[cfg(target_os = "linux")]
mod work;

#[cfg(target_os = "linux")]
use run::{Bench, Outcome};

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    run::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("this bench reads /proc and needs Linux");
    std::process::exit(1);
}
