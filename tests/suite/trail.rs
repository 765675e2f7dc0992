//! The audit log: every deed leaves its row, refusals too, repeats become one with a count, and the chain shows
//! every change.

use serde_json::{Value, json};

use crate::fixture::{Clinic, PASSWORD, Person, Socket, until};

/// The rows that came after `from`, oldest first, without those of reading the log.
async fn since(dora: &Person, from: i64) -> Vec<Value> {
    let mut rows = dora.whole_list("/api/audit?limit=200").await;
    rows.retain(|row| row["number"].as_i64() > Some(from) && row["action"] != "audit.list");
    rows.reverse();
    rows
}

async fn head(dora: &Person) -> i64 {
    dora.list("/api/audit?limit=1").await[0]["number"].as_i64().unwrap()
}

/// What is compared: who, what and the details.
fn told(rows: &[Value]) -> Vec<(Value, String, Value)> {
    rows.iter()
        .map(|row| (row["username"].clone(), row["action"].as_str().unwrap().to_owned(), row["details"].clone()))
        .collect()
}

fn row(who: &str, action: &str, details: Value) -> (Value, String, Value) {
    (if who.is_empty() { Value::Null } else { json!(who) }, action.to_owned(), details)
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn every_deed_leaves_its_row() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    // The first reading is recorded, those of the same minute are counted: they do not disturb what follows.
    let start = head(&dora).await;
    let roles = |rows: &[Value]| rows.iter().map(|r| r["details"]["roleId"].clone()).collect::<Vec<_>>();

    let alice = clinic.alice(&dora).await;
    let bob = clinic.bob(&dora).await;
    let made = since(&dora, start).await;
    assert_eq!(
        told(&made),
        [
            row("dora", "users.create", json!({ "targetUserId": alice.id, "roleId": roles(&made)[0] })),
            row("alice", "auth.login", json!({ "targetUserId": alice.id })),
            row("dora", "users.create", json!({ "targetUserId": bob.id, "roleId": roles(&made)[2] })),
            row("bob", "auth.login", json!({ "targetUserId": bob.id })),
        ]
    );
    assert!(made.iter().all(|row| row["ipAddress"] == "127.0.0.1"));

    let start = head(&dora).await;
    let channel = alice.make_channel("Notices", false, &[]).await;
    let mut his = bob.listening(&channel).await;
    his.join(&channel, None).await;
    let posted = alice.say(&channel, "one").await;
    let again = json!({ "channelId": channel, "text": "two", "containsPHI": true, "clientMessageId": "c" });
    let second = alice.post("/api/messages", &again).await.json_of(201);
    alice.post("/api/messages", &again).await.json_of(201);
    let members = format!("/api/channels/{channel}/members");
    alice.post(&members, &json!({ "userId": dora.id })).await.json_of(201);
    alice.put(&format!("{members}/{}", dora.id), &json!({ "role": "readonly" })).await.json_of(200);
    alice.delete(&format!("{members}/{}", dora.id)).await.json_of(200);
    alice.ask("POST", "/api/auth/refresh-token", None).await.json_of(200);
    let password = json!({ "currentPassword": PASSWORD, "newPassword": "a fresh long sentence" });
    bob.post("/api/auth/change-password", &password).await.json_of(200);
    bob.ask("POST", "/api/auth/logout", None).await.json_of(200);
    let rows = since(&dora, start).await;
    let repeat = rows[5]["details"]["messageId"].clone();
    assert_ne!(repeat, second["id"]);
    assert_eq!(
        told(&rows),
        [
            row(
                "alice",
                "channels.create",
                json!({ "channelId": channel, "isPrivate": false, "kind": "channel", "members": 0 })
            ),
            row("bob", "channels.join", json!({ "channelId": channel })),
            row("bob", "channels.join", json!({ "channelId": channel, "listening": true })),
            row(
                "alice",
                "messages.post",
                json!({ "channelId": channel, "messageId": posted["id"], "containsPHI": false })
            ),
            row(
                "alice",
                "messages.post",
                json!({ "channelId": channel, "messageId": second["id"], "containsPHI": true })
            ),
            row(
                "alice",
                "messages.post",
                json!({ "channelId": channel, "messageId": repeat, "containsPHI": true, "repeated": true })
            ),
            row(
                "alice",
                "channels.add_member",
                json!({ "channelId": channel, "targetUserId": dora.id, "role": "member" })
            ),
            row(
                "alice",
                "channels.change_member",
                json!({ "channelId": channel, "targetUserId": dora.id, "role": "readonly" })
            ),
            row("alice", "channels.remove_member", json!({ "channelId": channel, "targetUserId": dora.id })),
            row("alice", "auth.refresh", json!({})),
            row("bob", "auth.change_password", json!({ "targetUserId": bob.id })),
            row("bob", "auth.logout", json!({})),
        ]
    );
    let first = dora.whole_list("/api/audit").await.pop().unwrap();
    assert_eq!((&first["action"], &first["details"]["by"]), (&json!("setup.first_admin"), &json!("configuration")));
    assert!(clinic.verify_audit().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_sign_ins_say_of_whom_and_why_and_never_what_was_typed() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let start = head(&dora).await;
    let visitor = clinic.visitor();
    for name in ["dora", "Quentin-Unheard-Of"] {
        let body = json!({ "username": name, "password": "certainly not this" });
        visitor.post("/api/auth/login", &body).await.is_refusal(401, "wrong_credentials");
    }
    let rows = since(&dora, start).await;
    assert_eq!(
        told(&rows),
        [
            row("", "auth.login_failed", json!({ "reason": "wrong_password", "targetUserId": dora.id })),
            row("", "auth.login_failed", json!({ "reason": "unknown_account" })),
        ]
    );
    assert!(!Value::from(rows).to_string().contains("Quentin"));
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn refusals_are_recorded_and_repeats_are_one_row_with_a_count() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let hidden = alice.channel("Ward 3", &[]).await;
    let start = head(&dora).await;
    for _ in 0..5 {
        bob.get("/api/audit").await.is_refusal(403, "not_allowed");
    }
    bob.get(&format!("/api/channels/{hidden}")).await.is_refusal(404, "not_found");
    let mut socket = bob.socket().await;
    for _ in 0..3 {
        assert_eq!(socket.try_send(&hidden, "hello").await["code"], "not_found");
    }
    let user = json!({ "username": "eve", "password": PASSWORD });
    bob.post("/api/users", &user).await.is_refusal(403, "not_allowed");
    // A refused reading is recorded after it was answered.
    until("the rows", || async { since(&dora, start).await.len() == 4 }).await;
    let refused = |deed: &str, code: &str| row("bob", "access.refused", json!({ "deed": deed, "code": code }));
    let mut rows = told(&since(&dora, start).await);
    rows.sort_by_key(|(_, _, details)| details["deed"].as_str().unwrap().to_owned());
    assert_eq!(
        rows,
        [
            refused("audit.list", "not_allowed"),
            refused("channels.show", "not_found"),
            refused("messages.post", "not_found"),
            refused("users.create", "not_allowed"),
        ]
    );
    let before = head(&dora).await;
    clinic.pass(59);
    clinic.keep_repeats().await;
    assert_eq!(head(&dora).await, before, "the minute is not over");
    clinic.pass(1);
    clinic.keep_repeats().await;
    let mut repeated = dora.list("/api/audit?action=access.repeated").await;
    repeated.retain(|row| row["details"]["userId"] == json!(bob.id));
    let mut counts: Vec<_> = repeated.iter().map(|row| row["details"].clone()).collect();
    counts.sort_by_key(|details| details["repeated"].as_str().unwrap().to_owned());
    assert_eq!(
        counts,
        [
            json!({ "repeated": "audit.list", "times": 4, "userId": bob.id }),
            json!({ "repeated": "messages.post", "times": 2, "userId": bob.id }),
        ]
    );
    bob.get("/api/audit").await.is_refusal(403, "not_allowed");
    until("a new minute, a new row", || async {
        let rows = dora.list("/api/audit?action=access.refused").await;
        rows.iter().filter(|row| row["details"]["deed"] == "audit.list").count() == 2
    })
    .await;
    assert!(clinic.verify_audit().await.is_ok());
}

/// What was counted and not yet written when the server stops is written then.
#[tokio::test(flavor = "multi_thread")]
async fn repeats_survive_a_stop() {
    let mut clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let bob = clinic.bob(&dora).await;
    for _ in 0..5 {
        bob.get("/api/audit").await.is_refusal(403, "not_allowed");
    }
    until("the refusal's row", || async { !dora.list("/api/audit?action=access.refused").await.is_empty() }).await;
    clinic.restart().await;
    let dora = dora.by(clinic.line());
    let rows = dora.list("/api/audit?action=access.repeated").await;
    assert!(rows.iter().any(|row| row["details"]["repeated"] == "audit.list" && row["details"]["times"] == 4));
    assert!(clinic.verify_audit().await.is_ok());
}

/// Things done by SQL behind the server's back, each of which the chain must show.
const TAMPERING: &[(&str, &str)] = &[
    ("another action", "UPDATE audit_logs SET action = 'channels.join' WHERE number = 5"),
    ("other details", "UPDATE audit_logs SET details = '{}' WHERE number = 3"),
    ("another person", "UPDATE audit_logs SET user_id = NULL WHERE number = 5"),
    ("another time", "UPDATE audit_logs SET timestamp = timestamp + 1 WHERE number = 4"),
    ("another address", "UPDATE audit_logs SET ip_address = '10.0.0.9' WHERE number = 5"),
    ("another client", "UPDATE audit_logs SET user_agent = 'curl' WHERE number = 5"),
    ("another signature", "UPDATE audit_logs SET mac = zeroblob(32) WHERE number = 6"),
    ("a row less", "DELETE FROM audit_logs WHERE number = 4"),
    ("the first row less", "DELETE FROM audit_logs WHERE number = 1"),
    ("the tail cut off", "DELETE FROM audit_logs WHERE number > 5"),
    (
        "a row less, closed up",
        "DELETE FROM audit_logs WHERE number = 4; \
         UPDATE audit_logs SET number = -number WHERE number > 4; \
         UPDATE audit_logs SET number = -number - 1 WHERE number < 0",
    ),
    (
        "two rows swapped",
        "UPDATE audit_logs SET number = -1 WHERE number = 4; \
         UPDATE audit_logs SET number = 4 WHERE number = 5; \
         UPDATE audit_logs SET number = 5 WHERE number = -1",
    ),
    (
        "a row more",
        "INSERT INTO audit_logs (id, user_id, action, details, timestamp, number, mac) \
         SELECT randomblob(16), user_id, action, details, timestamp, (SELECT MAX(number) + 1 FROM audit_logs), mac \
         FROM audit_logs WHERE number = 4",
    ),
    (
        "the tail cut off, and the head set back",
        "DELETE FROM audit_logs WHERE number > 5; UPDATE heads SET audit_number = 5",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_done_to_the_log_behind_the_server_shows() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let alice = clinic.alice(&dora).await;
    let channel = alice.channel("Ward 3", &[]).await;
    for n in 0..3 {
        alice.say(&channel, &format!("m{n}")).await;
    }
    let rows = clinic.verify_audit().await.unwrap();
    assert!(rows >= 8, "{rows}");
    let file = clinic.data_dir().join("live").join("messenger.db");
    let database = rusqlite::Connection::open(file).unwrap();
    database.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    database
        .execute_batch(
            "CREATE TEMP TABLE kept AS SELECT * FROM audit_logs; CREATE TEMP TABLE kept_heads AS SELECT * FROM heads",
        )
        .unwrap();
    for (what, sql) in TAMPERING {
        database.execute_batch(sql).unwrap();
        assert_eq!(clinic.verify_audit().await, Err("audit_chain_broken"), "{what}");
        let restore = "DELETE FROM audit_logs; INSERT INTO audit_logs SELECT * FROM kept; \
                       DELETE FROM heads; INSERT INTO heads SELECT * FROM kept_heads";
        database.execute_batch(restore).unwrap();
        assert_eq!(clinic.verify_audit().await, Ok(rows), "after {what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_calls_itself_is_kept_short_and_clean() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let agent = format!("Clinic/1.0 ({})", "x".repeat(400));
    let mut socket = Socket::open_at(&clinic.line(), "/ws", &[("user-agent", &agent)]).await.unwrap();
    socket.authenticate(dora.token.as_deref().unwrap()).await;
    let channel = dora.channel("c", &[]).await;
    socket.join(&channel, None).await;
    let row = &dora.list("/api/audit?action=channels.join").await[0];
    assert_eq!(row["userAgent"].as_str().unwrap(), &agent[..300]);
}

/// The same on either engine, with statements that both read.
#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn the_log_shows_what_was_done_to_it() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let channel = dora.channel("Ward 3", &[]).await;
    for n in 0..5 {
        dora.say(&channel, &format!("m{n}")).await;
    }
    assert!(clinic.verify_audit().await.is_ok());
    for (change, back) in [
        (
            "UPDATE audit_logs SET action = 'x.' || action WHERE number = 5",
            "UPDATE audit_logs SET action = substr(action, 3) WHERE number = 5",
        ),
        ("UPDATE audit_logs SET number = 900 WHERE number = 6", "UPDATE audit_logs SET number = 6 WHERE number = 900"),
        ("UPDATE heads SET audit_number = audit_number - 1", "UPDATE heads SET audit_number = audit_number + 1"),
    ] {
        clinic.sql(change).await;
        assert_eq!(clinic.verify_audit().await, Err("audit_chain_broken"), "{change}");
        clinic.sql(back).await;
        assert!(clinic.verify_audit().await.is_ok(), "{back}");
    }
    clinic.sql("DELETE FROM audit_logs WHERE number > 6").await;
    assert_eq!(clinic.verify_audit().await, Err("audit_chain_broken"), "the tail cut off");
}

/// What a deed finds out only while it is being done is a refusal like others.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_in_the_middle_of_a_deed_is_recorded() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, mona) = (clinic.alice(&dora).await, clinic.mona(&dora).await);
    let channel = alice.channel("Ward 3", &[]).await;
    let crown = json!({ "userId": mona.id, "role": "owner" });
    let members = format!("/api/channels/{channel}/members");
    mona.post(&members, &crown).await.is_refusal(403, "not_an_owner");
    until("the row", || async { !dora.list("/api/audit?action=access.refused").await.is_empty() }).await;
    let rows = dora.list("/api/audit?action=access.refused").await;
    let expected = row("mona", "access.refused", json!({ "deed": "channels.add_member", "code": "not_an_owner" }));
    assert_eq!(told(&rows), [expected]);
    assert!(!dora.list("/api/audit").await.iter().any(|row| row["action"] == "channels.add_member"));
    assert!(clinic.verify_audit().await.is_ok());
}
