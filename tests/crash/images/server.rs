//! Crash images of the real server: what its clients were told against what its disk may hold.
//!
//! The server runs under strace over a folder that lay safe before. Each acknowledgement is stamped with the wall
//! clock when a client hears it, and is demanded of every image cut at an event whose successor is later: what the
//! client heard, the disk must already have held.

use std::collections::HashSet;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use super::disk::{Disk, Fate};
use super::log::Event;
use super::{Files, Findings, Verdict, log, open_image, replay, scratch};
use crate::crowd::{Crowd, Ended, Manner};
use crate::database::{self, Tally, id_bytes, message_ids};
use crate::driver::clinic::Clinic;
use crate::driver::dice::Dice;
use crate::driver::names::{self, env};
use crate::driver::{Result, Wrong};
use crate::options::Options;

/// How many images a whole server is started on.
const REVIVALS: u64 = 5;

/// When an acknowledgement was heard, in microseconds since 1970, and of which message.
type Heard = (u64, [u8; 16]);

/// Images of the server, and of the same server made careless, which must be found out.
pub async fn run(options: &Options) -> Result<String> {
    let images = options.number("images", 1_000);
    let mut dice = Dice::seeded(options.seed);
    let real = recorded(options, images, false, &mut dice).await?;
    real.flawless()?;
    if cfg!(not(feature = "faults")) {
        return Ok(format!("server: {real}; no control without the feature `faults`"));
    }
    let revived = options.number("revivals", REVIVALS);
    let careless = recorded(options, images.div_ceil(5), true, &mut dice).await?;
    if careless.lossy == 0 {
        return Err(format!("a careless server lost nothing, so the replay proves nothing: {careless}").into());
    }
    Ok(format!("server: {real}, {revived} more served from; control, careless: {careless}"))
}

async fn recorded(options: &Options, images: u64, careless: bool, dice: &mut Dice) -> Result<Findings> {
    let scratch = scratch()?;
    let mut clinic = Clinic::new(scratch.path().join("data"))?;
    // Often, so that cuts fall into publishing as well.
    clinic.set(env::SNAPSHOT_INTERVAL, "1s");
    if careless {
        clinic.program = std::env::current_exe()?;
        clinic.set(crate::run::CARELESS, "1");
    }
    options.furnish(&mut clinic);
    let done = record(&clinic, scratch.path(), options, images, dice).await;
    done.map_err(|why| format!("{why}{}", clinic.last_words()).into())
}

