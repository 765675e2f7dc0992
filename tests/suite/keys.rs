//! API keys: what a key may is what its account may, cut down; and what ends with it.

use std::time::Duration;

use mcp_messenger::clock::Clock as _;
use mcp_messenger::gate::Permission;
use serde_json::{Value, json};

use crate::fixture::{Clinic, PASSWORD, Person, Socket, until};

async fn made(maker: &Person, body: &Value) -> (String, Person) {
    let made = maker.post("/api/api-keys", body).await.json_of(201);
    let token = made["token"].as_str().unwrap();
    assert!(token.starts_with("mcpm_") && token.len() == 75, "{}", token.len());
    (made["key"]["id"].as_str().unwrap().to_owned(), maker.with_token(token))
}

fn wanted(permissions: &[&str]) -> Value {
    json!({ "name": "lab", "permissions": permissions })
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_key_may_what_its_account_may_cut_down_to_its_scope() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let alice = clinic.alice(&dora).await;
    let (ward, other) = (dora.channel("Ward 3", &[&alice]).await, dora.channel("Other", &[&alice]).await);
    alice.say_phi(&ward, "potassium 6.1").await;

    let (id, sender) = made(&dora, &wanted(&["messages.send"])).await;
    let posted = sender.say(&ward, "from the lab").await;
    assert_eq!(posted["senderId"], dora.id);
    sender.get(&format!("/api/messages?channelId={ward}")).await.is_refusal(403, "not_allowed");
    sender.get("/api/users").await.is_refusal(403, "not_allowed");
    sender.get("/api/audit").await.is_refusal(403, "not_allowed");

    // Patient details need their permission too, live and fetched.
    let (_, reader) = made(&dora, &wanted(&["messages.read", "channels.join"])).await;
    let shown = &reader.page(&ward).await[1];
    assert_eq!((&shown["text"], &shown["redacted"]), (&Value::Null, &json!(true)));
    let mut socket = reader.listening(&ward).await;
    alice.say_phi(&ward, "sodium 120").await;
    assert_eq!(socket.hear("new_message").await["data"]["text"], Value::Null);

    // The audit log names the key, for what was done and for what was refused.
    let rows = dora.list("/api/audit?limit=200").await;
    let by_key = |action: &str| rows.iter().any(|r| r["action"] == action && r["details"]["apiKeyId"] == *id);
    assert!(by_key("messages.post") && by_key("access.refused"));

    // Limited to a channel, everything else is not there.
    let mut body = wanted(&["messages.send", "messages.read", "phi.read", "channels.list"]);
    body["channels"] = json!([ward]);
    let (_, narrow) = made(&dora, &body).await;
    assert_eq!(narrow.page(&ward).await[0]["text"], "sodium 120");
    let message = alice.say(&other, "elsewhere").await;
    for path in [
        format!("/api/messages?channelId={other}"),
        format!("/api/channels/{other}"),
        format!("/api/messages/{}", message["id"].as_str().unwrap()),
    ] {
        narrow.get(&path).await.is_refusal(404, "not_found");
    }
    narrow.get(&format!("/api/messages/{}", posted["id"].as_str().unwrap())).await.json_of(200);
    for path in ["/api/messages", "/api/channels", "/api/users", "/api/bookmarks"] {
        narrow.get(path).await.is_refusal(403, "api_key_channels_only");
    }
    let mut socket = narrow.socket().await;
    assert_eq!(socket.try_join(&other, None).await["code"], "not_found");
    socket.join(&ward, None).await;
    // What concerns the person elsewhere is not for it: the mention is told to others, not to this socket.
    alice.say(&other, "@dora come").await;
    alice.say(&ward, "here").await;
    assert_eq!(socket.next().await["data"]["text"], "here");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn what_people_do_themselves_no_key_does() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let all: Vec<&str> = Permission::ALL.iter().map(|permission| permission.name()).collect();
    let (id, key) = made(&dora, &wanted(&all)).await;
    key.get("/api/users").await.json_of(200);
    let change = json!({ "currentPassword": PASSWORD, "newPassword": "a fresh long sentence" });
    let own = format!("/api/users/{}", dora.id);
    for (method, path, body) in [
        ("POST", "/api/auth/change-password", change),
        ("POST", "/api/auth/refresh-token", Value::Null),
        ("POST", "/api/auth/logout", Value::Null),
        ("GET", "/api/api-keys", Value::Null),
        ("POST", "/api/api-keys", wanted(&["messages.send"])),
        ("PUT", &format!("/api/api-keys/{id}"), json!({ "name": "x" })),
        ("POST", &format!("/api/api-keys/{id}/rotate"), json!({})),
        ("DELETE", &format!("/api/api-keys/{id}"), Value::Null),
        ("PUT", &own, json!({ "firstName": "Eve" })),
    ] {
        let body = (!body.is_null()).then_some(&body);
        key.ask(method, path, body).await.is_refusal(403, "not_for_api_keys");
    }
    assert_eq!(dora.get(&own).await.json_of(200)["firstName"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_key_is_rotated_changed_and_revoked_at_once() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let ward = dora.channel("Ward 3", &[]).await;
    let (id, key) = made(&dora, &wanted(&["messages.send", "messages.read"])).await;
    let path = format!("/api/api-keys/{id}");
    let mut socket = key.listening(&ward).await;

    // Rotated: both tokens work, the old one for the grace.
    let rotated = dora.post(&format!("{path}/rotate"), &json!({ "graceHours": 1 })).await.json_of(200);
    let newer = key.with_token(rotated["token"].as_str().unwrap());
    key.page(&ward).await;
    newer.page(&ward).await;
    clinic.pass(3_601);
    key.get("/api/messages").await.is_refusal(401, "api_key_unknown");
    newer.page(&ward).await;
    assert_eq!(socket.send(&ward, "still here").await["type"], "ack");

    // Changed: the sockets come again, with less.
    dora.put(&path, &json!({ "permissions": ["messages.read"] })).await.json_of(200);
    socket.hear_where("the end", |frame| frame["eventType"] == "session_ended").await;
    let refused = newer.post("/api/messages", &json!({ "channelId": ward, "text": "x" })).await;
    refused.is_refusal(403, "not_allowed");
    let mut socket = newer.listening(&ward).await;

    // Used: shown. Revoked: everything ends.
    let listed = dora.list("/api/api-keys").await;
    assert!(listed[0]["lastUsedAt"].is_string() && listed[0].get("token").is_none(), "{}", listed[0]);
    dora.delete(&path).await.json_of(200);
    socket.hear_where("the end", |frame| frame["eventType"] == "session_ended").await;
    newer.get("/api/messages").await.is_refusal(401, "session_ended");
    dora.delete(&path).await.is_refusal(404, "not_found");
    assert!(dora.list("/api/api-keys").await[0]["revokedAt"].is_string());

    // An end, a restart in between, and mistakes.
    let mut body = wanted(&["messages.read"]);
    body["expiresInDays"] = json!(1);
    let (_, short) = made(&dora, &body).await;
    short.get("/api/messages").await.json_of(200);
    clinic.pass(24 * 60 * 60);
    short.get("/api/messages").await.is_refusal(401, "token_expired");
    let token = short.token.clone().unwrap();
    short.with_token(&token[..token.len() - 1]).get("/api/messages").await.is_refusal(401, "api_key_mistyped");
    let mut socket = Socket::open(&clinic.line()).await;
    assert_eq!(socket.authenticate(&token).await["code"], "token_expired");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn nobody_lends_more_than_they_have_and_an_account_ends_its_keys() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, adam) = (clinic.alice(&dora).await, clinic.adam(&dora).await);
    alice.post("/api/api-keys", &wanted(&["messages.send"])).await.is_refusal(403, "not_allowed");
    adam.post("/api/api-keys", &wanted(&["roles.manage"])).await.is_refusal(403, "scope_above_own");
    let mut body = wanted(&["messages.read"]);
    body["userId"] = json!(dora.id);
    adam.post("/api/api-keys", &body).await.is_refusal(403, "account_above_own");
    body["userId"] = json!(alice.id);
    body["permissions"] = json!(["messages.read", "users.create"]);
    let (_, robot) = made(&adam, &body).await;
    robot.get("/api/messages").await.json_of(200);
    // The account may not, so its key may not.
    let user = json!({ "username": "eve", "password": PASSWORD });
    robot.post("/api/users", &user).await.is_refusal(403, "not_allowed");

    let ward = alice.channel("Ward 3", &[]).await;
    let mut socket = robot.listening(&ward).await;
    dora.put(&format!("/api/users/{}", alice.id), &json!({ "status": "inactive" })).await.json_of(200);
    socket.hear_where("the end", |frame| frame["eventType"] == "session_ended").await;
    assert_eq!(robot.get("/api/messages").await.status, 401);

    for (field, value) in [
        ("name", json!("x".repeat(101))),
        ("permissions", json!([])),
        ("permissions", json!(["messages.fly"])),
        ("channels", json!([])),
        ("expiresInDays", json!(731)),
        ("expiresInDays", json!(0)),
        ("token", json!("mcpm_mine")),
    ] {
        let mut body = wanted(&["messages.read"]);
        body[field] = value;
        let problem = adam.post("/api/api-keys", &body).await.json_of(400);
        assert_eq!(problem["errors"][0]["field"], field);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_outlives_a_restart_and_its_token_is_nowhere() {
    let mut clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (_, key) = made(&dora, &wanted(&["messages.read"])).await;
    clinic.restart().await;
    key.by(clinic.line()).get("/api/messages").await.json_of(200);
    let token = key.token.clone().unwrap();
    clinic.stop().await;
    let live = clinic.data_dir().join("live");
    for file in std::fs::read_dir(live).unwrap().filter_map(|entry| std::fs::read(entry.unwrap().path()).ok()) {
        assert!(!file.windows(token.len()).any(|window| window == token.as_bytes()));
    }
}

/// Plans a message through a key, an hour ahead; gives its id.
async fn planned(clinic: &Clinic, key: &Person, channel: &str, text: &str, seconds: u64) -> Value {
    let at = clinic.clock.now().plus(Duration::from_secs(seconds)).to_string();
    let body = json!({ "channelId": channel, "text": text, "sendAt": at });
    key.post("/api/messages/scheduled", &body).await.json_of(201)["id"].clone()
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn what_a_key_asked_for_later_is_done_within_its_scope_and_while_it_lasts() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (ward, other) = (dora.channel("Ward 3", &[]).await, dora.channel("Other", &[]).await);
    let scope = |channels: Value| {
        let mut body = wanted(&["messages.send"]);
        body["channels"] = channels;
        body
    };
    let (good_id, good) = made(&dora, &scope(json!([ward]))).await;
    let (revoked_id, revoked) = made(&dora, &scope(json!([ward]))).await;
    let (cut_id, cut) = made(&dora, &wanted(&["messages.send", "messages.read"])).await;
    let (moved_id, moved) = made(&dora, &scope(json!([ward, other]))).await;
    let mut short = scope(json!([ward]));
    short["expiresInDays"] = json!(1);
    let (_, short) = made(&dora, &short).await;
    let mut expected = Vec::new();
    for (key, code) in [
        (&good, Value::Null),
        (&revoked, json!("session_ended")),
        (&cut, json!("not_allowed")),
        (&moved, json!("not_found")),
        (&short, json!("token_expired")),
    ] {
        expected.push((planned(&clinic, key, &ward, "by a program", 25 * 3_600).await, code));
    }
    let own = planned(&clinic, &dora, &ward, "by a person", 25 * 3_600).await;
    expected.push((own.clone(), Value::Null));

    // A key sees and changes what it asked for itself; the person sees all of it.
    assert_eq!(cut.list("/api/messages/scheduled").await.len(), 1);
    assert_eq!(dora.list("/api/messages/scheduled").await.len(), 6);
    let path = format!("/api/messages/scheduled/{}", own.as_str().unwrap());
    cut.put(&path, &json!({ "text": "mine" })).await.is_refusal(404, "not_found");
    cut.delete(&path).await.is_refusal(404, "not_found");

    dora.delete(&format!("/api/api-keys/{revoked_id}")).await.json_of(200);
    dora.put(&format!("/api/api-keys/{cut_id}"), &json!({ "permissions": ["messages.read"] })).await.json_of(200);
    dora.put(&format!("/api/api-keys/{moved_id}"), &json!({ "channels": [other] })).await.json_of(200);
    clinic.pass(23 * 3_600 + 3_599);
    let dora = clinic.sign_in("dora").await;
    let mut socket = dora.listening(&ward).await;
    clinic.pass(3_601);
    for _ in 0..2 {
        let text = socket.hear("new_message").await["data"]["text"].clone();
        assert!(text == "by a program" || text == "by a person", "{text}");
    }
    for (id, code) in &expected {
        let told = socket.hear_where("what came of it", |f| f["data"]["scheduledId"] == *id).await["data"].clone();
        let kind = if code.is_null() { "scheduled_sent" } else { "scheduled_failed" };
        assert_eq!((&told["kind"], &told["code"]), (&json!(kind), code));
    }
    assert_eq!(dora.page(&ward).await.len(), 2, "nothing was posted but what may be");
    let left = dora.list("/api/messages/scheduled").await;
    assert_eq!(left.len(), 4);
    assert!(left.iter().all(|waiting| waiting["failure"].is_string()));
    let rows = dora.list("/api/audit?limit=200&action=messages.post").await;
    assert!(rows.iter().any(|row| row["details"]["apiKeyId"] == *good_id), "the row names the key");

    // What a person takes over is the person's.
    let taken = expected[1].0.as_str().unwrap();
    let at = clinic.clock.now().plus(Duration::from_mins(1)).to_string();
    dora.put(&format!("/api/messages/scheduled/{taken}"), &json!({ "sendAt": at })).await.json_of(200);
    clinic.pass(60);
    socket.hear("new_message").await;
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_reminder_that_a_key_asked_for_goes_with_the_key() {
    let mut clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let ward = dora.channel("Ward 3", &[]).await;
    let scope = wanted(&["messages.read"]);
    let ((_, good), (revoked_id, revoked), (cut_id, cut)) =
        (made(&dora, &scope).await, made(&dora, &scope).await, made(&dora, &scope).await);
    let at = clinic.clock.now().plus(Duration::from_mins(10)).to_string();
    let mut ids = Vec::new();
    for asker in [&good, &revoked, &cut, &dora] {
        let body = json!({ "text": "check the fridge", "remindAt": at, "channelId": ward });
        ids.push(asker.post("/api/reminders", &body).await.json_of(201)["id"].clone());
    }
    assert_eq!(cut.list("/api/reminders").await.len(), 1);
    let of_person = format!("/api/reminders/{}", ids[3].as_str().unwrap());
    cut.delete(&of_person).await.is_refusal(404, "not_found");
    assert_eq!(dora.list("/api/reminders").await.len(), 4);
    dora.delete(&format!("/api/api-keys/{revoked_id}")).await.json_of(200);
    dora.put(&format!("/api/api-keys/{cut_id}"), &json!({ "permissions": ["messages.send"] })).await.json_of(200);

    clinic.restart().await;
    let dora = dora.by(clinic.line());
    let mut socket = dora.socket().await;
    clinic.pass(600);
    let mut told = Vec::new();
    for _ in 0..2 {
        told.push(socket.hear("notification").await["data"]["reminderId"].clone());
    }
    assert!(told.contains(&ids[0]) && told.contains(&ids[3]), "{told:?}");
    until("the others' end", || async { dora.list("/api/reminders").await.len() == 2 }).await;
    let rows = dora.list("/api/audit?action=reminders.withhold").await;
    assert_eq!(rows.len(), 2);
    assert!(socket.catch_up().await.iter().all(|frame| frame["type"] != "notification"));
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_socket_of_a_key_is_nobody_at_a_desk() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let bob = clinic.bob(&dora).await;
    let ward = dora.channel("Ward 3", &[&bob]).await;
    let (_, key) = made(&dora, &wanted(&["messages.send", "messages.read", "channels.join"])).await;
    let status = || async { dora.get("/api/presence").await.json_of(200)["status"].clone() };
    let mut program = key.listening(&ward).await;
    program.send(&ward, "hello").await;
    assert_eq!(status().await, "offline");
    let mut his = bob.socket().await;
    his.say(&json!({ "type": "watch_presence", "channelId": ward })).await;
    let whole = his.hear("presence").await;
    assert!(whole["users"].as_array().unwrap().iter().all(|user| user["userId"] != dora.id), "{whole}");
    let hers = dora.socket().await;
    assert_eq!(status().await, "online");
    // What the program does is no sign of life of the person.
    clinic.pass(301);
    program.send(&ward, "again").await;
    assert_eq!(status().await, "away");
    drop(hers);
}
