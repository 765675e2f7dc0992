//! The log files: what is in them, what must never be, and how they are read.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use flate2::read::GzDecoder;
use rustix::process::Signal;
use serde_json::json;

use super::ground::{Ground, SOON, mode, says, stop};

/// Every planted text has this in it.
const MARK: &str = "zq7-planted";

/// Everything that stands under a folder, packed files unpacked.
fn all_text(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            text += &all_text(&path);
        } else if path.extension().is_some_and(|e| e == "gz") {
            GzDecoder::new(fs::File::open(&path).expect("a file")).read_to_string(&mut text).expect("it unpacks");
        } else {
            text += &String::from_utf8_lossy(&fs::read(&path).expect("a file"));
        }
    }
    text
}

/// Says the mark wherever a person can say something.
async fn say_it_everywhere(ground: &Ground) -> Vec<String> {
    let admin = ground.admin().await;
    let password = format!("{MARK} a long password");
    admin.create_user("alice", &password, "user").await.expect("an account");
    let alice = crate::driver::person::Person::sign_in(&ground.line(), "alice", &password).await.expect("signed in");
    let channel =
        admin.open_channel(&format!("{MARK} channel"), std::slice::from_ref(&alice.id)).await.expect("a channel");
    let mut socket = alice.connect().await.expect("a socket");
    for n in 0..20 {
        let text = format!("{MARK} Bed {n}: potassium 6.1, SSN 078-05-1120");
        socket.send(&channel, &text, n % 2 == 0, &format!("{MARK} {n}")).await.expect("an acknowledgement");
    }
    socket.close().await.expect("a polite end");
    let mut talk = ground.line().converse().await.expect("a connection");
    let agent = [("User-Agent", MARK), ("X-Whatever", MARK)];
    for (method, path, token, body) in [
        ("POST", "/api/auth/login".to_owned(), None, Some(json!({"username": MARK, "password": MARK}))),
        ("POST", "/api/auth/login".to_owned(), None, Some(json!({"username": "alice", "password": MARK}))),
        ("GET", format!("/api/messages/search?q={MARK}"), Some(alice.token.clone()), None),
        ("GET", format!("/{MARK}/nowhere"), Some(alice.token.clone()), None),
        ("GET", format!("/api/users/{MARK}"), Some(alice.token.clone()), None),
        ("GET", "/api/channels".to_owned(), Some(MARK.to_owned()), None),
        ("PUT", "/api/settings/phi.policy".to_owned(), Some(alice.token.clone()), Some(json!({"value": "off"}))),
        (
            "POST",
            "/api/users".to_owned(),
            Some(admin.token.clone()),
            Some(json!({"username": "", "password": MARK, MARK: 1})),
        ),
        ("PUT", "/api/settings/phi.mrnPatterns".to_owned(), Some(admin.token.clone()), Some(json!({"value": [MARK]}))),
        ("PUT", "/api/announcement".to_owned(), Some(admin.token.clone()), Some(json!({"text": MARK}))),
    ] {
        talk.ask_with(method, &path, token.as_deref(), &agent, body.as_ref()).await.expect("an answer");
    }
    vec![MARK.to_owned(), admin.token, alice.token, crate::driver::clinic::ADMIN_PASSWORD.to_owned()]
}

#[tokio::test]
async fn the_files_say_what_happened_and_nothing_that_a_person_said() {
    for form in ["json", "text"] {
        let mut ground = Ground::new();
        ground.clinic.set("LOG_LEVEL", "trace");
        ground.clinic.set("LOG_FILE_FORMAT", form);
        ground.clinic.set("LOG_FILE_BYTES", "4KiB");
        let running = ground.start().await;
        let secrets = say_it_everywhere(&ground).await;
        stop(running).await;
        let logs = ground.at("logs");
        let text = all_text(&logs);
        for secret in &secrets {
            assert!(!text.contains(secret), "{form}: {secret} is in a log file");
            assert!(!ground.log().contains(secret), "{form}: {secret} is on standard error");
        }
        says(
            &text,
            &["An account was made.", "settings.change", "/api/auth/login", "socket opened", "The server was stopped."],
        );
        assert!(fs::read_dir(logs.join("archive")).expect("files were put away").count() > 0);
        assert_eq!(
            (mode(&logs), mode(&logs.join("admin/admin.log")), mode(&logs.join("archive"))),
            (0o700, 0o600, 0o700)
        );

        let admin = ground.run("logs --kind admin --json").well();
        let actions: Vec<String> = admin
            .lines()
            .filter_map(|line| {
                serde_json::from_str::<serde_json::Value>(line).expect("JSON")["message"].as_str().map(str::to_owned)
            })
            .collect();
        let told = |what: &str| actions.iter().any(|message| message.starts_with(what));
        assert!(
            told("The server was started.") && told("An account was made.") && told("It was refused."),
            "{actions:?}"
        );
        let access = ground.run("logs --kind access --lines 1000").well();
        says(&access, &["route=/api/users/{id}", "status=200", "route= "]);
        assert!(!access.contains("admin:"), "{access}");
        let found = ground.run("logs --kind all --grep potassium --since 1d").well();
        assert_eq!(found, "");
        let two = ground.run("logs --kind all -n 2").well();
        assert_eq!(two.lines().count(), 2, "{two}");
        assert_eq!(ground.run("logs --level warn --since 2d").well().matches(" INFO ").count(), 0);
    }
}

#[tokio::test]
async fn logs_that_are_asked_for_wrongly_say_what_is_allowed() {
    let ground = Ground::new();
    says(&ground.run("logs").badly(1), &["--data-dir"]);
    stop(ground.start().await).await;
    says(&ground.run("logs --since yesterday").badly(1), &["2026-01-31"]);
    says(&ground.run("logs --grep (").badly(1), &["regular expression"]);
    ground.run("logs --kind nothing").badly(2);
    ground.run("logs --level loud").badly(2);
}

#[tokio::test]
async fn without_files_there_are_none() {
    let mut ground = Ground::new();
    ground.clinic.set("LOG_FILES", "false");
    stop(ground.start().await).await;
    assert!(!ground.at("logs").exists());
}

#[tokio::test]
async fn a_folder_in_the_way_of_the_logs_stops_nothing() {
    let ground = Ground::new();
    fs::create_dir_all(ground.at("")).expect("a folder");
    fs::write(ground.at("logs"), "in the way").expect("a file");
    let running = ground.start().await;
    let channel = ground.tell(&["all the same"]).await;
    assert_eq!(ground.texts(&channel).await, ["all the same"]);
    stop(running).await;
    assert_eq!(fs::read_to_string(ground.at("logs")).expect("the file"), "in the way");
}

#[tokio::test]
async fn the_level_follows_the_configuration_when_it_is_asked_to() {
    let mut ground = Ground::new();
    ground.clinic.set("LOG_LEVEL", "");
    fs::create_dir_all(ground.at("")).expect("a folder");
    fs::write(ground.at("config.toml"), "[log]\nlevel = \"warn\"\n").expect("written");
    let mut running = ground.start().await;
    assert!(!ground.log().contains("answered"), "{}", ground.log());
    fs::write(ground.at("config.toml"), "[log]\nlevel = \"debug\"\n").expect("written");
    running.signal(Signal::HUP);
    let give_up = running.age() + SOON;
    while !ground.log().contains("answered") {
        assert!(running.age() < give_up, "{}", ground.log());
        running.health().await.expect("it is well");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stop(running).await;
    says(&ground.run("logs --kind admin").well(), &["The configuration was read again."]);
}
