//! One run: passes over works over servers, and the table at the end.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser as _, ValueEnum as _};
use tempfile::TempDir;

use crate::args::{Args, Hidden, Work};
use crate::driver::board::Board;
use crate::driver::people::Clinic;
use crate::driver::report::Report;
use crate::driver::server::Kind;
use crate::{baseline, driver, work};

/// A bench stops at the first thing that is not as it should be; words are enough to say what.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Reads the arguments and does as they say.
pub fn main() -> ExitCode {
    let mut args = Args::parse();
    if let Some(Hidden::Baseline { flavour, port, data }) = &args.command {
        return ended(baseline::run(*flavour, *port, data));
    }
    if args.quick {
        (args.idle, args.crowd, args.filled) = (args.idle / 10, args.crowd / 10, args.filled / 10);
    }
    // Servers start in their own folders: a path relative to this one must not lose its meaning.
    args.server = std::path::absolute(&args.server).unwrap_or(args.server);
    ended(raise_open_files().and_then(|()| measure(args)))
}

fn ended(end: Outcome<()>) -> ExitCode {
    match end {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// A run.
pub struct Bench {
    /// What was asked.
    pub args: Args,
    /// What came out.
    pub report: Report,
    pass: usize,
    dir: TempDir,
    baseline: PathBuf,
    founded: usize,
    clinics: HashMap<(Kind, &'static str), Clinic>,
}

impl Bench {
    fn new(args: Args) -> Outcome<Self> {
        let dir = tempfile::Builder::new().prefix("messenger-bench-").tempdir_in(&args.disk)?;
        // A copy, or the baselines would share pages with the driver and look lighter than they are.
        let baseline = dir.path().join("baseline");
        std::fs::copy(std::env::current_exe()?, &baseline)?;
        Ok(Self { args, report: Report::default(), pass: 0, dir, baseline, founded: 0, clinics: HashMap::new() })
    }

    /// A clinic nobody has used.
    pub fn found(&mut self, kind: Kind, purpose: &str) -> Outcome<Clinic> {
        self.founded += 1;
        let executable: &Path = if kind == Kind::Ours { &self.args.server } else { &self.baseline };
        Clinic::found(kind, executable, self.dir.path().join(format!("{}-{purpose}", self.founded)))
    }

    /// The clinic kept for a purpose, or a new one.
    pub fn take(&mut self, kind: Kind, purpose: &'static str) -> Outcome<Clinic> {
        self.clinics.remove(&(kind, purpose)).map_or_else(|| self.found(kind, purpose), Ok)
    }

    /// Keeps a clinic for the next who needs it.
    pub fn keep(&mut self, clinic: Clinic, purpose: &'static str) {
        self.clinics.insert((clinic.kind, purpose), clinic);
    }

    /// Notes a figure of this pass.
    pub fn note(&mut self, kind: Kind, name: &str, value: f64) {
        self.report.note(self.pass, kind, name, value);
    }

    /// Notes what a run's checks found.
    pub fn faults_of(&mut self, work: &str, kind: Kind, board: &Board) {
        if board.faults > 0 {
            let (name, faults, words) = (kind.name(), board.faults, board.complaints.join("; "));
            self.report.fault(format!("{work} {name}: {faults} faults: {words}"));
        }
    }

    async fn run(&mut self, passes: usize) -> Outcome<()> {
        let works = if self.args.only.is_empty() { Work::value_variants() } else { &self.args.only.clone() };
        for pass in 1..=passes {
            self.pass = pass;
            for &work in works {
                eprintln!("{work:?}, pass {pass} of {passes}");
                let probed = driver::probe::forced_writes_per_sec(self.dir.path())?;
                self.report.disk(probed);
                let mut targets = self.args.targets.clone();
                // Nobody is always first: caches, disks and clocks favour places.
                let turn = pass % targets.len().max(1);
                targets.rotate_left(turn);
                for kind in targets {
                    let done = match work {
                        Work::P1 => work::sends::run(self, kind).await,
                        Work::P2 => work::fanout::run(self, kind).await,
                        Work::P3 => work::idle::run(self, kind).await,
                        Work::P4 => work::storm::with_tokens(self, kind).await,
                        Work::P4b => work::storm::with_passwords(self, kind).await,
                        Work::P5 => work::history::run(self, kind).await,
                        Work::P6 => work::search::run(self, kind).await,
                        Work::P7 => work::start::run(self, kind).await,
                    };
                    if let Err(error) = done {
                        self.report.fault(format!("{work:?} {}, pass {pass}: {error}", kind.name()));
                    }
                }
            }
        }
        Ok(())
    }
}

fn measure(args: Args) -> Outcome<()> {
    let passes = args.passes.unwrap_or(if args.quick { 1 } else { 3 });
    let strict = args.strict;
    let mut bench = Bench::new(args)?;
    // One thread: the driver shares the processors with what it measures.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ran = tokio::task::LocalSet::new().block_on(&runtime, async {
        tokio::select! {
            ran = bench.run(passes) => ran,
            // Servers end and folders go by being dropped.
            _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
            end = baseline::told_to_end() => end.and(Err("told to end".into())),
        }
    });
    println!("{}", bench.report.markdown(passes));
    ran?;
    if !bench.report.sound() {
        return Err("a check failed: see the faults above".into());
    }
    if strict && bench.report.missed() > 0 {
        return Err(format!("{} goals missed", bench.report.missed()).into());
    }
    Ok(())
}

/// Ten thousand connections need as many files, here and in the servers, which inherit the limit.
fn raise_open_files() -> Outcome<()> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}
