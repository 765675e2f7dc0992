//! Patient details: who sees them, what is recorded when they are seen, and where they must not be.

use std::path::Path;

use serde_json::{Value, json};

use crate::fixture::log::{self, MARK, contains};
use crate::fixture::{Clinic, Person};

/// A clinic that took `phi.read` from its moderators, as the roles page will let it: while the server is down.
async fn ward() -> (Clinic, Person, Person, Person, String) {
    let mut clinic = Clinic::open().await;
    clinic.stop().await;
    let taken = "DELETE FROM role_permissions WHERE role_id = (SELECT id FROM roles WHERE name = 'moderator') \
         AND permission_id = (SELECT id FROM permissions WHERE name = 'phi.read')";
    clinic.sql(taken).await;
    clinic.start().await;
    let dora = clinic.dora().await;
    let (alice, mona) = (clinic.alice(&dora).await, clinic.mona(&dora).await);
    let channel = alice.channel("Ward 3", &[&mona]).await;
    (clinic, dora, alice, mona, channel)
}

fn is_withheld(message: &Value) {
    assert_eq!(message["text"], Value::Null, "{message}");
    assert_eq!(message["metadata"], Value::Null, "{message}");
    assert_eq!((&message["redacted"], &message["containsPHI"]), (&json!(true), &json!(true)));
}

fn is_shown(message: &Value, text: &str) {
    assert_eq!(message["text"], text, "{message}");
    assert_eq!(message.get("redacted"), None);
}

