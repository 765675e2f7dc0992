//! Putting a backup back: what comes of it, what is refused by which name, and what an interruption leaves.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use mcp_messenger::crypto::{SystemEntropy, age};

use super::driver::names;
use super::ground::{Ground, Told, says, stop};

/// A clinic that was backed up when it had one message, and has two now; stopped.
struct Twice {
    ground: Ground,
    channel: String,
    later: String,
    backup: PathBuf,
    recovery: String,
}

const BEFORE: &str = "Bed 4: potassium 6.1";
const AFTER: &str = "On my way";

impl Twice {
    async fn new() -> Self {
        let ground = Ground::new();
        let running = ground.start().await;
        let kit = ground.run("key recovery-kit").well();
        let recovery = kit.lines().find_map(|line| line.strip_prefix("    ")).expect("a key").trim().to_owned();
        let channel = ground.tell(&[BEFORE]).await;
        ground.run("backup").well();
        let backup = ground.beside("backup.db");
        fs::copy(ground.at("messenger.db"), &backup).expect("a copy");
        let later = ground.tell(&[AFTER]).await;
        stop(running).await;
        Self { ground, channel, later, backup, recovery }
    }

    fn restore(&self, file: &Path, more: &str) -> Told {
        self.ground.run(&format!("restore {} {more}", file.display()))
    }

    /// What a server finds here now: the texts of both channels.
    async fn holds(&self) -> (Vec<String>, Vec<String>) {
        let running = self.ground.start().await;
        let line = self.ground.line();
        let admin = self.ground.admin().await;
        let before = self.ground.texts(&self.channel).await;
        let path = format!("/api/channels/{}", self.later);
        let is_there = line.ask("GET", &path, Some(&admin.token), None).await.expect("an answer").status == 200;
        let after = if is_there { self.ground.texts(&self.later).await } else { Vec::new() };
        stop(running).await;
        self.ground.run("audit verify").well();
        (before, after)
    }

    /// Another file with these bytes.
    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.ground.beside(name);
        fs::write(&path, bytes).expect("written");
        path
    }
}

fn old() -> (Vec<String>, Vec<String>) {
    (vec![BEFORE.to_owned()], Vec::new())
}

fn new() -> (Vec<String>, Vec<String>) {
    (vec![BEFORE.to_owned()], vec![AFTER.to_owned()])
}

#[tokio::test]
async fn a_backup_comes_back_and_what_it_replaced_is_kept() {
    let clinic = Twice::new().await;
    let told = clinic.restore(&clinic.backup, "--dry-run").well();
    says(&told, &["1 messages", "rows of the audit log more", "Nothing was changed"]);
    assert!(!clinic.ground.at("replaced").exists() && !clinic.ground.at(".restore").exists());
    assert_eq!(clinic.holds().await, new());

    let told = clinic.restore(&clinic.backup, "--json").well();
    let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!((told["messages"].as_i64(), told["dryRun"].as_bool()), (Some(1), Some(false)), "{told}");
    assert!(told["lostAuditRows"].as_i64().expect("a number") > 0, "{told}");
    let kept = PathBuf::from(told["kept"].as_str().expect("a path"));
    assert!(kept.exists() && !clinic.ground.at(".restore").exists());
    assert_eq!(clinic.holds().await, old());

    // What was replaced is a backup like any other.
    clinic.restore(&kept, "").well();
    assert_eq!(clinic.holds().await, new());
}

#[tokio::test]
async fn a_running_server_is_not_restored_over() {
    let clinic = Twice::new().await;
    let running = clinic.ground.start().await;
    says(&clinic.restore(&clinic.backup, "").badly(1), &["Stop it"]);
    stop(running).await;
    assert_eq!(clinic.holds().await, new());
}

