//! What happens to a message after it was posted: edited, deleted, and what it said before.

use serde_json::{Value, json};

use crate::fixture::shape::{MESSAGE, has_fields, is_time};
use crate::fixture::{Clinic, Person, Socket};

const NOWHERE: &str = "00000000-0000-7000-8000-000000000000";
/// A version that was replaced, as `docs/protocol.md` shows it.
const VERSION: &[&str] = &["messageId", "text", "containsPHI", "metadata", "rev", "replacedAt", "replacedBy"];

struct Ward {
    clinic: Clinic,
    dora: Person,
    alice: Person,
    bob: Person,
    channel: String,
}

/// Alice owns the channel, bob is in it.
async fn ward() -> Ward {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let channel = alice.channel("Ward 3", &[&bob]).await;
    Ward { clinic, dora, alice, bob, channel }
}

fn path(message: &Value) -> String {
    format!("/api/messages/{}", message["id"].as_str().unwrap())
}

fn edit(message: &Value, text: &str) -> Value {
    json!({ "type": "edit_message", "messageId": message["id"], "text": text })
}

fn delete(message: &Value) -> Value {
    json!({ "type": "delete_message", "messageId": message["id"] })
}

/// Asks over a socket what is expected to be refused.
async fn refused(socket: &mut Socket, frame: Value, code: &str) {
    let answer = socket.ask(frame).await;
    assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!(code)), "{answer}");
}

