//! A full disk: sends are refused with a reason, reading goes on, nothing acknowledged is lost, and when there is
//! room again the same process goes on.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::crowd::{Crowd, Ended, Manner};
use crate::driver::Result;
use crate::driver::clinic::Clinic;
use crate::driver::dice::Dice;
use crate::driver::names::{code, env};
use crate::home;
use crate::options::Options;
use crate::oracle::{self, Progress};

/// A file system of a known size, gone when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path, mebibytes: u64) -> Result<Self> {
        std::fs::create_dir_all(at)?;
        let size = format!("size={mebibytes}m");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output()?;
        if done.status.success() {
            Ok(Self(at.to_owned()))
        } else {
            Err(String::from_utf8_lossy(&done.stderr).trim().to_owned().into())
        }
    }

    fn free_bytes(&self) -> Result<u64> {
        let stat = rustix::fs::statvfs(&self.0)?;
        Ok(stat.f_bavail * stat.f_frsize)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, should a server that failed to end still hold it.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Fills the disk, and frees it again.
pub async fn run(options: &Options) -> Result<String> {
    let home = home()?;
    let disk = match SmallDisk::mount(&home.path().join("disk"), options.number("mebibytes", 96)) {
        Ok(disk) => disk,
        Err(why) => return Ok(format!("skipped: a small disk needs the right to mount ({why})")),
    };
    let mut clinic = Clinic::new(disk.0.join("data"))?;
    clinic.set(env::SNAPSHOT_INTERVAL, "1h");
    options.furnish(&mut clinic);
    let done = fill_and_free(&clinic, &disk, options).await;
    done.map_err(|why| format!("{why}{}", clinic.last_words()).into())
}

async fn fill_and_free(clinic: &Clinic, disk: &SmallDisk, options: &Options) -> Result<String> {
    let mut dice = Dice::seeded(options.seed);
    let mut server = clinic.start()?;
    server.healthy(Duration::from_secs(30)).await?;
    // No PHI: reading it is recorded, and what cannot be recorded is rightly not shown.
    // One message under way: a sender who does not wait may see one refused and the next, which is smaller, stored.
    let manner = Manner { text_len: 6_000, phi: false, in_flight: 1, ..Manner::default() };
    let mut crowd = Crowd::gather(clinic, manner, &mut dice).await?;
    let left = options.number("left", 2 * 1024 * 1024);
    let ballast = disk.0.join("ballast");
    std::fs::write(&ballast, vec![0xA5; usize::try_from(disk.free_bytes()?.saturating_sub(left))?])?;

    let ends = crowd.pour_for(Duration::from_secs(20)).await?;
    if let Some(odd) = ends.iter().find(|end| !matches!(end, Ended::Refused(why) if why == code::DISK_FULL)) {
        return Err(format!("on a full disk a sender should be refused as {}: {odd}", code::DISK_FULL).into());
    }
    let acked_before = crowd.acked();
    server.health().await.map_err(|why| format!("a full disk must not make the server unhealthy: {why}"))?;
    let shown = crowd.admin.history_after(&crowd.channels[0], 0).await;
    let shown = shown.map_err(|why| format!("reading on a full disk: {why}"))?.len();
    if shown == 0 {
        return Err("nothing could be sent before the disk was full".into());
    }
    std::fs::remove_file(&ballast)?;
    let freed = Instant::now();
    while let Err(why) = crowd.settle().await {
        if freed.elapsed() > Duration::from_secs(30) {
            return Err(format!("30 s after the disk has room again: {why}").into());
        }
        if let Some(status) = server.ended()? {
            return Err(format!("the server ended with {status}").into());
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let resumed = freed.elapsed();
    oracle::compare(&crowd, &mut Progress::default()).await?.none()?;
    server.kill().await?;
    let mut server = clinic.start()?;
    server.healthy(Duration::from_secs(20)).await?;
    oracle::compare(&crowd, &mut Progress::default()).await?.none()?;
    server.stop(Duration::from_secs(20)).await?;
    Ok(format!(
        "{} senders refused as {}, {acked_before} acked before and all there, sending again after {} ms without a restart",
        ends.len(),
        code::DISK_FULL,
        resumed.as_millis()
    ))
}
