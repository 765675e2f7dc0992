//! What a person keeps: drafts and bookmarks.

use serde_json::{Value, json};

use crate::fixture::shape::{MESSAGE, has_fields, is_id, is_time};
use crate::fixture::{Clinic, Person};

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_draft_follows_a_person_from_device_to_device_and_is_nobody_else_s() {
    let mut clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let mut his = bob.socket().await;
    let channel = alice.channel("Ward 3", &[&bob]).await;
    his.hear("system_event").await;
    let path = format!("/api/channels/{channel}/draft");
    let mut phone = alice.socket().await;
    alice.get(&path).await.is_refusal(404, "not_found");
    let body = json!({ "text": "bed 4: zq7-planted", "containsPHI": true, "metadata": { "answers": 7 } });
    let kept = alice.put(&path, &body).await.json_of(200);
    is_time(&kept["updatedAt"]);
    let expected = json!({
        "channelId": channel, "text": "bed 4: zq7-planted", "containsPHI": true, "metadata": { "answers": 7 },
        "updatedAt": kept["updatedAt"],
    });
    assert_eq!(kept, expected);
    let told = phone.hear("notification").await;
    let notice = json!({ "kind": "draft", "channelId": channel, "updatedAt": kept["updatedAt"], "discarded": false });
    assert_eq!(told["data"], notice, "there is no text in it");
    his.is_quiet().await;
    bob.get(&path).await.is_refusal(404, "not_found");
    dora.get(&path).await.is_refusal(404, "not_found");

    clinic.restart().await;
    let (alice, bob, dora) = (alice.by(clinic.line()), bob.by(clinic.line()), dora.by(clinic.line()));
    assert_eq!(alice.get(&path).await.json_of(200), expected);
    let mut phone = alice.socket().await;
    alice.put(&path, &json!({ "text": "" })).await.json_of(200);
    assert_eq!(alice.get(&path).await.json_of(200)["text"], "");
    phone.hear("notification").await;
    alice.delete(&path).await.json_of(200);
    assert_eq!(phone.hear("notification").await["data"]["discarded"], true);
    alice.delete(&path).await.json_of(200);
    alice.get(&path).await.is_refusal(404, "not_found");
    phone.is_quiet().await;

    bob.put(&path, &json!({ "text": "mine" })).await.json_of(200);
    alice.delete(&format!("/api/channels/{channel}/members/{}", bob.id)).await.json_of(200);
    bob.get(&path).await.is_refusal(404, "not_found");
    bob.put(&path, &json!({ "text": "still" })).await.is_refusal(404, "not_found");
    assert!(!dora.get("/api/audit?limit=200").await.text().contains("zq7-planted"));
    assert!(!crate::fixture::log::heard_the_mark());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_has_the_limits_of_a_message() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let channel = dora.channel("Ward 3", &[]).await;
    let path = format!("/api/channels/{channel}/draft");
    dora.put(&path, &json!({ "text": "ü".repeat(16_000) })).await.json_of(200);
    for (body, field) in [
        (json!({}), "text"),
        (json!({ "text": "ü".repeat(16_001) }), "text"),
        (json!({ "text": "a\u{0}" }), "text"),
        (json!({ "text": 7 }), "text"),
        (json!({ "text": "x", "containsPHI": 1 }), "containsPHI"),
        (json!({ "text": "x", "metadata": "m" }), "metadata"),
        (json!({ "text": "x", "metadata": { "m": "x".repeat(8 * 1_024) } }), "metadata"),
        (json!({ "text": "x", "userId": dora.id }), "userId"),
    ] {
        let refused = dora.put(&path, &body).await;
        refused.is_refusal(400, "invalid_field");
        assert_eq!(refused.json().unwrap()["errors"][0]["field"], field);
    }
    assert_eq!(dora.get(&path).await.json_of(200)["text"], "ü".repeat(16_000), "what was refused changed nothing");
}

async fn bookmark(clinic: &Clinic, person: &Person, message: &Value) {
    clinic.pass(1);
    let path = format!("/api/messages/{}/bookmark", message["id"].as_str().unwrap());
    person.ask("PUT", &path, None).await.json_of(200);
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn bookmarks_are_listed_while_their_messages_can_be_read() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let (ward, other) = (alice.channel("Ward 3", &[&bob]).await, bob.channel("Other", &[&alice]).await);
    let first = alice.say(&ward, "one").await;
    let second = bob.say_phi(&other, "two").await;
    let third = alice.say(&ward, "three").await;
    for message in [&first, &second, &third, &first] {
        bookmark(&clinic, &alice, message).await;
    }
    let rows = alice.list("/api/bookmarks").await;
    has_fields(&rows[0], &["id", "bookmarkedAt", "message"]);
    is_id(&rows[0]["id"]);
    is_time(&rows[0]["bookmarkedAt"]);
    has_fields(&rows[0]["message"], MESSAGE);
    let messages: Vec<_> = rows.iter().map(|row| row["message"].clone()).collect();
    assert_eq!(messages, [third.clone(), second.clone(), first.clone()], "the newest first, each once");
    let paged: Vec<_> =
        alice.whole_list("/api/bookmarks?limit=1").await.iter().map(|row| row["message"]["seq"].clone()).collect();
    assert_eq!(paged, [json!(2), json!(1), json!(1)]);
    assert_eq!(dora.list("/api/audit?action=messages.bookmarks").await.len(), 1, "patient details were read");
    assert!(bob.list("/api/bookmarks").await.is_empty());

    let path = |message: &Value| format!("/api/messages/{}/bookmark", message["id"].as_str().unwrap());
    alice.delete(&path(&third)).await.json_of(200);
    alice.delete(&path(&third)).await.json_of(200);
    bob.delete(&format!("/api/channels/{other}/members/{}", alice.id)).await.json_of(200);
    let left: Vec<_> = alice.list("/api/bookmarks").await.iter().map(|row| row["message"]["text"].clone()).collect();
    assert_eq!(left, ["one"], "what may no longer be read is gone");
    alice.ask("PUT", &path(&second), None).await.is_refusal(404, "not_found");
    alice.delete(&path(&second)).await.json_of(200);
    alice.get("/api/bookmarks?limit=0").await.is_refusal(400, "invalid_field");
    alice.get("/api/bookmarks?before=7").await.is_refusal(400, "invalid_field");
}
