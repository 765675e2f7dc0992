//! The commands, with the server running and with it stopped.

use std::fs;

use sha2::{Digest as _, Sha256};

use super::ground::{Ground, alone, json, says, stop};

#[tokio::test]
async fn a_backup_holds_everything_whether_the_server_runs_or_not() {
    let ground = Ground::new();
    let running = ground.start().await;
    ground.tell(&["one", "two"]).await;
    let said = ground.run("backup").well();
    says(&said, &[&ground.at("messenger.db").display().to_string(), "verified", "recovery"]);
    true_manifest(&ground, 2);
    ground.tell(&["three"]).await;
    let told: serde_json::Value = serde_json::from_str(&ground.run("backup --json").well()).expect("JSON");
    assert_eq!(told, json(&ground.at("messenger.db.json")));
    true_manifest(&ground, 3);
    stop(running).await;

    fs::remove_file(ground.at("messenger.db")).expect("the old snapshot");
    ground.run("backup").well();
    true_manifest(&ground, 3);
}

/// The manifest is about the file beside it, which has so many messages.
fn true_manifest(ground: &Ground, messages: i64) {
    let file = ground.at("messenger.db");
    let manifest = json(&ground.at("messenger.db.json"));
    let digest: Vec<String> =
        Sha256::digest(fs::read(&file).expect("the file")).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(manifest["sha256"], digest.concat().as_str());
    let copy = ground.beside("copy.db");
    fs::copy(&file, &copy).expect("a copy");
    let copy = rusqlite::Connection::open(copy).expect("it opens");
    let count: i64 = copy.query_row("SELECT count(*) FROM messages", [], |row| row.get(0)).expect("a count");
    assert_eq!(count, messages);
}

#[tokio::test]
async fn the_audit_log_is_verified_and_a_changed_row_is_found() {
    let ground = Ground::new();
    let running = ground.start().await;
    ground.tell(&["one", "two"]).await;
    says(&ground.run("audit verify").well(), &["intact"]);
    stop(running).await;
    let said = ground.run("audit verify").well();
    let rows: i64 = said.split_whitespace().find_map(|word| word.parse().ok()).expect("a number of rows");
    assert!(rows > 4, "{said}");

    let harms: [(&str, &str); 4] = [
        ("changed", "UPDATE audit_logs SET action = 'nothing.happened' WHERE number = 3"),
        ("removed", "DELETE FROM audit_logs WHERE number = 3"),
        ("cut off", "DELETE FROM audit_logs WHERE number = (SELECT max(number) FROM audit_logs)"),
        ("swapped", "UPDATE audit_logs SET number = CASE number WHEN 3 THEN -4 ELSE -3 END WHERE number IN (3, 4)"),
    ];
    let live = ground.at("live/messenger.db");
    let good = fs::read(&live).expect("the database");
    for (name, harm) in harms {
        fs::write(&live, &good).expect("the database");
        let database = rusqlite::Connection::open(&live).expect("the database");
        database.execute_batch(harm).unwrap_or_else(|why| panic!("{name}: {why}"));
        if name == "swapped" {
            database.execute_batch("UPDATE audit_logs SET number = -number WHERE number < 0").expect("swapped");
        }
        drop(database);
        let said = ground.run("audit verify").badly(1);
        let row = if name == "cut off" { rows.to_string() } else { "3".to_owned() };
        says(&said, &["audit log", &format!("row {row}")]);
    }
    fs::write(&live, &good).expect("the database");
    ground.run("audit verify").well();
}

#[tokio::test]
async fn a_recovery_kit_is_printed_once_and_kept_nowhere() {
    let ground = Ground::new();
    let running = ground.start().await;
    let while_running = ground.run("key recovery-kit").well();
    stop(running).await;
    let while_stopped = ground.run("key recovery-kit").well();
    for kit in [&while_running, &while_stopped] {
        says(kit, &["RECOVERY_KEY", "Print it", "messenger.db"]);
        let key = kit.lines().find_map(|line| line.strip_prefix("    ")).expect("a key").trim();
        assert!(key.len() >= 26, "{key}");
        assert!(!ground.log().contains(key));
        for file in ["messenger.db", "live/messenger.db"] {
            let bytes = fs::read(ground.at(file)).expect("a file");
            assert!(!bytes.windows(key.len()).any(|part| part == key.as_bytes()), "{file}");
        }
    }
    assert_ne!(while_running, while_stopped);
}

#[test]
fn commands_on_data_that_is_not_there_make_none() {
    for command in ["backup", "key recovery-kit", "audit verify"] {
        let said = alone(command, &[]).badly(1);
        says(&said, &["--data-dir"]);
    }
}

#[test]
fn the_help_of_every_command_is_readable() {
    let commands = [
        "",
        "serve",
        "config",
        "config check",
        "config show",
        "config schema",
        "backup",
        "key",
        "key recovery-kit",
        "audit",
        "audit verify",
        "import",
        "version",
    ];
    for command in commands {
        for flag in ["--help", "-h"] {
            let help = alone(&format!("{command} {flag}"), &[("COLUMNS", "100")]).well();
            says(&help, &["Usage: mcp-messenger"]);
            let wide: Vec<&str> = help.lines().filter(|line| line.chars().count() > 100).collect();
            assert!(wide.is_empty(), "{command} {flag}: {wide:?}");
            assert!(help.lines().count() > 3, "{command} {flag} says nothing:\n{help}");
            for noise in ["[possible values: ]", "```", "](", "\u{1b}["] {
                assert!(!help.contains(noise), "{command} {flag} has {noise:?}:\n{help}");
            }
        }
    }
    let whole = alone("--help", &[]).well();
    says(&whole, &["serve", "config", "backup", "key", "audit", "--port", "--data-dir", "Exit codes"]);
    assert!(!alone("backup --help", &[]).well().contains("--port"), "the help of a backup is not about ports");
}

#[test]
fn a_wrong_command_line_is_told_apart_from_a_wrong_configuration() {
    says(&alone("bakcup", &[]).badly(2), &["backup"]);
    says(&alone("--prot 3", &[]).badly(2), &["--port"]);
    let secret = alone("--jwt-secret 0123456789abcdef0123456789abcdef", &[]).badly(2);
    says(&secret, &["JWT_SECRET"]);
    assert!(!secret.contains("0123456789abcdef"), "{secret}");
    assert_eq!(alone("version", &[]).well(), alone("--version", &[]).well());
}
