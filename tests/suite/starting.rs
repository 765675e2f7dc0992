//! What a server refuses to start over, with a reason; and what it finds again when it does start.

use std::path::Path;

use mcp_messenger::config::Secret;

use crate::fixture::Clinic;

fn live(clinic: &Clinic) -> std::path::PathBuf {
    clinic.data_dir().join("live").join("messenger.db")
}

/// A clinic with something in it, stopped.
async fn stopped() -> (Clinic, String) {
    let mut clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let channel = dora.channel("Ward 3", &[]).await;
    dora.say(&channel, "kept").await;
    clinic.stop().await;
    (clinic, channel)
}

async fn still_says(clinic: &mut Clinic, channel: &str) {
    clinic.start().await;
    let dora = clinic.dora().await;
    assert_eq!(dora.page(channel).await[0]["text"], "kept");
    assert!(clinic.verify_audit().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_same_folder_is_refused() {
    let clinic = Clinic::open().await;
    assert_eq!(clinic.refused_start().await, "database_held");
    clinic.dora().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_occupied_port_is_refused_and_the_data_stays_as_it_was() {
    let (mut clinic, channel) = stopped().await;
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    clinic.config.listen.port = other.local_addr().unwrap().port();
    assert_eq!(clinic.refused_start().await, "port_in_use");
    clinic.config.listen.port = 0;
    still_says(&mut clinic, &channel).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_key_no_server_starts_and_no_new_key_is_made() {
    let (mut clinic, channel) = stopped().await;
    let key = clinic.data_dir().join("keys").join("machine.key");
    let kept = std::fs::read(&key).unwrap();

    std::fs::remove_file(&key).unwrap();
    assert_eq!(clinic.refused_start().await, "key_missing");
    assert!(!key.exists(), "a new key over existing data would lose it");

    let other = Clinic::open().await;
    let foreign = std::fs::read(other.data_dir().join("keys").join("machine.key")).unwrap();
    private_copy(&foreign, &key);
    assert_eq!(clinic.refused_start().await, "wrong_key");

    private_copy(b"not a key at all", &key);
    assert_eq!(clinic.refused_start().await, "bad_master_key");
    std::fs::remove_file(&key).unwrap();

    clinic.config.keys.encryption = Some(Secret::new("0123456789abcdef".repeat(4)));
    assert_eq!(clinic.refused_start().await, "wrong_key");
    clinic.config.keys.encryption = None;

    private_copy(&kept, &key);
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    assert_eq!(clinic.refused_start().await, "key_file_exposed");
    private_copy(&kept, &key);
    still_says(&mut clinic, &channel).await;
}

fn private_copy(bytes: &[u8], to: &Path) {
    let _ = std::fs::remove_file(to);
    std::fs::write(to, bytes).unwrap();
    std::fs::set_permissions(to, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_refused_and_the_snapshot_takes_its_place() {
    let (mut clinic, channel) = stopped().await;
    let whole = std::fs::read(live(&clinic)).unwrap();
    for damaged in [whole[..whole.len() / 2].to_vec(), whole[..100].to_vec(), vec![7; 5_000], {
        let mut header = whole.clone();
        header[..16].copy_from_slice(b"Not SQLite at al");
        header
    }] {
        std::fs::write(live(&clinic), &damaged).unwrap();
        let code = clinic.refused_start().await;
        assert!(["database_damaged", "database_foreign"].contains(&code), "{code}");
        assert_eq!(std::fs::read(live(&clinic)).unwrap(), damaged, "what is refused is not touched");
    }
    // As the manual says: move the damaged one away and start over the snapshot.
    std::fs::remove_file(live(&clinic)).unwrap();
    still_says(&mut clinic, &channel).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_program_or_another_one_is_refused() {
    let (clinic, _) = stopped().await;
    let whole = std::fs::read(live(&clinic)).unwrap();
    for (change, code) in [
        ("INSERT INTO schema_migrations VALUES (1002, 'later', '9.0.0')", "database_newer"),
        ("PRAGMA user_version = 1002", "database_newer"),
        ("PRAGMA application_id = 7", "database_foreign"),
    ] {
        clinic.sql(change).await;
        assert_eq!(clinic.refused_start().await, code, "{change}");
        std::fs::write(live(&clinic), &whole).unwrap();
    }
}

/// The whole clinic is in one file: with the machine's key beside it, it goes on on a machine that has only that.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_the_published_file_is_the_clinic() {
    let (clinic, channel) = stopped().await;
    let mut elsewhere = Clinic::closed(|c| c.initial_admin.username = None);
    let to = elsewhere.data_dir();
    std::fs::create_dir_all(to.join("keys")).unwrap();
    std::fs::copy(clinic.data_dir().join("messenger.db"), to.join("messenger.db")).unwrap();
    assert_eq!(elsewhere.refused_start().await, "key_missing");
    let key = std::fs::read(clinic.data_dir().join("keys").join("machine.key")).unwrap();
    private_copy(&key, &to.join("keys").join("machine.key"));
    still_says(&mut elsewhere, &channel).await;
}
