//! Replies, and what is pinned.

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

fn path(message: &Value, rest: &str) -> String {
    format!("/api/messages/{}{rest}", message["id"].as_str().unwrap())
}

async fn reply(person: &Person, to: &Value, text: &str) -> Value {
    let body = json!({ "channelId": to["channelId"], "text": text, "replyTo": to["id"] });
    person.post("/api/messages", &body).await.json_of(201)
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_thread_is_what_answers_a_message_and_its_beginning_says_how_much_that_is() {
    let (_clinic, dora, alice, bob, channel) = ward().await;
    let root = alice.say(&channel, "who can cover tonight?").await;
    assert_eq!((&root["replyTo"], &root["replies"]), (&Value::Null, &json!(0)));
    let (mut hers, mut his) = (alice.listening(&channel).await, bob.listening(&channel).await);
    let first = reply(&bob, &root, "I can").await;
    assert_eq!(first["replyTo"], root["id"]);
    assert_eq!(hers.hear("new_message").await["data"], first);
    let heard = hers.hear("thread_updated").await["data"].clone();
    let expected =
        json!({ "messageId": root["id"], "channelId": channel, "seq": 1, "rev": heard["rev"], "replies": 1 });
    assert_eq!(heard, expected);
    assert!(heard["rev"].as_u64() > first["rev"].as_u64());

    // A reply to a reply belongs to the same thread; by WebSocket.
    let frame = json!({ "type": "send_message", "channelId": channel, "text": "thank you", "replyTo": first["id"] });
    let ack = hers.ask(frame).await;
    assert_eq!(
        his.hear_where("the reply", |f| f["data"]["id"] == ack["messageId"]).await["data"]["replyTo"],
        root["id"]
    );
    assert_eq!(alice.get(&path(&root, "")).await.json_of(200)["replies"], 2);
    let thread = bob.list(&path(&root, "/thread")).await;
    assert_eq!((thread.len(), &thread[1]), (2, &first));
    assert_eq!(bob.list(&path(&first, "/thread")).await, thread, "from anywhere in it");
    assert_eq!(bob.whole_list(&path(&root, "/thread?limit=1")).await, thread);
    assert_eq!(alice.page(&channel).await.len(), 3, "replies are messages of the channel");

    bob.delete(&path(&first, "")).await.json_of(200);
    assert_eq!(alice.get(&path(&root, "")).await.json_of(200)["replies"], 1);
    his.hear_where("the count", |f| f["type"] == "thread_updated" && f["data"]["replies"] == 1).await;

    // What cannot be answered: what is gone, not there, or elsewhere.
    let elsewhere = alice.channel("Ward 4", &[]).await;
    let hidden = alice.say(&elsewhere, "x").await;
    for (to, status, code) in [
        (&first["id"], 409, "message_deleted"),
        (&json!(NOWHERE), 404, "not_found"),
        (&hidden["id"], 404, "not_found"),
        (&json!(7), 400, "invalid_field"),
    ] {
        let body = json!({ "channelId": channel, "text": "x", "replyTo": to });
        bob.post("/api/messages", &body).await.is_refusal(status, code);
    }
    assert_eq!(alice.page(&channel).await.len(), 3, "and nothing was stored");
    assert_eq!(alice.say(&channel, "next").await["seq"], 4, "without a gap");
    dora.get(&path(&root, "/thread")).await.is_refusal(404, "not_found");
    bob.get(&path(&hidden, "/thread")).await.is_refusal(404, "not_found");
    bob.get(&path(&root, "/thread?before=x")).await.is_refusal(400, "invalid_field");
    bob.put(&path(&root, ""), &json!({ "text": "x", "replyTo": NOWHERE })).await.is_refusal(400, "invalid_field");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn what_is_pinned_is_in_the_channel_s_list_until_it_is_taken_off() {
    let (_clinic, dora, alice, bob, channel) = ward().await;
    let (first, second) = (alice.say(&channel, "one").await, bob.say_phi(&channel, "two").await);
    let mut his = bob.listening(&channel).await;
    let pins = format!("/api/channels/{channel}/pins");
    let pin = |message: &Value| path(message, "/pin");
    bob.ask("PUT", &pin(&first), None).await.is_refusal(403, "not_a_moderator");
    for message in [&first, &second, &first] {
        assert_eq!(alice.ask("PUT", &pin(message), None).await.json_of(200)["success"], true);
    }
    let heard = his.hear("message_pinned").await["data"].clone();
    assert_eq!((&heard["messageId"], &heard["userId"]), (&first["id"], &json!(alice.id)));
    assert_eq!(his.hear("message_pinned").await["data"]["messageId"], second["id"]);
    his.is_quiet().await;
    let listed = bob.list(&pins).await;
    assert_eq!((listed.len(), &listed[0]["id"], &listed[0]["pinned"]), (2, &second["id"], &json!(true)));
    assert_eq!(listed[1]["rev"], heard["rev"]);
    assert_eq!(bob.whole_list(&format!("{pins}?limit=1")).await, listed);

    alice.delete(&pin(&second)).await.json_of(200);
    assert_eq!(his.hear("message_unpinned").await["data"]["messageId"], second["id"]);
    alice.delete(&pin(&second)).await.is_refusal(404, "not_found");
    alice.delete(&path(&first, "")).await.json_of(200);
    assert_eq!(his.hear("message_deleted").await["data"]["pinned"], false);
    assert_eq!(bob.list(&pins).await, Vec::<Value>::new(), "what is deleted is not pinned");
    alice.ask("PUT", &pin(&first), None).await.is_refusal(409, "message_deleted");
    dora.get(&pins).await.is_refusal(404, "not_found");
    bob.ask("PUT", &format!("/api/messages/{NOWHERE}/pin"), None).await.is_refusal(404, "not_found");
    assert_eq!(dora.list("/api/audit?action=messages.pin").await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_has_a_hundred_pins() {
    let clinic = Clinic::with(|c| c.limits.sends_burst = 10_000).await;
    let dora = clinic.dora().await;
    let channel = dora.channel("c", &[]).await;
    for n in 0..101 {
        let message = dora.say(&channel, &n.to_string()).await;
        let answer = dora.ask("PUT", &path(&message, "/pin"), None).await;
        if n < 100 {
            answer.json_of(200);
        } else {
            answer.is_refusal(409, "pins_full");
        }
    }
    assert_eq!(dora.list(&format!("/api/channels/{channel}/pins?limit=200")).await.len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn where_the_clinic_says_so_every_member_who_may_write_pins() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let (rita, mona) = (clinic.hire(&dora, "rita", "user").await, clinic.mona(&dora).await);
    let channel = alice.channel("Ward 3", &[&bob, &rita]).await;
    let member = format!("/api/channels/{channel}/members/{}", rita.id);
    alice.put(&member, &json!({ "role": "readonly" })).await.json_of(200);
    let message = alice.say(&channel, "hello").await;
    let path = format!("/api/messages/{}/pin", message["id"].as_str().unwrap());
    let frame = |kind: &str| json!({ "type": kind, "messageId": message["id"] });
    let mut his = bob.socket().await;
    assert_eq!(his.ask(frame("pin_message")).await["code"], "not_a_moderator");

    let policy = "/api/settings/messages.pinsByMembers";
    bob.put(policy, &json!({ "value": true })).await.is_refusal(403, "not_allowed");
    dora.put(policy, &json!({ "value": "yes" })).await.is_refusal(400, "invalid_field");
    dora.put(policy, &json!({ "value": true })).await.json_of(200);
    let pinned = his.ask(frame("pin_message")).await;
    assert_eq!((&pinned["type"], &pinned["messageId"]), (&json!("ack"), &message["id"]));
    let again = his.ask(frame("pin_message")).await;
    assert_eq!(again["rev"], pinned["rev"], "twice is harmless and changes nothing");
    assert_eq!(bob.list(&format!("/api/channels/{channel}/pins")).await.len(), 1);
    rita.ask("PUT", &path, None).await.is_refusal(403, "read_only");
    let unpinned = his.ask(frame("unpin_message")).await;
    assert!(unpinned["rev"].as_i64() > pinned["rev"].as_i64(), "{unpinned}");
    assert_eq!(his.ask(frame("unpin_message")).await["code"], "not_found");
    // Whose role manages channels still does, from outside.
    mona.ask("PUT", &path, None).await.json_of(200);
    alice.put(&format!("/api/channels/{channel}/mutes/{}", bob.id), &json!({})).await.json_of(200);
    assert_eq!(his.ask(frame("unpin_message")).await["code"], "muted");

    dora.ask("DELETE", policy, None).await.json_of(200);
    alice.ask("DELETE", &path, None).await.json_of(200);
    assert_eq!(his.ask(frame("pin_message")).await["code"], "not_a_moderator");
}
