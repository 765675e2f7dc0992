//! Who is there, who is typing, who is connected, and what everybody is to know.

use std::time::Duration;

use mcp_messenger::clock::Clock as _;
use serde_json::{Value, json};

use crate::fixture::{Clinic, Ended, Person, Socket, soon};

async fn ward() -> (Clinic, Person, Person, Person, String) {
    // Minutes pass in these stories in which nobody answers a ping.
    let clinic = Clinic::with(|c| c.limits.idle_after = Duration::from_hours(24)).await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let channel = alice.channel("Ward 3", &[&bob]).await;
    (clinic, dora, alice, bob, channel)
}

fn typing(channel: &str) -> Value {
    json!({ "type": "typing_indicator", "channelId": channel, "requestId": "t" })
}

/// The next `presence` frame about `person`: the entry of theirs.
async fn hears_of(socket: &mut Socket, person: &Person) -> Value {
    let theirs = |frame: &Value| {
        let users = frame["users"].as_array().cloned().unwrap_or_default();
        users.into_iter().find(|user| user["userId"] == person.id.as_str())
    };
    let frame = socket.hear_where("presence", |frame| frame["type"] == "presence" && theirs(frame).is_some()).await;
    theirs(&frame).unwrap()
}

async fn watching(person: &Person, channel: &str) -> (Socket, Vec<Value>) {
    let mut socket = person.socket().await;
    let watch = json!({ "type": "watch_presence", "channelId": channel, "requestId": "w" });
    assert_eq!(socket.ask(watch).await["type"], "ack");
    let whole = socket.hear("presence").await;
    assert_eq!((&whole["channelId"], &whole["whole"]), (&json!(channel), &json!(true)));
    (socket, whole["users"].as_array().unwrap().clone())
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn typing_reaches_the_others_who_listen_and_nobody_else() {
    let (clinic, dora, alice, bob, channel) = ward().await;
    let (mut hers, mut her_phone) = (alice.listening(&channel).await, alice.listening(&channel).await);
    let mut his = bob.listening(&channel).await;
    let (mut deaf, mut outside) = (bob.socket().await, dora.socket().await);
    assert_eq!(hers.ask(typing(&channel)).await["type"], "ack");
    let frame = his.hear("typing_indicator").await;
    let expected = json!({
        "type": "typing_indicator", "channelId": channel, "userId": alice.id, "username": "alice", "typing": true,
    });
    assert_eq!(frame, expected);
    // Again within a second is no news; that she has stopped is.
    assert_eq!(hers.ask(typing(&channel)).await["type"], "ack");
    let stopped = json!({ "type": "typing_indicator", "channelId": channel, "typing": false });
    hers.say(&stopped).await;
    assert_eq!(his.hear("typing_indicator").await["typing"], json!(false));
    clinic.pass(1);
    hers.say(&typing(&channel)).await;
    assert_eq!(his.hear("typing_indicator").await["typing"], json!(true));
    for socket in [&mut hers, &mut her_phone, &mut deaf, &mut outside] {
        let frames = socket.catch_up().await;
        assert!(!frames.iter().any(|frame| frame["type"] == "typing_indicator"), "{frames:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_write_there_does_not_type_there_and_nothing_of_it_is_stored() {
    let (clinic, dora, alice, bob, channel) = ward().await;
    let mut outside = clinic.hire(&dora, "carl", "user").await.socket().await;
    assert_eq!(outside.ask(typing(&channel)).await["code"], "not_found");
    assert_eq!(outside.ask(json!({ "type": "watch_presence", "channelId": channel })).await["code"], "not_found");
    alice
        .put(&format!("/api/channels/{channel}/members/{}", bob.id), &json!({ "role": "readonly" }))
        .await
        .json_of(200);
    let mut his = bob.listening(&channel).await;
    assert_eq!(his.ask(typing(&channel)).await["code"], "read_only");
    let mut hers = alice.listening(&channel).await;
    for bad in [
        json!({ "type": "typing_indicator" }),
        json!({ "type": "typing_indicator", "channelId": 7 }),
        json!({ "type": "typing_indicator", "channelId": "not-an-id" }),
        json!({ "type": "typing_indicator", "channelId": channel, "typing": "yes" }),
        json!({ "type": "watch_presence", "channelId": null }),
        json!({ "type": "set_presence", "status": "gone" }),
        json!({ "type": "set_presence", "status": "busy", "text": "x".repeat(101) }),
        json!({ "type": "set_presence", "status": "busy", "text": "a\u{202e}b" }),
        json!({ "type": "set_presence", "status": "busy", "until": "1999-01-01T00:00:00Z" }),
    ] {
        assert_eq!(hers.ask(bad.clone()).await["code"], "invalid_field", "{bad}");
    }
    hers.ask(typing(&channel)).await;
    hers.ask(json!({ "type": "set_presence", "status": "dnd", "text": "in theatre till noon" })).await;
    let rows = dora.list("/api/audit?limit=200").await;
    assert!(!rows.iter().any(|row| row["action"].as_str().unwrap().starts_with("presence.")), "{rows:?}");
    for name in ["messenger.db", "messenger.db-wal"] {
        let bytes = std::fs::read(clinic.data_dir().join("live").join(name)).unwrap();
        assert!(!bytes.windows(10).any(|w| w == b"in theatre"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_typing_is_refused_and_the_socket_lives() {
    let clinic = Clinic::with(|c| {
        c.limits.whispers_per_second = 1;
        c.limits.whispers_burst = 3;
    })
    .await;
    let dora = clinic.dora().await;
    let alice = clinic.alice(&dora).await;
    let channel = alice.channel("Ward 3", &[]).await;
    let mut hers = alice.listening(&channel).await;
    for _ in 0..3 {
        assert_eq!(hers.ask(typing(&channel)).await["type"], "ack");
    }
    assert_eq!(hers.ask(typing(&channel)).await["code"], "too_many_messages");
    clinic.pass(1);
    assert_eq!(hers.ask(typing(&channel)).await["type"], "ack");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn whoever_watches_a_channel_hears_who_comes_is_away_chooses_and_goes() {
    let (clinic, _, alice, bob, channel) = ward().await;
    let (mut hers, there) = watching(&alice, &channel).await;
    assert!(there.iter().all(|user| user["userId"] != bob.id.as_str()), "{there:?}");
    let mut his = bob.socket().await;
    assert_eq!(hears_of(&mut hers, &bob).await["status"], "online");

    clinic.pass(300);
    assert_eq!(hears_of(&mut hers, &bob).await["status"], "away", "nothing was done for five minutes");
    his.ask(json!({ "type": "join_channel", "channelId": channel })).await;
    assert_eq!(hears_of(&mut hers, &bob).await["status"], "online");

    let until = clinic.clock.now().plus(Duration::from_hours(1)).to_string();
    let chosen = json!({ "type": "set_presence", "status": "dnd", "text": "in theatre", "until": until });
    assert_eq!(his.ask(chosen).await["type"], "ack");
    let shown = hears_of(&mut hers, &bob).await;
    assert_eq!((&shown["status"], &shown["text"]), (&json!("dnd"), &json!("in theatre")));
    let own = bob.get("/api/presence").await.json_of(200);
    assert_eq!(own, shown, "REST shows the same");
    clinic.pass(3_600);
    his.ask(json!({ "type": "join_channel", "channelId": channel })).await;
    assert_eq!(hears_of(&mut hers, &bob).await["text"], Value::Null, "it ends when it says");

    let changed = bob.put("/api/presence", &json!({ "status": "busy" })).await.json_of(200);
    assert_eq!(changed["status"], "busy");
    assert_eq!(hears_of(&mut hers, &bob).await["status"], "busy");
    bob.put("/api/presence", &json!({ "status": "online" })).await.json_of(200);
    assert_eq!(hears_of(&mut hers, &bob).await["status"], "online");
    drop(his);
    soon("his departure", async {
        while clinic.sockets() > 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    clinic.pass(10);
    assert_eq!(hears_of(&mut hers, &bob).await["status"], "offline");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_removed_hears_no_more_of_who_is_there() {
    let (_clinic, dora, alice, bob, channel) = ward().await;
    let (mut his, _) = watching(&bob, &channel).await;
    let (mut hers, there) = watching(&alice, &channel).await;
    if !there.iter().any(|user| user["userId"] == bob.id.as_str()) {
        assert_eq!(hears_of(&mut hers, &bob).await["status"], "online");
    }
    alice.delete(&format!("/api/channels/{channel}/members/{}", bob.id)).await.json_of(200);
    his.catch_up().await;
    alice.put("/api/presence", &json!({ "status": "busy" })).await.json_of(200);
    assert_eq!(hears_of(&mut hers, &alice).await["status"], "busy");
    let frames = his.catch_up().await;
    assert!(!frames.iter().any(|frame| frame["type"] == "presence"), "{frames:?}");
    drop(dora);
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn an_administrator_sees_who_is_connected_and_ends_a_connection() {
    let (_clinic, dora, alice, bob, channel) = ward().await;
    let (mut hers, mut his) = (alice.listening(&channel).await, bob.socket().await);
    let listed = dora.whole_list("/api/connections?limit=1").await;
    let names: Vec<_> = listed.iter().map(|row| row["username"].as_str().unwrap()).collect();
    assert_eq!(names, ["alice", "bob"]);
    let row = &listed[1];
    assert_eq!(
        (&row["userId"], &row["ipAddress"], &row["silentSeconds"]),
        (&json!(bob.id), &json!("127.0.0.1"), &json!(0))
    );
    assert!(row["connectedAt"].is_string() && row["sessionId"].is_string());
    let only_his = dora.list(&format!("/api/connections?userId={}", bob.id)).await;
    assert_eq!(only_his, std::slice::from_ref(row));

    let path = format!("/api/connections/{}", row["id"].as_str().unwrap());
    bob.delete(&path).await.is_refusal(403, "not_allowed");
    dora.delete(&path).await.json_of(200);
    assert_eq!(his.end().await, Ended::Closed(4005));
    dora.delete(&path).await.is_refusal(404, "not_found");
    dora.delete("/api/connections/not-a-number").await.is_refusal(404, "not_found");
    let row = &dora.list("/api/audit?action=connections.disconnect").await[0];
    assert_eq!(row["details"]["targetUserId"], json!(bob.id));
    // He is signed in as before, and nobody else was touched.
    bob.socket().await.is_quiet().await;
    hers.is_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn an_announcement_reaches_everyone_now_and_whoever_comes_while_it_holds() {
    let (mut clinic, dora, alice, bob, _) = ward().await;
    let mut hers = alice.socket().await;
    let body = json!({ "text": "The server stops at six.", "level": "warning" });
    alice.put("/api/announcement", &body).await.is_refusal(403, "not_allowed");
    let made = dora.put("/api/announcement", &body).await.json_of(200);
    let heard = hers.hear("notification").await["data"].clone();
    assert_eq!((&heard["kind"], &heard["text"]), (&json!("announcement"), &json!("The server stops at six.")));
    assert_eq!((&heard["level"], &heard["until"]), (&made["level"], &made["until"]));
    assert_eq!(bob.get("/api/announcement").await.json_of(200), made);
    clinic.restart().await;
    let bob = clinic.sign_in("bob").await;
    assert_eq!(bob.socket().await.hear("notification").await["data"], heard, "it survives a restart");

    for bad in [
        json!({}),
        json!({ "text": "" }),
        json!({ "text": "x".repeat(501) }),
        json!({ "text": "a\u{202e}b" }),
        json!({ "text": "x", "level": "loud" }),
        json!({ "text": "x", "until": "1999-01-01T00:00:00Z" }),
        json!({ "text": "x", "announcedBy": bob.id }),
        json!({ "text": 7 }),
    ] {
        let dora = clinic.sign_in("dora").await;
        dora.put("/api/announcement", &bad).await.is_refusal(400, "invalid_field");
    }
    clinic.pass(86_400);
    let dora = clinic.sign_in("dora").await;
    dora.get("/api/announcement").await.is_refusal(404, "not_found");
    dora.socket().await.is_quiet().await;
    dora.delete("/api/announcement").await.json_of(200);
    dora.delete("/api/announcement").await.is_refusal(404, "not_found");
}