fn phi(channel: &str, text: &str) -> Value {
    json!({
        "type": "send_message", "channelId": channel, "text": text, "containsPHI": true,
        "metadata": { "bed": text }, "requestId": "p",
    })
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn patient_details_are_shown_to_those_who_may_read_them_and_to_their_sender() {
    let (_clinic, _, alice, mona, channel) = ward().await;
    let (mut hers, mut monas) = (alice.listening(&channel).await, mona.listening(&channel).await);

    hers.say(&phi(&channel, "from alice")).await;
    let first = hers.answer_to("p").await["messageId"].as_str().unwrap().to_owned();
    is_shown(&hers.hear("new_message").await["data"], "from alice");
    is_withheld(&monas.hear("new_message").await["data"]);

    monas.say(&phi(&channel, "from mona")).await;
    let second = monas.answer_to("p").await["messageId"].as_str().unwrap().to_owned();
    is_shown(&monas.hear("new_message").await["data"], "from mona");
    is_shown(&hers.hear("new_message").await["data"], "from mona");
    hers.send(&channel, "no details").await;
    assert_eq!(monas.hear("new_message").await["data"]["text"], "no details");

    // By REST: the page, the page over all channels, and each alone.
    for path in [format!("/api/messages?channelId={channel}"), "/api/messages".to_owned()] {
        let page = mona.list(&path).await;
        assert_eq!(page[0]["text"], "no details");
        is_shown(&page[1], "from mona");
        assert_eq!(page[1]["metadata"]["bed"], "from mona");
        is_withheld(&page[2]);
        let page = alice.list(&path).await;
        is_shown(&page[1], "from mona");
        is_shown(&page[2], "from alice");
        assert_eq!(page[2]["metadata"]["bed"], "from alice");
    }
    is_withheld(&mona.get(&format!("/api/messages/{first}")).await.json_of(200));
    is_shown(&mona.get(&format!("/api/messages/{second}")).await.json_of(200), "from mona");

    // By a replay.
    let mut again = mona.socket().await;
    again.join(&channel, Some(0)).await;
    let frames = again.kept();
    is_withheld(&frames[0]["data"]);
    is_shown(&frames[1]["data"], "from mona");
    let mut again = alice.socket().await;
    again.join(&channel, Some(0)).await;
    is_shown(&again.kept()[0]["data"], "from alice");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn readings_of_the_details_of_others_are_recorded_and_other_readings_are_not() {
    let (clinic, dora, alice, mona, channel) = ward().await;
    let readings = |rows: Vec<Value>| -> Vec<(String, String)> {
        let reading = |row: &Value| row["action"] != "audit.list" && row["details"].get("containsPHI").is_none();
        let actions = ["messages.page", "messages.show", "messages.recent", "messages.replay"];
        rows.iter()
            .filter(|row| actions.iter().any(|a| row["action"] == *a) && reading(row))
            .map(|row| (row["username"].as_str().unwrap_or("-").to_owned(), row["action"].as_str().unwrap().to_owned()))
            .rev()
            .collect()
    };
    let own = alice.say_phi(&channel, "from alice").await["id"].as_str().unwrap().to_owned();
    alice.page(&channel).await;
    mona.page(&channel).await;
    mona.get(&format!("/api/messages/{own}")).await.json_of(200);
    assert_eq!(readings(dora.list("/api/audit").await), [], "one's own, and what is withheld, is no reading");

    let hers = mona.say_phi(&channel, "from mona").await["id"].as_str().unwrap().to_owned();
    mona.page(&channel).await;
    assert_eq!(readings(dora.list("/api/audit").await), []);
    alice.page(&channel).await;
    alice.list("/api/messages").await;
    alice.get(&format!("/api/messages/{hers}")).await.json_of(200);
    alice.socket().await.join(&channel, Some(0)).await;
    let by_alice = |action: &str| ("alice".to_owned(), action.to_owned());
    let expected = ["messages.page", "messages.recent", "messages.show", "messages.replay"].map(by_alice);
    assert_eq!(readings(dora.list("/api/audit").await), expected);

    // The same reading again within the minute is counted, and the count is one row.
    for _ in 0..3 {
        alice.page(&channel).await;
    }
    assert_eq!(readings(dora.list("/api/audit").await), expected);
    clinic.pass(60);
    clinic.keep_repeats().await;
    let repeated = dora.list("/api/audit?action=access.repeated").await;
    let counted: Vec<_> = repeated.iter().filter(|row| row["details"]["repeated"] == "messages.page").collect();
    assert_eq!(counted.len(), 1);
    assert_eq!((&counted[0]["details"]["times"], &counted[0]["details"]["userId"]), (&json!(3), &json!(alice.id)));
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn who_holds(folder: &Path, needle: &str) -> Vec<String> {
    files(folder)
        .into_iter()
        // A file that was there a moment ago may be gone: a draft that took its name.
        .filter(|file| std::fs::read(file).is_ok_and(|bytes| contains(&bytes, needle.as_bytes())))
        .map(|file| file.strip_prefix(folder).unwrap().display().to_string())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_body_is_in_a_file_a_log_or_an_audit_row() {
    let mut clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let channel = alice.channel("findable-name", &[&bob]).await;
    let planted = |n: usize| format!("{MARK} body {n}");
    let said_before = log::lines();
    for n in 0..20 {
        let body = json!({
            "channelId": channel, "text": planted(n), "containsPHI": n % 2 == 0,
            "metadata": { "note": planted(n) }, "clientMessageId": format!("c{n}"),
        });
        alice.post("/api/messages", &body).await.json_of(201);
    }
    let mut socket = bob.socket().await;
    socket.join(&channel, Some(0)).await;
    assert_eq!(socket.kept().len(), 20);
    // What is refused is the likeliest to be repeated somewhere.
    for frame in [
        json!({ "type": "send_message", "channelId": channel, "text": format!("{MARK}\u{0}") }),
        json!({ "type": "send_message", "channelId": MARK, "text": MARK }),
        json!({ "type": "send_message", "channelId": channel, "text": [MARK] }),
        json!({ "type": MARK, "text": MARK }),
        json!({ "type": "authenticate", "token": MARK }),
    ] {
        assert_eq!(socket.ask(frame).await["type"], "error");
    }
    socket.say_text(format!("{{\"text\": \"{MARK}\"")).await;
    socket.hear("error").await;
    alice.get(&format!("/api/messages?channelId={MARK}")).await;
    alice.get(&format!("/{MARK}?{MARK}")).await;
    alice.post("/api/channels", &json!({ "name": format!("{MARK}\u{0}") })).await;
    let login = json!({ "username": MARK, "password": format!("{MARK} {MARK}") });
    clinic.visitor().post("/api/auth/login", &login).await.is_refusal(401, "wrong_credentials");

    let rows = dora.whole_list("/api/audit?limit=200").await;
    assert!(!Value::from(rows).to_string().contains(MARK));
    let folder = clinic.data_dir();
    assert_eq!(who_holds(&folder, MARK), [""; 0], "while the server runs");
    assert!(!who_holds(&folder, "findable-name").is_empty(), "the search finds what is kept in the clear");
    drop(socket);
    clinic.stop().await;
    assert_eq!(who_holds(&folder, MARK), [""; 0], "after the stop, in the published snapshot too");
    let snapshot = std::fs::read(folder.join("messenger.db")).unwrap();
    assert!(contains(&snapshot, b"findable-name"));
    assert!(log::lines() > said_before, "the log is listened to");
    assert!(!log::heard_the_mark(), "a body went to the log");
}

/// Two sealed bodies that are exchanged in the database open as neither.
#[tokio::test(flavor = "multi_thread")]
async fn sealed_bodies_cannot_be_moved_to_another_row() {
    let (mut clinic, _, alice, _, channel) = ward().await;
    let (one, two) = (alice.say_phi(&channel, "the first").await, alice.say_phi(&channel, "the second").await);
    let third = alice.say(&channel, "untouched").await;
    clinic.stop().await;
    let database = rusqlite::Connection::open(clinic.data_dir().join("live").join("messenger.db")).unwrap();
    let id = |message: &Value| uuid::Uuid::parse_str(message["id"].as_str().unwrap()).unwrap().as_bytes().to_vec();
    let changed = database.execute(
        "UPDATE messages SET encrypted_text = (SELECT encrypted_text FROM messages WHERE id = ?1) WHERE id = ?2",
        [id(&one), id(&two)],
    );
    assert_eq!(changed.unwrap(), 1);
    drop(database);
    clinic.start().await;
    let alice = alice.by(clinic.line());
    let path = |message: &Value| format!("/api/messages/{}", message["id"].as_str().unwrap());
    alice.get(&path(&one)).await.json_of(200);
    alice.get(&path(&third)).await.json_of(200);
    let answer = alice.get(&path(&two)).await;
    assert_eq!(answer.refusal(), (500, "internal".to_owned()), "{}", answer.text());
    assert!(!answer.text().contains("first"));
}
