//! Crash images: what the disk may hold after the power went, at thousands of moments of one recorded run.
//!
//! A program runs under strace; its log is replayed on a [`disk::Disk`] that loses or tears whatever was not
//! synced; images are taken at random moments and opened as the server would open them. Every row acknowledged
//! before the cut must be there. The control (`synchronous=NORMAL`) must lose rows, else the replay proves nothing.

mod disk;
mod log;
mod server;
pub mod workload;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::Instant;

use rusqlite::Connection;

use crate::database;
use crate::driver::Result;
use crate::driver::dice::Dice;
use crate::options::Options;
use disk::{Disk, Fate};
use log::{Deed, Event};

pub use server::run as run_server;

/// Images of the small workload: as the store writes, and two controls that must be found out.
pub fn run(options: &Options) -> Result<String> {
    let images = options.number("images", 2_000);
    let rows = i64::try_from(options.number("rows", 1_500))?;
    let mut dice = Dice::seeded(options.seed);
    let full = recorded("FULL", images, rows, dice.next())?;
    let normal = recorded("NORMAL", images.div_ceil(5), rows, dice.next())?;
    let off = recorded("OFF", images.div_ceil(5), rows, dice.next())?;
    full.flawless()?;
    if normal.lossy == 0 {
        return Err(format!("NORMAL lost nothing, so the replay proves nothing: {normal}").into());
    }
    if off.unsound.is_empty() {
        return Err(format!("OFF tore nothing, so the replay proves nothing: {off}").into());
    }
    Ok(format!("FULL: {full}; control NORMAL: {normal}; control OFF: {off}"))
}

/// What the images of one recording showed.
struct Findings {
    images: u64,
    demanding: u64,
    /// Images that lack rows, and the most that one lacks.
    lossy: u64,
    worst: u64,
    /// What is wrong with images that are worse than that.
    unsound: Vec<String>,
    seed: u64,
    per_second: u64,
}

impl Findings {
    fn flawless(&self) -> Result<()> {
        if self.lossy == 0 && self.unsound.is_empty() {
            return Ok(());
        }
        let first = self.unsound.first().map_or("rows are missing", String::as_str);
        Err(format!("{self}; with seed {}: {first}", self.seed).into())
    }
}

impl std::fmt::Display for Findings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { images, demanding, lossy, worst, unsound, per_second, .. } = self;
        let unsound = unsound.len();
        write!(
            f,
            "{images} images ({demanding} after an ack, {per_second}/s), {unsound} unsound, {lossy} lost acked rows \
             (at most {worst})"
        )
    }
}

fn recorded(synchronous: &str, images: u64, rows: i64, seed: u64) -> Result<Findings> {
    let scratch = scratch()?;
    let folder = scratch.path().join("data");
    std::fs::create_dir(&folder)?;
    let log = scratch.path().join("strace.log");
    let command = log::strace(&log);
    let done = Command::new(&command[0])
        .args(&command[1..])
        .arg(std::env::current_exe()?)
        .args(["images-workload", "--folder", &folder.display().to_string()])
        .args(["--synchronous", synchronous, "--rows", &rows.to_string(), "--seed", &seed.to_string()])
        .output()
        .map_err(|why| format!("strace is needed (Debian: apt-get install strace): {why}"))?;
    if !done.status.success() {
        return Err(format!("the workload failed: {}", String::from_utf8_lossy(&done.stderr)).into());
    }
    let events = log::read(&log, &folder)?;
    let mut promised = Vec::with_capacity(events.len());
    let mut acked = 0;
    for event in &events {
        if let Deed::Write { path, bytes, .. } = &event.deed
            && path == Path::new(workload::ACKS)
        {
            acked = String::from_utf8_lossy(bytes).trim().parse()?;
        }
        promised.push(acked);
    }
    if acked != rows {
        return Err(format!("the log tells of {acked} rows, not {rows}").into());
    }
    let database = PathBuf::from(workload::DATABASE);
    replay(Disk::default(), &events, images, seed, &scratch.path().join("images"), |at, files, folder| {
        let acked = if at == 0 { 0 } else { promised[at - 1] };
        let connection = open_image(files, &database, folder)?;
        let missing = workload::missing(&connection, acked)?;
        Ok(Verdict { demanded: acked.unsigned_abs(), missing })
    })
}

