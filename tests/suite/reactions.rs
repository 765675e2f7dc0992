//! What people put under a message.

use serde_json::{Value, json};

use crate::fixture::{Clinic, Person};

const NOWHERE: &str = "00000000-0000-7000-8000-000000000000";

async fn ward() -> (Clinic, Person, Person, Person, String) {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let channel = alice.channel("Ward 3", &[&bob]).await;
    (clinic, dora, alice, bob, channel)
}

fn path(message: &Value) -> String {
    format!("/api/messages/{}/reactions", message["id"].as_str().unwrap())
}

fn add(message: &Value, reaction: &str) -> Value {
    json!({ "type": "add_reaction", "messageId": message["id"], "reaction": reaction })
}

fn remove(message: &Value, reaction: &str) -> Value {
    json!({ "type": "remove_reaction", "messageId": message["id"], "reaction": reaction })
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_reaction_reaches_everyone_and_is_in_every_fetch() {
    let (_clinic, dora, alice, bob, channel) = ward().await;
    let posted = alice.say(&channel, "done").await;
    let other = alice.say(&channel, "another").await;
    let (mut hers, mut his) = (alice.listening(&channel).await, bob.listening(&channel).await);

    let thumb = "\u{1f44d}";
    let reacted = bob.post(&path(&posted), &json!({ "reaction": thumb, "more": 1 })).await.json_of(201);
    assert_eq!(reacted["reactions"], json!([{ "reaction": thumb, "count": 1, "userIds": [bob.id] }]));
    let heard = hers.hear("reaction_added").await["data"].clone();
    let expected = json!({
        "messageId": posted["id"], "channelId": channel, "seq": 1, "rev": reacted["rev"], "userId": bob.id,
        "reaction": thumb,
    });
    assert_eq!(heard, expected);
    assert_eq!(his.hear("reaction_added").await["data"], expected);
    assert!(reacted["rev"].as_u64() > other["rev"].as_u64());
    assert_eq!(reacted["editedAt"], Value::Null, "a reaction is no edit");

    // Over a socket; twice is harmless and tells nobody.
    let ack = hers.ask(add(&posted, thumb)).await;
    assert_eq!((&ack["type"], &ack["messageId"], &ack["seq"]), (&json!("ack"), &posted["id"], &json!(1)));
    assert_eq!(his.hear("reaction_added").await["data"]["rev"], ack["rev"]);
    assert_eq!(hers.ask(add(&posted, thumb)).await["rev"], ack["rev"]);
    hers.ask(add(&posted, "+1")).await;
    his.hear("reaction_added").await;
    his.is_quiet().await;

    let mut both = [alice.id.clone(), bob.id.clone()];
    both.sort();
    let groups = json!([
        { "reaction": "+1", "count": 1, "userIds": [alice.id] },
        { "reaction": thumb, "count": 2, "userIds": both },
    ]);
    let message = format!("/api/messages/{}", posted["id"].as_str().unwrap());
    assert_eq!(bob.get(&message).await.json_of(200)["reactions"], groups);
    let page = bob.page(&channel).await;
    assert_eq!((&page[1]["reactions"], &page[0]["reactions"]), (&groups, &json!([])));
    let recent = bob.list("/api/messages").await;
    assert_eq!((&recent[0]["id"], &recent[0]["reactions"]), (&posted["id"], &groups), "by the last change");
    let mut again = bob.socket().await;
    again.join(&channel, Some(other["rev"].as_u64().unwrap())).await;
    assert_eq!(again.kept()[0]["data"]["reactions"], groups, "a replay shows it");
    let edited = alice.put(&message, &json!({ "text": "all done" })).await.json_of(200);
    assert_eq!(edited["reactions"], groups);
    assert_eq!(his.hear("message_updated").await["data"]["reactions"], groups, "an edit takes none away");

    // Taken back, by REST (the emoji is escaped in the path) and over a socket.
    bob.delete(&format!("{}/%F0%9F%91%8D", path(&posted))).await.json_of(200);
    assert_eq!(his.hear("reaction_removed").await["data"]["userId"], json!(bob.id));
    bob.delete(&format!("{}/%F0%9F%91%8D", path(&posted))).await.is_refusal(404, "not_found");
    bob.delete(&format!("{}/+1", path(&posted))).await.is_refusal(404, "not_found");
    hers.ask(remove(&posted, thumb)).await;
    hers.ask(remove(&posted, "+1")).await;
    assert_eq!(bob.get(&message).await.json_of(200)["reactions"], json!([]));

    let rows = dora.list("/api/audit?action=messages.react").await;
    assert_eq!(rows.len(), 4);
    assert!(!Value::from(rows).to_string().contains(thumb), "what was said with it stays out of the log");
    assert_eq!(dora.list("/api/audit?action=messages.unreact").await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reaction_is_short_printable_and_has_its_place() {
    let (_clinic, dora, alice, bob, channel) = ward().await;
    let posted = alice.say(&channel, "done").await;
    let mut socket = bob.listening(&channel).await;
    for (reaction, taken) in [
        (json!(""), false),
        (json!("x"), true),
        (json!("x".repeat(19)), true),
        (json!("\u{1f600}".repeat(20)), true),
        (json!("x".repeat(21)), false),
        (json!("a b"), false),
        (json!("a\u{7}"), false),
        (json!("\u{202e}abc"), false),
        (json!("\u{200b}"), false),
        (json!(7), false),
        (json!(null), false),
        (json!(["x"]), false),
    ] {
        let answer = bob.post(&path(&posted), &json!({ "reaction": reaction })).await;
        let frame = json!({ "type": "add_reaction", "messageId": posted["id"], "reaction": reaction });
        let said = socket.ask(frame).await;
        if taken {
            answer.json_of(201);
            assert_eq!(said["type"], "ack");
        } else {
            answer.is_refusal(400, "invalid_field");
            assert_eq!(answer.json().unwrap()["errors"][0]["field"], "reaction");
            assert_eq!((&said["type"], &said["code"]), (&json!("error"), &json!("invalid_field")), "{reaction}");
        }
    }
    for field in ["id", "messageId", "userId"] {
        let mut body = json!({ "reaction": "x" });
        body[field] = json!(alice.id);
        bob.post(&path(&posted), &body).await.is_refusal(400, "invalid_field");
    }
    // Twenty different ones; the next who reacts as others did may.
    for n in 3..20 {
        bob.post(&path(&posted), &json!({ "reaction": format!("r{n}") })).await.json_of(201);
    }
    bob.post(&path(&posted), &json!({ "reaction": "more" })).await.is_refusal(409, "too_many_reactions");
    alice.post(&path(&posted), &json!({ "reaction": "r5" })).await.json_of(201);

    // Where one may not write, or may not look.
    let carl = dora;
    for answer in [
        carl.post(&path(&posted), &json!({ "reaction": "x" })).await,
        carl.delete(&format!("{}/x", path(&posted))).await,
        bob.post(&format!("/api/messages/{NOWHERE}/reactions"), &json!({ "reaction": "x" })).await,
    ] {
        answer.is_refusal(404, "not_found");
    }
    let members = format!("/api/channels/{channel}/members/{}", bob.id);
    alice.put(&members, &json!({ "role": "readonly" })).await.json_of(200);
    bob.post(&path(&posted), &json!({ "reaction": "y" })).await.is_refusal(403, "read_only");
    bob.delete(&format!("{}/x", path(&posted))).await.json_of(200);
    // A deleted message shows none and takes none.
    alice.delete(&format!("/api/messages/{}", posted["id"].as_str().unwrap())).await.json_of(200);
    assert_eq!(alice.page(&channel).await[0]["reactions"], json!([]));
    alice.post(&path(&posted), &json!({ "reaction": "x" })).await.is_refusal(409, "message_deleted");
    alice.delete(&format!("{}/r5", path(&posted))).await.is_refusal(409, "message_deleted");
    assert_eq!(socket.ask(add(&posted, "r5")).await["code"], "read_only");
}
