//! Bringing a backup into place: the command, the set-up page and the monthly self-test do the same thing.
//!
//! Everything is done to a copy within the data folder, which is opened as a server would open it. Every refusal has a
//! name, and leaves what was there as it was.

use std::fs::{self, File};
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use zeroize::Zeroizing;

use super::data::{key_file, make_private, places};
use super::snapshot::Publisher;
use crate::clock::{SharedClock, SystemClock, Timestamp};
use crate::config::{Config, Engine};
use crate::crypto::{SystemEntropy, age};
use crate::error::{Context, Error, Kind, Result};
use crate::gate::{self, Lineage, Vault, Verified};
use crate::store::fault::passing;
use crate::store::restore::{self as place, Stage};
use crate::store::{Manifest, Store};

/// Bytes that are copied at once.
const PIECE_BYTES: usize = 1024 * 1024;

/// What is wanted.
#[derive(Clone, Default)]
pub struct Wish {
    /// The file.
    pub source: PathBuf,
    /// Opens a sealed file.
    pub passphrase: Option<Zeroizing<String>>,
    /// The database of another clinic may be replaced.
    pub other_clinic: bool,
    /// A copy of a live database may be taken without the changes that stood in the file beside it.
    pub accept_loss: bool,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What a backup holds, and what restoring it does.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "it is a report")]
pub struct Outcome {
    /// Whether nothing was done.
    pub dry_run: bool,
    /// Bytes of the database.
    pub bytes: u64,
    /// Whether the file was sealed with a passphrase.
    pub sealed: bool,
    /// Whether it was copied from a live database.
    pub raw: bool,
    /// Whether the recovery key was needed.
    pub by_recovery_key: bool,
    /// The schema that the file had.
    pub schema_version: i32,
    /// Accounts in it.
    pub users: i64,
    /// Channels in it.
    pub channels: i64,
    /// Messages in it.
    pub messages: i64,
    /// Rows of its audit log, each of them checked.
    pub audit_rows: i64,
    /// Until when it goes: the time of the last of them.
    pub until: Timestamp,
    /// How many rows the audit log of the database of before has beyond it: what is done since is not in the file.
    pub lost_audit_rows: Option<i64>,
    /// Where the database of before is kept.
    pub kept: Option<PathBuf>,
}

/// How far a restoring is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is done.
    pub step: &'static str,
    /// Bytes that were copied.
    pub done: u64,
    /// Of so many.
    pub of: u64,
}

/// Restores: checks, stages, swaps. The server must not run. `tell` hears how far it is.
pub fn restore(config: &Config, wish: &Wish, tell: &mut dyn FnMut(Progress)) -> Result<Outcome> {
    place::refuse_running(&config.store.data_dir).map_err(stop_it_first)?;
    let mut outcome = prepare(config, wish, tell)?;
    if !wish.dry_run {
        tell(Progress { step: "placing", done: 0, of: 0 });
        outcome.kept = place::finish(&config.store.data_dir)?.filter(|kept| kept.exists());
        publish(config);
    }
    Ok(outcome)
}

/// Checks a backup and makes it ready: the next start puts it in place, before anything else. It does not touch the
/// live database, which may be at work. Blocking and long.
pub fn prepare(config: &Config, wish: &Wish, tell: &mut dyn FnMut(Progress)) -> Result<Outcome> {
    if config.store.engine == Engine::Postgres {
        return Err(Error::invalid("no_snapshot", "With PostgreSQL a backup is restored by pg_restore."));
    }
    let clock = SystemClock::shared();
    if !wish.dry_run {
        make_private(&key_file(&config.store.data_dir))?;
    }
    let stage = Stage::for_restore(&config.store.data_dir)?;
    let (outcome, kin) = fill(&stage, config, wish, &clock, tell)?;
    if !wish.dry_run {
        let stamp = clock.now().to_string().replace(['-', ':'], "");
        // The authority's key is sealed with the other database's keys; this one brings its own along.
        let with_it: &[&str] = if kin == Kin::Other { &OF_ANOTHER } else { &[] };
        stage.finish(&format!("messenger-{stamp}.db"), with_it)?;
    }
    Ok(outcome)
}

