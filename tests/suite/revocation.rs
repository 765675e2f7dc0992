//! What ends, ends at once: no frame of a later commit arrives, and no way leads back in.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::fixture::{Clinic, PASSWORD, Person, Socket};

const NEW_PASSWORD: &str = "eleven brown owls at ten";

/// Longer than any of it takes, shorter than a person would wait.
const AT_ONCE: Duration = Duration::from_secs(1);

async fn ward() -> (Clinic, Person, Person, String) {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let channel = alice.channel("Ward 3", &[&bob]).await;
    (clinic, alice, bob, channel)
}

async fn is_shut_out(clinic: &Clinic, person: &Person, code: &str) {
    person.get("/api/channels").await.is_refusal(401, code);
    person.ask("POST", "/api/auth/refresh-token", None).await.is_refusal(401, code);
    let mut socket = Socket::open(&clinic.line()).await;
    let answer = socket.authenticate(person.token.as_deref().unwrap()).await;
    assert_eq!((&answer["success"], &answer["code"]), (&json!(false), &json!(code)));
    socket.ends_with(4001).await;
}

/// The socket hears that its session is over, is closed, and hears nothing that came after `later`.
async fn hears_the_end_and_nothing_after(socket: &mut Socket, later: &str) {
    let started = Instant::now();
    socket.ends_with(4002).await;
    assert!(started.elapsed() < AT_ONCE, "it took {:?}", started.elapsed());
    let frames = socket.kept();
    assert!(frames.iter().any(|f| f["eventType"] == "session_ended"), "{frames:?}");
    assert!(!frames.iter().any(|f| f["data"]["text"] == later), "{frames:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_sign_out_nothing_is_delivered_and_the_token_is_worth_nothing() {
    let (clinic, alice, bob, channel) = ward().await;
    let other = clinic.sign_in("bob").await;
    let mut ended = [bob.listening(&channel).await, bob.listening(&channel).await];
    let mut stays = other.listening(&channel).await;
    let mut hers = alice.socket().await;
    hers.send(&channel, "before").await;
    bob.ask("POST", "/api/auth/logout", None).await.json_of(200);
    hers.send(&channel, "after").await;
    for socket in &mut ended {
        hears_the_end_and_nothing_after(socket, "after").await;
    }
    is_shut_out(&clinic, &bob, "session_ended").await;
    assert_eq!(stays.hear("new_message").await["data"]["text"], "before");
    assert_eq!(stays.hear("new_message").await["data"]["text"], "after");
    other.get("/api/channels").await.json_of(200);
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_sign_out_holds_across_a_restart() {
    let (mut clinic, alice, bob, _) = ward().await;
    bob.ask("POST", "/api/auth/logout", None).await.json_of(200);
    clinic.restart().await;
    let (alice, bob) = (alice.by(clinic.line()), bob.by(clinic.line()));
    alice.get("/api/channels").await.json_of(200);
    is_shut_out(&clinic, &bob, "session_ended").await;
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_new_password_ends_every_other_sign_in_and_its_sockets() {
    let (clinic, alice, bob, channel) = ward().await;
    let (phone, desk) = (clinic.sign_in("bob").await, clinic.sign_in("bob").await);
    let mut own = bob.listening(&channel).await;
    let mut others = [phone.listening(&channel).await, desk.listening(&channel).await];
    let body = json!({ "currentPassword": PASSWORD, "newPassword": NEW_PASSWORD });
    bob.post("/api/auth/change-password", &body).await.json_of(200);
    alice.say(&channel, "after").await;
    for socket in &mut others {
        hears_the_end_and_nothing_after(socket, "after").await;
    }
    for person in [&phone, &desk] {
        is_shut_out(&clinic, person, "session_ended").await;
    }
    assert_eq!(own.hear("new_message").await["data"]["text"], "after");
    bob.get("/api/channels").await.json_of(200);
    let old = json!({ "username": "bob", "password": PASSWORD });
    clinic.visitor().post("/api/auth/login", &old).await.is_refusal(401, "wrong_credentials");
    Person::sign_in(clinic.line(), "bob", NEW_PASSWORD).await;
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_removed_member_hears_nothing_from_that_commit_on() {
    let (clinic, alice, bob, channel) = ward().await;
    let mut sockets = [bob.listening(&channel).await, bob.listening(&channel).await];
    let mut hers = alice.listening(&channel).await;
    hers.send(&channel, "before").await;
    let secret = hers.send(&channel, "the last that bob may read").await["messageId"].as_str().unwrap().to_owned();
    alice.delete(&format!("/api/channels/{channel}/members/{}", bob.id)).await.json_of(200);
    hers.send(&channel, "after").await;
    for socket in &mut sockets {
        let frames = socket.catch_up().await;
        let texts: Vec<_> = frames.iter().filter_map(|f| f["data"]["text"].as_str()).collect();
        assert_eq!(texts, ["before", "the last that bob may read"]);
        let last = frames.last().unwrap();
        assert_eq!((&last["eventType"], &last["data"]["channelId"]), (&json!("removed_from_channel"), &json!(channel)));
        assert_eq!(socket.try_send(&channel, "let me back").await["code"], "not_found");
        assert_eq!(socket.try_join(&channel, Some(0)).await["code"], "not_found");
        socket.is_quiet().await;
    }
    bob.get(&format!("/api/messages?channelId={channel}")).await.is_refusal(404, "not_found");
    bob.get(&format!("/api/messages/{secret}")).await.is_refusal(404, "not_found");
    bob.get(&format!("/api/channels/{channel}")).await.is_refusal(404, "not_found");
    assert!(bob.list("/api/messages").await.is_empty() && bob.list("/api/channels").await.is_empty());
    let mut again = bob.socket().await;
    assert_eq!(again.try_join(&channel, None).await["code"], "not_found");
    assert_eq!(clinic.sockets(), 4);
}

/// A replay under way must not go on for somebody who was removed meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_replay_ends_with_the_membership() {
    let clinic = Clinic::with(|c| c.limits.sends_burst = 1_000_000).await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let channel = alice.channel("Ward 3", &[&bob]).await;
    let mut hers = alice.socket().await;
    for _ in 0..1_200 {
        hers.queue(&json!({ "type": "send_message", "channelId": channel, "text": "x".repeat(4_000) })).await;
    }
    hers.flush().await;
    hers.send(&channel, "last").await;
    let mut his = bob.socket().await;
    // He asks and does not read, so the server has to wait in the middle.
    his.say(&json!({ "type": "join_channel", "channelId": channel, "since": 0, "requestId": "j" })).await;
    his.hear("new_message").await;
    alice.delete(&format!("/api/channels/{channel}/members/{}", bob.id)).await.json_of(200);
    his.ends_with(1013).await;
    let frames = his.kept();
    let count = frames.iter().filter(|f| f["type"] == "new_message").count();
    assert!(count < 1_200, "all {count} messages came");
    assert!(!frames.iter().any(|f| f["type"] == "ack"));
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_oneself_is_a_removal_too() {
    let (_clinic, alice, bob, channel) = ward().await;
    let mut his = bob.listening(&channel).await;
    bob.delete(&format!("/api/channels/{channel}/members/{}", bob.id)).await.json_of(200);
    alice.say(&channel, "after").await;
    let frames = his.catch_up().await;
    assert!(!frames.iter().any(|f| f["type"] == "new_message"), "{frames:?}");
    bob.post("/api/messages", &json!({ "channelId": channel, "text": "x" })).await.is_refusal(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_refreshed_token_replaces_the_old_one_after_a_minute() {
    let (clinic, alice, ..) = ward().await;
    let mut socket = alice.socket().await;
    clinic.pass(5);
    let refreshed = alice.ask("POST", "/api/auth/refresh-token", None).await.json_of(200);
    let renewed = alice.as_signed_in("alice", &refreshed);
    renewed.get("/api/channels").await.json_of(200);
    clinic.pass(59);
    alice.get("/api/channels").await.json_of(200);
    clinic.pass(1);
    alice.get("/api/channels").await.is_refusal(401, "token_invalid");
    alice.ask("POST", "/api/auth/refresh-token", None).await.is_refusal(401, "token_invalid");
    let mut refused = Socket::open(&clinic.line()).await;
    assert_eq!(refused.authenticate(alice.token.as_deref().unwrap()).await["code"], "token_invalid");
    renewed.get("/api/channels").await.json_of(200);
    socket.is_quiet().await;
    renewed.ask("POST", "/api/auth/logout", None).await.json_of(200);
    hears_the_end_and_nothing_after(&mut socket, "").await;
    is_shut_out(&clinic, &renewed, "session_ended").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_prolongs_and_without_one_the_end_comes() {
    let (clinic, alice, bob, channel) = ward().await;
    let mut his = bob.listening(&channel).await;
    let mut hers = alice.listening(&channel).await;
    clinic.pass(20 * 60 * 60);
    let refreshed = alice.ask("POST", "/api/auth/refresh-token", None).await.json_of(200);
    let renewed = alice.as_signed_in("alice", &refreshed);
    clinic.pass(5 * 60 * 60);
    renewed.get("/api/channels").await.json_of(200);
    hers.send(&channel, "still here").await;
    is_shut_out(&clinic, &bob, "token_expired").await;
    his.ends_with(4002).await;
    let frames = his.kept();
    assert_eq!(frames.len(), 1, "a listener hears nothing after its time: {frames:?}");
    assert_eq!(frames[0]["code"], "token_expired");
}
