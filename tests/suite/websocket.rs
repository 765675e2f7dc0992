//! The life of a socket: authenticate, join, send, replay, stay alive, and every way to end.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mcp_messenger::config::Config;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::Message;

use crate::fixture::shape::{MESSAGE, has_fields, is_id, is_time};
use crate::fixture::{Clinic, Ended, Person, Socket, until};

/// A limit that the real clock measures, short enough for a test and long enough for a busy machine.
const SHORT: Duration = Duration::from_millis(700);

fn no_pace(config: &mut Config) {
    config.limits.sends_per_second = 1_000_000;
    config.limits.sends_burst = 1_000_000;
}

async fn ward() -> (Clinic, Person, Person, String) {
    ward_with(|_| ()).await
}

/// A clinic in which alice and bob share a private channel.
async fn ward_with(change: impl FnOnce(&mut Config)) -> (Clinic, Person, Person, String) {
    let clinic = Clinic::with(change).await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let channel = alice.channel("Ward 3", &[&bob]).await;
    (clinic, alice, bob, channel)
}

async fn is_turned_away(clinic: &Clinic, token: &str, code: &str) {
    let mut socket = Socket::open(&clinic.line()).await;
    let answer = socket.authenticate(token).await;
    assert_eq!(answer, json!({ "type": "authentication_response", "success": false, "user": null, "code": code }));
    socket.ends_with(4001).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_token_is_greeted_at_both_paths() {
    let (clinic, alice, ..) = ward().await;
    for path in ["/", "/ws", "/ws?from=an+older+client"] {
        let mut socket = Socket::open_at(&clinic.line(), path, &[]).await.unwrap();
        let answer = socket.authenticate(alice.token.as_deref().unwrap()).await;
        let user = json!({ "id": alice.id, "username": "alice", "role": "user" });
        assert_eq!(answer, json!({ "type": "authentication_response", "success": true, "user": user }));
        let again = socket.ask(json!({ "type": "authenticate", "token": alice.token })).await;
        assert_eq!(again["code"], "already_authenticated");
        socket.is_quiet().await;
    }
    assert_eq!(Socket::open_at(&clinic.line(), "/api/users", &[]).await.err(), Some(401), "not a place for sockets");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_tokens_are_turned_away_with_a_reason() {
    let (clinic, alice, bob, _) = ward().await;
    let token = alice.token.clone().unwrap();
    let [head, claims, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let json_of = |part: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
    let part_of = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());

    let mut forged = json_of(claims);
    forged["sub"] = json!(bob.id);
    let mut none = json_of(head);
    none["alg"] = json!("none");
    let mut other = json_of(head);
    other["alg"] = json!("HS512");
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    bytes[0] ^= 1;
    for bad in [
        String::new(),
        "nonsense".into(),
        format!("{head}.{claims}"),
        format!("{head}.{}.{signature}", part_of(&forged)),
        format!("{}.{claims}.", part_of(&none)),
        format!("{}.{claims}.{signature}", part_of(&none)),
        format!("{}.{claims}.{signature}", part_of(&other)),
        format!("{head}.{claims}.{}", URL_SAFE_NO_PAD.encode(bytes)),
        "x".repeat(5_000),
    ] {
        is_turned_away(&clinic, &bad, "token_invalid").await;
        assert_eq!(clinic.visitor().with_token(&bad).get("/api/channels").await.refusal().0, 401);
    }
    bob.ask("POST", "/api/auth/logout", None).await.json_of(200);
    is_turned_away(&clinic, bob.token.as_deref().unwrap(), "session_ended").await;
    clinic.pass(24 * 60 * 60 - 1);
    alice.socket().await;
    clinic.pass(1);
    is_turned_away(&clinic, &token, "token_expired").await;
    assert_eq!(clinic.sockets(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_authenticate_in_time_is_closed() {
    let (clinic, alice, _, channel) = ward_with(|c| c.limits.authenticate_within = SHORT).await;
    let mut silent = Socket::open(&clinic.line()).await;
    let mut busy = Socket::open(&clinic.line()).await;
    let join = busy.try_join(&channel, None).await;
    assert_eq!((&join["type"], &join["code"]), (&json!("error"), &json!("not_signed_in")));
    let sent = busy.try_send(&channel, "let me in").await;
    assert_eq!(sent["code"], "not_signed_in");
    busy.say(&json!({ "type": "ping" })).await;
    is_time(&busy.hear("pong").await["timestamp"]);
    silent.ends_with(4001).await;
    busy.ends_with(4001).await;
    let mut in_time = alice.socket().await;
    tokio::time::sleep(SHORT * 2).await;
    in_time.join(&channel, None).await;
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn joining_makes_a_member_of_a_public_channel_and_tells_the_others() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let public = alice.make_channel("Notices", false, &[]).await;
    let mut hers = alice.listening(&public).await;
    let mut his = bob.socket().await;
    let refused = his.try_send(&public, "not yet").await;
    assert_eq!(refused["code"], "not_a_member");
    let ack = his.join(&public, None).await;
    assert_eq!(ack, json!({ "type": "ack", "requestId": ack["requestId"], "rev": 0 }));
    let event = hers.hear("system_event").await;
    let data = json!({ "channelId": public, "userId": bob.id, "username": "bob" });
    assert_eq!(event, json!({ "type": "system_event", "eventType": "member_joined", "data": data }));
    his.join(&public, None).await;
    his.send(&public, "hello").await;
    hers.hear("new_message").await;
    his.hear("new_message").await;
    assert!(hers.catch_up().await.is_empty(), "to join twice is harmless and tells nobody");
    assert!(!his.catch_up().await.iter().any(|f| f["type"] == "new_message"), "and nothing comes twice");
    let members = alice.list(&format!("/api/channels/{public}/members")).await;
    assert_eq!(members.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_channel_is_not_there_for_strangers() {
    let (clinic, alice, bob, channel) = ward().await;
    let dora = clinic.dora().await;
    let adam = clinic.adam(&dora).await;
    for stranger in [&adam, &dora] {
        let mut socket = stranger.socket().await;
        for frame in [
            json!({ "type": "join_channel", "channelId": channel }),
            json!({ "type": "join_channel", "channelId": channel, "since": 0 }),
            json!({ "type": "send_message", "channelId": channel, "text": "hello" }),
            json!({ "type": "join_channel", "channelId": "00000000-0000-7000-8000-000000000000" }),
        ] {
            let answer = socket.ask(frame).await;
            assert_eq!(
                (&answer["type"], &answer["code"], &answer["message"]),
                (&json!("error"), &json!("not_found"), &json!("There is no such channel.")),
            );
        }
        let mut hers = alice.listening(&channel).await;
        hers.send(&channel, "among us").await;
        assert!(socket.catch_up().await.is_empty());
    }
    bob.listening(&channel).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_ends_listening_on_this_socket_alone() {
    let (_clinic, alice, bob, channel) = ward().await;
    let (mut phone, mut desk) = (bob.listening(&channel).await, bob.listening(&channel).await);
    let ack = phone.ask(json!({ "type": "leave_channel", "channelId": channel })).await;
    assert_eq!(ack, json!({ "type": "ack", "requestId": ack["requestId"] }));
    let mut hers = alice.socket().await;
    hers.send(&channel, "hello").await;
    assert_eq!(desk.hear("new_message").await["data"]["text"], "hello");
    assert!(phone.catch_up().await.is_empty());
    phone.send(&channel, "still a member").await;
    assert_eq!(desk.hear("new_message").await["data"]["text"], "still a member");
    phone.join(&channel, None).await;
    hers.send(&channel, "again").await;
    assert_eq!(phone.hear("new_message").await["data"]["text"], "again");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_message_reaches_every_listening_socket_as_rest_shows_it() {
    let (_clinic, alice, bob, channel) = ward().await;
    let mut sender = alice.listening(&channel).await;
    let mut others = [alice.listening(&channel).await, bob.listening(&channel).await, bob.listening(&channel).await];
    let mut deaf = bob.socket().await;
    let frame = json!({
        "type": "send_message", "channelId": channel, "text": "Bett 4 \u{1f6cf}", "containsPHI": false,
        "metadata": { "kind": "note" }, "clientMessageId": "c1", "requestId": "q1",
    });
    sender.say(&frame).await;
    let ack = sender.answer_to("q1").await;
    has_fields(&ack, &["type", "requestId", "clientMessageId", "messageId", "seq", "rev", "timestamp"]);
    assert_eq!((&ack["clientMessageId"], &ack["seq"], &ack["rev"]), (&json!("c1"), &json!(1), &json!(1)));
    is_id(&ack["messageId"]);
    is_time(&ack["timestamp"]);
    let own = sender.hear("new_message").await;
    has_fields(&own["data"], MESSAGE);
    assert_eq!((&own["data"]["id"], &own["data"]["timestamp"]), (&ack["messageId"], &ack["timestamp"]));
    assert_eq!(bob.page(&channel).await, [own["data"].clone()]);
    for other in &mut others {
        assert_eq!(other.hear("new_message").await, own);
    }
    assert!(deaf.catch_up().await.is_empty(), "a member who does not listen hears nothing");
    let posted = bob.say(&channel, "by REST").await;
    assert_eq!(sender.hear("new_message").await["data"], posted);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ack_comes_only_if_it_was_asked_for_and_an_error_always() {
    let (_clinic, alice, _, channel) = ward().await;
    let mut socket = alice.listening(&channel).await;
    let plain = json!({ "type": "send_message", "channelId": channel, "text": "one" });
    socket.say(&plain).await;
    socket.hear("new_message").await;
    let mut tagged = plain.clone();
    tagged["clientMessageId"] = json!("c1");
    socket.say(&tagged).await;
    let ack = socket.hear("ack").await;
    has_fields(&ack, &["type", "clientMessageId", "messageId", "seq", "rev", "timestamp"]);
    socket.hear("new_message").await;
    socket.say(&json!({ "type": "join_channel", "channelId": channel })).await;
    socket.say(&json!({ "type": "leave_channel", "channelId": channel })).await;
    assert!(socket.catch_up().await.is_empty());
    socket.say(&json!({ "type": "send_message", "channelId": channel, "text": "" })).await;
    let error = socket.hear("error").await;
    has_fields(&error, &["type", "code", "message", "requestId"]);
    assert_eq!((&error["code"], &error["requestId"]), (&json!("invalid_field"), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_message_sent_again_is_acknowledged_again_and_stored_once() {
    let (mut clinic, alice, bob, channel) = ward().await;
    let elsewhere = alice.channel("Elsewhere", &[&bob]).await;
    let frame = |channel: &str, text: &str, request: &str| {
        json!({
            "type": "send_message", "channelId": channel, "text": text, "clientMessageId": "c1", "requestId": request,
        })
    };
    let mut socket = alice.listening(&channel).await;
    socket.say(&frame(&channel, "first", "q1")).await;
    let mut first = socket.answer_to("q1").await;
    socket.hear("new_message").await;
    socket.say(&frame(&channel, "another text", "q2")).await;
    let mut second = socket.answer_to("q2").await;
    first["requestId"] = json!("");
    second["requestId"] = json!("");
    assert_eq!(first, second);
    assert!(socket.catch_up().await.is_empty(), "nobody is told twice");
    socket.say(&frame(&elsewhere, "first", "q3")).await;
    assert_eq!(socket.answer_to("q3").await["code"], "client_message_id_used");
    let mut his = bob.socket().await;
    his.say(&frame(&channel, "his own", "q4")).await;
    let his_own = his.answer_to("q4").await;
    assert_eq!(
        (&his_own["seq"], &his_own["rev"]),
        (&json!(2), &json!(2)),
        "his id is his, and a repeat takes no place"
    );
    let page = alice.page(&channel).await;
    assert_eq!(page.iter().map(|m| m["text"].as_str().unwrap()).collect::<Vec<_>>(), ["his own", "first"]);

    drop((socket, his));
    clinic.restart().await;
    let alice = alice.by(clinic.line());
    let mut socket = alice.socket().await;
    socket.say(&frame(&channel, "after a restart", "q5")).await;
    let mut third = socket.answer_to("q5").await;
    third["requestId"] = json!("");
    assert_eq!(first, third);
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn twenty_senders_at_once_get_places_without_gaps_and_all_hear_the_same_order() {
    let (clinic, alice, bob, channel) = ward_with(no_pace).await;
    let mut listeners = [alice.listening(&channel).await, bob.listening(&channel).await];
    let (senders, each) = (20_u64, 10_u64);
    let mut tasks = Vec::new();
    for n in 0..senders {
        let (person, channel) = (if n % 2 == 0 { alice.clone() } else { bob.clone() }, channel.clone());
        tasks.push(tokio::spawn(async move {
            let mut socket = person.socket().await;
            let mut places = Vec::new();
            for m in 0..each {
                let ack = socket.send(&channel, &format!("{n}/{m}")).await;
                places.push(ack["seq"].as_u64().unwrap());
            }
            assert!(places.is_sorted(), "one sender's messages keep their order");
            places
        }));
    }
    let mut places = Vec::new();
    for task in tasks {
        places.extend(task.await.unwrap());
    }
    places.sort_unstable();
    assert_eq!(places, (1..=senders * each).collect::<Vec<_>>());
    for listener in &mut listeners {
        for seq in 1..=senders * each {
            assert_eq!(listener.hear("new_message").await["data"]["seq"], seq);
        }
        assert!(listener.catch_up().await.is_empty());
    }
    assert_eq!(clinic.dora().await.whole_list("/api/audit?action=messages.post").await.len(), 200);
}

/// An ack that came before its row is there would be a lie: whoever asks right after it must find the message.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_is_in_the_database() {
    let (clinic, alice, _, channel) = ward().await;
    let file = clinic.data_dir().join("live").join("messenger.db");
    let mut socket = alice.socket().await;
    for n in 0..20 {
        let ack = socket.send(&channel, "kept").await;
        let id = uuid::Uuid::parse_str(ack["messageId"].as_str().unwrap()).unwrap();
        let file = file.clone();
        let count: i64 = tokio::task::spawn_blocking(move || {
            let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
            let other = rusqlite::Connection::open_with_flags(file, flags).unwrap();
            other.query_row("SELECT COUNT(*) FROM messages WHERE id = ?1", [id.as_bytes()], |row| row.get(0)).unwrap()
        })
        .await
        .unwrap();
        assert_eq!(count, 1, "message {n}");
    }
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_replay_gives_what_changed_since_and_then_the_ack() {
    let (_clinic, alice, bob, channel) = ward_with(no_pace).await;
    let other = alice.channel("Other", &[]).await;
    let mut hers = alice.socket().await;
    let total = 450;
    for n in 0..total {
        hers.queue(&json!({ "type": "send_message", "channelId": channel, "text": format!("m{n}") })).await;
    }
    hers.flush().await;
    hers.send(&other, "elsewhere").await;
    let end = hers.send(&channel, "last").await["rev"].as_u64().unwrap();
    assert_eq!(end, total + 2);
    for (since, expected) in [(0, total + 1), (200, total + 1 - 200), (total, 1), (end, 0), (end + 1_000, 0)] {
        let mut his = bob.socket().await;
        let ack = his.join(&channel, Some(since)).await;
        assert_eq!(ack["rev"], end, "since {since}");
        let frames = his.kept();
        assert_eq!(frames.len() as u64, expected, "since {since}");
        assert!(frames.iter().all(|f| f["type"] == "new_message"));
        let seqs: Vec<u64> = frames.iter().map(|f| f["data"]["seq"].as_u64().unwrap()).collect();
        let first = total + 2 - expected;
        assert_eq!(seqs, (first..first + expected).collect::<Vec<_>>(), "since {since}");
    }
    let mut his = bob.socket().await;
    his.join(&channel, Some(0)).await;
    let replayed: Vec<Value> = his.kept().iter().map(|f| f["data"].clone()).collect();
    let mut listed = bob.whole_list(&format!("/api/messages?channelId={channel}&limit=200")).await;
    listed.reverse();
    assert_eq!(replayed, listed);
    let negative = his.try_join(&channel, None).await;
    assert_eq!(negative["type"], "ack");
    his.say(&json!({ "type": "join_channel", "channelId": channel, "since": -5, "requestId": "n" })).await;
    let answer = his.answer_to("n").await;
    assert_eq!(answer["type"], "ack", "{answer}");
    his.say(&json!({ "type": "join_channel", "channelId": channel, "since": "0", "requestId": "t" })).await;
    assert_eq!(his.answer_to("t").await["code"], "invalid_field");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn live_messages_follow_a_replay_without_a_gap_or_a_double_while_others_send() {
    let (_clinic, alice, bob, channel) = ward_with(no_pace).await;
    let mut hers = alice.socket().await;
    for n in 0..300 {
        hers.queue(&json!({ "type": "send_message", "channelId": channel, "text": format!("m{n}") })).await;
    }
    hers.flush().await;
    hers.send(&channel, "before").await;
    let sending = {
        let (alice, channel) = (alice.clone(), channel.clone());
        tokio::spawn(async move {
            let mut socket = alice.socket().await;
            for n in 0..400 {
                socket
                    .queue(&json!({ "type": "send_message", "channelId": channel, "text": format!("live{n}") }))
                    .await;
                if n % 20 == 0 {
                    socket.flush().await;
                    tokio::time::sleep(Duration::from_millis(3)).await;
                }
            }
            socket.flush().await;
            socket.send(&channel, "after").await["seq"].as_u64().unwrap()
        })
    };
    let mut joins = Vec::new();
    for since in [0, 10, 250, 301] {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let mut socket = bob.socket().await;
        socket.say(&json!({ "type": "join_channel", "channelId": channel, "since": since, "requestId": "j" })).await;
        joins.push((since, socket));
    }
    let last = sending.await.unwrap();
    for (since, mut socket) in joins {
        let (mut expected, mut joined) = (since + 1, false);
        // The ack comes last where a busy machine is so late to join that all of it is replayed.
        while expected <= last || !joined {
            let frame = socket.next().await;
            match frame["type"].as_str().unwrap() {
                "new_message" => {
                    assert_eq!(frame["data"]["seq"], expected, "since {since}");
                    expected += 1;
                }
                "ack" => {
                    assert_eq!(frame["rev"], expected - 1, "the ack says where the replay ended");
                    joined = true;
                }
                other => panic!("{other}"),
            }
        }
        socket.is_quiet().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pings_are_answered_and_keep_a_socket_alive() {
    let (clinic, alice, bob, _) = ward().await;
    let mut socket = alice.socket().await;
    for kind in ["ping", "heartbeat"] {
        socket.say(&json!({ "type": kind, "requestId": "p" })).await;
        let pong = socket.hear("pong").await;
        has_fields(&pong, &["type", "timestamp"]);
        is_time(&pong["timestamp"]);
    }
    socket.say_message(Message::Ping(b"four".to_vec().into())).await;
    assert_eq!(&socket.hear_pong().await[..], b"four");

    // Bob's application answers protocol pings and says nothing of its own; a third one is silent.
    let mut his = bob.socket().await;
    let mut silent = alice.socket().await;
    for _ in 0..6 {
        clinic.pass(45);
        clinic.sweep();
        his.say_message(Message::Pong(Vec::new().into())).await;
        socket.say(&json!({ "type": "ping" })).await;
        socket.hear("pong").await;
        his.say_message(Message::Ping(b"?".to_vec().into())).await;
        his.hear_pong().await;
    }
    silent.ends_with(4004).await;
    his.is_quiet().await;
    socket.is_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_socket_is_pinged_and_closed_after_two_minutes() {
    let (clinic, alice, ..) = ward().await;
    let mut socket = alice.socket().await;
    clinic.pass(119);
    clinic.sweep();
    socket.is_quiet().await;
    clinic.pass(120);
    clinic.sweep();
    socket.ends_with(4004).await;
    until("the socket is forgotten", || async { clinic.sockets() == 0 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_makes_no_sense_gets_an_error_and_the_socket_lives() {
    let (_clinic, alice, _, channel) = ward_with(|c| c.limits.bad_frames_max = 1_000).await;
    let mut socket = alice.listening(&channel).await;
    let deep = format!("{{\"type\":\"ping\",\"x\":{}{}}}", "[".repeat(40), "]".repeat(40));
    for (text, code) in [
        ("", "json_malformed"),
        ("{", "json_malformed"),
        ("hello", "json_malformed"),
        ("[]", "json_not_an_object"),
        ("7", "json_not_an_object"),
        ("null", "json_not_an_object"),
        ("{}", "invalid_field"),
        ("{\"type\":7}", "invalid_field"),
        ("{\"type\":null}", "invalid_field"),
        ("{\"type\":\"dance\"}", "unknown_type"),
        ("{\"type\":\"NEW_MESSAGE\"}", "unknown_type"),
        ("{\"type\":\"edit_message\"}", "invalid_field"),
        ("{\"type\":\"join_channel\"}", "invalid_field"),
        ("{\"type\":\"join_channel\",\"channelId\":7}", "invalid_field"),
        ("{\"type\":\"join_channel\",\"channelId\":\"ward\"}", "invalid_field"),
        ("{\"type\":\"send_message\",\"channelId\":null,\"text\":[]}", "invalid_field"),
        ("{\"type\":\"ping\",\"requestId\":7}", "invalid_field"),
        (deep.as_str(), "json_too_deep"),
        ("{\"type\":\"ping\"} {\"type\":\"ping\"}", "json_malformed"),
    ] {
        socket.say_text(text).await;
        let error = socket.hear("error").await;
        assert_eq!(error["code"], code, "{text}: {error}");
    }
    socket.say_text("{\"type\":\"dance\",\"requestId\":\"d\"}").await;
    assert_eq!(socket.answer_to("d").await["code"], "unknown_type", "the id is echoed where it can be read");
    socket.say_message(Message::Binary(b"{\"type\":\"ping\"}".to_vec().into())).await;
    assert_eq!(socket.hear("error").await["code"], "binary_frame");
    let long = "x".repeat(101);
    socket.say(&json!({ "type": "ping", "requestId": long })).await;
    assert_eq!(socket.hear("error").await["code"], "invalid_field");
    socket.send(&channel, "alive").await;
}

/// The bytes of one masked frame from a client (RFC 6455, 5.2), which a library would refuse to make.
fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    assert!(payload.len() < 126);
    let mask = [1, 2, 3, 4];
    let mut frame = vec![0x80 | opcode, 0x80 | u8::try_from(payload.len()).unwrap()];
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_frames_end_the_connection_with_their_code() {
    let (clinic, alice, ..) = ward().await;
    let mut not_text = alice.socket().await;
    not_text.bytes().write_all(&masked(1, &[0xff, 0xfe, b'x'])).await.unwrap();
    not_text.bytes().flush().await.unwrap();
    not_text.ends_with(1007).await;

    let mut unmasked = alice.socket().await;
    unmasked.bytes().write_all(&[0x81, 2, b'h', b'i']).await.unwrap();
    unmasked.bytes().flush().await.unwrap();
    unmasked.ends_with(1002).await;

    let mut unknown = alice.socket().await;
    unknown.bytes().write_all(&masked(7, b"?")).await.unwrap();
    unknown.bytes().flush().await.unwrap();
    unknown.ends_with(1002).await;
    alice.socket().await;
    until("broken sockets are forgotten", || async { clinic.sockets() <= 1 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_bad_frames_in_ten_seconds_are_abuse_and_nineteen_are_not() {
    let (clinic, alice, _, channel) = ward().await;
    let mut clumsy = alice.socket().await;
    for _ in 0..2 {
        for _ in 0..19 {
            clumsy.say_text("{").await;
            clumsy.hear("error").await;
        }
        clinic.pass(10);
    }
    clumsy.join(&channel, None).await;
    let mut bad = alice.socket().await;
    for _ in 0..20 {
        bad.say_text("{").await;
    }
    bad.ends_with(4003).await;
    let mut stranger = Socket::open(&clinic.line()).await;
    for _ in 0..20 {
        stranger.say_text("{").await;
    }
    stranger.ends_with(4003).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_too_fast_is_an_error_and_the_connection_lives() {
    let change = |c: &mut Config| {
        c.limits.sends_per_second = 2;
        c.limits.sends_burst = 5;
    };
    let (clinic, alice, bob, channel) = ward_with(change).await;
    let mut socket = alice.socket().await;
    for n in 0..5 {
        assert_eq!(socket.send(&channel, "quick").await["seq"], n + 1);
    }
    for _ in 0..30 {
        let refused = socket.try_send(&channel, "too quick").await;
        assert_eq!((&refused["type"], &refused["code"]), (&json!("error"), &json!("too_many_messages")));
    }
    let refused = alice.post("/api/messages", &json!({ "channelId": channel, "text": "by REST" })).await;
    refused.is_refusal(429, "too_many_messages");
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    bob.say(&channel, "people have a pace of their own").await;
    clinic.pass(1);
    socket.send(&channel, "six").await;
    assert_eq!(alice.page(&channel).await.len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_is_told_to_resync_and_closed_and_the_others_hear_all() {
    let change = |c: &mut Config| {
        no_pace(c);
        c.limits.outbox_bytes_max = 64 << 10;
        c.limits.outbox_frames_max = 4_096;
    };
    let (_clinic, alice, bob, channel) = ward_with(change).await;
    let mut slow = Socket::open_narrow(&bob.line).await;
    slow.authenticate(bob.token.as_deref().unwrap()).await;
    slow.join(&channel, None).await;
    let mut quick = bob.listening(&channel).await;
    let mut hers = alice.socket().await;
    // More than every buffer between the two holds.
    let text = "x".repeat(15_000);
    let total = 400;
    for seq in 1..=total {
        hers.send(&channel, &text).await;
        assert_eq!(quick.hear("new_message").await["data"]["seq"], seq);
    }
    slow.ends_with(1013).await;
    let frames = slow.kept();
    let last = frames.last().unwrap();
    assert_eq!(*last, json!({ "type": "system_event", "eventType": "resync", "data": {} }));
    let seqs: Vec<u64> = frames[..frames.len() - 1].iter().map(|f| f["data"]["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "nothing is skipped silently before it");
    assert!((seqs.len() as u64) < total);
    let mut again = bob.socket().await;
    again.join(&channel, seqs.last().copied()).await;
    assert_eq!(again.kept().len(), usize::try_from(total).unwrap() - seqs.len());
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn at_the_stop_everyone_is_told_and_closed_and_nothing_acknowledged_is_lost() {
    let (mut clinic, alice, bob, channel) = ward().await;
    let mut sockets = [alice.listening(&channel).await, bob.socket().await];
    let mut stranger = Socket::open(&clinic.line()).await;
    let ack = sockets[0].send(&channel, "the last word").await;
    let stopped = clinic.begin_stop();
    for socket in &mut sockets {
        let event = socket.hear("system_event").await;
        assert_eq!(event["eventType"], "shutdown");
        socket.ends_with(1001).await;
    }
    stranger.ends_with(1001).await;
    stopped.await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(alice.line.address).await.is_err(), "nobody listens any more");
    clinic.start().await;
    let page = alice.by(clinic.line()).page(&channel).await;
    assert_eq!(page[0]["id"], ack["messageId"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn being_added_is_told_everywhere_and_a_polite_goodbye_is_answered() {
    let (clinic, alice, bob, channel) = ward().await;
    let dora = clinic.dora().await;
    let mona = clinic.mona(&dora).await;
    let mut hers = mona.socket().await;
    let mut his = bob.listening(&channel).await;
    alice.post(&format!("/api/channels/{channel}/members"), &json!({ "userId": mona.id })).await.json_of(201);
    let data = json!({ "channelId": channel, "userId": mona.id, "username": "mona" });
    assert_eq!(
        hers.hear("system_event").await,
        json!({ "type": "system_event", "eventType": "added_to_channel", "data": data })
    );
    assert_eq!(
        his.hear("system_event").await,
        json!({ "type": "system_event", "eventType": "member_joined", "data": data })
    );
    assert!(his.try_say(Message::Close(None)).await);
    assert_eq!(his.end().await, Ended::Closed(1005), "a goodbye is answered in kind");
    until("the goodbye is noticed", || async { clinic.sockets() == 1 }).await;
}
