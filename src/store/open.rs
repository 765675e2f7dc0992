//! Opening: the quick checks at start, the adoption of a snapshot, the schema.
//!
//! Only checks that cost the same for a small and a large file; the full check runs in the background and in
//! the publisher. A file that fails one is never touched.

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use super::engine::Hand;
use super::header::Header;
use super::layout::{self, Home};
use super::migrate::{self, Found, SCHEMA_VERSION};
use super::sqlite::{self, APPLICATION_ID, Link, PAGE_BYTES, Role};
use super::tx::Tx;
use super::{Place, Readers, Store, snapshot};
use crate::config;
use crate::error::{Context, Error, Kind, Result};

/// Opens the file in the data folder, or makes it.
pub(super) fn sqlite(config: &config::Store) -> Result<Store> {
    if rusqlite::version_number() < sqlite::VERSION_MIN {
        return Err(Error::conflict(
            "sqlite_too_old",
            format!(
                "This program was linked with SQLite {}, which can lose commits; it needs 3.51.3 or newer.",
                rusqlite::version()
            ),
        ));
    }
    let home = Home::enter(&config.data_dir)?;
    home.sweep();
    if let Some(kept) = super::restore::finish_in(&home)? {
        tracing::info!("a restored database was put in place; the one before is {}", kept.display());
    }
    let (fresh, adopted) = match seek(&home)? {
        Start::Live => (false, false),
        Start::Adopt => {
            adopt(&home)?;
            (false, true)
        }
        Start::Fresh => {
            create(&home)?;
            (true, false)
        }
    };
    let mut hand = Hand::Sqlite(Box::new(link(&home)?));
    bring_up(&mut hand, &home)?;
    let readers = r2d2::Pool::builder()
        .max_size(config.readers_max.max(1))
        .min_idle(Some(1))
        .max_lifetime(None)
        .idle_timeout(None)
        .test_on_check_out(false)
        .connection_timeout(Duration::from_secs(3))
        .error_handler(Box::new(Quiet))
        .build(sqlite::Readers::of(home.file()))
        .context("opening readers of the database")?;
    Ok(Store::new(Readers::Sqlite(readers), hand, Place { home: Some(home), fresh, adopted }))
}

/// r2d2 would log through `log`, which nobody reads here.
#[derive(Debug)]
pub(super) struct Quiet;

impl<E: std::error::Error> r2d2::HandleError<E> for Quiet {
    fn handle_error(&self, error: E) {
        tracing::warn!("a reader of the database could not be opened: {error}");
    }
}

enum Start {
    Live,
    Adopt,
    Fresh,
}

/// Decides what the folder holds. A database that is not certainly absent is never made anew.
fn seek(home: &Home) -> Result<Start> {
    let wal_bytes = fs::metadata(home.wal()).map_or(0, |meta| meta.len());
    if !home.file().exists() {
        if wal_bytes > 0 {
            return Err(home.damaged("its log messenger.db-wal is there and the file itself is not"));
        }
        return Ok(if home.published().exists() { Start::Adopt } else { Start::Fresh });
    }
    Header::read(home.file(), wal_bytes)?.map_err(|what| home.damaged(&what))?;
    Ok(Start::Live)
}

/// Makes a database under another name and moves it into place complete, so that an interrupted first start
/// leaves nothing that looks like a damaged one.
fn create(home: &Home) -> Result<()> {
    let path = home.live().join(".messenger.db.new");
    layout::create_private(&path)
        .map_err(|cause| layout::full_or(cause, |cause| Error::internal("making the database").because(cause)))?;
    {
        let link = Link::open(&path, Role::Writer).map_err(|e| name(home, &e))?;
        link.raw()
            .execute_batch(&format!("PRAGMA page_size={PAGE_BYTES}; PRAGMA application_id={APPLICATION_ID};"))
            .map_err(|e| name(home, &e))?;
        let mut hand = Hand::Sqlite(Box::new(link));
        apply(&mut hand, Found::Nothing)?;
    }
    place(home, &path)
}

