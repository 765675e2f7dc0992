//! Every limit: below, at and above, by REST and by WebSocket.

use std::fmt::Write as _;

use mcp_messenger::config::Config;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::fixture::raw::{over_tls, request};
use crate::fixture::{Clinic, PASSWORD, Person, Socket};

async fn ward_with(change: impl FnOnce(&mut Config)) -> (Clinic, Person, String) {
    let clinic = Clinic::with(change).await;
    let dora = clinic.dora().await;
    let channel = dora.channel("c", &[]).await;
    (clinic, dora, channel)
}

/// Tries a value through `ask`; each answer is 201 or a 400 that names the field.
async fn tries(person: &Person, path: &str, field: &str, cases: &[(String, bool)], body: impl Fn(usize) -> Value) {
    for (n, (value, taken)) in cases.iter().enumerate() {
        let mut body = body(n);
        body[field] = json!(value);
        let answer = person.post(path, &body).await;
        let short: String = value.chars().take(20).collect();
        if *taken {
            assert_eq!(answer.status, 201, "{field} of {} ({short}…): {}", value.chars().count(), answer.text());
            assert!(answer.json().unwrap()[field].is_null() || answer.json().unwrap()[field] == json!(value.trim()));
        } else {
            answer.is_refusal(400, "invalid_field");
            assert_eq!(answer.json().unwrap()["errors"][0]["field"], field, "{short}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_passwords_of_people() {
    let (_clinic, dora, _) = ward_with(|_| ()).await;
    let cases = |list: &[(&str, usize, bool)]| -> Vec<(String, bool)> {
        list.iter().map(|(text, times, taken)| (text.repeat(*times), *taken)).collect()
    };
    let names = cases(&[
        ("a", 0, false),
        ("a", 1, true),
        ("b", 49, true),
        ("c", 50, true),
        ("d", 51, false),
        ("é", 50, true),
        ("\u{10400}", 50, true),
        ("f g", 1, false),
        ("h\u{202e}", 1, false),
        ("<b>", 1, false),
    ]);
    tries(&dora, "/api/users", "username", &names, |_| json!({ "password": PASSWORD })).await;
    let passwords = cases(&[
        ("", 1, false),
        ("ab", 7, false),
        ("abc", 5, true),
        ("abcd", 4, true),
        ("é\u{e9}", 7, false),
        ("éà", 8, true),
        ("abcdefgh", 128, true),
        ("abcdefgh", 129, false),
        ("a", 20, false),
        ("passwordpassword", 1, false),
    ]);
    tries(&dora, "/api/users", "password", &passwords, |n| json!({ "username": format!("p{n}") })).await;
    let emails = cases(&[("x", 1, false), ("a@b", 1, true), ("a@", 1, false), ("a b@c", 1, false)]);
    tries(&dora, "/api/users", "email", &emails, |n| json!({ "username": format!("e{n}"), "password": PASSWORD }))
        .await;
    let local = |count: usize| (format!("{}@b.example", "x".repeat(count)), count <= 245);
    let long = [local(245), local(246)];
    tries(&dora, "/api/users", "email", &long, |n| json!({ "username": format!("l{n}"), "password": PASSWORD })).await;
    let given = cases(&[("x", 100, true), ("x", 101, false), ("ü", 100, true), ("a\n", 1, false)]);
    tries(&dora, "/api/users", "firstName", &given, |n| json!({ "username": format!("f{n}"), "password": PASSWORD }))
        .await;
    tries(&dora, "/api/users", "lastName", &given, |n| json!({ "username": format!("g{n}"), "password": PASSWORD }))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_of_the_longest_length_signs_in() {
    let (clinic, dora, _) = ward_with(|_| ()).await;
    let password = "é".repeat(512);
    let password = format!("ab{}", &password[2..]);
    assert_eq!(password.len(), 1_024);
    dora.post("/api/users", &json!({ "username": "lang", "password": password })).await.json_of(201);
    Person::sign_in(clinic.line(), "lang", &password).await;
    let login = json!({ "username": "lang", "password": "x".repeat(50_000) });
    clinic.visitor().post("/api/auth/login", &login).await.is_refusal(401, "wrong_credentials");
    let login = json!({ "username": "x".repeat(50_000), "password": "x" });
    clinic.visitor().post("/api/auth/login", &login).await.is_refusal(401, "wrong_credentials");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_descriptions_metadata_and_members_of_channels() {
    let (_clinic, dora, _) = ward_with(|_| ()).await;
    let of = |list: &[(&str, usize, bool)]| -> Vec<(String, bool)> {
        list.iter().map(|(text, times, taken)| (text.repeat(*times), *taken)).collect()
    };
    let names = of(&[
        ("x", 0, false),
        ("  ", 1, false),
        ("x", 1, true),
        ("x", 99, true),
        ("x", 100, true),
        ("x", 101, false),
        ("\u{1f3e5}", 100, true),
        ("\u{1f3e5}", 101, false),
        ("a\nb", 1, false),
        ("a\u{202e}b", 1, false),
    ]);
    tries(&dora, "/api/channels", "name", &names, |_| json!({})).await;
    let descriptions = of(&[
        ("", 1, true),
        ("x", 999, true),
        ("x", 1_000, true),
        ("x", 1_001, false),
        ("a\nb", 1, true),
        ("\u{7}", 1, false),
    ]);
    tries(&dora, "/api/channels", "description", &descriptions, |_| json!({ "name": "c" })).await;
    // `{"k":"…"}` is 8 bytes around the text.
    for (length, taken) in [(8_183, true), (8_184, true), (8_185, false)] {
        let body = json!({ "name": "c", "metadata": { "k": "m".repeat(length) } });
        assert_eq!(dora.post("/api/channels", &body).await.status, if taken { 201 } else { 400 }, "{length}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_text_of_a_message_by_rest_and_by_websocket() {
    let change = |c: &mut Config| c.limits.bad_frames_max = 1_000;
    let (_clinic, dora, channel) = ward_with(change).await;
    let mut socket = dora.listening(&channel).await;
    for (text, taken) in [
        (String::new(), false),
        (" \n\t ".into(), false),
        ("x".into(), true),
        ("x".repeat(15_999), true),
        ("x".repeat(16_000), true),
        ("x".repeat(16_001), false),
        ("ü".repeat(16_000), true),
        ("\u{1f9ea}".repeat(16_000), true),
        ("ü".repeat(16_001), false),
        ("line\r\nline\tend".into(), true),
        ("bell\u{7}".into(), false),
        ("nul\u{0}".into(), false),
    ] {
        let body = json!({ "channelId": channel, "text": text });
        let answer = dora.post("/api/messages", &body).await;
        let said = socket.try_send(&channel, &text).await;
        let short: String = text.chars().take(10).collect();
        if taken {
            assert_eq!(answer.json_of(201)["text"], json!(text));
            assert_eq!(said["type"], "ack", "{short}");
            for _ in 0..2 {
                assert_eq!(socket.hear("new_message").await["data"]["text"], json!(text), "byte for byte");
            }
        } else {
            answer.is_refusal(400, "invalid_field");
            assert_eq!((&said["type"], &said["code"]), (&json!("error"), &json!("invalid_field")), "{short}");
        }
    }
    for (field, value, taken) in [
        ("clientMessageId", json!(""), false),
        ("clientMessageId", json!("i"), true),
        ("clientMessageId", json!("i".repeat(100)), true),
        ("clientMessageId", json!("i".repeat(101)), false),
        ("clientMessageId", json!("ü".repeat(100)), true),
        ("metadata", json!({ "k": "m".repeat(8_184) }), true),
        ("metadata", json!({ "k": "m".repeat(8_185) }), false),
    ] {
        let mut body = json!({ "channelId": channel, "text": "x" });
        body[field] = value;
        let answer = dora.post("/api/messages", &body).await;
        body["type"] = json!("send_message");
        let said = socket.ask(body).await;
        let expected = if taken { (201, "ack") } else { (400, "error") };
        assert_eq!((answer.status, said["type"].as_str().unwrap()), expected);
    }
    for (id, taken) in [("q".repeat(100), true), ("q".repeat(101), false)] {
        socket.say(&json!({ "type": "ping", "requestId": id })).await;
        let kind = if taken { "pong" } else { "error" };
        socket.hear(kind).await;
    }
}

/// A body of exactly this many bytes that would be taken for its content.
fn body_of(bytes: usize) -> String {
    let frame = "{\"name\":\"c\",\"padding\":\"\"}";
    format!("{{\"name\":\"c\",\"padding\":\"{}\"}}", "p".repeat(bytes - frame.len()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_size_of_a_body() {
    let (clinic, dora, _) = ward_with(|_| ()).await;
    let host = format!("Host: {}", clinic.address());
    let bearer = format!("Authorization: Bearer {}", dora.token.as_deref().unwrap());
    for (bytes, status) in [(65_535, 201), (65_536, 201), (65_537, 413), (200_000, 413)] {
        let body = body_of(bytes);
        assert_eq!(body.len(), bytes);
        let length = format!("Content-Length: {bytes}");
        let head = request("POST", "/api/channels", &[&host, &bearer, &length, "Connection: close"]);
        let said = over_tls(&clinic, &(head + &body)).await;
        assert_eq!(said.status(), status, "{bytes}: {}", said.0);
        // In chunks nobody says the size beforehand.
        let mut chunked =
            request("POST", "/api/channels", &[&host, &bearer, "Transfer-Encoding: chunked", "Connection: close"]);
        for chunk in body.as_bytes().chunks(10_000) {
            let _ = write!(chunked, "{:x}\r\n{}\r\n", chunk.len(), std::str::from_utf8(chunk).unwrap());
        }
        chunked += "0\r\n\r\n";
        let said = over_tls(&clinic, &chunked).await;
        assert_eq!(said.status(), status, "{bytes} in chunks: {}", said.0);
    }
    let promised =
        request("POST", "/api/channels", &[&host, &bearer, "Content-Length: 9999999999", "Connection: close"]);
    let said = over_tls(&clinic, &promised).await;
    assert_eq!(said.status(), 413, "a promise is enough: {}", said.0);
    assert!(said.0.contains("\"code\":\"too_large\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_size_of_a_frame() {
    let (_clinic, dora, _) = ward_with(|_| ()).await;
    let frame_of = |bytes: usize| {
        let frame = "{\"type\":\"ping\",\"p\":\"\"}";
        format!("{{\"type\":\"ping\",\"p\":\"{}\"}}", "p".repeat(bytes - frame.len()))
    };
    let mut socket = dora.socket().await;
    for bytes in [65_535, 65_536] {
        let frame = frame_of(bytes);
        assert_eq!(frame.len(), bytes);
        socket.say_text(frame).await;
        socket.hear("pong").await;
    }
    socket.say_text(frame_of(65_537)).await;
    socket.ends_with(1009).await;
    let mut huge = dora.socket().await;
    let _ = huge.try_say(Message::Text("x".repeat(5_000_000).into())).await;
    huge.ends_with(1009).await;
    let mut binary = dora.socket().await;
    let _ = binary.try_say(Message::Binary(vec![0; 100_000].into())).await;
    binary.ends_with(1009).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn before_signing_in_a_frame_is_limited_too() {
    let clinic = Clinic::open().await;
    let mut socket = Socket::open(&clinic.line()).await;
    let _ = socket.try_say(Message::Text("x".repeat(200_000).into())).await;
    socket.ends_with(1009).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_depth_of_json() {
    let (_clinic, dora, channel) = ward_with(|_| ()).await;
    let nested = |levels: usize| -> Value {
        // The body is a level, and so is `metadata`.
        let mut value = json!("deep");
        for _ in 0..levels - 2 {
            value = json!([value]);
        }
        json!({ "d": value })
    };
    let mut socket = dora.socket().await;
    for (levels, taken) in [(31, true), (32, true), (33, false), (500, false)] {
        let mut body = json!({ "channelId": channel, "text": "x", "metadata": nested(levels) });
        let answer = dora.post("/api/messages", &body).await;
        if taken {
            assert_eq!(answer.json_of(201)["metadata"], nested(levels));
        } else {
            answer.is_refusal(400, "json_too_deep");
        }
        body["type"] = json!("send_message");
        if taken {
            assert_eq!(socket.ask(body).await["type"], "ack");
        } else {
            socket.say(&body).await;
            assert_eq!(socket.hear("error").await["code"], "json_too_deep", "{levels}");
        }
    }
    let bomb = format!("{{\"type\":\"ping\",\"x\":{}", "[".repeat(60_000));
    socket.say_text(bomb).await;
    assert_eq!(socket.hear("error").await["code"], "json_too_deep");
    socket.is_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_failed_sign_ins_are_free_and_then_one_waits() {
    let (clinic, dora, _) = ward_with(|_| ()).await;
    clinic.alice(&dora).await;
    let visitor = clinic.visitor();
    let wrong = |name: &str| json!({ "username": name, "password": "certainly not this" });
    let right = json!({ "username": "alice", "password": PASSWORD });
    for n in 0..10 {
        visitor
            .post("/api/auth/login", &wrong(if n % 2 == 0 { "alice" } else { "ALICE" }))
            .await
            .is_refusal(401, "wrong_credentials");
    }
    let refused = visitor.post("/api/auth/login", &right).await;
    refused.is_refusal(429, "too_many_attempts");
    assert_eq!(refused.header("retry-after"), Some("2"));
    clinic.sign_in("dora").await;
    clinic.pass(2);
    clinic.sign_in("alice").await;
    for _ in 0..10 {
        visitor.post("/api/auth/login", &wrong("alice")).await.is_refusal(401, "wrong_credentials");
    }
    visitor.post("/api/auth/login", &right).await.is_refusal(429, "too_many_attempts");
    clinic.pass(15 * 60);
    clinic.sign_in("alice").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_of_one_address() {
    let clinic = Clinic::with(|c| c.limits.connections_per_address_max = 5).await;
    let mut open = Vec::new();
    for _ in 0..5 {
        open.push(Socket::open(&clinic.line()).await);
    }
    assert!(clinic.line().open().await.is_err(), "the sixth");
    drop(open.pop());
    let line = clinic.line();
    crate::fixture::until("a place is free again", || async { line.open().await.is_ok() }).await;
}