/// What one image showed.
struct Verdict {
    demanded: u64,
    missing: u64,
}

/// A folder in memory if the machine has one: images are many, small and short-lived.
fn scratch() -> Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    Ok(if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? })
}

/// Files of an image by name.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Takes `images` images at random moments of the events and has each judged. The judge is told how many events
/// happened before the cut.
fn replay(
    mut disk: Disk,
    events: &[Event],
    images: u64,
    seed: u64,
    folder: &Path,
    judge: impl Fn(usize, &Files, &Path) -> Result<Verdict> + Sync,
) -> Result<Findings> {
    let mut dice = Dice::seeded(seed);
    let mut cuts: Vec<usize> = (0..images).map(|_| dice.index(events.len() + 1)).collect();
    cuts.sort_unstable();
    let started = Instant::now();
    let unsound = Vec::new();
    let mut findings = Findings { images, demanding: 0, lossy: 0, worst: 0, unsound, seed, per_second: 0 };
    let count = std::thread::available_parallelism().map_or(2, usize::from).min(8);
    let judge = &judge;
    std::thread::scope(|scope| -> Result<()> {
        let (verdicts, spoken) = mpsc::channel();
        let mut trays = Vec::new();
        for number in 0..count {
            // Few images wait, so that memory holds few of them.
            let (tray, waiting) = mpsc::sync_channel::<(usize, Fate, Files)>(2);
            trays.push(tray);
            let verdicts = verdicts.clone();
            let folder = folder.join(number.to_string());
            scope.spawn(move || {
                for (at, fate, files) in waiting {
                    let verdict = judge(at, &files, &folder)
                        .map_err(|why| format!("image at event {at}, unsynced {fate:?}: {why}"));
                    if verdicts.send(verdict).is_err() {
                        break;
                    }
                }
            });
        }
        drop(verdicts);
        let mut done = 0;
        for (turn, at) in cuts.into_iter().enumerate() {
            while done < at {
                disk.apply(&events[done].deed)?;
                done += 1;
            }
            let fate = Fate::throw(&mut dice);
            let image = disk.image(fate, &mut dice);
            if trays[turn % count].send((at, fate, image)).is_err() {
                break;
            }
        }
        drop(trays);
        for verdict in spoken {
            let verdict = match verdict {
                Ok(verdict) => verdict,
                Err(why) => {
                    findings.unsound.push(why);
                    continue;
                }
            };
            findings.demanding += u64::from(verdict.demanded > 0);
            findings.lossy += u64::from(verdict.missing > 0);
            findings.worst = findings.worst.max(verdict.missing);
        }
        Ok(())
    })?;
    if findings.demanding == 0 {
        return Err("no image was taken after an acknowledgement".into());
    }
    let millis = u64::try_from(started.elapsed().as_millis())?.max(1);
    findings.per_second = images * 1000 / millis;
    Ok(findings)
}

/// Lays an image's database out, as the dead server left it, and opens it as the next one would.
fn open_image(files: &Files, database: &Path, folder: &Path) -> Result<Connection> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    let name = database.file_name().ok_or("a database without a name")?.to_string_lossy().into_owned();
    for suffix in ["", "-wal", "-journal"] {
        let path = database.with_file_name(format!("{name}{suffix}"));
        if let Some(bytes) = files.get(&path) {
            std::fs::write(folder.join(format!("{name}{suffix}")), bytes)?;
        }
    }
    let connection = Connection::open(folder.join(&name))?;
    database::sound(&connection)?;
    Ok(connection)
}
