//! A server that does not start stands before a person: each refusal says what is wrong and what to do, and touches
//! nothing.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use super::driver::clinic::Clinic;
use super::ground::{Ground, SOON, says, stop};

/// A clinic that was used and stopped, with one message in the channel.
async fn used() -> (Ground, String) {
    let ground = Ground::new();
    let running = ground.start().await;
    let channel = ground.tell(&["kept"]).await;
    stop(running).await;
    (ground, channel)
}

async fn starts_again(ground: &Ground, channel: &str) {
    let running = ground.start().await;
    assert_eq!(ground.texts(channel).await, ["kept"]);
    stop(running).await;
}

#[tokio::test]
async fn an_occupied_port_is_named_with_the_way_to_another() {
    let ground = Ground::new();
    let _other = TcpListener::bind(ground.clinic.address).expect("the port");
    let (code, said) = ground.refusal().await;
    assert_eq!(code, Some(1), "{said}");
    says(&said, &[&ground.clinic.address.port().to_string(), "PORT", "--port"]);
}

#[tokio::test]
async fn a_second_server_on_the_folder_is_told_who_has_it() {
    let ground = Ground::new();
    let running = ground.start().await;
    let other = Clinic::new(&ground.clinic.data_dir).expect("another port");
    let mut second = other.start().expect("a process");
    assert_eq!(second.wait(SOON).await.expect("an end").code(), Some(1));
    let said = ground.log();
    says(&said, &["held by another running server", &running.id().expect("an id").to_string(), "DATA_DIR"]);
    running.health().await.expect("the first one is not disturbed");
    stop(running).await;
}

#[tokio::test]
async fn a_missing_key_is_asked_for_and_never_replaced() {
    let (ground, channel) = used().await;
    let key = ground.at("keys/machine.key");
    let kept = ground.beside("machine.key");
    fs::rename(&key, &kept).expect("the key");
    let (code, said) = ground.refusal().await;
    assert_eq!(code, Some(1), "{said}");
    says(&said, &[&key.display().to_string(), "Put that file back", "ENCRYPTION_KEY", "RECOVERY_KEY"]);
    assert!(!key.exists(), "a new key would make the messages unreadable for ever");
    fs::rename(&kept, &key).expect("the key");
    starts_again(&ground, &channel).await;
}

#[tokio::test]
async fn a_key_that_cannot_be_used_is_refused() {
    let (ground, channel) = used().await;
    let key = ground.at("keys/machine.key");
    let right = fs::read(&key).expect("the key");
    for wrong in ["", "not a key\n", &format!("{}\n", "0".repeat(63))] {
        fs::write(&key, wrong).expect("the key file");
        let (code, said) = ground.refusal().await;
        assert_eq!(code, Some(1), "{wrong:?}: {said}");
        says(&said, &["key"]);
        assert_eq!(fs::read(&key).expect("the key file"), wrong.as_bytes(), "it is not written over");
    }
    fs::write(&key, &right).expect("the key file");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("its mode");
    let (code, said) = ground.refusal().await;
    assert_eq!(code, Some(1), "{said}");
    says(&said, &[&key.display().to_string(), "600"]);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("its mode");
    starts_again(&ground, &channel).await;
}

#[tokio::test]
async fn another_clinics_key_does_not_open_the_data() {
    let (mut ground, channel) = used().await;
    let wrong = "0123456789abcdef".repeat(4);
    ground.clinic.set("ENCRYPTION_KEY", &wrong);
    let (code, said) = ground.refusal().await;
    assert_eq!(code, Some(1), "{said}");
    says(&said, &["key", "not"]);
    assert!(!said.contains(&wrong), "a key does not belong into a log");
    ground.clinic.set("ENCRYPTION_KEY", "");
    starts_again(&ground, &channel).await;
}

#[tokio::test]
async fn a_damaged_database_is_left_alone_and_the_way_back_works() {
    type Harm = fn(&mut Vec<u8>);
    let harms: [(&str, Harm); 4] = [
        ("truncated", |bytes| bytes.truncate(bytes.len() / 2)),
        ("one byte short", |bytes| bytes.truncate(bytes.len() - 1)),
        ("overwritten", |bytes| bytes[..4096].fill(0x55)),
        ("empty", Vec::clear),
    ];
    let (ground, channel) = used().await;
    let live = ground.at("live/messenger.db");
    let good = fs::read(&live).expect("the database");
    for (name, harm) in harms {
        let mut bytes = good.clone();
        harm(&mut bytes);
        fs::write(&live, &bytes).expect("the database");
        let (code, said) = ground.refusal().await;
        assert_eq!(code, Some(1), "{name}: {said}");
        let snapshot = ground.at("messenger.db").display().to_string();
        says(&said, &["is damaged", "move the folder", "start again", &snapshot]);
        assert_eq!(fs::read(&live).expect("the database"), bytes, "{name}: it was touched");
    }
    // As the sentence says.
    fs::rename(ground.at("live"), ground.beside("moved away")).expect("the folder");
    starts_again(&ground, &channel).await;
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_not_touched() {
    let (ground, channel) = used().await;
    let live = ground.at("live/messenger.db");
    let version = |to: i64| {
        let database = rusqlite::Connection::open(&live).expect("the database");
        let was: i64 = database.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("its version");
        database.pragma_update(None, "user_version", to).expect("another version");
        drop(database);
        was
    };
    let ours = version(9_999);
    let before = fs::read(&live).expect("the database");
    let (code, said) = ground.refusal().await;
    assert_eq!(code, Some(1), "{said}");
    says(&said, &["newer"]);
    assert_eq!(fs::read(&live).expect("the database"), before);
    version(ours);
    starts_again(&ground, &channel).await;
}

#[tokio::test]
async fn a_data_folder_that_is_a_file_is_refused() {
    let ground = Ground::new();
    fs::write(&ground.clinic.data_dir, "something else").expect("a file");
    let (code, said) = ground.refusal().await;
    assert!(matches!(code, Some(1 | 78)), "{code:?}: {said}");
    says(&said, &[&ground.clinic.data_dir.display().to_string()]);
}

#[tokio::test]
async fn an_authority_that_cannot_be_used_is_not_replaced_silently() {
    let (ground, channel) = used().await;
    let file = ground.at("tls/ca.key");
    let right = fs::read(&file).expect("the authority's key");
    fs::write(&file, "something else").expect("the file");
    let (code, said) = ground.refusal().await;
    assert_eq!(code, Some(1), "{said}");
    says(&said, &["ca.key"]);
    assert_eq!(fs::read(&file).expect("the file"), b"something else");
    // The database knows the right one: without the wrong one it is put back.
    fs::remove_file(&file).expect("the file");
    starts_again(&ground, &channel).await;
    assert_eq!(fs::read(&file).expect("the file"), right);
}
