//! The sub-protocol with compression: the same messages, the long ones smaller, in both directions.

use std::io::Write as _;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::fixture::raw::{over_tls, request};
use crate::fixture::{Clinic, Person, Socket};

const DEFLATE: &str = "mcpm.v1+deflate";

fn deflated(plain: &str) -> Bytes {
    let mut writer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(plain.as_bytes()).unwrap();
    writer.finish().unwrap().into()
}

async fn open(clinic: &Clinic, protocol: &str) -> Socket {
    Socket::open_at(&clinic.line(), "/ws", &[("sec-websocket-protocol", protocol)]).await.unwrap()
}

async fn signed_in(clinic: &Clinic, person: &Person, protocol: &str) -> Socket {
    let mut socket = open(clinic, protocol).await;
    assert_eq!(socket.authenticate(person.token.as_deref().unwrap()).await["success"], true);
    socket
}

/// A `ping` of exactly so many bytes.
fn ping_of(bytes: usize) -> String {
    let frame = "{\"type\":\"ping\",\"p\":\"\"}";
    format!("{{\"type\":\"ping\",\"p\":\"{}\"}}", "p".repeat(bytes - frame.len()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_handshake_answers_with_the_first_protocol_that_it_knows() {
    let clinic = Clinic::open().await;
    let host = format!("Host: {}", clinic.address());
    for (offered, answered) in [
        (None, None),
        (Some("mcpm.v1"), Some("mcpm.v1")),
        (Some("mcpm.v1+deflate, mcpm.v1"), Some(DEFLATE)),
        (Some("mcpm.v9, mcpm.v1"), Some("mcpm.v1")),
        (Some("soap"), None),
    ] {
        let offer = offered.map(|list| format!("Sec-WebSocket-Protocol: {list}"));
        let mut headers = vec![
            host.as_str(),
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ];
        headers.extend(offer.as_deref());
        // The socket is closed when nobody authenticates; the stop of the clinic is sooner.
        let mut line = clinic.line().open().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut line, request("GET", "/ws", &headers).as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(
                crate::fixture::soon("the handshake", tokio::io::AsyncReadExt::read_u8(&mut line)).await.unwrap(),
            );
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 101"), "{head}");
        let chosen = head.lines().find_map(|line| line.strip_prefix("sec-websocket-protocol: "));
        assert_eq!(chosen, answered, "{offered:?}");
    }
    let plain = over_tls(&clinic, &request("GET", "/health", &[&host, "Connection: close"])).await;
    assert_eq!(plain.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn long_messages_are_deflated_both_ways_and_say_the_same() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let ward = alice.channel("Ward 3", &[&bob]).await;
    let (mut hers, mut phone) = (signed_in(&clinic, &alice, DEFLATE).await, signed_in(&clinic, &alice, DEFLATE).await);
    let mut named = signed_in(&clinic, &bob, "mcpm.v1").await;
    let mut plain = bob.socket().await;
    for socket in [&mut hers, &mut phone, &mut named, &mut plain] {
        socket.join(&ward, None).await;
    }
    let long = "Bed 4 had a quiet night. ".repeat(400);
    let posted = bob.say(&ward, &long).await;
    for socket in [&mut hers, &mut phone, &mut named, &mut plain] {
        assert_eq!(socket.hear("new_message").await["data"], posted);
    }
    let counts = |sockets: [&Socket; 4]| sockets.map(|socket| socket.deflated.len());
    assert_eq!(counts([&hers, &phone, &named, &plain]), [1, 1, 0, 0]);
    assert_eq!(hers.deflated[0], phone.deflated[0]);
    assert!(hers.deflated[0].len() < long.len() / 10, "{}", hers.deflated[0].len());
    bob.say(&ward, "short").await;
    for socket in [&mut hers, &mut phone, &mut named, &mut plain] {
        assert_eq!(socket.hear("new_message").await["data"]["text"], "short");
    }
    assert_eq!(counts([&hers, &phone, &named, &plain]), [1, 1, 0, 0], "short frames are text for all");

    let send = json!({ "type": "send_message", "channelId": ward, "text": long, "requestId": "packed" });
    hers.say_message(Message::Binary(deflated(&send.to_string()))).await;
    assert_eq!(hers.answer_to("packed").await["type"], "ack");
    assert_eq!(plain.hear("new_message").await["data"]["text"], json!(long));
    hers.say_message(Message::Binary(deflated("{\"type\":\"ping\",\"requestId\":\"s\"}"))).await;
    hers.hear("pong").await;
    // Text goes on to be understood.
    assert_eq!(hers.send(&ward, "as text").await["type"], "ack");

    // Who comes back gets what was missed in the same form.
    let mut back = signed_in(&clinic, &alice, DEFLATE).await;
    back.join(&ward, Some(0)).await;
    let texts: Vec<Value> = back.kept().into_iter().map(|frame| frame["data"]["text"].clone()).collect();
    assert_eq!(texts, [json!(long), json!("short"), json!(long), json!("as text")]);
    assert_eq!(back.deflated.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binary_frame_is_inflated_up_to_the_limit_and_a_bomb_is_a_bad_frame() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let mut socket = signed_in(&clinic, &dora, DEFLATE).await;
    for bytes in [65_535, 65_536] {
        socket.say_message(Message::Binary(deflated(&ping_of(bytes)))).await;
        socket.hear("pong").await;
    }
    socket.say_message(Message::Binary(deflated(&ping_of(65_537)))).await;
    assert_eq!(socket.hear("error").await["code"], "too_large");
    let whole = deflated(&ping_of(2_000));
    for bad in [whole.slice(..whole.len() - 1), Bytes::from_static(b"{\"type\":\"ping\"}"), Bytes::new()] {
        socket.say_message(Message::Binary(bad)).await;
        assert_eq!(socket.hear("error").await["code"], "bad_deflate");
    }
    socket.is_quiet().await;
    let bomb = deflated(&"0".repeat(30_000_000));
    assert!(bomb.len() < 65_536);
    for _ in 0..15 {
        socket.say_message(Message::Binary(bomb.clone())).await;
        assert_eq!(socket.hear("error").await["code"], "too_large");
    }
    let _ = socket.try_say(Message::Binary(bomb.clone())).await;
    socket.ends_with(4003).await;

    let mut stranger = open(&clinic, DEFLATE).await;
    for _ in 0..20 {
        let _ = stranger.try_say(Message::Binary(bomb.clone())).await;
    }
    stranger.ends_with(4003).await;
    for protocol in ["mcpm.v1", ""] {
        let mut socket =
            if protocol.is_empty() { dora.socket().await } else { signed_in(&clinic, &dora, protocol).await };
        socket.say_message(Message::Binary(deflated(&ping_of(2_000)))).await;
        assert_eq!(socket.hear("error").await["code"], "binary_frame");
    }
}
