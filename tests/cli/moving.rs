//! One file is the clinic: with the machine's key, or with the recovery key on a new machine.

use std::fs;

use super::driver::line::Line;
use super::driver::names;
use super::ground::{Ground, says, stop};

/// A clinic with two messages, stopped; with a recovery key that was made while it ran.
struct Old {
    ground: Ground,
    channel: String,
    token: String,
    recovery: String,
}

const TEXTS: [&str; 2] = ["Bed 4: potassium 6.1", "On my way"];

impl Old {
    async fn new() -> Self {
        let ground = Ground::new();
        let running = ground.start().await;
        let channel = ground.tell(&TEXTS).await;
        let token = ground.admin().await.token;
        let recovery = recovery_key(&ground.run("key recovery-kit").well());
        stop(running).await;
        Self { ground, channel, token, recovery }
    }

    /// Another machine that has the copied file and nothing else.
    fn new_machine(&self) -> Ground {
        let mut new = Ground::new();
        new.clinic.set(names::env::ADMIN_NAME, "");
        new.clinic.set(names::env::ADMIN_PASSWORD, "");
        fs::create_dir(&new.clinic.data_dir).expect("a folder");
        fs::copy(self.ground.at("messenger.db"), new.at("messenger.db")).expect("a copy");
        new
    }
}

/// The line of the kit that is the key.
fn recovery_key(kit: &str) -> String {
    let key = kit.lines().find_map(|line| line.strip_prefix("    ")).expect("the key stands on a line of its own");
    key.trim().to_owned()
}

#[tokio::test]
async fn the_file_and_the_machines_key_are_the_clinic() {
    let old = Old::new().await;
    let new = old.new_machine();
    fs::create_dir(new.at("keys")).expect("a folder");
    fs::copy(old.ground.at("keys/machine.key"), new.at("keys/machine.key")).expect("the key");
    let running = new.start().await;
    says(&new.log(), &["adopting the snapshot"]);
    assert_eq!(new.texts(&old.channel).await, TEXTS);
    stop(running).await;
    new.run("audit verify").well();
}

#[tokio::test]
async fn the_file_and_the_recovery_key_are_the_clinic_on_a_new_machine() {
    let old = Old::new().await;
    let mut new = old.new_machine();
    let key_file = new.beside("recovery key");
    fs::write(&key_file, format!("{}\n", old.recovery)).expect("the recovery key");
    new.clinic.set("RECOVERY_KEY_FILE", &key_file);
    let running = new.start().await;
    assert_eq!(new.texts(&old.channel).await, TEXTS);

    // Devices trust the authority of the old machine, and their people stay signed in.
    let trusting =
        Line::trusting(new.clinic.address, &names::ca(&old.ground.clinic.data_dir)).expect("the old authority");
    let answer = trusting.ask("GET", "/api/channels", Some(&old.token), None).await.expect("trusted");
    assert_eq!(answer.status, 200, "{}", answer.text());
    stop(running).await;

    // From here on the machine has a key of its own.
    new.clinic.set("RECOVERY_KEY_FILE", "");
    let running = new.start().await;
    assert_eq!(new.texts(&old.channel).await, TEXTS);
    stop(running).await;
    new.run("audit verify").well();
}

#[tokio::test]
async fn the_file_alone_opens_nothing() {
    let old = Old::new().await;
    let mut new = old.new_machine();
    let file = fs::read(new.at("messenger.db")).expect("the file");
    for text in TEXTS {
        assert!(!file.windows(text.len()).any(|part| part == text.as_bytes()), "it can be read");
    }
    let refused = async |new: &Ground, texts: &[&str]| {
        let (code, said) = new.refusal().await;
        assert!(matches!(code, Some(1 | 78)), "{code:?}: {said}");
        says(&said, texts);
        assert!(!new.at("keys/machine.key").exists(), "a new key was made over data that it does not open");
        assert!(!said.contains(&old.recovery), "a key does not belong into a log");
    };
    refused(&new, &["RECOVERY_KEY"]).await;

    let mistyped = old.recovery.replacen(|c: char| c.is_ascii_alphanumeric(), "", 1);
    new.clinic.set("RECOVERY_KEY", mistyped);
    refused(&new, &["ecovery key"]).await;

    // A right key, of another clinic.
    let other = Ground::new();
    stop(other.start().await).await;
    let stranger = recovery_key(&other.run("key recovery-kit").well());
    new.clinic.set("RECOVERY_KEY", stranger);
    refused(&new, &["ecovery key"]).await;

    new.clinic.set("RECOVERY_KEY", &old.recovery);
    let running = new.start().await;
    assert_eq!(new.texts(&old.channel).await, TEXTS, "after all the refusals it still opens");
    stop(running).await;
}

#[tokio::test]
async fn a_newer_recovery_key_replaces_the_older_one() {
    let old = Old::new().await;
    let newer = recovery_key(&old.ground.run("key recovery-kit").well());
    assert_ne!(newer, old.recovery);
    old.ground.run("backup").well();
    let mut new = old.new_machine();
    new.clinic.set("RECOVERY_KEY", &old.recovery);
    let (code, said) = new.refusal().await;
    assert_eq!(code, Some(1), "{said}");
    new.clinic.set("RECOVERY_KEY", &newer);
    let running = new.start().await;
    assert_eq!(new.texts(&old.channel).await, TEXTS);
    stop(running).await;
}
