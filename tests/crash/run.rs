//! Which test runs, and what is printed about it.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use crate::driver::{Result, dice};
use crate::options::Options;
use crate::{attackers, copies, cycles, disk_full, eio, images};

const ALL: [&str; 7] = ["images", "images-server", "cycles", "copies", "eio", "disk-full", "attackers"];

/// Set for this very program, it is the server itself, with a database that does not wait for the disk.
pub const CARELESS: &str = "CRASH_TEST_CARELESS";

/// A folder for one test, on a real disk.
pub fn home() -> Result<tempfile::TempDir> {
    Ok(tempfile::Builder::new().prefix("crash-").tempdir()?)
}

/// All tests, or the one that was named.
pub fn main() -> ExitCode {
    #[cfg(feature = "faults")]
    if std::env::var_os(CARELESS).is_some() {
        mcp_messenger::store::fault::be_careless();
        return mcp_messenger::cli::main();
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = match arguments.split_first() {
        Some((first, rest)) if !first.starts_with("--") => (Some(first.as_str()), rest),
        _ => (None, arguments.as_slice()),
    };
    let mut options = match Options::read(rest) {
        Ok(options) => options,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::from(2);
        }
    };
    let chosen: Vec<&str> = match name {
        None => ALL.to_vec(),
        Some("images-workload") => return workload(&options),
        Some("images") if options.number("server", 0) == 1 => vec!["images-server"],
        Some(name) if ALL.contains(&name) => vec![name],
        Some(name) => {
            println!("nothing here is called {name:?}; there are {}", ALL.join(", "));
            return ExitCode::SUCCESS;
        }
    };
    let (mut passed, mut failed) = (0, 0);
    for test in chosen {
        println!("{test}: seed {}", options.seed);
        let started = Instant::now();
        let outcome = run(test, &options);
        let took = started.elapsed().as_secs_f64();
        match outcome {
            Ok(summary) => {
                passed += 1;
                println!("{test}: {summary} ({took:.1} s)");
            }
            Err(why) => {
                failed += 1;
                println!("{test}: FAILED after {took:.1} s with seed {}: {why}", options.seed);
            }
        }
        options.seed = dice::Dice::seeded(options.seed).next() >> 16;
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(test: &str, options: &Options) -> Result<String> {
    if test == "images" {
        return images::run(options);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        match test {
            "images-server" => images::run_server(options).await,
            "cycles" => cycles::run(options).await,
            "copies" => copies::run(options).await,
            "eio" => eio::run(options).await,
            "disk-full" => disk_full::run(options).await,
            "attackers" => attackers::run(options).await,
            other => Err(format!("nothing is called {other}").into()),
        }
    })
}

/// The small program that `images` watches: `images-workload --folder DIR …`.
fn workload(options: &Options) -> ExitCode {
    let folder = options.word("folder", "");
    let synchronous = options.word("synchronous", "FULL");
    let rows = i64::try_from(options.number("rows", 1_000)).unwrap_or(i64::MAX);
    match images::workload::run(Path::new(&folder), &synchronous, rows, options.seed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
