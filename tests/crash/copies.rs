//! Copies of `DATA_DIR/messenger.db` while everybody sends: the manual says that this file may be copied at any
//! moment, by any means, as slowly as a bad network does it.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::crowd::{Crowd, Manner};
use crate::database::{self, Tally, id_bytes};
use crate::driver::Result;
use crate::driver::clinic::Clinic;
use crate::driver::dice::Dice;
use crate::driver::names::{self, env};
use crate::home;
use crate::options::Options;
use crate::oracle::{self, Progress};

/// A copy over a clinic's network.
const SLOW_BYTES_PER_SECOND: u64 = 60_000_000;

/// Nobody's real key.
const ENCRYPTION_KEY: &str = "8f1c07d2b95e4a6630c1e87f5d2ab49471de03fa65b82c9917c4e0d8a35b6f20";
/// Nobody's real key.
const METADATA_KEY: &str = "1d92e4b07c5f36a8f0e3b18d6274c95a0b7fd42c8e61935fa4d80e17bc296f53";

/// Takes `--copies` of them.
pub async fn run(options: &Options) -> Result<String> {
    let home = home()?;
    let mut clinic = Clinic::new(home.path().join("data"))?;
    clinic.set(env::SNAPSHOT_INTERVAL, "1s");
    options.furnish(&mut clinic);
    // Given from outside, so that a copy can be opened as a clinic of its own.
    clinic.set(env::ENCRYPTION_KEY, ENCRYPTION_KEY);
    clinic.set(env::METADATA_KEY, METADATA_KEY);
    let done = copy_and_judge(&clinic, options, home.path()).await;
    done.map_err(|why| {
        let kept = home.keep();
        format!("{why} (folder kept: {}){}", kept.display(), clinic.last_words()).into()
    })
}

async fn copy_and_judge(clinic: &Clinic, options: &Options, home: &Path) -> Result<String> {
    let copies = options.number("copies", 60);
    let mut dice = Dice::seeded(options.seed);
    let mut server = clinic.start()?;
    server.healthy(Duration::from_secs(30)).await?;
    // Enough for a file of some size, not so much that publishing it takes longer than the test.
    let pause = Duration::from_millis(options.number("pause", 40));
    let manner = Manner { senders: 12, channels: 3, text_len: 4_000, pause, ..Manner::default() };
    let mut crowd = Crowd::gather(clinic, manner, &mut dice).await?;

    let (stop, stopped) = watch::channel(false);
    let copying = async {
        let taken = take(clinic, home, copies, &mut dice).await;
        stop.send(true).map(|()| taken).map_err(|_| "all senders ended while copies were taken")?
    };
    let (ends, taken) = tokio::join!(crowd.pour(stopped), copying);
    let (ends, taken) = (ends?, taken?);
    if let Some(odd) = ends.iter().find(|end| !matches!(end, crate::crowd::Ended::Settled)) {
        return Err(format!("a sender ended early: {odd}").into());
    }
    let mut worst_lag = Duration::ZERO;
    let mut versions = HashSet::new();
    for copy in &taken {
        copy.judge(&crowd)?;
        worst_lag = worst_lag.max(copy.taken_at.duration_since(copy.says.at).unwrap_or_default());
        versions.insert(copy.tally.audit_head);
    }
    if versions.len() < 3 {
        return Err(format!("{} copies, but only {} different ones", taken.len(), versions.len()).into());
    }
    let status = server.stop(Duration::from_secs(30)).await?;
    if !status.success() {
        return Err(format!("the graceful stop ended with {status}").into());
    }
    adopt(clinic, home, &mut crowd).await?;
    Ok(format!(
        "{} copies of {} publications under {} acked, all sound, none behind its manifest; oldest {} ms; \
         the last one opened as a clinic of its own",
        taken.len(),
        versions.len(),
        crowd.acked(),
        worst_lag.as_millis()
    ))
}

/// How far a published file goes, by its own manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Manifest {
    at: SystemTime,
    audit_head: u64,
    sha256: String,
}

impl Manifest {
    fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))?;
        let value: Value = serde_json::from_str(&text)?;
        let missing = || format!("a field is missing in the manifest: {value}");
        let micros = names::manifest_micros(&value).ok_or_else(missing)?;
        Ok(Self {
            at: SystemTime::UNIX_EPOCH + Duration::from_micros(micros),
            audit_head: names::manifest_audit_head(&value).ok_or_else(missing)?,
            sha256: names::manifest_sha256(&value).ok_or_else(missing)?.to_owned(),
        })
    }
}

/// One copy, opened and counted.
struct Copy {
    taken_at: SystemTime,
    /// The manifest as it was just before.
    says: Manifest,
    tally: Tally,
    messages: HashSet<[u8; 16]>,
}

