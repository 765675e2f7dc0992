//! An export leaves the server, and is opened where there is none.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::driver::clinic::executable;
use super::ground::{Ground, SOON, Told, mode, says, stop};

const PASSPHRASE: &str = "seven grey geese over the bay";

/// Runs a command with this on its standard input.
fn run(words: &[&str], input: &str) -> Told {
    let mut command = Command::new(executable());
    command.args(words).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a process");
    // It may have ended before it read anything.
    let _ = child.stdin.take().expect("its input").write_all(input.as_bytes());
    Told::of(&child.wait_with_output().expect("its end"))
}

#[tokio::test]
async fn an_export_is_opened_without_the_server_and_checked_against_its_manifest() {
    let ground = Ground::new();
    let running = ground.start().await;
    let channel = ground.tell(&["Bed 4: potassium 6.1", "On my way"]).await;
    let (line, admin) = (ground.line(), ground.admin().await);
    let token = Some(admin.token.as_str());
    let wish = json!({ "kind": "channel", "id": channel, "passphrase": PASSPHRASE });
    let asked = line.ask("POST", "/api/exports", token, Some(&wish)).await.expect("an answer");
    assert_eq!(asked.status, 201, "{}", asked.text());
    let path = format!("/api/exports/{}", asked.json().expect("JSON")["id"].as_str().expect("an id"));
    let done = async {
        loop {
            let state = line.ask("GET", &path, token, None).await.expect("an answer").json().expect("JSON");
            if state["state"] == "done" {
                return;
            }
            assert_ne!(state["state"], "failed", "{state}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(SOON, done).await.expect("an export in time");
    let file = line.ask("GET", &format!("{path}/file"), token, None).await.expect("an answer");
    stop(running).await;
    let sealed = ground.beside("ward.tar.age");
    fs::write(&sealed, &file.body).expect("a file");
    let (sealed, name) = (sealed.display().to_string(), ground.beside("ward"));

    let checked = run(&["open-export", "--check", "--passphrase-file", "-", &sealed], &format!("{PASSPHRASE}\n"));
    says(&checked.well(), &["2 rows", "whole"]);
    assert!(!name.exists(), "checking unpacks nothing");

    let said = run(&["open-export", "--passphrase-file", "-", &sealed], PASSPHRASE).well();
    says(&said, &[&name.display().to_string(), "index.html", "no longer sealed"]);
    let text = fs::read_to_string(name.join("data/00001.jsonl")).expect("the rows");
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(rows[0]["text"], "Bed 4: potassium 6.1");
    assert_eq!((mode(&name), mode(&name.join("index.html"))), (0o700, 0o600), "nobody else reads it");

    let key = ground.beside("passphrase");
    fs::write(&key, format!("{PASSPHRASE}\r\n")).expect("a file");
    let (key, other) = (key.display().to_string(), ground.beside("other").display().to_string());
    let told = run(&["open-export", "--json", "--to", &other, "--passphrase-file", &key, &sealed], "").well();
    let contents: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!((&contents["kind"], &contents["rows"]), (&json!("channel"), &json!(2)));

    // What goes wrong says why and leaves nothing.
    let third = ground.beside("third").display().to_string();
    let to_third =
        |input: &str, file: &str| run(&["open-export", "--to", &third, "--passphrase-file", "-", file], input);
    says(&to_third("another passphrase", &sealed).badly(1), &["passphrase is another"]);
    says(&to_third("", &sealed).badly(1), &["empty"]);
    says(&run(&["open-export", "--to", &other, "--passphrase-file", &key, &sealed], "").badly(1), &["there already"]);
    says(&run(&["open-export", &sealed], PASSPHRASE).badly(1), &["--passphrase-file"]);
    says(&run(&["open-export", "--passphrase", PASSPHRASE, &sealed], "").badly(2), &["--passphrase"]);
    let altered = ground.beside("altered.tar.age");
    let mut bytes = file.body.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&altered, &bytes).expect("a file");
    says(&to_third(PASSPHRASE, &altered.display().to_string()).badly(1), &["altered"]);
    fs::write(&altered, &file.body[..middle]).expect("a file");
    says(&to_third(PASSPHRASE, &altered.display().to_string()).badly(1), &["altered or cut off"]);
    let left = fs::read_dir(ground.beside("")).expect("the folder").filter_map(Result::ok);
    assert!(!left.map(|e| e.file_name()).any(|n| n.to_string_lossy().starts_with("third")), "nothing half is left");
}
