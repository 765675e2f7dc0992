//! From the configuration to the end of the process.

use std::time::Duration;

use super::reload::Live;
use super::{App, Data, logs, welcome};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::error::{Context, Result};
use crate::logging;

/// Threads for blocking work: readers, mostly, which are never more than the pool has connections.
const BLOCKING_THREADS_MAX: usize = 64;

/// Runs the server until it is told to stop. The exit is clean (`Ok`) only when everything acknowledged is on disk
/// and every part ended by itself.
pub fn run(config: Config, warnings: &[String], live: Live) -> Result<()> {
    let clock = SystemClock::shared();
    let data = Data::open(&config, &clock)?;
    if config.log.files {
        live.log.keep_files(logs::keeping(&config));
    }
    crate::takeover::refuse_unfinished(&data.store)?;
    let log = live.log.clone();
    // The store must be dropped outside the runtime: its PostgreSQL driver has one of its own.
    let keep = data.store.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .build()
        .context("starting the runtime")?;
    let outcome = runtime.block_on(async {
        let app = App::build(config, data, clock).await?;
        // Before anyone learns that the server is there, and may ask it to stop.
        let stop = crate::os::signals::StopAsked::listen();
        welcome::greet(&app, warnings);
        app.follow(live);
        logging::administration("server.start", "The server was started.");
        app.serve(stop.wait()).await
    });
    match &outcome {
        Ok(()) => logging::administration("server.stop", "The server was stopped."),
        Err(error) => tracing::error!(cause = error.chain(), "the server ends"),
    }
    log.flush();
    runtime.shutdown_timeout(Duration::from_secs(5));
    drop(keep);
    outcome
}
