//! What restrains a writer: the word filter, flags, and the queue in which somebody decides.

use serde_json::{Value, json};

use crate::fixture::shape::{MESSAGE, has_fields, is_id, is_time};
use crate::fixture::{Clinic, Person};

const WORD: &[&str] = &["id", "word", "action", "createdBy", "createdAt"];
const FLAGGED: &[&str] = &["id", "reason", "note", "flaggedBy", "flaggedByName", "flaggedAt", "message"];

/// A moment passes before it: lists are in the order of time.
async fn add_word(clinic: &Clinic, person: &Person, word: &str, action: &str) -> Value {
    clinic.pass(1);
    person.post("/api/words", &json!({ "word": word, "action": action })).await.json_of(201)
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn the_filter_blocks_masks_and_flags_whole_words_before_they_are_stored() {
    let mut clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob, adam) = (clinic.alice(&dora).await, clinic.bob(&dora).await, clinic.adam(&dora).await);
    let channel = alice.channel("Ward 3", &[&bob]).await;
    assert_eq!(alice.say(&channel, "damn this odd ass").await["text"], "damn this odd ass", "it is empty at first");

    let blocked = add_word(&clinic, &adam, "Ass", "block").await;
    has_fields(&blocked, WORD);
    is_id(&blocked["id"]);
    is_time(&blocked["createdAt"]);
    assert_eq!((&blocked["word"], &blocked["createdBy"]), (&json!("Ass"), &json!(adam.id)));
    add_word(&clinic, &adam, "damn", "mask").await;
    add_word(&clinic, &adam, "odd", "flag").await;

    let mut his = bob.listening(&channel).await;
    let refused = alice.post("/api/messages", &json!({ "channelId": channel, "text": "you ÄSS" })).await;
    refused.is_refusal(400, "word_blocked");
    assert!(!refused.text().contains("ÄSS"), "what was sent is not repeated");
    let mut hers = alice.socket().await;
    assert_eq!(hers.try_send(&channel, "you ass").await["code"], "word_blocked");
    let titled = json!({ "channelId": channel, "text": "x", "metadata": { "list": [{ "title": "an ass" }] } });
    alice.post("/api/messages", &titled).await.is_refusal(400, "word_blocked");
    for text in ["first class", "Scunthorpe", "the passage of asses"] {
        assert_eq!(alice.say(&channel, text).await["text"], text);
    }
    let masked = json!({ "channelId": channel, "text": "Damn!", "metadata": { "title": "dämn it" } });
    let masked = alice.post("/api/messages", &masked).await.json_of(201);
    assert_eq!((&masked["text"], &masked["metadata"]["title"]), (&json!("****!"), &json!("**** it")));
    hers.send(&channel, "damn odd").await;
    let heard = his.hear_where("the masked message", |f| f["data"]["text"] == "**** odd").await;
    has_fields(&heard["data"], MESSAGE);
    assert_eq!(bob.page(&channel).await.len(), 6, "what was blocked is not there");
    let posts = dora.list("/api/audit?action=messages.post&limit=1").await;
    assert_eq!(posts[0]["details"]["flagged"], true);

    // The list is kept, changed and emptied.
    clinic.restart().await;
    let (alice, adam) = (alice.by(clinic.line()), adam.by(clinic.line()));
    let post = json!({ "channelId": channel, "text": "ass" });
    alice.post("/api/messages", &post).await.is_refusal(400, "word_blocked");
    let path = format!("/api/words/{}", blocked["id"].as_str().unwrap());
    assert_eq!(adam.put(&path, &json!({ "action": "mask" })).await.json_of(200)["action"], "mask");
    assert_eq!(alice.say(&channel, "ass").await["text"], "***");
    adam.delete(&path).await.json_of(200);
    assert_eq!(alice.say(&channel, "ass").await["text"], "ass");
    adam.delete(&path).await.is_refusal(404, "not_found");
    adam.put(&path, &json!({ "action": "mask" })).await.is_refusal(404, "not_found");
    let left: Vec<_> = adam.list("/api/words").await.iter().map(|w| w["word"].clone()).collect();
    assert_eq!(left, ["damn", "odd"]);
    let actions: Vec<_> =
        dora.by(clinic.line()).list("/api/audit?limit=20").await.iter().map(|r| r["action"].clone()).collect();
    for action in ["words.add", "words.change", "words.remove"] {
        assert!(actions.contains(&json!(action)), "{action}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_for_those_who_manage_settings_and_refused_when_they_are_none() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let mona = clinic.mona(&dora).await;
    mona.get("/api/words").await.is_refusal(403, "not_allowed");
    mona.post("/api/words", &json!({ "word": "x", "action": "flag" })).await.is_refusal(403, "not_allowed");
    add_word(&clinic, &dora, &"x".repeat(100), "flag").await;
    for (body, fields) in [
        (json!({}), vec!["word", "action"]),
        (json!({ "word": "x".repeat(101), "action": "flag" }), vec!["word"]),
        (json!({ "word": "!!!", "action": "burn" }), vec!["word", "action"]),
        (json!({ "word": "a\u{202e}b", "action": "flag" }), vec!["word"]),
        (json!({ "word": "a b c d e f g h i", "action": "flag" }), vec!["word"]),
        (json!({ "word": 7, "action": [] }), vec!["word", "action"]),
        (json!({ "word": "x", "action": "flag", "createdBy": dora.id }), vec!["createdBy"]),
    ] {
        let refused = dora.post("/api/words", &body).await;
        refused.is_refusal(400, "invalid_field");
        let problem = refused.json().unwrap();
        let named: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|e| e["field"].clone()).collect();
        assert_eq!(named, fields, "{body}");
    }
    add_word(&clinic, &dora, "Straße", "mask").await;
    dora.post("/api/words", &json!({ "word": "STRASSE", "action": "flag" })).await.is_refusal(409, "word_listed");
    for word in ["one", "two", "three"] {
        add_word(&clinic, &dora, word, "flag").await;
    }
    let words: Vec<_> = dora.whole_list("/api/words?limit=2").await.iter().map(|w| w["word"].clone()).collect();
    assert_eq!(words[1..], ["Straße", "one", "two", "three"]);
    dora.get("/api/words?limit=201").await.is_refusal(400, "invalid_field");
    dora.get("/api/words?before=x").await.is_refusal(400, "invalid_field");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_flagged_message_waits_for_a_review_that_keeps_or_deletes_it() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, mona, adam) = (clinic.alice(&dora).await, clinic.mona(&dora).await, clinic.adam(&dora).await);
    let channel = alice.channel("Ward 3", &[&mona]).await;
    let kept = alice.say(&channel, "lunch?").await;
    let gone = alice.say_phi(&channel, "bed 4 has the flu").await;
    let path = |message: &Value, what: &str| format!("/api/messages/{}/{what}", message["id"].as_str().unwrap());
    let mut hers = alice.listening(&channel).await;
    let mut watcher = mona.listening(&channel).await;

    let flag = json!({ "reason": "wrong_channel", "note": "bed 4 is not ours" });
    mona.post(&path(&kept, "flag"), &json!({ "reason": "spam" })).await.json_of(200);
    clinic.pass(1);
    mona.post(&path(&gone, "flag"), &flag).await.json_of(200);
    mona.post(&path(&gone, "flag"), &flag).await.json_of(200);
    hers.is_quiet().await;
    alice.post(&path(&kept, "flag"), &flag).await.is_refusal(403, "not_allowed");
    adam.post(&path(&kept, "flag"), &flag).await.is_refusal(404, "not_found");
    assert_eq!(
        alice.get(&path(&kept, "")[..path(&kept, "").len() - 1]).await.json_of(200),
        kept,
        "the sender sees nothing"
    );

    let queue = mona.list("/api/messages/flagged").await;
    assert_eq!(queue.len(), 2, "the same flag again is one");
    has_fields(&queue[0], FLAGGED);
    is_time(&queue[0]["flaggedAt"]);
    let expected = json!({
        "id": queue[0]["id"], "reason": "wrong_channel", "note": "bed 4 is not ours", "flaggedBy": mona.id,
        "flaggedByName": "mona", "flaggedAt": queue[0]["flaggedAt"], "message": gone,
    });
    assert_eq!(queue[0], expected);
    assert_eq!((&queue[1]["note"], &queue[1]["message"]["text"]), (&Value::Null, &json!("lunch?")));
    let one_by_one: Vec<_> =
        mona.whole_list("/api/messages/flagged?limit=1").await.iter().map(|row| row["reason"].clone()).collect();
    assert_eq!(one_by_one, ["wrong_channel", "spam"]);

    // An administrator outside of the channel reviews without seeing patient details.
    let outside = adam.list("/api/messages/flagged").await;
    assert_eq!(outside.len(), 2);
    assert_eq!((&outside[0]["message"]["text"], &outside[0]["note"]), (&Value::Null, &Value::Null));
    assert_eq!(outside[0]["message"]["redacted"], true);
    alice.get("/api/messages/flagged").await.is_refusal(403, "not_allowed");
    let read = dora.list("/api/audit?action=messages.flagged").await;
    assert_eq!(read.iter().map(|r| r["username"].clone()).collect::<Vec<_>>(), ["mona"], "who saw details is recorded");

    mona.post(&path(&kept, "review"), &json!({ "decision": "keep" })).await.json_of(200);
    mona.post(&path(&kept, "review"), &json!({ "decision": "keep" })).await.is_refusal(409, "not_flagged");
    let body = json!({ "decision": "delete", "note": "moved to ward 4" });
    adam.post(&path(&gone, "review"), &body).await.json_of(200);
    let deleted = watcher.hear("message_deleted").await;
    assert_eq!(deleted["data"]["messageId"], gone["id"]);
    assert!(mona.list("/api/messages/flagged").await.is_empty());
    let page = mona.page(&channel).await;
    assert_eq!((&page[0]["deleted"], &page[0]["text"], &page[1]), (&json!(true), &Value::Null, &kept));
    mona.post(&path(&gone, "flag"), &flag).await.is_refusal(404, "not_found");
    let reviews = dora.list("/api/audit?action=messages.review").await;
    let expected = json!({ "channelId": channel, "messageId": gone["id"], "decision": "delete" });
    assert_eq!(reviews[0]["details"], expected);
    assert!(!dora.get("/api/audit?limit=200").await.text().contains("ward 4"), "no note is in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_filter_flags_waits_too_and_nobody_reviews_their_own() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, mona) = (clinic.alice(&dora).await, clinic.mona(&dora).await);
    let channel = alice.channel("Ward 3", &[&mona]).await;
    add_word(&clinic, &dora, "odd", "flag").await;
    let hers = alice.say(&channel, "how odd").await;
    let own = mona.say(&channel, "odd indeed").await;
    let queue = mona.list("/api/messages/flagged").await;
    assert_eq!(queue.len(), 1, "what one wrote is not in one's queue");
    assert_eq!((&queue[0]["reason"], &queue[0]["flaggedBy"]), (&json!("word_filter"), &Value::Null));
    assert_eq!(queue[0]["message"]["id"], hers["id"]);
    assert_eq!(dora.list("/api/messages/flagged").await.len(), 2);
    let review = |message: &Value| format!("/api/messages/{}/review", message["id"].as_str().unwrap());
    mona.post(&review(&own), &json!({ "decision": "keep" })).await.is_refusal(403, "own_message");
    for (body, field) in [
        (json!({}), "decision"),
        (json!({ "decision": "burn" }), "decision"),
        (json!({ "decision": "keep", "note": "x".repeat(1_001) }), "note"),
        (json!({ "decision": "keep", "note": 7 }), "note"),
        (json!({ "decision": "keep", "reviewedBy": mona.id }), "reviewedBy"),
    ] {
        let refused = mona.post(&review(&hers), &body).await;
        refused.is_refusal(400, "invalid_field");
        assert_eq!(refused.json().unwrap()["errors"][0]["field"], field);
    }
    let flag = format!("/api/messages/{}/flag", hers["id"].as_str().unwrap());
    for (body, field) in [
        (json!({}), "reason"),
        (json!({ "reason": "word_filter" }), "reason"),
        (json!({ "reason": "spam", "note": "x".repeat(1_001) }), "note"),
        (json!({ "reason": "spam", "note": "a\u{0}" }), "note"),
        (json!({ "reason": "spam", "flaggedBy": mona.id }), "flaggedBy"),
    ] {
        let refused = mona.post(&flag, &body).await;
        refused.is_refusal(400, "invalid_field");
        assert_eq!(refused.json().unwrap()["errors"][0]["field"], field);
    }
    mona.post(&flag, &json!({ "reason": "other", "note": "x".repeat(1_000) })).await.json_of(200);
    mona.post(&review(&hers), &json!({ "decision": "keep" })).await.json_of(200);
    assert!(mona.list("/api/messages/flagged").await.is_empty(), "one decision is for all its flags");
}