async fn record(clinic: &Clinic, scratch: &Path, options: &Options, images: u64, dice: &mut Dice) -> Result<Findings> {
    let seconds = options.number("seconds", 3);
    let revivals = options.number("revivals", REVIVALS);
    let mut server = clinic.start()?;
    server.healthy(Duration::from_secs(30)).await?;
    let mut crowd = Crowd::gather(clinic, Manner::default(), dice).await?;
    server.kill().await?;
    let mut before = Files::new();
    read_folder(&clinic.data_dir, Path::new(""), &mut before)?;

    let log = scratch.join("strace.log");
    let mut server = clinic.start_under(&log::strace(&log))?;
    server.healthy(Duration::from_secs(30)).await?;
    let ends = crowd.pour_for(Duration::from_secs(seconds)).await?;
    if let Some(odd) = ends.iter().find(|end| !matches!(end, Ended::Settled)) {
        return Err(format!("a sender ended early: {odd}").into());
    }
    // strace ends with the server, and its log is whole then.
    server.kill().await?;

    let mut acks = Vec::new();
    for (ack, at) in crowd.acks() {
        acks.push((u64::try_from(at.duration_since(UNIX_EPOCH)?.as_micros())?, id_bytes(&ack.message_id)?));
    }
    acks.sort_unstable();
    if acks.is_empty() {
        return Err("nothing was acknowledged under strace".into());
    }
    let events = log::read(&log, &clinic.data_dir)?;
    let live = relative(&names::live_database(&clinic.data_dir), &clinic.data_dir)?;
    let published = relative(&names::published_database(&clinic.data_dir), &clinic.data_dir)?;
    let findings =
        replay(Disk::holding(&before), &events, images, dice.next(), &scratch.join("images"), |at, files, folder| {
            let demanded = demanded(&acks, &events, at);
            let connection = open_image(files, &live, &folder.join("live"))?;
            let ids = if database::has_messages(&connection)? { message_ids(&connection)? } else { HashSet::new() };
            if files.contains_key(&published) {
                open_image(files, &published, &folder.join("published")).map_err(|why| format!("published: {why}"))?;
            }
            if database::has_messages(&connection)? {
                Tally::of(&connection)?.consistent()?;
            }
            let missing = demanded.iter().filter(|(_, id)| !ids.contains(id)).count() as u64;
            Ok(Verdict { demanded: demanded.len() as u64, missing })
        })?;
    if findings.flawless().is_ok() {
        for number in 0..revivals {
            let at = dice.index(events.len() + 1);
            let mut disk = Disk::holding(&before);
            for event in &events[..at] {
                disk.apply(&event.deed)?;
            }
            let fate = Fate::throw(dice);
            let folder = scratch.join(format!("revived-{number}")).join("data");
            let image = disk.image(fate, dice);
            let revived = revive(clinic, &crowd, &image, &folder, demanded(&acks, &events, at)).await;
            revived.map_err(|why| format!("a server started on the image at event {at}, unsynced {fate:?}: {why}"))?;
        }
    }
    Ok(findings)
}

/// What must be there after `at` events: the power may have gone as late as the moment before the next one.
fn demanded<'a>(acks: &'a [Heard], events: &[Event], at: usize) -> &'a [Heard] {
    let until = events.get(at).map_or(u64::MAX, |next| next.at);
    &acks[..acks.partition_point(|(heard, _)| *heard < until)]
}

/// Starts the server on what the power cut left: it must be healthy, its audit chain whole, and it must show all
/// that was acknowledged.
async fn revive(clinic: &Clinic, crowd: &Crowd, image: &Files, folder: &Path, demanded: &[Heard]) -> Result<()> {
    for (path, bytes) in image {
        let path = folder.join(path);
        let parent = path.parent().ok_or("a file without a folder")?;
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(bytes)?;
    }
    let revived = clinic.moved_to(folder);
    let told = |why: Wrong| format!("{why}{}", revived.last_words());
    let said = revived.run(&names::audit_verify(folder))?;
    if !said.status.success() {
        return Err(told(String::from_utf8_lossy(&said.stderr).into()).into());
    }
    let mut server = revived.start()?;
    server.healthy(Duration::from_secs(3)).await.map_err(told)?;
    let admin = revived.admin().await.map_err(told)?;
    let mut shown = HashSet::new();
    for channel in &crowd.channels {
        for row in admin.history_after(channel, 0).await.map_err(told)? {
            shown.insert(id_bytes(row["id"].as_str().unwrap_or_default())?);
        }
    }
    let missing = demanded.iter().filter(|(_, id)| !shown.contains(id)).count();
    if missing > 0 {
        return Err(told(format!("{missing} acknowledged messages are not shown").into()).into());
    }
    let status = server.stop(Duration::from_secs(20)).await?;
    if status.success() { Ok(()) } else { Err(told(format!("its stop ended with {status}").into()).into()) }
}

fn relative(path: &Path, folder: &Path) -> Result<PathBuf> {
    Ok(path.strip_prefix(folder)?.to_owned())
}

fn read_folder(root: &Path, below: &Path, files: &mut Files) -> Result<()> {
    for entry in std::fs::read_dir(root.join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            read_folder(root, &path, files)?;
        } else if kind.is_file() {
            files.insert(path, std::fs::read(entry.path())?);
        }
    }
    Ok(())
}
