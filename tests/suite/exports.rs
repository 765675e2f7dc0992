//! Exports: who may have what, what is in them, and that nothing of it lies about in the clear.

use std::collections::BTreeMap;
use std::io::Read as _;

use serde_json::{Value, json};

use crate::fixture::{Clinic, PASSWORD, Person, until};

const PASSPHRASE: &str = "seven grey geese over the bay";

async fn ask(person: &Person, wish: &Value) -> Value {
    person.post("/api/exports", wish).await.json_of(201)
}

/// Waits until it has ended, and gives its last state.
async fn ended(person: &Person, export: &Value) -> Value {
    let path = format!("/api/exports/{}", export["id"].as_str().unwrap());
    until("the export has ended", || async {
        let state = person.get(&path).await.json_of(200)["state"].clone();
        state == "done" || state == "failed"
    })
    .await;
    person.get(&path).await.json_of(200)
}

/// The entries of a sealed file, by name; opened by the program that others use.
fn unpacked(sealed: &[u8]) -> BTreeMap<String, String> {
    let decryptor = mcp_messenger::crypto::age::open(PASSPHRASE, sealed).expect("it opens with the passphrase");
    let mut entries = BTreeMap::new();
    let mut at = 0;
    while at + 512 <= decryptor.len() && decryptor[at] != 0 {
        let text = |from: usize, length: usize| {
            let mut field = Vec::new();
            decryptor[at + from..at + from + length].take(length as u64).read_to_end(&mut field).unwrap();
            String::from_utf8(field).unwrap().trim_end_matches('\0').to_owned()
        };
        let length = usize::from_str_radix(text(124, 12).trim(), 8).unwrap();
        let content = decryptor[at + 512..at + 512 + length].to_vec();
        entries.insert(text(0, 100), String::from_utf8(content).unwrap());
        at += 512 + length.div_ceil(512) * 512;
    }
    entries
}