/// Takes a snapshot as the live database, after reading all of it.
fn adopt(home: &Home) -> Result<()> {
    let source = home.published();
    tracing::info!("adopting the snapshot {}", source.display());
    let unfit = |what: String| {
        Error::conflict(
            "database_damaged",
            format!("{} cannot be adopted: {what}. Put another copy in its place and start again.", source.display()),
        )
    };
    Header::read(&source, 0)?.map_err(unfit)?;
    let wrong = snapshot::check(&source)?;
    if let Some(first) = wrong.first() {
        return Err(unfit(first.clone()));
    }
    let path = home.live().join(".messenger.db.new");
    let copied = layout::create_private(&path).and_then(|mut target| {
        std::io::copy(&mut File::open(&source)?, &mut target)?;
        target.sync_all()
    });
    copied.map_err(|cause| layout::full_or(cause, |cause| Error::internal("copying the snapshot").because(cause)))?;
    place(home, &path)
}

fn place(home: &Home, path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|file| if cfg!(unix) { file.sync_all() } else { Ok(()) })
        .and_then(|()| fs::rename(path, home.file()))
        .and_then(|()| layout::sync_folder(&home.live()))
        .map_err(|cause| layout::full_or(cause, |cause| Error::internal("placing the database").because(cause)))
}

/// Opens the writing connection; a crash before is repaired by SQLite here, from its log.
fn link(home: &Home) -> Result<Link> {
    let link = Link::open(home.file(), Role::Writer).map_err(|e| name(home, &e))?;
    let mode: String =
        link.raw().query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0)).map_err(|e| name(home, &e))?;
    if mode != "wal" {
        return Err(Error::internal(format!("the journal mode stayed {mode}")));
    }
    // Reads the first page and the list of tables through the log.
    link.raw()
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))
        .map_err(|e| name(home, &e))?;
    Ok(link)
}

/// An SQLite error at start, as a sentence for whoever starts the server.
fn name(home: &Home, error: &rusqlite::Error) -> Error {
    let (named, _) = sqlite::name(error, "opening the database");
    if named.code() == sqlite::CORRUPT {
        return home.damaged("SQLite cannot read it").because(named.chain());
    }
    named
}

fn bring_up(hand: &mut Hand, home: &Home) -> Result<()> {
    hand.begin()?;
    let found = migrate::find(&mut Tx { conn: hand.conn() });
    hand.rollback();
    let found = found.map_err(|error| {
        if error.code() == sqlite::CORRUPT {
            home.damaged("its list of tables cannot be read").because(error)
        } else {
            error
        }
    })?;
    found.check()?;
    match found {
        Found::Version(SCHEMA_VERSION) => Ok(()),
        // It was made whole by `create`; a file without tables is not ours.
        Found::Nothing => Err(home.damaged("it has no tables")),
        Found::Version(version) => {
            snapshot::keep_before(home, version)?;
            apply(hand, found)
        }
    }
}

fn apply(hand: &mut Hand, found: Found) -> Result<()> {
    hand.begin()?;
    let done = migrate::bring_up(&mut Tx { conn: hand.conn() }, found).and_then(|()| {
        #[cfg_attr(not(feature = "postgres"), expect(irrefutable_let_patterns, reason = "there is one engine then"))]
        if let Hand::Sqlite(link) = &*hand {
            // In the header, so that the quick check finds it without SQLite.
            link.raw().pragma_update(None, "user_version", SCHEMA_VERSION).context("noting the schema version")?;
        }
        hand.commit().map(|_| ())
    });
    if done.is_err() {
        hand.rollback();
    }
    done.map_err(|error| {
        if error.kind() == Kind::Internal {
            Error::conflict(
                "migration_failed",
                "The database could not be brought to this program's schema; nothing was changed.",
            )
            .because(error)
        } else {
            error
        }
    })
}

