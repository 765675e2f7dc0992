//! Conversations, passwords, slow mode, mutes, bans and invitations: who may be where and say what.

use mcp_messenger::clock::Clock as _;
use serde_json::{Value, json};

use crate::fixture::{Clinic, Person, Socket};

const NOWHERE: &str = "00000000-0000-7000-8000-000000000000";

async fn event(socket: &mut Socket, event_type: &str) -> Value {
    socket.hear_where(event_type, |f| f["type"] == "system_event" && f["eventType"] == event_type).await["data"].clone()
}

fn id_of(channel: &Value) -> String {
    channel["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_direct_conversation_is_found_again_and_shown_to_nobody_else() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob, mona) = (clinic.alice(&dora).await, clinic.bob(&dora).await, clinic.mona(&dora).await);
    let with = |person: &Person| json!({ "userId": person.id });
    let (to_bob, to_alice) = (with(&bob), with(&alice));
    let (one, two) =
        tokio::join!(alice.post("/api/channels/direct", &to_bob), bob.post("/api/channels/direct", &to_alice));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201], "two at once make one");
    let (one, two) = (one.json().unwrap(), two.json().unwrap());
    assert_eq!(one["id"], two["id"]);
    assert_eq!((&one["kind"], &one["isPrivate"], &one["name"]), (&json!("direct"), &json!(true), &json!("")));
    assert_eq!(one["members"].as_array().unwrap().len(), 2);
    let direct = id_of(&one);
    assert_eq!(alice.post("/api/channels/direct", &to_bob).await.json_of(200)["id"], *direct);
    alice.say(&direct, "hello").await;
    assert_eq!(bob.page(&direct).await.len(), 1);
    let listed = bob.list("/api/channels?kind=direct").await;
    assert_eq!(listed[0]["members"].as_array().unwrap().len(), 2, "a list says with whom");

    let path = format!("/api/channels/{direct}");
    for person in [&mona, &dora] {
        person.get(&path).await.is_refusal(404, "not_found");
        person.put(&path, &json!({ "topic": "x" })).await.is_refusal(404, "not_found");
        person.delete(&path).await.is_refusal(404, "not_found");
        person.post(&format!("{path}/members"), &with(person)).await.is_refusal(404, "not_found");
        assert!(person.list("/api/channels?archived=all").await.is_empty());
    }
    let made = dora.list("/api/audit?action=channels.open_direct").await;
    assert!(made.iter().any(|row| row["details"]["channelId"] == *direct), "that it was made is in the record");

    for person in [&alice, &bob] {
        person.put(&path, &json!({ "topic": "x" })).await.is_refusal(403, "not_a_moderator");
        person.delete(&path).await.is_refusal(403, "not_an_owner");
        person.delete(&format!("{path}/members/{}", person.id)).await.is_refusal(409, "direct_conversation");
        person.post(&format!("{path}/members"), &with(&mona)).await.is_refusal(403, "not_a_moderator");
    }
    alice.post("/api/channels/direct", &with(&alice)).await.is_refusal(400, "invalid_field");
    alice.post("/api/channels/direct", &json!({})).await.is_refusal(400, "invalid_field");
    alice.post("/api/channels/direct", &json!({ "userId": NOWHERE })).await.is_refusal(404, "not_found");
    let kind = json!({ "name": "x", "kind": "direct", "members": [bob.id] });
    alice.post("/api/channels", &kind).await.is_refusal(400, "invalid_field");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_group_conversation_is_of_a_few_and_theirs_alone() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob, mona) = (clinic.alice(&dora).await, clinic.bob(&dora).await, clinic.mona(&dora).await);
    let group = |members: &[&str]| json!({ "kind": "group", "members": members });
    let made = alice.post("/api/channels", &group(&[&bob.id, &mona.id])).await.json_of(201);
    assert_eq!((&made["kind"], &made["name"], &made["isPrivate"]), (&json!("group"), &json!(""), &json!(true)));
    let path = format!("/api/channels/{}", id_of(&made));
    dora.get(&path).await.is_refusal(404, "not_found");
    // Mona manages channels, and not the conversations she is in.
    mona.put(&path, &json!({ "topic": "mine" })).await.is_refusal(403, "not_a_moderator");
    mona.put(&format!("{path}/mutes/{}", bob.id), &json!({})).await.is_refusal(403, "not_a_moderator");
    assert_eq!(alice.put(&path, &json!({ "name": "Rounds" })).await.json_of(200)["name"], "Rounds");
    assert_eq!(alice.put(&path, &json!({ "name": null })).await.json_of(200)["name"], "");
    for body in [json!({ "isPrivate": false }), json!({ "password": "eight chars" })] {
        alice.put(&path, &body).await.is_refusal(409, "conversation_is_private");
    }
    mona.delete(&format!("{path}/members/{}", mona.id)).await.json_of(200);

    let two = group(&[&bob.id]);
    let nobody: Vec<String> = (0..25).map(|n| format!("00000000-0000-7000-8000-0000000001{n:02}")).collect();
    let many = group(&nobody.iter().map(String::as_str).collect::<Vec<_>>());
    for (body, field) in [
        (two, "members"),
        (many, "members"),
        (json!({ "kind": "group", "members": [bob.id, mona.id], "isPrivate": false }), "isPrivate"),
        (json!({ "kind": "group", "members": [bob.id, mona.id], "password": "eight chars" }), "password"),
        (json!({ "kind": "party", "name": "x" }), "kind"),
    ] {
        let refused = alice.post("/api/channels", &body).await;
        refused.is_refusal(400, "invalid_field");
        assert_eq!(refused.json().unwrap()["errors"][0]["field"], field);
    }
    let full = group(&nobody[..24].iter().map(String::as_str).collect::<Vec<_>>());
    alice.post("/api/channels", &full).await.is_refusal(404, "not_found");
    assert_eq!(alice.list("/api/channels").await.len(), 1, "who is refused leaves nothing behind");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_channel_with_a_password_lets_in_who_knows_it() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob, mona) = (clinic.alice(&dora).await, clinic.bob(&dora).await, clinic.mona(&dora).await);
    let body = json!({ "name": "Staff room", "password": "open sesame" });
    let made = alice.post("/api/channels", &body).await.json_of(201);
    assert_eq!(made["hasPassword"], true);
    let room = id_of(&made);
    let join = format!("/api/channels/{room}/join");
    bob.post(&join, &json!({})).await.is_refusal(403, "channel_password_required");
    bob.post(&join, &json!({ "password": "open barley" })).await.is_refusal(403, "wrong_channel_password");
    bob.post(&join, &json!({ "password": 7 })).await.is_refusal(400, "invalid_field");
    let mut socket = bob.socket().await;
    assert_eq!(socket.try_join(&room, None).await["code"], "channel_password_required");
    let wrong = json!({ "type": "join_channel", "channelId": room, "password": "open oats" });
    assert_eq!(socket.ask(wrong).await["code"], "wrong_channel_password");
    let right = json!({ "type": "join_channel", "channelId": room, "password": "open sesame" });
    assert_eq!(socket.ask(right).await["type"], "ack");
    alice.say(&room, "welcome").await;
    socket.hear("new_message").await;
    bob.post(&join, &json!({})).await.json_of(200);

    // Members stay when it changes; the old one opens nothing.
    alice.put(&format!("/api/channels/{room}"), &json!({ "password": "open poppy" })).await.json_of(200);
    bob.say(&room, "still here").await;
    mona.post(&join, &json!({ "password": "open sesame" })).await.is_refusal(403, "wrong_channel_password");
    // Who guesses is slowed down, by account.
    for _ in 0..9 {
        mona.post(&join, &json!({ "password": "open rye" })).await.is_refusal(403, "wrong_channel_password");
    }
    let refusals = dora.list(&format!("/api/audit?action=access.refused&userId={}", mona.id)).await;
    assert_eq!(refusals[0]["details"], json!({ "deed": "channels.join", "code": "wrong_channel_password" }));
    let slowed = mona.post(&join, &json!({ "password": "open poppy" })).await;
    slowed.is_refusal(429, "too_many_attempts");
    assert!(slowed.header("retry-after").is_some());
    clinic.pass(60);
    mona.post(&join, &json!({ "password": "open poppy" })).await.json_of(200);
    let cleared = alice.put(&format!("/api/channels/{room}"), &json!({ "password": null })).await.json_of(200);
    assert_eq!(cleared["hasPassword"], false);
    dora.post(&join, &json!({})).await.json_of(200);
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn slow_mode_asks_members_for_a_pause_and_outlives_a_restart() {
    let mut clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob, mona) = (clinic.alice(&dora).await, clinic.bob(&dora).await, clinic.mona(&dora).await);
    let ward = alice.channel("Ward 3", &[&bob, &mona]).await;
    alice.put(&format!("/api/channels/{ward}"), &json!({ "slowModeSeconds": 30 })).await.json_of(200);
    let post = json!({ "channelId": ward, "text": "x" });
    bob.post("/api/messages", &post).await.json_of(201);
    clinic.pass(10);
    let refused = bob.post("/api/messages", &post).await;
    refused.is_refusal(429, "slow_mode");
    assert_eq!(refused.header("retry-after"), Some("21"));
    let mut socket = bob.listening(&ward).await;
    let error = socket.try_send(&ward, "x").await;
    assert_eq!(error["code"], "slow_mode");
    assert!(error["message"].as_str().unwrap().contains("20 seconds"), "{error}");
    mona.post("/api/messages", &post).await.json_of(201);
    for _ in 0..2 {
        alice.post("/api/messages", &post).await.json_of(201);
    }
    drop(socket);
    clinic.restart().await;
    let (bob, mona) = (bob.by(clinic.line()), mona.by(clinic.line()));
    bob.post("/api/messages", &post).await.is_refusal(429, "slow_mode");
    clinic.pass(20);
    let again = json!({ "channelId": ward, "text": "x", "clientMessageId": "once" });
    let first = bob.post("/api/messages", &again).await.json_of(201);
    assert_eq!(bob.post("/api/messages", &again).await.json_of(201)["id"], first["id"], "a repeat is no new message");
    mona.post("/api/messages", &post).await.is_refusal(429, "slow_mode");
    assert_eq!(bob.page(&ward).await.len(), 5, "what was refused was not stored");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_muted_member_reads_and_does_not_write_until_it_is_over_or_lifted() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob, mona) = (clinic.alice(&dora).await, clinic.bob(&dora).await, clinic.mona(&dora).await);
    let ward = alice.make_channel("Ward 3", false, &[&bob, &mona]).await;
    let mutes = format!("/api/channels/{ward}/mutes");
    let bobs = format!("{mutes}/{}", bob.id);
    let (mut hears, mut other) = (bob.listening(&ward).await, mona.listening(&ward).await);
    let silenced = alice.put(&bobs, &json!({})).await.json_of(200);
    assert_eq!(
        (&silenced["userId"], &silenced["until"], &silenced["by"]),
        (&json!(bob.id), &Value::Null, &json!(alice.id))
    );
    event(&mut hears, "member_muted").await;
    let others: Vec<Value> = other.catch_up().await;
    assert!(!others.iter().any(|f| f["eventType"] == "member_muted"), "it is nobody else's business: {others:?}");
    let post = json!({ "channelId": ward, "text": "x" });
    bob.post("/api/messages", &post).await.is_refusal(403, "muted");
    assert_eq!(hears.try_send(&ward, "x").await["code"], "muted");
    alice.say(&ward, "hello").await;
    hears.hear("new_message").await;
    // Going and coming back does not end it.
    bob.delete(&format!("/api/channels/{ward}/members/{}", bob.id)).await.json_of(200);
    bob.post(&format!("/api/channels/{ward}/join"), &json!({})).await.json_of(200);
    bob.post("/api/messages", &post).await.is_refusal(403, "muted");
    assert_eq!(alice.list(&mutes).await.len(), 1);
    bob.get(&mutes).await.is_refusal(403, "not_a_moderator");
    bob.delete(&bobs).await.is_refusal(403, "not_a_moderator");
    alice.delete(&bobs).await.json_of(200);
    bob.say(&ward, "back").await;
    alice.delete(&bobs).await.is_refusal(404, "not_found");

    let until = clinic.clock.now().plus(std::time::Duration::from_mins(10)).to_string();
    assert_eq!(alice.put(&bobs, &json!({ "until": until })).await.json_of(200)["until"], *until);
    clinic.pass(599);
    bob.post("/api/messages", &post).await.is_refusal(403, "muted");
    clinic.pass(1);
    bob.post("/api/messages", &post).await.json_of(201);
    assert!(alice.list(&mutes).await.is_empty(), "what is over is not listed");

    // Nobody silences an owner but an owner, or who manages channels; and nobody themselves.
    alice.put(&format!("/api/channels/{ward}/members/{}", bob.id), &json!({ "role": "moderator" })).await.json_of(200);
    let alices = format!("{mutes}/{}", alice.id);
    bob.put(&alices, &json!({})).await.is_refusal(403, "owner_stays");
    bob.put(&format!("/api/channels/{ward}/bans/{}", alice.id), &json!({})).await.is_refusal(403, "owner_stays");
    bob.put(&bobs, &json!({})).await.is_refusal(409, "not_oneself");
    mona.put(&alices, &json!({})).await.json_of(200);
    alice.post("/api/messages", &post).await.is_refusal(403, "muted");
    alice.delete(&alices).await.is_refusal(409, "not_oneself");
    bob.put(&format!("{mutes}/{NOWHERE}"), &json!({})).await.is_refusal(404, "not_found");
    bob.put(&format!("{mutes}/{}", dora.id), &json!({})).await.is_refusal(404, "not_found");
    for until in [json!("later"), json!("2020-01-01T00:00:00Z"), json!("2999-01-01T00:00:00Z"), json!(5)] {
        bob.put(&format!("{mutes}/{}", mona.id), &json!({ "until": until })).await.is_refusal(400, "invalid_field");
    }
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_ban_puts_somebody_out_at_once_and_keeps_them_out() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let ward = alice.make_channel("Ward 3", false, &[&bob]).await;
    let bans = format!("/api/channels/{ward}/bans");
    let mut hears = bob.listening(&ward).await;
    let until = clinic.clock.now().plus(std::time::Duration::from_mins(10)).to_string();
    alice.put(&format!("{bans}/{}", bob.id), &json!({ "until": until })).await.json_of(200);
    event(&mut hears, "removed_from_channel").await;
    assert_eq!(event(&mut hears, "member_banned").await["until"], *until);
    alice.say(&ward, "gone?").await;
    assert!(!hears.catch_up().await.iter().any(|f| f["type"] == "new_message"), "from that commit on nothing is heard");
    bob.post("/api/messages", &json!({ "channelId": ward, "text": "x" })).await.is_refusal(403, "not_a_member");
    let join = format!("/api/channels/{ward}/join");
    bob.post(&join, &json!({})).await.is_refusal(403, "banned");
    assert_eq!(hears.try_join(&ward, None).await["code"], "banned");
    let adding = json!({ "userId": bob.id });
    alice.post(&format!("/api/channels/{ward}/members"), &adding).await.is_refusal(409, "banned_there");
    alice.post(&format!("/api/channels/{ward}/invites"), &adding).await.is_refusal(409, "banned_there");
    let link = alice.post(&format!("/api/channels/{ward}/invites"), &json!({})).await.json_of(201);
    let token = json!({ "token": link["token"] });
    bob.post("/api/invites/redeem", &token).await.is_refusal(403, "banned");
    let listed = alice.list(&bans).await;
    assert_eq!((listed.len(), &listed[0]["username"]), (1, &json!("bob")));
    clinic.pass(600);
    bob.post(&join, &json!({})).await.json_of(200);

    alice.put(&format!("{bans}/{}", bob.id), &json!({})).await.json_of(200);
    bob.post(&join, &json!({})).await.is_refusal(403, "banned");
    alice.delete(&format!("{bans}/{}", bob.id)).await.json_of(200);
    event(&mut hears, "member_unbanned").await;
    bob.post(&join, &json!({})).await.json_of(200);
    alice.put(&format!("{bans}/{}", alice.id), &json!({})).await.is_refusal(409, "not_oneself");
    let acts: Vec<String> = dora
        .list(&format!("/api/audit?userId={}", alice.id))
        .await
        .iter()
        .map(|row| row["action"].as_str().unwrap().to_owned())
        .filter(|action| action.contains("ban"))
        .collect();
    assert_eq!(acts, ["channels.unban", "channels.ban", "channels.ban"]);
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn an_invited_person_accepts_or_declines_and_a_link_is_used_up() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob, mona) = (clinic.alice(&dora).await, clinic.bob(&dora).await, clinic.mona(&dora).await);
    let ward = alice.channel("Ward 3", &[]).await;
    let invites = format!("/api/channels/{ward}/invites");
    let mut hears = bob.socket().await;
    clinic.pass(1);
    let given = alice.post(&invites, &json!({ "userId": bob.id })).await.json_of(201);
    assert_eq!(
        (&given["token"], &given["status"], &given["channelName"]),
        (&Value::Null, &json!("open"), &json!("Ward 3"))
    );
    assert_eq!(event(&mut hears, "invited_to_channel").await["inviteId"], given["id"]);
    alice.post(&invites, &json!({ "userId": bob.id })).await.is_refusal(409, "already_invited");
    bob.get(&format!("/api/channels/{ward}")).await.is_refusal(404, "not_found");
    assert_eq!(bob.list("/api/invites").await.len(), 1);
    assert!(mona.list("/api/invites").await.is_empty());
    let answer = |what: &str| format!("/api/invites/{}/{what}", given["id"].as_str().unwrap());
    for person in [&mona, &alice] {
        person.post(&answer("accept"), &json!({})).await.is_refusal(404, "not_found");
        person.post(&answer("decline"), &json!({})).await.is_refusal(404, "not_found");
    }
    bob.post(&answer("decline"), &json!({})).await.json_of(200);
    bob.post(&answer("accept"), &json!({})).await.is_refusal(404, "not_found");
    assert!(bob.list("/api/invites").await.is_empty());
    clinic.pass(1);
    let given = alice.post(&invites, &json!({ "userId": bob.id })).await.json_of(201);
    let accept = format!("/api/invites/{}/accept", given["id"].as_str().unwrap());
    assert_eq!(bob.post(&accept, &json!({})).await.json_of(200)["id"], *ward);
    bob.say(&ward, "here").await;
    alice.post(&invites, &json!({ "userId": bob.id })).await.is_refusal(409, "already_a_member");
    bob.post(&invites, &json!({})).await.is_refusal(403, "not_a_moderator");

    clinic.pass(1);
    let link = alice.post(&invites, &json!({ "maxUses": 1 })).await.json_of(201);
    let token = json!({ "token": link["token"].as_str().unwrap() });
    bob.post("/api/invites/redeem", &token).await.json_of(200);
    mona.post("/api/invites/redeem", &token).await.json_of(200);
    dora.post("/api/invites/redeem", &token).await.is_refusal(404, "not_found");
    for row in alice.list(&invites).await {
        assert_eq!(row["token"], Value::Null, "a token is shown once");
    }
    clinic.pass(1);
    let link = alice.post(&invites, &json!({})).await.json_of(201);
    alice.delete(&format!("{invites}/{}", link["id"].as_str().unwrap())).await.json_of(200);
    alice.delete(&format!("{invites}/{}", link["id"].as_str().unwrap())).await.is_refusal(404, "not_found");
    dora.post("/api/invites/redeem", &json!({ "token": link["token"] })).await.is_refusal(404, "not_found");
    clinic.pass(1);
    let link = alice.post(&invites, &json!({})).await.json_of(201);
    clinic.pass(7 * 24 * 60 * 60);
    let (alice, dora) = (clinic.sign_in("alice").await, clinic.sign_in("dora").await);
    dora.post("/api/invites/redeem", &json!({ "token": link["token"] })).await.is_refusal(404, "not_found");
    let statuses: Vec<Value> = alice.list(&invites).await.iter().map(|row| row["status"].clone()).collect();
    assert_eq!(statuses, ["open", "revoked", "accepted", "accepted", "declined"], "newest first");

    for body in [
        json!({ "maxUses": 0 }),
        json!({ "maxUses": 1_001 }),
        json!({ "maxUses": "1" }),
        json!({ "userId": "dora" }),
        json!({ "userId": dora.id, "maxUses": 2 }),
        json!({ "expiresAt": "2020-01-01T00:00:00Z" }),
        json!({ "expiresAt": "2999-01-01T00:00:00Z" }),
        json!({ "token": "mine" }),
        json!({ "status": "accepted" }),
    ] {
        alice.post(&invites, &body).await.is_refusal(400, "invalid_field");
    }
    alice.post(&invites, &json!({ "maxUses": 1_000 })).await.json_of(201);
    alice.post(&invites, &json!({ "userId": NOWHERE })).await.is_refusal(404, "not_found");
    for token in [json!(""), json!("x".repeat(5_000)), json!("a\u{0}b")] {
        dora.post("/api/invites/redeem", &json!({ "token": token })).await.is_refusal(404, "not_found");
    }
    dora.post("/api/invites/redeem", &json!({})).await.is_refusal(400, "invalid_field");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn comings_goings_and_standings_are_told_to_those_who_listen() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob, mona) = (clinic.alice(&dora).await, clinic.bob(&dora).await, clinic.mona(&dora).await);
    let ward = alice.channel("Ward 3", &[&bob]).await;
    let mut listens = alice.listening(&ward).await;
    let mut outside = mona.socket().await;
    alice.put(&format!("/api/channels/{ward}/members/{}", bob.id), &json!({ "role": "readonly" })).await.json_of(200);
    let told = event(&mut listens, "member_role_changed").await;
    assert_eq!((&told["userId"], &told["role"]), (&json!(bob.id), &json!("readonly")));
    bob.delete(&format!("/api/channels/{ward}/members/{}", bob.id)).await.json_of(200);
    assert_eq!(event(&mut listens, "member_left").await["userId"], *bob.id);
    assert!(outside.catch_up().await.is_empty());
}
