//! Crash cycles: fifty senders, SIGKILL at a random moment, restart, compare; again and again.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::crowd::{Crowd, Ended, Manner};
use crate::driver::Result;
use crate::driver::clinic::Clinic;
use crate::driver::dice::Dice;
use crate::driver::names;
use crate::driver::names::env;
use crate::driver::running::Running;
use crate::options::Options;
use crate::oracle::{self, Progress};
use crate::watcher::Watcher;
use crate::{database, home};

/// A restart must be healthy again within this.
const HEALTHY_WITHIN: Duration = Duration::from_secs(3);
/// A first start also makes keys, certificates and tables.
const FIRST_START_WITHIN: Duration = Duration::from_secs(30);

/// Runs `--cycles` of them.
pub async fn run(options: &Options) -> Result<String> {
    oracle::control()?;
    let cycles = options.number("cycles", 25);
    let senders = usize::try_from(options.number("senders", 50))?;
    let mut dice = Dice::seeded(options.seed);
    let home = home()?;
    let mut clinic = Clinic::new(home.path().join("data"))?;
    clinic.set(env::SNAPSHOT_INTERVAL, "1s");
    options.furnish(&mut clinic);
    let done = cycle(&clinic, cycles, senders, home.path(), &mut dice).await;
    done.map_err(|why| {
        let kept = home.keep();
        format!("{why} (folder kept: {}){}", kept.display(), clinic.last_words()).into()
    })
}

async fn cycle(clinic: &Clinic, cycles: u64, senders: usize, home: &Path, dice: &mut Dice) -> Result<String> {
    let mut server = clinic.start()?;
    server.healthy(FIRST_START_WITHIN).await?;
    let mut crowd =
        Crowd::gather(clinic, Manner { senders, channels: 4.min(senders), ..Manner::default() }, dice).await?;
    let mut watcher = Watcher::new(crowd.admin.clone(), crowd.channels.clone());
    let mut progress = Progress::default();
    let mut slowest = Duration::ZERO;
    // A whole look at the dead folder takes longer as it grows; what it finds does not heal, so in a long run a
    // look now and then misses nothing.
    let examine_every = (cycles / 100).max(1);
    let audit_every = (cycles / 25).max(1);
    for number in 1..=cycles {
        let in_cycle = |what: &str| format!("cycle {number}, {what}");
        crowd.settle().await.map_err(|why| in_cycle(&why.to_string()))?;
        pour_and_kill(&mut crowd, &mut watcher, server, dice).await.map_err(|why| in_cycle(&why.to_string()))?;
        if number % examine_every == 0 {
            examine(clinic, home, number % audit_every == 0).map_err(|why| in_cycle(&why.to_string()))?;
        }
        server = restart(clinic, dice, &mut slowest).await.map_err(|why| in_cycle(&why.to_string()))?;
        crowd.settle().await.map_err(|why| in_cycle(&why.to_string()))?;
        oracle::compare(&crowd, &mut progress).await?.none().map_err(|why| in_cycle(&why.to_string()))?;
        watcher.catch_up(&crowd).await.map_err(|why| in_cycle(&why.to_string()))?;
        if number % 25 == 0 && number < cycles {
            println!("  {number} cycles, {} acked, slowest start {} ms", crowd.acked(), slowest.as_millis());
        }
    }
    // Once more from the very first message on: what was compared early must still be there at the end.
    oracle::compare(&crowd, &mut Progress::default()).await?.none()?;
    let status = server.stop(Duration::from_secs(20)).await?;
    if !status.success() {
        return Err(format!("the last, graceful stop ended with {status}").into());
    }
    examine(clinic, home, true)?;
    Ok(format!(
        "{cycles} cycles, {} acked, 0 missing, 0 doubled, 0 out of order, slowest start {} ms",
        crowd.acked(),
        slowest.as_millis()
    ))
}

/// Lets everybody send, and kills the server while they do.
async fn pour_and_kill(crowd: &mut Crowd, watcher: &mut Watcher, server: Running, dice: &mut Dice) -> Result<()> {
    let (_stop, stopped) = watch::channel(false);
    let moment = dice.moment(Duration::from_millis(20), Duration::from_millis(700));
    let killing = async {
        tokio::time::sleep(moment).await;
        let killed = Instant::now();
        server.kill().await?;
        Ok::<_, crate::driver::Wrong>(killed)
    };
    let (ends, killed, heard) = tokio::join!(crowd.pour(stopped), killing, watcher.listen());
    let killed = killed?;
    heard?;
    for ended in ends? {
        match ended {
            Ended::Broken { at, .. } if at >= killed => {}
            other => return Err(format!("a sender ended before the kill: {other}").into()),
        }
    }
    Ok(())
}

/// The dead server's folder: sound, and its audit chain whole. Looked at in a copy, so that the restart recovers
/// from what the crash left and not from what this look made of it.
fn examine(clinic: &Clinic, home: &Path, audit: bool) -> Result<()> {
    let copy = home.join("examined");
    if copy.exists() {
        std::fs::remove_dir_all(&copy)?;
    }
    clinic.copy_folder(&copy)?;
    if audit {
        let said = clinic.run(&names::audit_verify(&copy))?;
        if !said.status.success() {
            let words = [said.stdout, said.stderr].concat();
            return Err(format!("audit verify: {}: {}", said.status, String::from_utf8_lossy(&words).trim()).into());
        }
    }
    let live = rusqlite::Connection::open(names::live_database(&copy))?;
    database::sound(&live).map_err(|why| format!("the live database: {why}"))?;
    let published = names::published_database(&copy);
    if published.exists() {
        let published = database::open_read_only(&published)?;
        database::sound(&published).map_err(|why| format!("the published database: {why}"))?;
    }
    Ok(())
}

/// Starts the server again; one time in five it is killed once more while it starts.
async fn restart(clinic: &Clinic, dice: &mut Dice, slowest: &mut Duration) -> Result<Running> {
    if dice.chance(1, 5) {
        let server = clinic.start()?;
        tokio::time::sleep(dice.moment(Duration::ZERO, Duration::from_millis(150))).await;
        server.kill().await?;
    }
    let mut server = clinic.start()?;
    let took = server.healthy(HEALTHY_WITHIN).await?;
    *slowest = took.max(*slowest);
    Ok(server)
}