/// Connects to PostgreSQL.
#[cfg(feature = "postgres")]
pub(super) fn postgres(config: &config::Store) -> Result<Store> {
    let server = super::postgres::Server::of(&config.postgres)?;
    let mut link = server.connect()?;
    link.refuse_careless()?;
    let mut hand = Hand::Postgres(Box::new(link));
    hand.begin()?;
    // Nodes that start together change the schema one after another.
    let found = match &mut hand {
        Hand::Postgres(link) => link.alone(),
        Hand::Sqlite(_) => Ok(()),
    }
    .and_then(|()| migrate::find(&mut Tx { conn: hand.conn() }))
    .and_then(|found| {
        if found != Found::Version(SCHEMA_VERSION) {
            migrate::bring_up(&mut Tx { conn: hand.conn() }, found)?;
        }
        hand.commit().map(|_| found)
    });
    if found.is_err() {
        hand.rollback();
    }
    let fresh = found? == Found::Nothing;
    let readers = super::postgres::Pool::open(server, config.readers_max)?;
    Ok(Store::new(Readers::Postgres(readers), hand, Place { home: None, fresh, adopted: false }))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::Micros;
    use super::super::testing::{Bed, Diary, notes};
    use super::*;

    fn refusal(bed: &Bed) -> Error {
        Store::open(&bed.config).err().expect("a refusal")
    }

    fn live(bed: &Bed) -> PathBuf {
        bed.config.data_dir.join("live/messenger.db")
    }

    fn with_one_note(bed: &Bed) -> Store {
        let store = bed.with_notes();
        store.write_blocking(|tx| tx.execute("INSERT INTO notes (id, body) VALUES (1, 'kept')", &[])).unwrap();
        store
    }

    /// As a clean stop leaves it: everything in one file.
    fn closed(store: Store) {
        store.start(Diary::default(), 1).unwrap().stop_blocking();
        drop(store);
    }

    #[test]
    fn a_new_folder_gets_a_private_database_and_the_next_start_finds_it() {
        let bed = Bed::sqlite();
        let store = with_one_note(&bed);
        assert!(store.fresh() && !store.adopted());
        assert_eq!(store.file(), Some(live(&bed).as_path()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(bed.config.data_dir.join("live")), 0o700);
            for name in ["messenger.db", "messenger.db-wal", "lock"] {
                assert_eq!(mode(bed.config.data_dir.join("live").join(name)), 0o600, "{name}");
            }
        }
        closed(store);
        let store = bed.open();
        assert!(!store.fresh());
        assert_eq!(notes(&store), ["kept"]);
    }

    #[test]
    fn the_pragmas_are_the_ones_that_keep_commits() {
        let bed = Bed::sqlite();
        let store = bed.open();
        let ask = |sql| store.write_blocking(|tx| tx.one(sql, &[], |row| row.get::<i64>(0))).unwrap();
        assert_eq!(ask("PRAGMA synchronous"), 2, "FULL");
        assert_eq!(ask("PRAGMA secure_delete"), 1);
        assert_eq!(ask("PRAGMA foreign_keys"), 1);
        assert_eq!(ask("PRAGMA wal_autocheckpoint"), 0);
        assert_eq!(ask("PRAGMA page_size"), 4096);
        assert_eq!(store.read_blocking(|view| view.one("PRAGMA query_only", &[], |row| row.get::<i64>(0))).unwrap(), 1);
    }

    #[test]
    fn a_second_server_on_the_folder_is_refused_and_told_who_has_it() {
        let bed = Bed::sqlite();
        let store = bed.open();
        let error = refusal(&bed);
        assert_eq!(error.code(), "database_held");
        assert!(error.detail().contains(&std::process::id().to_string()), "{}", error.detail());
        drop(store);
        bed.open();
    }

    #[test]
    fn a_truncated_or_overwritten_file_is_refused_and_left_alone() {
        type Harm = fn(&mut Vec<u8>);
        let harms: [(&str, Harm); 5] = [
            ("empty", Vec::clear),
            ("half", |bytes| bytes.truncate(bytes.len() / 2)),
            ("one byte short", |bytes| bytes.truncate(bytes.len() - 1)),
            ("no header", |bytes| bytes[..16].fill(0)),
            ("no list of tables", |bytes| bytes[100..4096].fill(0xFF)),
        ];
        for (name, harm) in harms {
            let bed = Bed::sqlite();
            closed(with_one_note(&bed));
            let mut bytes = fs::read(live(&bed)).unwrap();
            harm(&mut bytes);
            fs::write(live(&bed), &bytes).unwrap();
            let error = refusal(&bed);
            assert_eq!((error.kind(), error.code()), (Kind::Conflict, "database_damaged"), "{name}: {error:?}");
            assert!(error.detail().contains("start again"), "{name}: {}", error.detail());
            assert_eq!(fs::read(live(&bed)).unwrap(), bytes, "{name}");
        }
    }

    #[test]
    fn a_log_without_its_file_is_refused() {
        let bed = Bed::sqlite();
        let store = with_one_note(&bed);
        let wal = bed.config.data_dir.join("live/messenger.db-wal");
        let log = fs::read(&wal).unwrap();
        closed(store);
        fs::remove_file(live(&bed)).unwrap();
        fs::write(&wal, log).unwrap();
        assert_eq!(refusal(&bed).code(), "database_damaged");
        assert!(!live(&bed).exists(), "no empty database was made over it");
    }

    #[test]
    fn the_damaged_sentence_points_to_the_snapshot_and_following_it_works() {
        let bed = Bed::sqlite();
        let store = with_one_note(&bed);
        store.publish(Micros(1), |_| Ok(serde_json::Value::Null)).unwrap();
        closed(store);
        fs::write(live(&bed), b"ransom").unwrap();
        let error = refusal(&bed);
        assert!(error.detail().contains("adopts"), "{}", error.detail());
        fs::rename(bed.config.data_dir.join("live"), bed.config.data_dir.join("moved")).unwrap();
        let store = bed.open();
        assert!(store.adopted() && !store.fresh());
        assert_eq!(notes(&store), ["kept"]);
    }

    #[test]
    fn a_damaged_snapshot_is_not_adopted() {
        let bed = Bed::sqlite();
        let store = with_one_note(&bed);
        store.publish(Micros(1), |_| Ok(serde_json::Value::Null)).unwrap();
        closed(store);
        fs::remove_dir_all(bed.config.data_dir.join("live")).unwrap();
        let snapshot = bed.config.data_dir.join("messenger.db");
        let mut bytes = fs::read(&snapshot).unwrap();
        let middle = 4096 * 2;
        bytes[middle..middle + 4096].fill(0xAA);
        fs::write(&snapshot, &bytes).unwrap();
        assert_eq!(refusal(&bed).code(), "database_damaged");
        assert!(!live(&bed).exists());
    }

    #[test]
    fn a_newer_or_foreign_file_is_refused_by_its_header() {
        for (at, value, code) in [(60, 99_u32, "database_newer"), (68, 7, "database_foreign")] {
            let bed = Bed::sqlite();
            closed(bed.open());
            let mut bytes = fs::read(live(&bed)).unwrap();
            bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
            fs::write(live(&bed), bytes).unwrap();
            assert_eq!(refusal(&bed).code(), code);
        }
    }

    #[test]
    fn what_an_interrupted_first_start_left_is_swept_away() {
        let bed = Bed::sqlite();
        fs::create_dir_all(bed.config.data_dir.join("live")).unwrap();
        let half = bed.config.data_dir.join("live/.messenger.db.new");
        fs::write(&half, b"half").unwrap();
        assert!(bed.open().fresh());
        assert!(!half.exists());
    }

    /// A small file system, where the test may mount one.
    #[cfg(target_os = "linux")]
    struct Small(tempfile::TempDir);

    #[cfg(target_os = "linux")]
    impl Small {
        fn mount(bytes: &str) -> Option<Self> {
            let folder = tempfile::tempdir().ok()?;
            let mounted = std::process::Command::new("mount")
                .args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"])
                .arg(folder.path())
                .output()
                .is_ok_and(|output| output.status.success());
            if !mounted {
                eprintln!("no right to mount a small file system here: not tried");
            }
            mounted.then_some(Self(folder))
        }
    }

    #[cfg(target_os = "linux")]
    impl Drop for Small {
        fn drop(&mut self) {
            let _ = std::process::Command::new("umount").arg("-l").arg(self.0.path()).output();
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_refuses_the_start_and_while_serving_passes_by_itself() {
        let Some(small) = Small::mount("12m") else { return };
        let data_dir = small.0.path().join("data");
        let config = config::Store { data_dir, ..config::Store::default() };
        let filler = small.0.path().join("filler");
        fs::write(&filler, vec![1; 10 << 20]).unwrap();
        let error = Store::open(&config).err().expect("a refusal");
        assert_eq!((error.kind(), error.code()), (Kind::Busy, "disk_full"));
        fs::remove_file(&filler).unwrap();

        let store = Store::open(&config).unwrap();
        store.write_blocking(|tx| tx.execute("CREATE TABLE notes (id BIGINT PRIMARY KEY, body TEXT)", &[])).unwrap();
        let writer = store.start(Diary::default(), 100).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let put = |id: i64| {
            runtime.block_on(writer.write(move |tx, _| {
                let body = "x".repeat(50_000);
                tx.execute("INSERT INTO notes (id, body) VALUES ($1, $2)", &[id.into(), (&body).into()])
            }))
        };
        let mut acked = Vec::new();
        let mut refused = 0;
        for id in 0..400 {
            match put(id) {
                Ok(_) => acked.push(id),
                Err(error) => {
                    assert_eq!(error.code(), "disk_full", "{error:?}");
                    refused += 1;
                }
            }
        }
        assert!(refused > 0 && !acked.is_empty());
        assert!(store.fatal().borrow().is_none());
        let error = store.publish(Micros(1), |_| Ok(serde_json::Value::Null)).unwrap_err();
        assert_eq!(error.code(), "disk_full", "the snapshot gives way too");
        let grown = std::process::Command::new("mount")
            .args(["-o", "remount,size=64m"])
            .arg(small.0.path())
            .output()
            .is_ok_and(|output| output.status.success());
        assert!(grown);
        put(1000).expect("there is space again");
        acked.push(1000);
        let kept: Vec<i64> =
            store.read_blocking(|view| view.all("SELECT id FROM notes ORDER BY id", &[], |row| row.get(0))).unwrap();
        assert_eq!(kept, acked);
        writer.stop_blocking();
        assert!(store.check_blocking().unwrap().is_empty());
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn a_postgres_that_would_lose_commits_or_is_not_there_is_refused_plainly() {
        let Some(bed) = Bed::postgres() else { return };
        drop(bed.open());
        let name = &bed.config.postgres.name;
        super::super::testing::admin(
            &bed.config.postgres,
            &format!("ALTER DATABASE {name} SET synchronous_commit = off"),
        );
        let error = refusal(&bed);
        assert_eq!((error.kind(), error.code()), (Kind::Conflict, "database_unsafe"));
        assert!(error.detail().contains("synchronous_commit=off"));
        super::super::testing::admin(&bed.config.postgres, &format!("ALTER DATABASE {name} RESET synchronous_commit"));
        bed.open();

        let mut gone = bed.config.clone();
        gone.postgres.port = 1;
        let error = Store::open(&gone).err().expect("a refusal");
        assert_eq!((error.kind(), error.code()), (Kind::Busy, "database_unreachable"));
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn postgres_over_tls_is_checked_against_the_given_authority() {
        let Some(bed) = Bed::postgres() else { return };
        let mut config = bed.config.clone();
        config.postgres.tls = true;
        if config.postgres.tls_ca.is_none() {
            eprintln!("the given server's authority is not known: not tried");
            return;
        }
        config.postgres.host = "localhost".into();
        let store = Store::open(&config).unwrap();
        let ciphered = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        assert!(store.read_blocking(|view| view.one(ciphered, &[], |row| row.get::<bool>(0))).unwrap());
        assert!(store.write_blocking(|tx| tx.one(ciphered, &[], |row| row.get::<bool>(0))).unwrap());

        // The name is checked, and so is who signed.
        let mut other = config.clone();
        other.postgres.host = "127.0.0.1".into();
        assert_eq!(Store::open(&other).err().expect("a refusal").code(), "database_unreachable");
        let stranger = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::create_dir_all(&config.data_dir).unwrap();
        let path = config.data_dir.join("stranger.pem");
        fs::write(&path, stranger.cert.pem()).unwrap();
        other.postgres.host = "localhost".into();
        other.postgres.tls_ca = Some(path.clone());
        assert_eq!(Store::open(&other).err().expect("a refusal").code(), "database_unreachable");
        fs::write(&path, "not a certificate").unwrap();
        assert_eq!(Store::open(&other).err().expect("a refusal").code(), "bad_authority");
    }
}