#[tokio::test]
async fn everything_that_is_no_backup_is_refused_by_name_and_changes_nothing() {
    let clinic = Twice::new().await;
    let good = fs::read(&clinic.backup).expect("the backup");
    let changed = |at: usize, with: &[u8]| {
        let mut bytes = good.clone();
        bytes[at..at + with.len()].copy_from_slice(with);
        bytes
    };
    // An empty database of the right kind: the header of a clean one, and no table.
    let empty = clinic.ground.beside("tables.db");
    let raw = rusqlite::Connection::open(&empty).expect("a database");
    raw.execute_batch("PRAGMA application_id=0x4D43504D; CREATE TABLE t (a); DROP TABLE t;").expect("made");
    drop(raw);
    let live = fs::read(clinic.ground.at("live/messenger.db")).expect("the live file");
    for (name, bytes, text) in [
        ("nothing", Vec::new(), "no bytes at all"),
        ("text", b"this is not a database, and long enough".to_vec(), "does not begin as a database"),
        ("half", good[..good.len() / 2].to_vec(), "bytes of"),
        ("byte", good[..good.len() - 1].to_vec(), "bytes of"),
        ("page", changed(4096 * 3, &[0xAA; 4096]), "no backup that can be restored"),
        ("newer", changed(60, &99_u32.to_be_bytes()), "newer MCP Messenger"),
        ("foreign", changed(68, &7_u32.to_be_bytes()), "another program"),
        ("tables", fs::read(&empty).expect("a file"), "it has no tables"),
        ("live", live, "messenger.db-wal"),
    ] {
        let path = clinic.file(&format!("{name}.db"), &bytes);
        says(&clinic.restore(&path, "").badly(1), &[text]);
    }
    says(&clinic.restore(&clinic.ground.beside("none.db"), "").badly(1), &["cannot be read"]);
    says(&clinic.restore(&clinic.ground.beside(""), "").badly(1), &["is not a file"]);
    // The manifest beside a file knows better.
    let path = clinic.file("told.db", &good);
    fs::copy(clinic.ground.at("messenger.db.json"), clinic.ground.beside("told.db.json")).expect("a manifest");
    let refusal = clinic.restore(&path, "").badly(1);
    assert!(refusal.contains("told.db.json"), "{refusal}");
    for left in [".restore", "replaced"] {
        assert!(!clinic.ground.at(left).exists(), "{left}");
    }
    assert_eq!(clinic.holds().await, new());
}

#[tokio::test]
async fn a_raw_copy_with_its_log_is_whole_and_without_it_only_on_demand() {
    let clinic = Twice::new().await;
    let running = clinic.ground.start().await;
    clinic.ground.tell(&["the newest"]).await;
    // Between two writings both files are at rest; this is what an administrator does by hand.
    let raw = clinic.ground.beside("raw.db");
    fs::copy(clinic.ground.at("live/messenger.db"), &raw).expect("a copy");
    fs::copy(clinic.ground.at("live/messenger.db-wal"), clinic.ground.beside("raw.db-wal")).expect("a copy");
    stop(running).await;
    let told = clinic.restore(&raw, "--dry-run --json").well();
    let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!((told["raw"].as_bool(), told["messages"].as_i64()), (Some(true), Some(3)), "{told}");

    fs::remove_file(clinic.ground.beside("raw.db-wal")).expect("removed");
    says(&clinic.restore(&raw, "").badly(1), &["--accept-loss"]);
    let told = clinic.restore(&raw, "--dry-run --json --accept-loss").well();
    let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    assert!(told["messages"].as_i64() <= Some(3) && told["lostAuditRows"].is_i64(), "the loss is told: {told}");
}

#[tokio::test]
async fn another_machine_needs_the_recovery_key_and_another_clinic_is_asked_for() {
    let clinic = Twice::new().await;
    let mut other = Ground::new();
    stop(other.start().await).await;
    let restore = |other: &Ground, more: &str| other.run(&format!("restore {} {more}", clinic.backup.display()));
    says(&restore(&other, "").badly(1), &["does not open this database"]);
    let key_file = other.beside("recovery key");
    fs::write(&key_file, &clinic.recovery).expect("written");
    other.clinic.set("RECOVERY_KEY_FILE", &key_file);
    says(&restore(&other, "").badly(1), &["another clinic", "--other-clinic"]);
    let running = other.start().await;
    assert_eq!(other.admin().await.username, "dora", "nothing was changed");
    stop(running).await;

    let told = restore(&other, "--other-clinic").well();
    says(&told, &["is kept as"]);
    other.clinic.set("RECOVERY_KEY_FILE", "");
    let running = other.start().await;
    assert_eq!(other.texts(&clinic.channel).await, [BEFORE], "this machine opens it by itself now");
    stop(running).await;

    // A new machine that has nothing at all.
    let mut bare = Ground::bare();
    says(&restore(&bare, "").badly(1), &["RECOVERY_KEY"]);
    assert!(!bare.at("keys/machine.key").exists());
    bare.clinic.set("RECOVERY_KEY_FILE", &key_file);
    restore(&bare, "").well();
    let running = bare.start().await;
    assert_eq!(bare.texts(&clinic.channel).await, [BEFORE]);
    stop(running).await;
}