/// Opens a backup in a scratch folder and looks at all of it, for the self-test; nothing is left.
pub fn rehearse(config: &Config, source: &Path, passphrase: Option<Zeroizing<String>>) -> Result<Outcome> {
    let stage = Stage::begin(&config.store.data_dir, ".rehearsal")?;
    let source = source.to_owned();
    let wish = Wish { source, passphrase, other_clinic: false, accept_loss: false, dry_run: true };
    fill(&stage, config, &wish, &SystemClock::shared(), &mut |_| {}).map(|(outcome, _)| outcome)
}

/// What of the data folder goes with a database of another clinic, or with one that was never used.
const OF_ANOTHER: [&str; 3] = ["tls", "setup-code.txt", "initial-admin-password.txt"];

/// Whose the database of before is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kin {
    /// The same clinic's; it has so many rows of the audit log more.
    Same(i64),
    /// Another's, or nobody's yet.
    Other,
    /// There is none that can be read.
    None,
}

fn stop_it_first(error: Error) -> Error {
    if error.code() != "database_held" {
        return error;
    }
    Error::conflict("database_held", "A server has this data folder open. Stop it, restore, and start it again.")
}

fn fill(
    stage: &Stage,
    config: &Config,
    wish: &Wish,
    clock: &SharedClock,
    tell: &mut dyn FnMut(Progress),
) -> Result<(Outcome, Kin)> {
    let sealed = copy(stage, wish, tell)?;
    passing("restore_copied");
    tell(Progress { step: "checking", done: 0, of: 0 });
    let staged = stage.check()?;
    if staged.raw && !staged.with_log && !wish.accept_loss {
        return Err(Error::conflict(
            "backup_raw_copy",
            "That is a copy of a database at work (DATA_DIR/live), made without the file messenger.db-wal beside it: \
             what was in there is not in the copy. Take DATA_DIR/messenger.db or a file of DATA_DIR/backups, or put \
             the -wal file beside the copy, or restore what there is with --accept-loss.",
        ));
    }
    let bytes = fs::metadata(stage.file()).context("measuring the copy")?.len();
    // As a server does it: migrations, keys, chain, and a message that opens.
    let store = Store::open(&stage.config(&config.store))?;
    let vault = Vault::take_in(&store, &places(config), &SystemEntropy::shared(), clock, !wish.dry_run)?;
    tell(Progress { step: "verifying", done: 0, of: 0 });
    let (facts, chain, messages, own) = store.read_blocking(|view| {
        let (facts, chain) = gate::inspect(view, &vault.keyring, Verified::default())?;
        Ok((facts, chain, gate::count_messages(view)?, gate::lineage(view)?))
    })?;
    drop(store);
    let count = |name: &str| facts[name].as_i64().unwrap_or(0);
    let Some(own) = own.filter(|_| count("users") > 0) else {
        return Err(Error::conflict("backup_empty", "That is no backup of a clinic: there is no account in it."));
    };
    let kin = compare(config, wish, own)?;
    stage.settle()?;
    passing("restore_settled");
    let outcome = Outcome {
        dry_run: wish.dry_run,
        bytes,
        sealed,
        raw: staged.raw,
        by_recovery_key: vault.recovered,
        schema_version: staged.schema_version,
        users: count("users"),
        channels: count("channels"),
        messages,
        audit_rows: chain.number,
        until: own.at,
        lost_audit_rows: if let Kin::Same(lost) = kin { Some(lost) } else { None },
        kept: None,
    };
    Ok((outcome, kin))
}

/// A database with accounts that is another clinic's is replaced only by whoever says so.
fn compare(config: &Config, wish: &Wish, own: Lineage) -> Result<Kin> {
    let before = place::peek(&config.store.data_dir, |view| Ok((gate::is_unused(view)?, gate::lineage(view)?)));
    let Some((is_unused, before)) = before else { return Ok(Kin::None) };
    if let Some(before) = before.filter(|before| before.first == own.first) {
        return Ok(Kin::Same((before.number - own.number).max(0)));
    }
    if is_unused || wish.other_clinic {
        return Ok(Kin::Other);
    }
    Err(Error::conflict(
        "backup_of_another_clinic",
        "The database that is here is another clinic's than the one in the backup. To replace it all the same, say \
         --other-clinic; it is kept.",
    ))
}

