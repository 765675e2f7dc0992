//! The published snapshot: the one file that may be copied at any moment.
//!
//! `VACUUM INTO` writes all of one moment into a new file without holding the writer up; only a file that was
//! flushed, read through and found whole takes the name `messenger.db`, in one step. Whoever copies meanwhile
//! has the old file or the new one. If anything fails, the old one stays.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::sync::TryLockError;
use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::engine::Conn;
use super::fault::point;
use super::header::Header;
use super::layout::{self, Home, create_private, full_or, rename_over, sync_folder};
use super::migrate::SCHEMA_VERSION;
use super::sqlite::{CORRUPT, Link, Role, disk_full, name};
use super::value::Micros;
use super::{Store, View};
use crate::error::{Context, Error, Result};

/// What stands beside the snapshot: how far it goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The schema of the database in it.
    pub schema_version: i32,
    /// The program that made it.
    pub app_version: String,
    /// When, in microseconds since 1970.
    pub published_at: i64,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// What the owner of the data says of its contents.
    pub facts: serde_json::Value,
}

impl Store {
    /// Publishes a snapshot. `verify` looks into the finished file, before it takes its name, and returns the
    /// facts for the manifest; its error leaves the old snapshot in place. Blocking and long.
    ///
    /// [`Busy`](crate::error::Kind::Busy): `disk_full`, or `snapshot_running` when another is being made;
    /// [`Invalid`](crate::error::Kind::Invalid) (`no_snapshot`) with PostgreSQL.
    pub fn publish(
        &self,
        published_at: Micros,
        verify: impl FnOnce(&mut View<'_>) -> Result<serde_json::Value>,
    ) -> Result<Manifest> {
        let home = self.0.place.home.as_ref().ok_or_else(|| {
            Error::invalid("no_snapshot", "PostgreSQL has no snapshot file; back it up with pg_dump.")
        })?;
        let _alone = match self.0.publishing.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(guard)) => guard.into_inner(),
            Err(TryLockError::WouldBlock) => {
                return Err(Error::busy("snapshot_running", "A snapshot is being made already."));
            }
        };
        // Read first: what is committed meanwhile counts as changed.
        let commits = self.0.counters.changes.load(Ordering::SeqCst);
        let manifest = publish(home, published_at, &self.0.faults, verify)?;
        self.0.published.store(commits, Ordering::SeqCst);
        Ok(manifest)
    }

    /// Whether anything that matters was committed since the last snapshot of this run; true before the first.
    pub fn changed_since_publish(&self) -> bool {
        self.0.published.load(Ordering::SeqCst) != self.0.counters.changes.load(Ordering::SeqCst)
    }
}

/// A file that is removed unless it was kept.
struct Draft<'a>(Option<&'a Path>);

impl Draft<'_> {
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if let Some(path) = self.0 {
            // The next start sweeps what could not be removed now.
            let _ = fs::remove_file(path);
        }
    }
}

fn publish(
    home: &Home,
    published_at: Micros,
    faults: &super::fault::Points,
    verify: impl FnOnce(&mut View<'_>) -> Result<serde_json::Value>,
) -> Result<Manifest> {
    let path = home.folder().join(format!(".messenger.db.new-{}", std::process::id()));
    let draft = Draft(Some(&path));
    write_copy(home, &path)?;
    faults.check(point::SNAPSHOT_FSYNC)?;
    // Windows flushes only what was opened for writing.
    fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .and_then(|file| file.sync_all())
        .map_err(io("flushing the snapshot"))?;
    Header::read(&path, 0)?.map_err(|what| Error::internal(format!("the new snapshot is unfit: {what}")))?;
    if let Some(first) = check(&path)?.into_iter().next() {
        return Err(Error::internal(format!("the new snapshot is unfit: {first}")));
    }
    let facts = look(&path, verify)?;
    let (bytes, sha256) = digest(&path).map_err(io("reading the snapshot"))?;
    let manifest = Manifest {
        schema_version: SCHEMA_VERSION,
        app_version: env!("CARGO_PKG_VERSION").to_owned(),
        published_at: published_at.0,
        bytes,
        sha256,
        facts,
    };
    faults.check(point::SNAPSHOT_RENAME)?;
    rename_over(&path, &home.published()).map_err(io("naming the snapshot"))?;
    draft.keep();
    sync_folder(home.folder()).map_err(io("flushing the data folder"))?;
    write_manifest(home, &manifest, faults)?;
    Ok(manifest)
}

fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> Error {
    move |cause| full_or(cause, |cause| Error::internal(what).because(cause))
}

/// Writes all of this moment into `path`.
fn write_copy(home: &Home, path: &Path) -> Result<()> {
    let size = fs::metadata(home.file()).map_err(io("measuring the database"))?.len();
    if layout::free_bytes(home.folder()).is_some_and(|free| free < size + size / 16 + 1024 * 1024) {
        return Err(disk_full());
    }
    // What a killed server left under this process's number.
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(io("removing an old draft")(cause)),
        _ => {}
    }
    // SQLite takes an empty file, and this one has the right mode from its first byte.
    drop(create_private(path).map_err(io("making the snapshot"))?);
    let target = path.to_str().ok_or_else(|| Error::internal("the data folder's name is not Unicode"))?;
    let link = Link::open(home.file(), Role::Walker).map_err(|e| named(&e))?;
    link.raw().execute("VACUUM INTO ?1", [target]).map_err(|e| named(&e))?;
    Ok(())
}