/// The rows of one action, oldest first, as who and details.
async fn audit(dora: &Person, action: &str) -> Vec<(String, Value)> {
    let rows = dora.list(&format!("/api/audit?action={action}")).await;
    rows.iter().rev().map(|row| (row["username"].as_str().unwrap().to_owned(), row["details"].clone())).collect()
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn an_edit_reaches_everyone_by_rest_and_by_websocket_and_is_kept() {
    let Ward { clinic, dora, alice, bob, channel } = ward().await;
    let body = json!({ "channelId": channel, "text": "fist", "metadata": { "bed": 4 } });
    let posted = bob.post("/api/messages", &body).await.json_of(201);
    let (mut hers, mut his) = (alice.listening(&channel).await, bob.listening(&channel).await);
    clinic.pass(60);

    let edited = bob.put(&path(&posted), &json!({ "text": "first", "colour": "red" })).await.json_of(200);
    has_fields(&edited, MESSAGE);
    is_time(&edited["editedAt"]);
    let mut expected = posted.clone();
    expected["text"] = json!("first");
    expected["editedAt"] = edited["editedAt"].clone();
    expected["rev"] = json!(posted["rev"].as_u64().unwrap() + 1);
    assert_eq!(edited, expected);
    assert!(edited["editedAt"].as_str() > edited["timestamp"].as_str());
    for socket in [&mut hers, &mut his] {
        assert_eq!(socket.hear("message_updated").await["data"], expected);
    }
    assert_eq!(alice.get(&path(&posted)).await.json_of(200), expected);
    assert_eq!(alice.page(&channel).await, [expected.clone()]);

    // Over a socket, acknowledged after the commit.
    let ack = his.ask(edit(&posted, "first of all")).await;
    assert_eq!((&ack["type"], &ack["messageId"], &ack["seq"]), (&json!("ack"), &posted["id"], &json!(1)));
    let heard = hers.hear("message_updated").await["data"].clone();
    assert_eq!((&heard["text"], &heard["rev"]), (&json!("first of all"), &ack["rev"]));
    assert_eq!(his.hear("message_updated").await["data"], heard);
    his.say(&edit(&posted, "first")).await;
    assert_eq!(hers.hear("message_updated").await["data"]["text"], "first");
    assert_eq!(his.hear("message_updated").await["data"]["text"], "first", "without an id there is no ack");

    // The mark and the metadata; null takes the metadata away.
    let marked = bob.put(&path(&posted), &json!({ "containsPHI": true })).await.json_of(200);
    assert_eq!((&marked["containsPHI"], &marked["text"]), (&json!(true), &json!("first")));
    let bare = bob.put(&path(&posted), &json!({ "metadata": null })).await.json_of(200);
    assert_eq!((&bare["metadata"], &bare["containsPHI"]), (&Value::Null, &json!(true)));
    let other = bob.put(&path(&posted), &json!({ "metadata": { "bed": 5 } })).await.json_of(200);
    assert_eq!(other["metadata"], json!({ "bed": 5 }));

    // The same again is done already: nothing is told, and the answer that was lost is given again.
    hers.catch_up().await;
    let again = bob.put(&path(&posted), &json!({ "text": "first", "containsPHI": true })).await.json_of(200);
    assert_eq!(again, other);
    hers.is_quiet().await;
    let fresh = alice.get(&path(&posted)).await.json_of(200);
    assert_eq!(fresh, other);

    let rows = audit(&dora, "messages.edit").await;
    let details = |phi: bool| json!({ "channelId": channel, "messageId": posted["id"], "containsPHI": phi });
    let mut same = details(true);
    same["unchanged"] = json!(true);
    let expected = [false, false, false, true, true, true].map(details).into_iter().chain([same]);
    assert_eq!(rows, expected.map(|details| ("bob".to_owned(), details)).collect::<Vec<_>>());
    assert!(clinic.verify_audit().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_deleted_message_is_shown_to_nobody_and_says_who_and_when() {
    let Ward { clinic, dora, alice, bob, channel } = ward().await;
    let (mut hers, mut his) = (alice.listening(&channel).await, bob.listening(&channel).await);
    let first = bob.say_phi(&channel, "one").await;
    let second = bob.say(&channel, "two").await;
    hers.catch_up().await;
    his.catch_up().await;
    clinic.pass(60);

    let gone = bob.delete(&path(&first)).await.json_of(200);
    has_fields(&gone, &["success", "message"]);
    assert_eq!(gone["success"], true);
    let heard = hers.hear("message_deleted").await["data"].clone();
    assert_eq!((&heard["messageId"], &heard["channelId"], &heard["seq"]), (&first["id"], &json!(channel), &json!(1)));
    assert!(heard["rev"].as_u64() > second["rev"].as_u64());
    assert_eq!(his.hear("message_deleted").await["data"], heard);

    let left = alice.get(&path(&first)).await.json_of(200);
    let mut expected = first.clone();
    for (field, value) in [
        ("text", Value::Null),
        ("metadata", Value::Null),
        ("deleted", json!(true)),
        ("rev", heard["rev"].clone()),
        ("deletedAt", heard["deletedAt"].clone()),
        ("deletedBy", json!(bob.id)),
    ] {
        expected[field] = value;
    }
    assert_eq!(left, expected);
    is_time(&left["deletedAt"]);
    let mut told = heard.clone();
    told.as_object_mut().unwrap().remove("messageId");
    assert_eq!(told, expected, "a client needs not to have known it");
    assert_eq!(bob.get(&path(&first)).await.json_of(200), expected, "not to its sender either");
    assert_eq!(alice.page(&channel).await[1], expected);

    // Whoever missed it is told when they join again.
    let mut again = alice.socket().await;
    again.join(&channel, Some(second["rev"].as_u64().unwrap())).await;
    assert_eq!(again.kept()[0], json!({ "type": "message_deleted", "data": heard }));

    // Another's, by the owner of the channel and over a socket.
    let ack = hers.ask(delete(&second)).await;
    assert_eq!((&ack["type"], &ack["messageId"], &ack["seq"]), (&json!("ack"), &second["id"], &json!(2)));
    assert_eq!(his.hear("message_deleted").await["data"]["deletedBy"], json!(alice.id));

    // What is gone stays as it is.
    for person in [&alice, &bob] {
        person.delete(&path(&first)).await.is_refusal(409, "message_deleted");
    }
    bob.put(&path(&first), &json!({ "text": "x" })).await.is_refusal(409, "message_deleted");
    bob.get(&format!("{}/history", path(&first))).await.is_refusal(409, "message_deleted");
    refused(&mut his, edit(&first, "x"), "message_deleted").await;
    refused(&mut his, delete(&first), "message_deleted").await;
    assert_eq!(
        audit(&dora, "messages.delete").await,
        [
            ("bob".to_owned(), json!({ "channelId": channel, "messageId": first["id"], "own": true })),
            ("alice".to_owned(), json!({ "channelId": channel, "messageId": second["id"], "own": false })),
        ]
    );
    // The next message takes the next place; a deleted one keeps its own.
    assert_eq!(alice.say(&channel, "three").await["seq"], 3);
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn what_a_message_said_before_is_shown_to_those_who_may_see_it() {
    let Ward { clinic, dora, alice, bob, channel } = ward().await;
    let carl = clinic.hire(&dora, "carl", "user").await;
    let members = format!("/api/channels/{channel}/members");
    alice.post(&members, &json!({ "userId": carl.id })).await.json_of(201);
    let body = json!({ "channelId": channel, "text": "v1", "metadata": { "v": 1 } });
    let posted = bob.post("/api/messages", &body).await.json_of(201);
    let history = format!("{}/history", path(&posted));
    assert_eq!(bob.list(&history).await, Vec::<Value>::new());
    for n in 2..=4 {
        let change = json!({ "text": format!("v{n}"), "metadata": { "v": n }, "containsPHI": n == 3 });
        bob.put(&path(&posted), &change).await.json_of(200);
    }
    let versions = bob.list(&history).await;
    for version in &versions {
        has_fields(version, VERSION);
        is_time(&version["replacedAt"]);
        assert_eq!((&version["replacedBy"], &version["messageId"]), (&json!(bob.id), &posted["id"]));
    }
    let told = |v: &Value| (v["text"].clone(), v["metadata"]["v"].clone(), v["containsPHI"].clone());
    let told: Vec<_> = versions.iter().map(told).collect();
    assert_eq!(
        told,
        [
            (json!("v3"), json!(3), json!(true)),
            (json!("v2"), json!(2), json!(false)),
            (json!("v1"), json!(1), json!(false)),
        ]
    );
    assert_eq!(bob.whole_list(&format!("{history}?limit=1")).await, versions);
    let newest = versions[0]["rev"].as_u64().unwrap();
    assert_eq!(bob.list(&format!("{history}?after={}", newest - 1)).await, versions[..1]);
    assert_eq!(audit(&dora, "messages.history").await, [], "one's own is no reading");

    // The owner of the channel may look back, and it is recorded; a member may not.
    assert_eq!(alice.list(&history).await, versions);
    assert_eq!(
        audit(&dora, "messages.history").await,
        [("alice".to_owned(), json!({ "channelId": channel, "messageId": posted["id"] }))]
    );
    carl.get(&history).await.is_refusal(403, "not_the_sender");
    // An administrator outside sees what is no patient detail.
    let outside = dora.list(&history).await;
    assert_eq!((&outside[0]["text"], &outside[0]["redacted"]), (&Value::Null, &json!(true)));
    assert_eq!(outside[0]["metadata"], Value::Null);
    assert_eq!(outside[1], versions[1]);
    clinic.visitor().get(&history).await.is_refusal(401, "not_signed_in");
    alice.delete(&format!("{members}/{}", carl.id)).await.json_of(200);
    carl.get(&history).await.is_refusal(404, "not_found");
    alice.get(&format!("/api/messages/{NOWHERE}/history")).await.is_refusal(404, "not_found");
    alice.get(&format!("{history}?before=x")).await.is_refusal(400, "invalid_field");
    alice.get(&format!("{history}?before={}", posted["id"].as_str().unwrap())).await.is_refusal(400, "invalid_field");
    alice.get(&format!("{history}?limit=201")).await.is_refusal(400, "invalid_field");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_change_a_message_is_told_no_more_than_they_may_know() {
    let Ward { clinic, dora, alice, bob, channel } = ward().await;
    let carl = clinic.hire(&dora, "carl", "user").await;
    let posted = bob.say(&channel, "bob's").await;
    let hers = alice.say(&channel, "alice's").await;
    let change = json!({ "text": "other" });
    let mut sockets = [alice.socket().await, bob.socket().await, carl.socket().await];
    let [alices, bobs, carls] = &mut sockets;

    // Even the owner edits nobody else's; a member deletes nobody else's.
    alice.put(&path(&posted), &change).await.is_refusal(403, "not_the_sender");
    refused(alices, edit(&posted, "other"), "not_the_sender").await;
    bob.delete(&path(&hers)).await.is_refusal(403, "not_the_sender");
    refused(bobs, delete(&hers), "not_the_sender").await;
    // Outside of the channel the message is not there.
    carl.put(&path(&posted), &change).await.is_refusal(404, "not_found");
    carl.delete(&path(&posted)).await.is_refusal(404, "not_found");
    refused(carls, edit(&posted, "other"), "not_found").await;
    refused(carls, delete(&posted), "not_found").await;
    let nowhere = json!({ "id": NOWHERE });
    refused(carls, edit(&nowhere, "other"), "not_found").await;
    let open = alice.make_channel("open", false, &[]).await;
    let public = alice.say(&open, "public").await;
    carl.put(&path(&public), &change).await.is_refusal(404, "not_found");
    carl.delete(&path(&public)).await.is_refusal(404, "not_found");

    // Reading only, nothing can be edited; what one said before can still be taken back.
    let standing = |role: &str| json!({ "role": role });
    let bobs_place = format!("/api/channels/{channel}/members/{}", bob.id);
    alice.put(&bobs_place, &standing("readonly")).await.json_of(200);
    bob.put(&path(&posted), &change).await.is_refusal(403, "read_only");
    refused(bobs, edit(&posted, "other"), "read_only").await;
    bob.delete(&path(&posted)).await.json_of(200);
    alice.put(&bobs_place, &standing("moderator")).await.json_of(200);
    bob.delete(&path(&hers)).await.json_of(200);
    // Whoever has left has left the own messages too.
    alice.put(&bobs_place, &standing("member")).await.json_of(200);
    let last = bob.say(&channel, "last").await;
    bob.delete(&bobs_place).await.json_of(200);
    bob.put(&path(&last), &change).await.is_refusal(404, "not_found");
    bob.delete(&path(&last)).await.is_refusal(404, "not_found");
    // A moderator of the clinic deletes without being in the channel.
    clinic.mona(&dora).await.delete(&path(&last)).await.json_of(200);
    assert!(alice.page(&channel).await.iter().all(|message| message["deleted"] == true));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_held_to_what_a_message_has_to_be() {
    let Ward { clinic: _clinic, alice, channel, .. } = ward().await;
    let posted = alice.say(&channel, "text").await;
    let mut socket = alice.listening(&channel).await;
    for (n, (change, field)) in [
        (json!({}), Some("text")),
        (json!({ "text": null }), Some("text")),
        (json!({ "text": "" }), Some("text")),
        (json!({ "text": " \n" }), Some("text")),
        (json!({ "text": 7 }), Some("text")),
        (json!({ "text": ["x"] }), Some("text")),
        (json!({ "text": "x".repeat(15_999) }), None),
        (json!({ "text": "ü".repeat(16_000) }), None),
        (json!({ "text": "x".repeat(16_001) }), Some("text")),
        (json!({ "text": "bell\u{7}" }), Some("text")),
        (json!({ "text": "right \u{202e} left, \u{2067}isolated\u{2069}" }), None),
        (json!({ "containsPHI": "yes" }), Some("containsPHI")),
        (json!({ "text": "x", "containsPHI": 1 }), Some("containsPHI")),
        (json!({ "metadata": [] }), Some("metadata")),
        (json!({ "metadata": { "k": "m".repeat(8_184) } }), None),
        (json!({ "metadata": { "k": "m".repeat(8_185) } }), Some("metadata")),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = alice.put(&path(&posted), &change).await;
        let mut frame = change.clone();
        frame["type"] = json!("edit_message");
        frame["messageId"] = posted["id"].clone();
        let said = socket.ask(frame).await;
        match field {
            None => {
                let edited = answer.json_of(200);
                for (field, value) in change.as_object().unwrap() {
                    assert_eq!(&edited[field], value, "byte for byte");
                }
                assert_eq!(said["type"], "ack", "{n}");
            }
            Some(field) => {
                answer.is_refusal(400, "invalid_field");
                assert_eq!(answer.json().unwrap()["errors"][0]["field"], field, "{n}");
                assert_eq!((&said["type"], &said["code"]), (&json!("error"), &json!("invalid_field")), "{n}");
            }
        }
    }
    for field in ["id", "channelId", "senderId", "timestamp", "editedAt", "deleted", "deletedBy", "seq", "rev"] {
        let mut change = json!({ "text": "y" });
        change[field] = json!(1);
        let answer = alice.put(&path(&posted), &change).await;
        answer.is_refusal(400, "invalid_field");
        assert_eq!(answer.json().unwrap()["errors"][0]["field"], field);
    }
    // Half of a character is no text: the frame is no JSON.
    let half = format!(r#"{{"type":"edit_message","messageId":{},"text":"\ud800"}}"#, posted["id"]);
    socket.say_text(half).await;
    assert_eq!(socket.hear("error").await["code"], "json_malformed");
    for frame in [json!({ "type": "edit_message", "text": "x" }), json!({ "type": "delete_message", "messageId": 7 })] {
        refused(&mut socket, frame, "invalid_field").await;
    }
    alice.put("/api/messages/7", &json!({ "text": "x" })).await.is_refusal(404, "not_found");
    assert_eq!(alice.page(&channel).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_what_was_changed_meanwhile_is_refused_to_those_who_ask_for_it() {
    let Ward { clinic: _clinic, alice, channel, .. } = ward().await;
    let posted = alice.post("/api/messages", &json!({ "channelId": channel, "text": "one" })).await;
    let tag = posted.header("etag").unwrap().to_owned();
    let posted = posted.json_of(201);
    assert_eq!(tag, format!("\"{}\"", posted["rev"]));
    let edited = alice.ask_with("PUT", &path(&posted), &[("If-Match", &tag)], Some(&json!({ "text": "two" }))).await;
    let fresh = edited.header("etag").unwrap().to_owned();
    assert_eq!(edited.json_of(200)["text"], "two");
    for (method, body) in [("PUT", Some(json!({ "text": "three" }))), ("DELETE", None)] {
        alice.ask_with(method, &path(&posted), &[("If-Match", &tag)], body.as_ref()).await.is_refusal(412, "stale");
        alice
            .ask_with(method, &path(&posted), &[("If-Match", "nonsense")], body.as_ref())
            .await
            .is_refusal(400, "bad_if_match");
    }
    assert_eq!(alice.get(&path(&posted)).await.header("etag"), Some(fresh.as_str()));
    alice.ask_with("DELETE", &path(&posted), &[("If-Match", &fresh)], None).await.json_of(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_paced_like_sends() {
    let clinic = Clinic::with(|c| (c.limits.sends_per_second, c.limits.sends_burst) = (1, 4)).await;
    let dora = clinic.dora().await;
    let channel = dora.channel("c", &[]).await;
    let posted = dora.say(&channel, "one").await;
    let mut socket = dora.listening(&channel).await;
    for n in 0..3 {
        assert_eq!(socket.ask(edit(&posted, &n.to_string())).await["type"], "ack");
    }
    refused(&mut socket, edit(&posted, "four"), "too_many_messages").await;
    let answer = dora.delete(&path(&posted)).await;
    answer.is_refusal(429, "too_many_messages");
    assert!(answer.header("retry-after").is_some());
    clinic.pass(1);
    dora.delete(&path(&posted)).await.json_of(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_shows_and_hides_patient_details_as_it_marks_them() {
    let mut clinic = Clinic::open().await;
    clinic.stop().await;
    clinic
        .sql(
            "DELETE FROM role_permissions WHERE role_id = (SELECT id FROM roles WHERE name = 'moderator') \
             AND permission_id = (SELECT id FROM permissions WHERE name = 'phi.read')",
        )
        .await;
    clinic.start().await;
    let dora = clinic.dora().await;
    let (alice, mona) = (clinic.alice(&dora).await, clinic.mona(&dora).await);
    let channel = alice.channel("Ward 3", &[&mona]).await;
    let posted = alice.say(&channel, "shown").await;
    let mut monas = mona.listening(&channel).await;
    let change = json!({ "text": "hidden", "containsPHI": true, "metadata": { "bed": "hidden" } });
    alice.put(&path(&posted), &change).await.json_of(200);
    let heard = monas.hear("message_updated").await["data"].clone();
    assert_eq!((&heard["text"], &heard["metadata"], &heard["redacted"]), (&Value::Null, &Value::Null, &json!(true)));
    assert!(!heard.to_string().contains("hidden"));
    assert_eq!(mona.get(&path(&posted)).await.json_of(200), heard);
    alice.put(&path(&posted), &json!({ "containsPHI": false })).await.json_of(200);
    let heard = monas.hear("message_updated").await["data"].clone();
    assert_eq!((&heard["text"], heard.get("redacted")), (&json!("hidden"), None));
    // A moderator of the clinic who may not read patient details looks back without them.
    dora.put(&format!("/api/channels/{channel}/members/{}", mona.id), &json!({ "role": "moderator" }))
        .await
        .json_of(200);
    let versions = mona.list(&format!("{}/history", path(&posted))).await;
    assert_eq!((&versions[0]["text"], &versions[0]["redacted"]), (&Value::Null, &json!(true)));
    assert_eq!(versions[1]["text"], "shown");
}