/// Copies the file into the stage, opening what is sealed, and compares it with the manifest beside it.
fn copy(stage: &Stage, wish: &Wish, tell: &mut dyn FnMut(Progress)) -> Result<bool> {
    let source = &wish.source;
    let mut file = File::open(source).map_err(|cause| {
        Error::invalid("backup_unreadable", format!("{} cannot be read: {cause}", source.display()))
    })?;
    let meta = file.metadata().context("measuring the backup")?;
    if !meta.is_file() {
        return Err(Error::invalid("backup_unreadable", format!("{} is not a file.", source.display())));
    }
    if meta.len() == 0 {
        return Err(Error::conflict("backup_empty", "That is no backup that can be restored: it has no bytes at all."));
    }
    if !stage.has_room_for(meta.len()) {
        let detail = format!("The disk of the data folder has no room for {} bytes more.", meta.len());
        return Err(Error::busy("disk_full", detail));
    }
    let mut first = [0; 24];
    let read = file.read(&mut first).context("reading the backup")?;
    let sealed = age::is_sealed(&first[..read]);
    let from = std::io::Cursor::new(first[..read].to_vec()).chain(file);
    if sealed {
        let passphrase = wish.passphrase.as_ref().ok_or_else(|| {
            Error::invalid("passphrase_needed", "That backup is sealed: give its passphrase with --passphrase-file.")
        })?;
        pour(age::Opener::new(passphrase, from)?, stage, &stage.file(), meta.len(), tell)?;
        return Ok(true);
    }
    pour(from, stage, &stage.file(), meta.len(), tell)?;
    agree(stage, source)?;
    // A raw copy is whole only with its log, if that was copied too.
    let log = PathBuf::from(format!("{}-wal", source.display()));
    if let Ok(beside) = File::open(&log) {
        pour(beside, stage, &stage.log(), 0, tell)?;
    }
    Ok(false)
}

fn pour(mut from: impl Read, stage: &Stage, to: &Path, of: u64, tell: &mut dyn FnMut(Progress)) -> Result<()> {
    let mut file = stage.create(to)?;
    let mut piece = vec![0; PIECE_BYTES];
    let mut done = 0;
    loop {
        let count = from.read(&mut piece).map_err(|cause| cut(&cause))?;
        if count == 0 {
            break;
        }
        file.write_all(&piece[..count]).map_err(full)?;
        done += count as u64;
        tell(Progress { step: "copying", done, of: of.max(done) });
    }
    file.sync_all().map_err(full)
}

fn cut(cause: &std::io::Error) -> Error {
    match cause.kind() {
        std::io::ErrorKind::UnexpectedEof => {
            Error::conflict("backup_truncated", "That is no backup that can be restored: its end is missing.")
        }
        std::io::ErrorKind::InvalidData => {
            Error::conflict("backup_damaged", "That is no backup that can be restored: it was altered or cut off.")
        }
        _ => Error::conflict("backup_unreadable", format!("The backup cannot be read to its end: {cause}")),
    }
}

fn full(cause: std::io::Error) -> Error {
    if matches!(cause.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded) {
        return Error::busy("disk_full", "The disk is full. Nothing was changed.").because(cause);
    }
    Error::internal("writing the restored database").because(cause)
}

/// The manifest beside a backup says which bytes it has.
fn agree(stage: &Stage, source: &Path) -> Result<()> {
    let beside = PathBuf::from(format!("{}.json", source.display()));
    let Ok(text) = fs::read(&beside) else { return Ok(()) };
    let Ok(manifest) = serde_json::from_slice::<Manifest>(&text) else { return Ok(()) };
    let (bytes, sha256) = place::digest(&stage.file())?;
    if bytes < manifest.bytes {
        let detail = format!(
            "That is no backup that can be restored: it has {bytes} bytes, and {} says {}.",
            beside.display(),
            manifest.bytes
        );
        return Err(Error::conflict("backup_truncated", detail));
    }
    if sha256 != manifest.sha256 {
        let detail = format!(
            "The backup does not have the SHA-256 that {} says. If they do not belong together, move that file away.",
            beside.display()
        );
        return Err(Error::conflict("backup_damaged", detail));
    }
    Ok(())
}

/// The file to copy is made anew at once; when that fails, the next start does it.
fn publish(config: &Config) {
    let clock = SystemClock::shared();
    let published = super::Data::open(config, &clock)
        .and_then(|data| Publisher::new(data.store.clone(), data.keyring.clone(), clock.clone()).publish());
    if let Err(error) = published
        && error.kind() != Kind::Busy
    {
        tracing::warn!(cause = error.chain(), "the snapshot of the restored database was not published yet");
    }
}