fn named(error: &rusqlite::Error) -> Error {
    let (named, _) = name(error, "the snapshot");
    if matches!(named.code(), "storage_failed" | CORRUPT) {
        // The walker's trouble is not the writer's: the server goes on, and the old snapshot stays.
        return Error::internal("making the snapshot").because(named.chain());
    }
    named
}

/// Reads every page of an SQLite file: what is wrong, or nothing.
pub(super) fn check(path: &Path) -> Result<Vec<String>> {
    let read = || -> rusqlite::Result<Vec<String>> {
        let link = Link::open(path, Role::Walker)?;
        let mut statement = link.raw().prepare("PRAGMA integrity_check(20)")?;
        statement.query_map([], |row| row.get::<_, String>(0))?.collect()
    };
    match read() {
        Ok(lines) => Ok(lines.into_iter().filter(|line| line != "ok").collect()),
        Err(error) => {
            let (named, _) = name(&error, "the integrity check");
            // That SQLite cannot read the file is the answer, not a failure to get one.
            if named.code() == CORRUPT { Ok(vec![named.chain()]) } else { Err(named) }
        }
    }
}

fn look<T>(path: &Path, verify: impl FnOnce(&mut View<'_>) -> Result<T>) -> Result<T> {
    let link = Link::open(path, Role::Walker).map_err(|e| named(&e))?;
    link.begin_view()?;
    let seen = verify(&mut View { conn: Conn::Sqlite(&link) });
    link.rollback();
    seen
}

pub(super) fn digest(path: &Path) -> std::io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 256 * 1024];
    let mut bytes = 0;
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            break;
        }
        hash.update(&piece[..count]);
        bytes += count as u64;
    }
    let mut text = String::with_capacity(64);
    for byte in hash.finalize() {
        use std::fmt::Write as _;
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok((bytes, text))
}

fn write_manifest(home: &Home, manifest: &Manifest, faults: &super::fault::Points) -> Result<()> {
    use std::io::Write as _;
    let path = home.folder().join(format!(".messenger.db.new-{}.json", std::process::id()));
    let draft = Draft(Some(&path));
    let text = serde_json::to_vec_pretty(manifest).context("writing the manifest")?;
    let mut file = create_private(&path).map_err(io("making the manifest"))?;
    file.set_len(0)
        .and_then(|()| file.write_all(&text))
        .and_then(|()| file.sync_all())
        .map_err(io("writing the manifest"))?;
    faults.check(point::MANIFEST_RENAME)?;
    rename_over(&path, &home.folder().join("messenger.db.json")).map_err(io("naming the manifest"))?;
    draft.keep();
    sync_folder(home.folder()).map_err(io("flushing the data folder"))
}

