//! What happens at a time: messages for later, reminders, messages that erase themselves.

use std::time::Duration;

use mcp_messenger::clock::Clock as _;
use mcp_messenger::features::expiry::Watch;
use serde_json::{Value, json};

use crate::fixture::shape::{has_fields, is_id, is_time};
use crate::fixture::{Clinic, Person, until};

const SCHEDULED: &[&str] =
    &["id", "channelId", "text", "containsPHI", "metadata", "sendAt", "failure", "createdAt", "updatedAt"];
const REMINDER: &[&str] = &["id", "text", "channelId", "remindAt", "toldAt", "createdAt"];

/// A time to come, in seconds from now.
fn at(clinic: &Clinic, seconds: u64) -> String {
    clinic.clock.now().plus(Duration::from_secs(seconds)).to_string()
}

async fn plan(clinic: &Clinic, person: &Person, channel: &str, text: &str, seconds: u64) -> Value {
    let body = json!({ "channelId": channel, "text": text, "sendAt": at(clinic, seconds) });
    person.post("/api/messages/scheduled", &body).await.json_of(201)
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_scheduled_message_is_posted_once_at_its_time_by_its_author() {
    let mut clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let channel = alice.channel("Ward 3", &[&bob]).await;
    let body = json!({
        "channelId": channel, "text": "zq7-planted rounds", "containsPHI": true, "metadata": { "a": 1 },
        "sendAt": at(&clinic, 3_600),
    });
    let planned = alice.post("/api/messages/scheduled", &body).await.json_of(201);
    has_fields(&planned, SCHEDULED);
    is_id(&planned["id"]);
    is_time(&planned["sendAt"]);
    assert_eq!((&planned["text"], &planned["failure"]), (&json!("zq7-planted rounds"), &Value::Null));
    assert_eq!(alice.list("/api/messages/scheduled").await, std::slice::from_ref(&planned));
    assert!(bob.list("/api/messages/scheduled").await.is_empty());
    let path = format!("/api/messages/scheduled/{}", planned["id"].as_str().unwrap());
    bob.put(&path, &json!({ "text": "mine" })).await.is_refusal(404, "not_found");
    bob.delete(&path).await.is_refusal(404, "not_found");
    clinic.pass(1);
    let other = plan(&clinic, &alice, &channel, "never", 3_600).await;
    alice.delete(&format!("/api/messages/scheduled/{}", other["id"].as_str().unwrap())).await.json_of(200);
    let changed = alice.put(&path, &json!({ "metadata": null })).await.json_of(200);
    assert_eq!((&changed["metadata"], &changed["text"]), (&Value::Null, &json!("zq7-planted rounds")));

    clinic.restart().await;
    let (alice, bob) = (alice.by(clinic.line()), bob.by(clinic.line()));
    let mut his = bob.listening(&channel).await;
    let mut hers = alice.socket().await;
    assert!(bob.page(&channel).await.is_empty(), "it is not time");
    clinic.pass(3_600);
    let heard = his.hear("new_message").await["data"].clone();
    assert_eq!((&heard["text"], &heard["sender"]), (&json!("zq7-planted rounds"), &json!("alice")));
    assert_eq!(heard["containsPHI"], true);
    let told = hers.hear("notification").await["data"].clone();
    let notice = json!({
        "kind": "scheduled_sent", "scheduledId": planned["id"], "channelId": channel, "messageId": heard["id"],
    });
    assert_eq!(told, notice);
    assert!(alice.list("/api/messages/scheduled").await.is_empty());
    assert_eq!(bob.page(&channel).await.len(), 1);
    alice.put(&path, &json!({ "text": "too late" })).await.is_refusal(404, "not_found");
    assert!(!crate::fixture::log::heard_the_mark());
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn what_cannot_be_posted_stays_with_the_reason_and_its_author_is_told() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let channel = alice.channel("Ward 3", &[&bob]).await;
    let planned = plan(&clinic, &bob, &channel, "hello", 60).await;
    let member = format!("/api/channels/{channel}/members/{}", bob.id);
    alice.put(&member, &json!({ "role": "readonly" })).await.json_of(200);
    let mut his = bob.socket().await;
    clinic.pass(60);
    let told = his.hear("notification").await["data"].clone();
    let notice = json!({
        "kind": "scheduled_failed", "scheduledId": planned["id"], "channelId": channel, "code": "read_only",
    });
    assert_eq!(told, notice, "what one may is asked when it is time");
    assert_eq!(bob.list("/api/messages/scheduled").await[0]["failure"], "read_only");
    assert!(alice.page(&channel).await.is_empty());
    let failed = dora.list("/api/audit?action=messages.schedule_failed").await;
    assert_eq!(
        failed[0]["details"],
        json!({ "scheduledId": planned["id"], "channelId": channel, "code": "read_only" })
    );

    alice.put(&member, &json!({ "role": "member" })).await.json_of(200);
    let path = format!("/api/messages/scheduled/{}", planned["id"].as_str().unwrap());
    let again = bob.put(&path, &json!({ "sendAt": at(&clinic, 60) })).await.json_of(200);
    assert_eq!(again["failure"], Value::Null);
    clinic.pass(60);
    assert_eq!(his.hear("notification").await["data"]["kind"], "scheduled_sent");
    assert_eq!(alice.page(&channel).await[0]["text"], "hello");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_command_that_was_scheduled_is_carried_out_with_what_its_author_may_then() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let channel = alice.channel("Ward 3", &[&bob]).await;
    let path = format!("/api/channels/{channel}");
    let (mut hers, mut his) = (alice.socket().await, bob.socket().await);
    let planned = plan(&clinic, &alice, &channel, "/topic Rounds at 8", 60).await;
    let refused = plan(&clinic, &bob, &channel, "/topic mine", 60).await;
    assert_eq!(bob.get(&path).await.json_of(200)["topic"], Value::Null, "it is not time");
    clinic.pass(60);
    let notice = json!({
        "kind": "scheduled_done", "scheduledId": planned["id"], "channelId": channel, "command": "topic",
    });
    assert_eq!(hers.hear("notification").await["data"], notice);
    let told = his.hear("notification").await["data"].clone();
    assert_eq!((&told["kind"], &told["code"]), (&json!("scheduled_failed"), &json!("not_a_moderator")));
    assert_eq!(told["scheduledId"], refused["id"]);
    assert_eq!(bob.get(&path).await.json_of(200)["topic"], "Rounds at 8");
    assert!(alice.list("/api/messages/scheduled").await.is_empty());

    let body = |text: &str, command: Value| json!({ "channelId": channel, "text": text, "sendAt": at(&clinic, 60), "command": command });
    let plan = async |text: &str, command: Value| alice.post("/api/messages/scheduled", &body(text, command)).await;
    plan("/mute @bob soon", Value::Null).await.is_refusal(400, "invalid_field");
    plan("/foo", json!(true)).await.is_refusal(400, "unknown_command");
    plan("/topic", json!(false)).await.json_of(201);
    let waits = plan("/me waves", json!(true)).await.json_of(201);
    let waits = format!("/api/messages/scheduled/{}", waits["id"].as_str().unwrap());
    alice.put(&waits, &json!({ "text": "/me" })).await.is_refusal(400, "invalid_field");
    clinic.pass(60);
    for _ in 0..2 {
        assert_eq!(hers.hear("notification").await["data"]["kind"], "scheduled_sent");
    }
    let mut texts: Vec<_> = bob.page(&channel).await.iter().map(|m| m["text"].clone()).collect();
    texts.sort_by_key(|text| text.as_str().map(str::to_owned));
    assert_eq!(texts, ["/topic", "waves"]);
    assert!(bob.page(&channel).await.iter().any(|m| m["metadata"]["type"] == "action"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_planned_is_held_to_the_rules_of_messages_at_once() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let channel = dora.channel("Ward 3", &[]).await;
    let good = json!({ "channelId": channel, "text": "x", "sendAt": at(&clinic, 1) });
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    for (body, field) in [
        (with("sendAt", Value::Null), "sendAt"),
        (with("sendAt", json!("soon")), "sendAt"),
        (with("sendAt", json!(at(&clinic, 0))), "sendAt"),
        (with("sendAt", json!(at(&clinic, 366 * 24 * 3_600 + 1))), "sendAt"),
        (with("text", json!("")), "text"),
        (with("text", json!("ü".repeat(16_001))), "text"),
        (with("channelId", json!(7)), "channelId"),
        (with("containsPHI", json!("no")), "containsPHI"),
        (with("metadata", json!([])), "metadata"),
        (with("expiresInSeconds", json!(4)), "expiresInSeconds"),
        (with("expiresInSeconds", json!(31_536_001)), "expiresInSeconds"),
        (with("senderId", json!(dora.id)), "senderId"),
    ] {
        let refused = dora.post("/api/messages/scheduled", &body).await;
        refused.is_refusal(400, "invalid_field");
        assert_eq!(refused.json().unwrap()["errors"][0]["field"], field);
    }
    dora.post("/api/messages/scheduled", &with("sendAt", json!(at(&clinic, 366 * 24 * 3_600)))).await.json_of(201);
    for n in 1..100 {
        plan(&clinic, &dora, &channel, "x", 3_600 + n).await;
    }
    dora.post("/api/messages/scheduled", &good).await.is_refusal(409, "schedule_full");
    assert_eq!(dora.whole_list("/api/messages/scheduled?limit=30").await.len(), 100);
    dora.get("/api/messages/scheduled?before=x").await.is_refusal(400, "invalid_field");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_reminder_is_told_once_and_says_nothing_by_itself() {
    let mut clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let alice = clinic.alice(&dora).await;
    let body = json!({ "text": "call the lab", "remindAt": at(&clinic, 600) });
    let asked = alice.post("/api/reminders", &body).await.json_of(201);
    has_fields(&asked, REMINDER);
    clinic.restart().await;
    let (alice, dora) = (alice.by(clinic.line()), dora.by(clinic.line()));
    let mut hers = alice.socket().await;
    let mut doras = dora.socket().await;
    clinic.pass(600);
    let told = hers.hear("notification").await["data"].clone();
    let notice = json!({
        "kind": "reminder", "reminderId": asked["id"], "channelId": null, "remindAt": asked["remindAt"],
    });
    assert_eq!(told, notice);
    doras.is_quiet().await;
    let listed = alice.list("/api/reminders").await;
    assert_eq!(listed[0]["text"], "call the lab");
    is_time(&listed[0]["toldAt"]);
    assert!(dora.list("/api/reminders").await.is_empty());
    let path = format!("/api/reminders/{}", asked["id"].as_str().unwrap());
    dora.delete(&path).await.is_refusal(404, "not_found");
    alice.delete(&path).await.json_of(200);
    assert!(alice.list("/api/reminders").await.is_empty());
    let channel = dora.channel("Ward 3", &[]).await;
    for (body, field) in [
        (json!({ "text": "x" }), "remindAt"),
        (json!({ "text": "x", "remindAt": 7 }), "remindAt"),
        (json!({ "text": "x", "remindAt": at(&clinic, 0) }), "remindAt"),
        (json!({ "text": " ", "remindAt": at(&clinic, 1) }), "text"),
        (json!({ "text": "x".repeat(1_001), "remindAt": at(&clinic, 1) }), "text"),
        (json!({ "text": "a\u{0}", "remindAt": at(&clinic, 1) }), "text"),
        (json!({ "text": "x", "remindAt": at(&clinic, 1), "channelId": "c" }), "channelId"),
        (json!({ "text": "x", "remindAt": at(&clinic, 1), "userId": dora.id }), "userId"),
    ] {
        let refused = alice.post("/api/reminders", &body).await;
        refused.is_refusal(400, "invalid_field");
        assert_eq!(refused.json().unwrap()["errors"][0]["field"], field);
    }
    let elsewhere = json!({ "text": "x", "remindAt": at(&clinic, 1), "channelId": channel });
    alice.post("/api/reminders", &elsewhere).await.is_refusal(404, "not_found");
    for n in 0..100 {
        let body = json!({ "text": "x".repeat(1_000), "remindAt": at(&clinic, 600 + n) });
        alice.post("/api/reminders", &body).await.json_of(201);
    }
    let one_more = json!({ "text": "x", "remindAt": at(&clinic, 600) });
    alice.post("/api/reminders", &one_more).await.is_refusal(409, "reminders_full");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn messages_erase_themselves_at_their_time_and_leave_no_text() {
    let mut clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let channel = alice.channel("Ward 3", &[&bob]).await;
    let body = |seconds: i64| json!({ "channelId": channel, "text": "for a while", "expiresInSeconds": seconds });
    for wrong in [4, 31_536_001, -1] {
        let refused = alice.post("/api/messages", &body(wrong)).await;
        refused.is_refusal(400, "invalid_field");
        assert_eq!(refused.json().unwrap()["errors"][0]["field"], "expiresInSeconds");
    }
    alice.post("/api/messages", &body(31_536_000)).await.json_of(201);
    let short = alice.post("/api/messages", &body(60)).await.json_of(201);
    assert_eq!(short["expiresAt"], at(&clinic, 60));
    assert_eq!(bob.page(&channel).await[0], short, "a fetch says so too");
    let lasting = bob.say(&channel, "for ever").await;
    clinic.restart().await;
    let (alice, bob) = (alice.by(clinic.line()), bob.by(clinic.line()));
    let mut his = bob.listening(&channel).await;
    clinic.pass(60);
    let deleted = his.hear("message_deleted").await["data"].clone();
    assert_eq!((&deleted["messageId"], &deleted["seq"]), (&short["id"], &json!(2)));
    assert!(deleted["rev"].as_u64() > lasting["rev"].as_u64(), "it is a change like others");
    let page = alice.page(&channel).await;
    assert_eq!((&page[1]["deleted"], &page[1]["text"]), (&json!(true), &Value::Null));
    assert_eq!((&page[0], &page[2]["deleted"]), (&lasting, &json!(false)));
    // Whatever is left of a body would stop this statement.
    clinic.sql("CREATE TABLE erased (body BYTEA NOT NULL)").await;
    clinic.sql("INSERT INTO erased SELECT encrypted_text FROM messages WHERE encrypted_text IS NOT NULL").await;
    clinic.sql("CREATE UNIQUE INDEX two_are_left ON erased (body)").await;
    let rows = dora.by(clinic.line()).list("/api/audit?action=messages.expire").await;
    assert_eq!((rows[0]["details"].clone(), &rows[0]["userId"]), (json!({ "messages": 1 }), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_channel_s_lifetime_is_held_against_what_is_there_and_what_comes() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let channel = alice.channel("Ward 3", &[&bob]).await;
    let path = format!("/api/channels/{channel}/message-lifetime");
    let unset = json!({ "channelId": channel, "messageLifetimeSeconds": null });
    assert_eq!(bob.get(&path).await.json_of(200), unset);
    for n in 0..60 {
        alice.say(&channel, &format!("old {n}")).await;
    }
    clinic.pass(100);
    let kept = alice.say(&channel, "new").await;
    bob.put(&path, &json!({ "messageLifetimeSeconds": 60 })).await.is_refusal(403, "not_a_moderator");
    for body in [
        json!({}),
        json!({ "messageLifetimeSeconds": 4 }),
        json!({ "messageLifetimeSeconds": 31_536_001 }),
        json!({ "messageLifetimeSeconds": "x" }),
    ] {
        let refused = alice.put(&path, &body).await;
        refused.is_refusal(400, "invalid_field");
        assert_eq!(refused.json().unwrap()["errors"][0]["field"], "messageLifetimeSeconds");
    }
    let set = alice.put(&path, &json!({ "messageLifetimeSeconds": 60 })).await.json_of(200);
    assert_eq!(set, json!({ "channelId": channel, "messageLifetimeSeconds": 60 }));
    assert_eq!(bob.get(&path).await.json_of(200), set);
    let left = || async {
        let page = bob.list(&format!("/api/messages?channelId={channel}&limit=200")).await;
        page.into_iter().filter(|message| message["deleted"] == false).collect::<Vec<_>>()
    };
    until("the old ones to go", || async { left().await.len() == 1 }).await;
    assert_eq!(left().await, [kept]);
    clinic.pass(60);
    until("the new one to go", || async { left().await.is_empty() }).await;
    alice.put(&path, &json!({ "messageLifetimeSeconds": null })).await.json_of(200);
    alice.say(&channel, "stays").await;
    clinic.pass(3_600);
    clinic.erase_expired(&Watch::new(clinic.clock.now(), clinic.clock.monotonic())).await;
    assert_eq!(left().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_leapt_erases_nothing_until_it_is_right() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let channel = dora.channel("Ward 3", &[]).await;
    let body = json!({ "channelId": channel, "text": "for a while", "expiresInSeconds": 7_200 });
    let watch = Watch::new(clinic.clock.now(), clinic.clock.monotonic());
    assert_eq!(clinic.erase_expired(&watch).await, None);
    dora.post("/api/messages", &body).await.json_of(201);
    let right = clinic.clock.now();
    clinic.clock.set(right.plus(Duration::from_hours(12)));
    clinic.clock.set(right.plus(Duration::from_hours(100)));
    assert_eq!(clinic.erase_expired(&watch).await, Some("clock_leapt"));
    clinic.clock.set(right);
    assert_eq!(clinic.erase_expired(&watch).await, None);
    assert_eq!(dora.page(&channel).await[0]["text"], "for a while");
    clinic.pass(7_200);
    until("it to go", || async { dora.page(&channel).await[0]["deleted"] == true }).await;
}