#[tokio::test]
async fn a_sealed_backup_needs_its_passphrase_and_every_byte() {
    let clinic = Twice::new().await;
    let lock = age::Lock::new("six quiet herons at dawn", &SystemEntropy).expect("a lock");
    let mut age = age::Sealer::new(&lock, &SystemEntropy, Vec::new()).expect("sealed");
    age.write_all(&fs::read(&clinic.backup).expect("the backup")).expect("sealed");
    let bytes = age.finish().expect("sealed");
    let sealed = clinic.file("sealed.age", &bytes);
    says(&clinic.restore(&sealed, "").badly(1), &["--passphrase-file"]);
    clinic.file("wrong", b"another passphrase\n");
    let right = format!("--passphrase-file {}", clinic.file("right", b"six quiet herons at dawn\n").display());
    let wrong = format!("--passphrase-file {}", clinic.ground.beside("wrong").display());
    says(&clinic.restore(&sealed, &wrong).badly(1), &["passphrase is another"]);
    let cut = clinic.file("cut.age", &bytes[..bytes.len() - 100]);
    says(&clinic.restore(&cut, &right).badly(1), &["altered or cut off"]);
    let mut altered = bytes.clone();
    let middle = 70_000.min(altered.len() / 2);
    altered[middle] ^= 1;
    let altered = clinic.file("altered.age", &altered);
    says(&clinic.restore(&altered, &right).badly(1), &["altered or cut off"]);
    assert_eq!(clinic.holds().await, new());
    clinic.restore(&sealed, &right).well();
    assert_eq!(clinic.holds().await, old());
}

/// Each step of a restoring, and whether what was before is there when it ends there.
#[cfg(feature = "faults")]
const STEPS: [(&str, bool); 8] = [
    ("restore_copied", true),
    ("restore_settled", true),
    ("restore_before_note", true),
    ("restore_after_note", false),
    ("restore_moving_away", false),
    ("restore_before_place", false),
    ("restore_after_place", false),
    ("restore_before_clearing", false),
];

#[cfg(feature = "faults")]
#[tokio::test]
async fn a_kill_at_any_step_leaves_one_of_the_two_whole() {
    let mut clinic = Twice::new().await;
    let folder = clinic.ground.beside("kept");
    super::driver::clinic::copy_folder(&clinic.ground.clinic.data_dir, &folder).expect("a copy");
    for (step, before) in STEPS {
        clinic.ground.clinic.set("FAULT_ABORT_AT", step);
        let killed = clinic.restore(&clinic.backup, "");
        assert!(killed.code.is_none(), "{step}: it was not reached: {killed:?}");
        clinic.ground.clinic.set("FAULT_ABORT_AT", "");
        let holds = clinic.holds().await;
        assert_eq!(holds, if before { new() } else { old() }, "{step}");
        // It can be done again after each of them, and then it is done.
        clinic.restore(&clinic.backup, "").well();
        assert_eq!(clinic.holds().await, old(), "{step}");
        assert!(!clinic.ground.at(".restore").exists(), "{step}");
        fs::remove_dir_all(&clinic.ground.clinic.data_dir).expect("removed");
        super::driver::clinic::copy_folder(&folder, &clinic.ground.clinic.data_dir).expect("a copy");
        let key = clinic.ground.at("keys/machine.key");
        fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("private");
    }
    assert!(names::live_database(&clinic.ground.clinic.data_dir).exists());
}
