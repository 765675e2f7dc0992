//! A disk that fails: one call returns EIO in the running server, injected by strace.
//!
//! After a failed sync nobody knows what is on the disk, and asking again may be answered with a lie. So the
//! server must stop acknowledging, end with a failure, and recover at the next start.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use crate::crowd::{Crowd, Manner};
use crate::driver::Result;
use crate::driver::clinic::Clinic;
use crate::driver::dice::Dice;
use crate::driver::names::{self, env};
use crate::home;
use crate::options::Options;
use crate::oracle::{self, Progress};

/// Fails `--trials` syncs and half as many writes.
pub async fn run(options: &Options) -> Result<String> {
    let home = home()?;
    let mut clinic = Clinic::new(home.path().join("data"))?;
    clinic.set(env::SNAPSHOT_INTERVAL, "1h");
    options.furnish(&mut clinic);
    let done = fail_and_recover(&clinic, options, home.path()).await;
    done.map_err(|why| {
        let kept = home.keep();
        format!("{why} (folder kept: {}){}", kept.display(), clinic.last_words()).into()
    })
}

async fn fail_and_recover(clinic: &Clinic, options: &Options, home: &Path) -> Result<String> {
    let trials = options.number("trials", 8);
    let mut dice = Dice::seeded(options.seed);
    let mut server = clinic.start()?;
    server.healthy(Duration::from_secs(30)).await?;
    let mut crowd = Crowd::gather(clinic, Manner { in_flight: 1, ..Manner::default() }, &mut dice).await?;
    server.stop(Duration::from_secs(20)).await?;
    let mut went_on = 0;
    for number in 0..trials + trials / 2 {
        let calls = if number < trials { "fsync,fdatasync" } else { "pwrite64" };
        let nth = dice.between(1, if number < trials { 25 } else { 150 });
        let trial = trial(clinic, home, &mut crowd, calls, nth).await;
        went_on += u64::from(trial.map_err(|why| format!("{calls} number {nth}: {why}"))?);
    }
    Ok(format!(
        "{trials} syncs and {} writes failed with EIO, {} acked, none lost; the server ended {} times and went on {went_on} times",
        trials / 2,
        crowd.acked(),
        trials + trials / 2 - went_on,
    ))
}

/// One failure and the recovery; true if the server went on after it (allowed after a failed write only).
async fn trial(clinic: &Clinic, home: &Path, crowd: &mut Crowd, calls: &str, nth: u64) -> Result<bool> {
    let log = home.join("inject.log");
    let live = names::live_database(&clinic.data_dir).display().to_string();
    let mut words: Vec<OsString> = ["strace", "-f", "-qq", "-o"].map(Into::into).into();
    words.push(log.clone().into());
    for path in [live.clone(), format!("{live}-wal")] {
        words.extend(["-P".into(), path.into()]);
    }
    words.extend(["-e".into(), format!("trace={calls}").into()]);
    words.extend(["-e".into(), format!("inject={calls}:error=EIO:when={nth}").into()]);
    let mut server = clinic.start_under(&words)?;
    let mut said = String::from("none could send");
    // The failure may already fall into the start: then it ends there, and nobody can send.
    if server.healthy(Duration::from_secs(20)).await.is_ok() {
        said = crowd
            .pour_for(Duration::from_secs(8))
            .await?
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; ");
    }
    let ended = server.wait(Duration::from_secs(5)).await;
    server.kill().await?;
    // strace is gone now, and its log complete.
    if !std::fs::read_to_string(&log)?.contains("(INJECTED)") {
        return Err(format!("the failure was never reached; the senders: {said}").into());
    }
    let went_on = match ended {
        Ok(status) if status.success() => return Err("the server ended as if nothing had happened".into()),
        Ok(_) => false,
        Err(_) if calls == "pwrite64" => true,
        Err(why) => return Err(format!("a sync failed, and {why}").into()),
    };

    let mut server = clinic.start()?;
    server.healthy(Duration::from_secs(20)).await?;
    crowd.settle().await?;
    oracle::compare(crowd, &mut Progress::default()).await?.none()?;
    crowd.leave();
    server.stop(Duration::from_secs(20)).await?;
    Ok(went_on)
}