impl Copy {
    /// Holds it all that its manifest promised?
    fn judge(&self, crowd: &Crowd) -> Result<()> {
        self.tally.consistent()?;
        if self.tally.audit_head < self.says.audit_head {
            return Err(format!("a copy ends at {:?}, its manifest says {:?}", self.tally, self.says).into());
        }
        for (ack, heard) in crowd.acks() {
            if heard < self.says.at && !self.messages.contains(&id_bytes(&ack.message_id)?) {
                return Err(format!("{ack:?}, acknowledged before {:?}, is not in the copy", self.says).into());
            }
        }
        Ok(())
    }
}

async fn take(clinic: &Clinic, home: &Path, copies: u64, dice: &mut Dice) -> Result<Vec<Copy>> {
    let source = names::published_database(&clinic.data_dir);
    let manifest = names::manifest(&clinic.data_dir);
    let patience = Instant::now() + Duration::from_secs(30);
    while !(source.exists() && manifest.exists()) {
        if Instant::now() > patience {
            return Err("nothing was published within 30 s".into());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut taken = Vec::new();
    for number in 0..copies {
        tokio::time::sleep(dice.moment(Duration::ZERO, Duration::from_millis(400))).await;
        let (source, manifest) = (source.clone(), manifest.clone());
        let target = home.join(format!("copy-{number}.db"));
        let slowly = dice.chance(1, 3);
        let copy = tokio::task::spawn_blocking(move || one(&source, &manifest, &target, slowly)).await?;
        taken.push(copy.map_err(|why| format!("copy {number}{}: {why}", if slowly { " (slow)" } else { "" }))?);
    }
    Ok(taken)
}

fn one(source: &Path, manifest: &Path, target: &PathBuf, slowly: bool) -> Result<Copy> {
    let says = Manifest::read(manifest)?;
    let taken_at = SystemTime::now();
    let digest = copy(source, target, slowly.then_some(SLOW_BYTES_PER_SECOND))?;
    // Where nothing was published meanwhile, it is this very file that the manifest describes. The file takes its
    // name a moment before its manifest does, so a difference is only believed when both have come to rest.
    if Manifest::read(manifest)? == says && !says.sha256.eq_ignore_ascii_case(&digest) {
        std::thread::sleep(Duration::from_millis(200));
        if Manifest::read(manifest)? == says {
            return Err(format!("the copy's SHA-256 is {digest}, its manifest says {}", says.sha256).into());
        }
    }
    let connection = database::open_read_only(target)?;
    database::sound(&connection)?;
    let tally = Tally::of(&connection)?;
    let messages = database::message_ids(&connection)?;
    drop(connection);
    std::fs::remove_file(target)?;
    Ok(Copy { taken_at, says, tally, messages })
}

/// Copies as a person would, reading from one open file; gives the SHA-256 of what was read.
fn copy(from: &Path, to: &Path, bytes_per_second: Option<u64>) -> Result<String> {
    let mut from = File::open(from)?;
    let mut to = File::create(to)?;
    let mut digest = Sha256::new();
    let mut piece = vec![0; 256 * 1024];
    let started = Instant::now();
    let mut copied = 0;
    loop {
        let len = from.read(&mut piece)?;
        if len == 0 {
            break;
        }
        to.write_all(&piece[..len])?;
        digest.update(&piece[..len]);
        copied += len as u64;
        if let Some(rate) = bytes_per_second {
            let due = Duration::from_micros(copied * 1_000_000 / rate);
            std::thread::sleep(due.saturating_sub(started.elapsed()));
        }
    }
    let mut hex = String::new();
    for byte in digest.finalize() {
        write!(hex, "{byte:02x}")?;
    }
    Ok(hex)
}

/// A graceful stop publishes all there is: a folder that holds nothing but a copy of that file, and the keys, is
/// the whole clinic.
async fn adopt(clinic: &Clinic, home: &Path, crowd: &mut Crowd) -> Result<()> {
    let folder = home.join("adopted");
    std::fs::create_dir(&folder)?;
    let mut adopted = Clinic::new(&folder)?;
    adopted.set(env::ENCRYPTION_KEY, ENCRYPTION_KEY);
    adopted.set(env::METADATA_KEY, METADATA_KEY);
    copy(&names::published_database(&clinic.data_dir), &names::published_database(&folder), None)?;
    let said = |why: crate::driver::Wrong| format!("the adopted copy: {why}{}", adopted.last_words());
    let mut server = adopted.start()?;
    server.healthy(Duration::from_secs(30)).await.map_err(said)?;
    crowd.admin = adopted.admin().await.map_err(said)?;
    let faults = oracle::compare(crowd, &mut Progress::default()).await.map_err(said)?;
    faults.none().map_err(said)?;
    server.stop(Duration::from_secs(30)).await?;
    Ok(())
}