async fn fetched(person: &Person, export: &Value) -> BTreeMap<String, String> {
    let answer = person.get(&format!("/api/exports/{}/file", export["id"].as_str().unwrap())).await;
    assert_eq!(answer.status, 200);
    assert_eq!(export["bytes"], answer.body.len());
    unpacked(&answer.body)
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_channel_is_exported_sealed_and_read_without_the_server() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let ward = alice.channel("Ward <3>", &[&bob]).await;
    alice.say(&ward, "hello <script>alert(1)</script>").await;
    bob.say_phi(&ward, "potassium 6.1").await;
    let wish = json!({ "kind": "channel", "id": ward, "passphrase": PASSPHRASE });

    bob.post("/api/exports", &wish).await.is_refusal(403, "not_an_owner");
    let export = ended(&alice, &ask(&alice, &wish).await).await;
    assert_eq!((export["state"].as_str(), export["doneRows"].as_i64()), (Some("done"), Some(2)));
    let entries = fetched(&alice, &export).await;
    let names: Vec<&str> = entries.keys().map(String::as_str).collect();
    assert_eq!(names, ["data/00001.jsonl", "index.html", "manifest.json", "pages/00001.html"]);
    let lines: Vec<Value> =
        entries["data/00001.jsonl"].lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[1]["text"], "potassium 6.1");
    let page = &entries["pages/00001.html"];
    assert!(page.contains("hello &lt;script&gt;") && !page.contains("<script"), "{page}");
    let manifest: Value = serde_json::from_str(&entries["manifest.json"]).unwrap();
    assert_eq!((manifest["rows"].clone(), manifest["entries"].as_array().unwrap().len()), (json!(2), 3));

    // Who manages channels and is no member gets the channel without the patient details.
    let export = ended(&dora, &ask(&dora, &wish).await).await;
    let lines = fetched(&dora, &export).await["data/00001.jsonl"].clone();
    assert!(lines.contains("hello") && !lines.contains("potassium") && lines.contains("\"redacted\":true"));

    let folder = clinic.data_dir().join("exports");
    for file in std::fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes.starts_with(b"age-encryption.org/v1\n") && !bytes.windows(5).any(|w| w == b"hello"));
    }
    // It is its asker's alone, and goes when it is told to.
    let path = format!("/api/exports/{}", export["id"].as_str().unwrap());
    alice.get(&path).await.is_refusal(404, "not_found");
    alice.get(&format!("{path}/file")).await.is_refusal(404, "not_found");
    dora.delete(&path).await.json_of(200);
    dora.get(&path).await.is_refusal(404, "not_found");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    let actions: Vec<Value> = dora.list("/api/audit?limit=200").await.iter().map(|row| row["action"].clone()).collect();
    for action in ["exports.ask", "exports.finish", "exports.fetch", "exports.remove"] {
        assert!(actions.contains(&json!(action)), "{action}");
    }
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn everyone_may_have_their_own_data_and_the_audit_log_is_for_who_may_read_it() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let ward = alice.channel("Ward", &[&bob]).await;
    alice.say_phi(&ward, "mine").await;
    bob.say(&ward, "not mine").await;
    let export = ended(&alice, &ask(&alice, &json!({ "kind": "user", "passphrase": PASSPHRASE })).await).await;
    let entries = fetched(&alice, &export).await;
    assert!(entries["data/00001.jsonl"].contains("\"text\":\"mine\""));
    assert!(!entries["data/00001.jsonl"].contains("not mine"));
    let profile: Value = serde_json::from_str(&entries["profile.json"]).unwrap();
    assert_eq!((&profile["user"]["username"], &profile["memberships"][0]["name"]), (&json!("alice"), &json!("Ward")));

    let of_bob = json!({ "kind": "user", "id": bob.id, "passphrase": PASSPHRASE, "format": "jsonl" });
    alice.post("/api/exports", &of_bob).await.is_refusal(403, "not_allowed");
    ended(&dora, &ask(&dora, &of_bob).await).await;
    let log = json!({ "kind": "audit", "passphrase": PASSPHRASE, "format": "html" });
    alice.post("/api/exports", &log).await.is_refusal(403, "not_allowed");
    let export = ended(&dora, &ask(&dora, &log).await).await;
    assert!(fetched(&dora, &export).await["pages/00001.html"].contains("messages.post"));
    let rest = json!({ "kind": "audit", "passphrase": PASSPHRASE, "from": "2999-01-01T00:00:00Z" });
    let export = ended(&dora, &ask(&dora, &rest).await).await;
    assert!(!fetched(&dora, &export).await.contains_key("data/00001.jsonl"), "nothing is that new");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_orders_are_told_field_by_field_and_make_nothing() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let nowhere = "00000000-0000-7000-8000-000000000000";
    for (wish, field) in [
        (json!({ "kind": "everything", "passphrase": PASSPHRASE }), "kind"),
        (json!({ "kind": "channel", "passphrase": PASSPHRASE }), "id"),
        (json!({ "kind": "audit", "id": nowhere, "passphrase": PASSPHRASE }), "id"),
        (json!({ "kind": "audit", "passphrase": "fourteen chars" }), "passphrase"),
        (json!({ "kind": "audit", "passphrase": "a".repeat(1_025) }), "passphrase"),
        (json!({ "kind": "audit", "passphrase": PASSPHRASE, "format": "pdf" }), "format"),
        (json!({ "kind": "audit", "passphrase": PASSPHRASE, "from": "yesterday" }), "from"),
        (json!({ "kind": "audit", "passphrase": PASSPHRASE, "state": "done" }), "state"),
        (
            json!({ "kind": "audit", "passphrase": PASSPHRASE, "from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z" }),
            "to",
        ),
    ] {
        let told = dora.post("/api/exports", &wish).await.json_of(400);
        assert_eq!(told["errors"][0]["field"], field, "{told}");
        assert!(!told.to_string().contains("fourteen"), "{told}");
    }
    let missing = json!({ "kind": "channel", "id": nowhere, "passphrase": PASSPHRASE });
    dora.post("/api/exports", &missing).await.is_refusal(404, "not_found");
    let nobody = json!({ "kind": "user", "id": nowhere, "passphrase": PASSPHRASE });
    dora.post("/api/exports", &nobody).await.is_refusal(404, "not_found");
    assert!(dora.list("/api/exports").await.is_empty() && !clinic.data_dir().join("exports").exists());
    let shortest = json!({ "kind": "audit", "passphrase": PASSWORD.chars().take(15).collect::<String>() });
    assert_eq!(ended(&dora, &ask(&dora, &shortest).await).await["state"], "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_interrupted_server_left_is_swept_away() {
    let mut clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let export = ended(&dora, &ask(&dora, &json!({ "kind": "audit", "passphrase": PASSPHRASE })).await).await;
    clinic.sql("UPDATE exports SET state = 'running'").await;
    let folder = clinic.data_dir().join("exports");
    std::fs::write(folder.join("left.part"), b"x").unwrap();
    clinic.restart().await;
    let dora = clinic.dora().await;
    let found = dora.get(&format!("/api/exports/{}", export["id"].as_str().unwrap())).await.json_of(200);
    assert_eq!((found["state"].as_str(), found["failure"].as_str()), (Some("failed"), Some("interrupted")));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_fetched_within_its_time_only_and_three_may_be_under_way() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let wish = json!({ "kind": "audit", "passphrase": PASSPHRASE, "format": "jsonl" });
    let export = ended(&dora, &ask(&dora, &wish).await).await;
    let path = format!("/api/exports/{}/file", export["id"].as_str().unwrap());
    clinic.pass(7 * 24 * 60 * 60 - 60);
    let dora = clinic.dora().await;
    assert_eq!(dora.get(&path).await.status, 200);
    clinic.pass(60);
    dora.get(&path).await.is_refusal(409, "export_not_ready");

    clinic.sql("INSERT INTO exports (id, kind, asked_by, format, state, created_at, expires_at) SELECT a.id, 'audit', u.id, 'html', 'running', a.timestamp, a.timestamp FROM users u, audit_logs a WHERE a.number <= 3").await;
    dora.post("/api/exports", &wish).await.is_refusal(409, "exports_under_way");
    clinic.sql("DELETE FROM exports WHERE id IN (SELECT id FROM audit_logs WHERE number = 1)").await;
    ask(&dora, &wish).await;
}
