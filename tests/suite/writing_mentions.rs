//! Mentions: who is named in a text, who is told, and how many are unread.

use serde_json::{Value, json};

use crate::fixture::{Clinic, Person, Socket};

fn notices(frames: &[Value]) -> Vec<&Value> {
    frames.iter().filter(|frame| frame["type"] == "notification").map(|frame| &frame["data"]).collect()
}

async fn is_told(socket: &mut Socket, message: &Value) {
    let frame = socket.hear("notification").await;
    let expected = json!({
        "kind": "mention", "channelId": message["channelId"], "messageId": message["id"], "seq": message["seq"],
        "senderId": message["senderId"], "sender": message["sender"],
    });
    assert_eq!(frame["data"], expected, "a notification carries no text");
}

async fn unread(person: &Person, channel: &str) -> i64 {
    person.get(&format!("/api/channels/{channel}")).await.json_of(200)["mentionCount"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn members_who_are_named_are_told_without_a_text_and_others_are_not() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob, mona) = (clinic.alice(&dora).await, clinic.bob(&dora).await, clinic.mona(&dora).await);
    let outsider = clinic.adam(&dora).await;
    let channel = alice.channel("Ward 3", &[&bob, &mona]).await;
    let (mut hers, mut his) = (alice.socket().await, bob.socket().await);
    let (mut monas, mut adams) = (mona.socket().await, outsider.socket().await);

    let said = alice.say(&channel, "@Bob and @adam, look; not `@mona`, not a@mona").await;
    assert_eq!(said["mentions"], json!([{ "kind": "user", "userId": bob.id, "name": "bob" }]));
    is_told(&mut his, &said).await;
    assert_eq!(bob.page(&channel).await[0], said, "a fetch shows the same");
    monas.is_quiet().await;
    adams.is_quiet().await;

    let said = alice.say(&channel, "@here: rounds").await;
    assert_eq!(said["mentions"], json!([{ "kind": "here", "userId": null, "name": null }]));
    is_told(&mut his, &said).await;
    is_told(&mut monas, &said).await;
    let said = bob.say(&channel, "@moderators please").await;
    is_told(&mut hers, &said).await;
    let said = alice.say(&channel, "@role:Moderator @role:nobody").await;
    assert_eq!(said["mentions"], json!([{ "kind": "role", "userId": null, "name": "moderator" }]));
    is_told(&mut monas, &said).await;
    let said = alice.say_phi(&channel, "@bob @bob bed 4 has a fever").await;
    assert_eq!(said["mentions"].as_array().unwrap().len(), 1);
    is_told(&mut his, &said).await;
    adams.is_quiet().await;
    assert!(notices(&hers.catch_up().await).is_empty(), "nobody is told of their own words");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn unread_mentions_survive_a_restart_and_fall_with_reading() {
    let mut clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let channel = alice.channel("Ward 3", &[&bob]).await;
    for text in ["@bob one", "@bob two @here", "nobody", "@here three", "@moderators four"] {
        alice.say(&channel, text).await;
    }
    assert_eq!((unread(&bob, &channel).await, unread(&alice, &channel).await), (3, 0));
    clinic.restart().await;
    let (alice, bob) = (alice.by(clinic.line()), bob.by(clinic.line()));
    assert_eq!(unread(&bob, &channel).await, 3);
    clinic.sql("UPDATE channel_members SET last_read_seq = 2").await;
    assert_eq!(unread(&bob, &channel).await, 1);
    bob.say(&channel, "@alice yes").await;
    assert_eq!(unread(&alice, &channel).await, 1);
    let listed = alice.list("/api/channels").await;
    assert_eq!(listed[0]["mentionCount"], 1);
}