/// Keeps a copy of the database as it was before a migration, under a name of its own.
pub(super) fn keep_before(home: &Home, version: i32) -> Result<()> {
    let draft_path = home.folder().join(format!(".messenger.db.new-{}", std::process::id()));
    let draft = Draft(Some(&draft_path));
    write_copy(home, &draft_path)?;
    fs::OpenOptions::new()
        .write(true)
        .open(&draft_path)
        .and_then(|file| file.sync_all())
        .and_then(|()| rename_over(&draft_path, &home.folder().join(format!("messenger.before-v{}.db", version + 1))))
        .map_err(io("keeping a copy before the migration"))?;
    draft.keep();
    sync_folder(home.folder()).map_err(io("flushing the data folder"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use super::super::testing::{Bed, Diary};
    use super::*;

    fn count(view: &mut View<'_>) -> Result<serde_json::Value> {
        let rows = view.one("SELECT count(*) FROM notes", &[], |row| row.get::<i64>(0))?;
        let last = view.one("SELECT coalesce(max(id), 0) FROM notes", &[], |row| row.get::<i64>(0))?;
        Ok(serde_json::json!({"rows": rows, "last": last}))
    }

    fn put(store: &Store, id: i64) {
        store
            .write_blocking(|tx| {
                tx.execute("INSERT INTO notes (id, body) VALUES ($1, $2)", &[id.into(), (&format!("b{id}")).into()])
            })
            .unwrap();
    }

    #[test]
    fn a_snapshot_is_one_plain_file_with_a_manifest_that_is_true() {
        let bed = Bed::sqlite();
        let store = bed.with_notes();
        assert!(store.changed_since_publish());
        put(&store, 1);
        let manifest = store.publish(Micros(77), count).unwrap();
        assert!(!store.changed_since_publish());
        let folder = &bed.config.data_dir;
        let bytes = fs::read(folder.join("messenger.db")).unwrap();
        assert_eq!(bytes[18..20], [1, 1], "a rollback journal: no log belongs to it");
        assert_eq!(manifest.bytes, bytes.len() as u64);
        assert_eq!(manifest.facts, serde_json::json!({"rows": 1, "last": 1}));
        let (_, sha256) = digest(&folder.join("messenger.db")).unwrap();
        let written: Manifest = serde_json::from_slice(&fs::read(folder.join("messenger.db.json")).unwrap()).unwrap();
        assert_eq!(written, manifest);
        assert_eq!((written.sha256, written.published_at, written.schema_version), (sha256, 77, SCHEMA_VERSION));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(folder.join("messenger.db")).unwrap().permissions().mode() & 0o777, 0o600);
        }
        put(&store, 2);
        assert!(store.changed_since_publish());
        let names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(names.len(), 3, "live, the snapshot, its manifest and no draft: {names:?}");
    }

    #[test]
    fn a_snapshot_whose_verification_fails_leaves_the_old_one() {
        let bed = Bed::sqlite();
        let store = bed.with_notes();
        put(&store, 1);
        store.publish(Micros(1), count).unwrap();
        let before = fs::read(bed.config.data_dir.join("messenger.db")).unwrap();
        put(&store, 2);
        let error = store.publish(Micros(2), |_| Err(Error::internal("the chain is broken"))).unwrap_err();
        assert_eq!(error.detail(), "the chain is broken");
        assert_eq!(fs::read(bed.config.data_dir.join("messenger.db")).unwrap(), before);
        assert!(store.changed_since_publish());
    }

    #[cfg(feature = "faults")]
    #[test]
    fn a_failure_anywhere_leaves_a_whole_snapshot_and_no_draft() {
        use super::super::fault::Fault;
        for (at, renamed) in
            [(point::SNAPSHOT_FSYNC, false), (point::SNAPSHOT_RENAME, false), (point::MANIFEST_RENAME, true)]
        {
            let bed = Bed::sqlite();
            let store = bed.with_notes();
            store.publish(Micros(1), count).unwrap();
            put(&store, 1);
            store.faults().arm(at, 1, Fault::Io);
            assert!(store.publish(Micros(2), count).is_err(), "{at}");
            let facts = look(&bed.config.data_dir.join("messenger.db"), count).unwrap();
            assert_eq!(facts["rows"], i64::from(renamed), "{at}");
            let drafts = fs::read_dir(&bed.config.data_dir)
                .unwrap()
                .filter(|e| e.as_ref().unwrap().file_name().to_str().unwrap().starts_with('.'))
                .count();
            assert_eq!(drafts, 0, "{at}");
            assert!(store.publish(Micros(3), count).is_ok(), "{at}");
        }
    }

    #[test]
    fn twenty_snapshots_under_writing_are_all_whole_and_never_older_than_they_say() {
        let bed = Bed::sqlite();
        let store = bed.with_notes();
        let writer = store.start(Diary::default(), 10_000).unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let acked = Arc::new(std::sync::atomic::AtomicI64::new(0));
        let busy = {
            let (over, acked, writer) = (Arc::clone(&over), Arc::clone(&acked), writer.clone());
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                let mut id = 0;
                while !over.load(Ordering::SeqCst) {
                    id += 1;
                    let wrote = runtime.block_on(writer.write(move |tx, _| {
                        let body = format!("{id}{}", "z".repeat(2000));
                        tx.execute("INSERT INTO notes (id, body) VALUES ($1, $2)", &[id.into(), (&body).into()])
                    }));
                    wrote.unwrap();
                    acked.store(id, Ordering::SeqCst);
                }
            })
        };
        for round in 0..20 {
            let before = acked.load(Ordering::SeqCst);
            let manifest = store.publish(Micros(round), count).unwrap();
            // A person's copy, taken while the next one is being made.
            let copy = bed.config.data_dir.join(format!("copy-{round}.db"));
            fs::copy(bed.config.data_dir.join("messenger.db"), &copy).unwrap();
            assert!(check(&copy).unwrap().is_empty(), "round {round}");
            let facts = look(&copy, count).unwrap();
            assert_eq!(facts, manifest.facts);
            assert_eq!(facts["rows"], facts["last"], "no hole");
            assert!(facts["last"].as_i64().unwrap() >= before, "round {round}: everything acknowledged is in it");
            fs::remove_file(copy).unwrap();
        }
        over.store(true, Ordering::SeqCst);
        busy.join().unwrap();
        assert!(acked.load(Ordering::SeqCst) > 20, "writing went on");
        writer.stop_blocking();
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn postgres_has_no_snapshot_and_says_what_to_use() {
        let Some(bed) = Bed::postgres() else { return };
        let error = bed.open().publish(Micros(1), |_| Ok(serde_json::Value::Null)).unwrap_err();
        assert_eq!(error.code(), "no_snapshot");
        assert!(error.detail().contains("pg_dump"));
    }
}
