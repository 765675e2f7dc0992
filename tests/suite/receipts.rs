//! Who has received and read a message.

use serde_json::{Value, json};

use crate::fixture::shape::{has_fields, is_time};
use crate::fixture::{Clinic, Person};

const NOWHERE: &str = "00000000-0000-7000-8000-000000000000";
const RECEIPT: &[&str] = &["userId", "username", "deliveredAt", "readAt"];

async fn ward() -> (Clinic, Person, Person, Person, String) {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let channel = alice.channel("Ward 3", &[&bob]).await;
    (clinic, dora, alice, bob, channel)
}

fn receipts(message: &Value) -> String {
    format!("/api/messages/{}/receipts", message["id"].as_str().unwrap())
}

fn read(message: &Value) -> Value {
    json!({ "type": "read_receipt", "channelId": message["channelId"], "messageId": message["id"] })
}

async fn unread(person: &Person, channel: &str) -> Value {
    person.get(&format!("/api/channels/{channel}")).await.json_of(200)["unreadCount"].clone()
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn who_has_read_what_is_told_to_the_others_and_to_one_s_own_devices() {
    let (clinic, _dora, alice, bob, channel) = ward().await;
    let first = alice.say(&channel, "one").await;
    let second = alice.say(&channel, "two").await;
    assert_eq!(unread(&bob, &channel).await, 2);
    let (mut hers, mut his) = (alice.listening(&channel).await, bob.listening(&channel).await);
    // His other device listens to nothing.
    let mut phone = bob.socket().await;

    clinic.pass(60);
    assert_eq!(his.ask(read(&first)).await["type"], "ack");
    let heard = hers.hear("read_receipt").await;
    has_fields(&heard, &["type", "channelId", "messageId", "userId", "timestamp"]);
    is_time(&heard["timestamp"]);
    let ids = (&heard["channelId"], &heard["messageId"], &heard["userId"]);
    assert_eq!(ids, (&json!(channel), &first["id"], &json!(bob.id)));
    assert_eq!(phone.hear("read_receipt").await, heard, "what is read on one device is read on all");
    assert_eq!(unread(&bob, &channel).await, 1);
    assert_eq!(
        alice.list(&receipts(&first)).await,
        [json!({
            "userId": bob.id, "username": "bob", "deliveredAt": heard["timestamp"], "readAt": heard["timestamp"],
        })]
    );
    assert_eq!(alice.list(&receipts(&second)).await, Vec::<Value>::new());

    // By REST; and a place that was passed is not gone back to.
    let path = format!("/api/messages/{}/read", second["id"].as_str().unwrap());
    assert_eq!(bob.ask("POST", &path, None).await.json_of(200)["success"], true);
    assert_eq!(hers.hear("read_receipt").await["messageId"], second["id"]);
    assert_eq!(his.ask(read(&first)).await["type"], "ack");
    bob.ask("POST", &path, None).await.json_of(200);
    hers.is_quiet().await;
    assert_eq!(unread(&bob, &channel).await, 0);
    for row in alice.list(&receipts(&second)).await {
        has_fields(&row, RECEIPT);
    }
    assert_eq!(bob.list(&receipts(&second)).await.len(), 1, "members see it, the sender is not in it");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn what_a_device_has_received_is_told_within_moments() {
    let (_clinic, _dora, alice, bob, channel) = ward().await;
    let first = alice.say(&channel, "one").await;
    let second = alice.say(&channel, "two").await;
    let (mut hers, mut his) = (alice.listening(&channel).await, bob.listening(&channel).await);
    for message in [&second, &first] {
        let frame = json!({ "type": "delivery_receipt", "channelId": channel, "messageId": message["id"] });
        assert_eq!(his.ask(frame).await["type"], "ack");
    }
    // Those between may be skipped; the newest is told.
    let heard = hers.hear_where("the delivery", |f| f["type"] == "delivery_receipt" && f["messageId"] == second["id"]);
    let heard = heard.await;
    has_fields(&heard, &["type", "channelId", "messageId", "userId", "timestamp"]);
    assert_eq!(heard["userId"], json!(bob.id));
    for message in [&first, &second] {
        let rows = alice.list(&receipts(message)).await;
        assert_eq!((&rows[0]["userId"], &rows[0]["readAt"]), (&json!(bob.id), &Value::Null));
        is_time(&rows[0]["deliveredAt"]);
    }
    assert_eq!(unread(&bob, &channel).await, 2, "what was received was not read");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_may_keep_it_to_themselves_unless_the_clinic_decides() {
    let (_clinic, dora, alice, bob, channel) = ward().await;
    let mut hers = alice.listening(&channel).await;
    let mut phone = bob.socket().await;
    let mut his = bob.socket().await;
    let preferences = format!("/api/users/{}/notification-preferences", bob.id);
    bob.put(&preferences, &json!({ "sendReadReceipts": false })).await.json_of(200);
    let one = alice.say(&channel, "one").await;
    his.ask(read(&one)).await;
    assert_eq!(phone.hear("read_receipt").await["messageId"], one["id"], "one's own devices are told all the same");
    assert_eq!(unread(&bob, &channel).await, 0);
    assert!(hers.catch_up().await.iter().all(|frame| frame["type"] != "read_receipt"));
    assert_eq!(alice.list(&receipts(&one)).await, Vec::<Value>::new());

    let policy = "/api/settings/messages.receipts";
    dora.put(policy, &json!({ "value": "required" })).await.json_of(200);
    let two = alice.say(&channel, "two").await;
    his.ask(read(&two)).await;
    assert_eq!(hers.hear("read_receipt").await["messageId"], two["id"]);
    assert_eq!(alice.list(&receipts(&two)).await.len(), 1);

    dora.put(policy, &json!({ "value": "off" })).await.json_of(200);
    bob.put(&preferences, &json!({ "sendReadReceipts": true })).await.json_of(200);
    let three = alice.say(&channel, "three").await;
    his.ask(read(&three)).await;
    assert!(hers.catch_up().await.iter().all(|frame| frame["type"] != "read_receipt"));
    assert_eq!(alice.list(&receipts(&two)).await, Vec::<Value>::new());
    assert_eq!(unread(&bob, &channel).await, 0);
    dora.put(policy, &json!({ "value": "sometimes" })).await.is_refusal(400, "invalid_field");
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_of_what_is_not_there_or_not_one_s_own_are_refused() {
    let (_clinic, dora, alice, bob, channel) = ward().await;
    let message = alice.say(&channel, "one").await;
    let elsewhere = alice.channel("Ward 4", &[]).await;
    let hidden = alice.say(&elsewhere, "two").await;
    let mut his = bob.socket().await;
    let frame = |kind: &str, channel: &str, message: &Value| json!({ "type": kind, "channelId": channel, "messageId": message });
    for kind in ["read_receipt", "delivery_receipt"] {
        for (place, of, code) in [
            (channel.as_str(), &json!(NOWHERE), "not_found"),
            (&channel, &hidden["id"], "not_found"),
            (&elsewhere, &hidden["id"], "not_found"),
            (&elsewhere, &message["id"], "not_found"),
            (NOWHERE, &message["id"], "not_found"),
            ("ward", &message["id"], "invalid_field"),
            (&channel, &json!(null), "invalid_field"),
            (&channel, &json!(7), "invalid_field"),
        ] {
            let answer = his.ask(frame(kind, place, of)).await;
            assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!(code)), "{kind} {place} {of}");
        }
    }
    let mut hers = alice.listening(&channel).await;
    alice.delete(&format!("/api/messages/{}", message["id"].as_str().unwrap())).await.json_of(200);
    for kind in ["read_receipt", "delivery_receipt"] {
        assert_eq!(his.ask(frame(kind, &channel, &message["id"])).await["code"], "message_deleted");
    }
    bob.get(&receipts(&message)).await.is_refusal(409, "message_deleted");
    let path = format!("/api/messages/{}/read", message["id"].as_str().unwrap());
    bob.ask("POST", &path, None).await.is_refusal(409, "message_deleted");
    assert!(hers.catch_up().await.iter().all(|f| f["type"] != "read_receipt" && f["type"] != "delivery_receipt"));
    dora.get(&receipts(&hidden)).await.is_refusal(404, "not_found");
    let later = alice.say(&channel, "three").await;
    for query in ["before=7", "limit=0", "limit=201"] {
        bob.get(&format!("{}?{query}", receipts(&later))).await.is_refusal(400, "invalid_field");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_are_paced_on_their_own() {
    let clinic = Clinic::with(|c| (c.limits.sends_per_second, c.limits.sends_burst) = (1, 3)).await;
    let dora = clinic.dora().await;
    let channel = dora.channel("c", &[]).await;
    let message = dora.say(&channel, "one").await;
    let mut socket = dora.socket().await;
    for _ in 0..3 {
        assert_eq!(socket.ask(read(&message)).await["type"], "ack");
    }
    assert_eq!(socket.ask(read(&message)).await["code"], "too_many_messages");
    dora.say(&channel, "reading does not use up what one may send").await;
    clinic.pass(1);
    assert_eq!(socket.ask(read(&message)).await["type"], "ack");
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_are_paged_by_their_links() {
    let (clinic, dora, alice, bob, channel) = ward().await;
    let members = format!("/api/channels/{channel}/members");
    let mut people = vec![bob];
    for name in ["carl", "dana", "emil"] {
        let person = clinic.hire(&dora, name, "user").await;
        alice.post(&members, &json!({ "userId": person.id })).await.json_of(201);
        people.push(person);
    }
    let message = alice.say(&channel, "one").await;
    let path = format!("/api/messages/{}/read", message["id"].as_str().unwrap());
    for person in &people {
        person.ask("POST", &path, None).await.json_of(200);
    }
    let whole = alice.list(&receipts(&message)).await;
    assert_eq!(whole.len(), 4);
    assert_eq!(alice.whole_list(&format!("{}?limit=1", receipts(&message))).await, whole);
    let last = whole[3]["userId"].as_str().unwrap();
    assert_eq!(alice.list(&format!("{}?limit=2&after={last}", receipts(&message))).await, whole[1..3]);
}
