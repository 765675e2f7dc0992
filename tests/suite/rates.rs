//! How often somebody may ask: by address, account, API key and class, and over a socket.

use std::time::Duration;

use mcp_messenger::config::{Class, Config, Rate};
use serde_json::{Value, json};

use crate::driver::line::Answer;
use crate::fixture::{Clinic, Person, Socket, until};

fn left(answer: &Answer) -> (u32, u32, u64) {
    let number = |name: &str| answer.header(name).unwrap_or_else(|| panic!("no {name}")).parse::<u64>().unwrap();
    let small = |name| u32::try_from(number(name)).unwrap();
    (small("ratelimit-limit"), small("ratelimit-remaining"), number("ratelimit-reset"))
}

async fn with_key(maker: &Person, permissions: &[&str]) -> Person {
    let body = json!({ "name": "lab", "permissions": permissions });
    let made = maker.post("/api/api-keys", &body).await.json_of(201);
    maker.with_token(made["token"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn an_account_is_let_through_to_its_limit_and_told_when_to_come_again() {
    let clinic = Clinic::with(|c| *c.rates.account.of_mut(Class::Read) = Rate::new(5, 10)).await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    for n in 0..5_u32 {
        let answer = alice.get("/api/channels").await;
        assert_eq!(answer.status, 200);
        assert_eq!(left(&answer), (5, 4 - n, u64::from(2 * (n + 1))));
    }
    let refused = alice.get("/api/users").await;
    refused.is_refusal(429, "too_many_requests");
    assert_eq!(left(&refused), (5, 0, 10));
    assert_eq!(refused.header("retry-after"), Some("3"));
    // Another sign-in is the same account; another class and another account are not.
    clinic.sign_in("alice").await.get("/api/channels").await.is_refusal(429, "too_many_requests");
    let channel = alice.channel("c", &[]).await;
    alice.say(&channel, "writing goes on").await;
    bob.get("/api/channels").await.json_of(200);
    clinic.clock.pass(Duration::from_millis(1_999));
    alice.get("/api/channels").await.is_refusal(429, "too_many_requests");
    clinic.clock.pass(Duration::from_millis(1));
    assert_eq!(left(&alice.get("/api/channels").await), (5, 0, 10));
    alice.get("/api/channels").await.is_refusal(429, "too_many_requests");
    clinic.pass(100);
    assert_eq!(left(&alice.get("/api/channels").await).1, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_and_its_account_do_not_use_up_what_the_other_may() {
    let change = |c: &mut Config| {
        *c.rates.key.of_mut(Class::Read) = Rate::new(3, 60);
        *c.rates.account.of_mut(Class::Read) = Rate::new(4, 60);
    };
    let clinic = Clinic::with(change).await;
    let dora = clinic.dora().await;
    let (one, two) = (with_key(&dora, &["messages.read"]).await, with_key(&dora, &["messages.read"]).await);
    for _ in 0..3 {
        one.get("/api/messages").await.json_of(200);
    }
    let refused = one.get("/api/messages").await;
    refused.is_refusal(429, "too_many_requests");
    assert_eq!(left(&refused).0, 3);
    for _ in 0..3 {
        two.get("/api/messages").await.json_of(200);
    }
    two.get("/api/messages").await.is_refusal(429, "too_many_requests");
    for _ in 0..4 {
        dora.get("/api/messages").await.json_of(200);
    }
    dora.get("/api/messages").await.is_refusal(429, "too_many_requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_counted_before_it_is_known_who_asks() {
    let change = |c: &mut Config| {
        *c.rates.address.of_mut(Class::Read) = Rate::new(3, 60);
        *c.rates.address.of_mut(Class::Page) = Rate::new(4, 60);
        *c.rates.address.of_mut(Class::Connect) = Rate::new(2, 60);
    };
    let clinic = Clinic::with(change).await;
    let dora = clinic.dora().await;
    let visitor = clinic.visitor();
    // Who has no token counts too, and the tightest of the limits is what is told.
    visitor.get("/api/users").await.is_refusal(401, "not_signed_in");
    visitor.with_token("nonsense").get("/api/users").await.is_refusal(401, "token_invalid");
    assert_eq!(left(&dora.get("/api/users").await), (3, 0, 60));
    visitor.get("/api/users").await.is_refusal(429, "too_many_requests");
    dora.get("/api/users").await.is_refusal(429, "too_many_requests");
    // What is no route is counted as a page.
    assert_eq!(left(&visitor.get("/health").await), (4, 3, 15));
    visitor.get("/nowhere").await.is_refusal(404, "not_found");
    visitor.ask("DELETE", "/health", None).await.is_refusal(405, "method_not_allowed");
    visitor.ask("DELETE", "/api/users", None).await.is_refusal(405, "method_not_allowed");
    for (method, path) in [("GET", "/health"), ("GET", "/nowhere"), ("DELETE", "/health"), ("DELETE", "/api/users")] {
        let refused = visitor.ask(method, path, None).await;
        refused.is_refusal(429, "too_many_requests");
        assert_eq!(left(&refused), (4, 0, 60), "{method} {path}");
    }
    for _ in 0..2 {
        Socket::open(&clinic.line()).await;
    }
    assert_eq!(Socket::open_at(&clinic.line(), "/ws", &[]).await.err(), Some(429));
    clinic.pass(30);
    Socket::open(&clinic.line()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_class_of_routes_has_a_limit_of_its_own() {
    let clinic = Clinic::with(|c| {
        for class in Class::ALL {
            *c.rates.account.of_mut(class) = Rate::new(1, 3_600);
        }
    })
    .await;
    let dora = clinic.dora().await;
    let nobody = "/api/users/0190a0b0-0000-7000-8000-000000000001";
    for (class, method, path, body) in [
        ("read", "GET", "/api/channels", None),
        ("write", "POST", "/api/channels", Some(json!({ "name": "c" }))),
        ("search", "POST", "/api/messages/search", Some(json!({ "q": "word" }))),
        ("export", "GET", "/api/audit/export", None),
        ("admin", "PUT", nobody, Some(json!({ "firstName": "x" }))),
        ("sign_in", "POST", "/api/auth/refresh-token", None),
    ] {
        let first = dora.ask(method, path, body.as_ref()).await;
        assert_ne!(first.status, 429, "{class}");
        assert_eq!(left(&first), (1, 0, 3_600), "{class}");
        dora.ask(method, path, body.as_ref()).await.is_refusal(429, "too_many_requests");
    }
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn refusals_are_in_the_audit_log_and_repeats_are_counted() {
    let clinic = Clinic::with(|c| *c.rates.account.of_mut(Class::Search) = Rate::new(1, 60)).await;
    let dora = clinic.dora().await;
    let alice = clinic.alice(&dora).await;
    let search = json!({ "q": "word" });
    alice.post("/api/messages/search", &search).await.json_of(200);
    for _ in 0..5 {
        alice.post("/api/messages/search", &search).await.is_refusal(429, "too_many_requests");
    }
    clinic.visitor().get("/health").await.json_of(200);
    let times_in = |rows: &[Value], action: &str| -> i64 {
        let of_floods = rows.iter().filter(|row| {
            let about = &row["details"];
            row["action"] == action && (about["deed"] == "requests.search" || about["repeated"] == "requests.search")
        });
        of_floods.map(|row| row["details"]["times"].as_i64().unwrap_or(1)).sum()
    };
    until("the refusals' row", || async { times_in(&dora.list("/api/audit").await, "access.refused") > 0 }).await;
    let rows = dora.list("/api/audit").await;
    let row = rows.iter().find(|row| row["action"] == "access.refused").unwrap();
    assert_eq!((&row["username"], &row["ipAddress"]), (&json!("alice"), &json!("127.0.0.1")));
    assert_eq!(
        (&row["details"]["deed"], &row["details"]["code"]),
        (&json!("requests.search"), &json!("too_many_requests"))
    );
    // Those that came after the first row was written are one more row when the minute is over.
    clinic.pass(61);
    until("all of them", || async {
        clinic.keep_repeats().await;
        let rows = dora.list("/api/audit").await;
        times_in(&rows, "access.refused") + times_in(&rows, "access.repeated") == 5
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_healthy_people_behind_one_address_are_not_refused() {
    // Their clients as they are at eight in the morning, against the defaults: everybody comes within a minute, loads
    // the pages, signs in, looks at the channels, opens two sockets and writes.
    let clinic = Clinic::open().await;
    let rates = &clinic.config.rates.address;
    for (class, each) in [
        (Class::Page, 60),
        (Class::SignIn, 4),
        (Class::Connect, 6),
        (Class::Read, 120),
        (Class::Write, 60),
        (Class::Search, 5),
        (Class::Export, 1),
        (Class::Admin, 2),
    ] {
        let rate = rates.of(class);
        assert!(rate.burst >= 500 * each, "{} of {each} requests from each of 500", class.name());
    }
    // And for real, as many requests as they make, from four hands at once.
    let dora = clinic.dora().await;
    let channel = dora.channel("ward", &[]).await;
    let mut hands = Vec::new();
    for _ in 0..4 {
        let (visitor, line) = (clinic.visitor(), clinic.line());
        hands.push(tokio::spawn(async move {
            for _ in 0..1_250 {
                assert_eq!(visitor.get("/health").await.status, 200);
            }
            for _ in 0..50 {
                Socket::open(&line).await;
            }
        }));
    }
    for _ in 0..100 {
        dora.page(&channel).await;
    }
    for hand in hands {
        hand.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_frame_has_a_measure_for_each_user_and_key() {
    let change = |c: &mut Config| {
        let limits = &mut c.limits;
        (limits.frames_per_second, limits.frames_burst) = (1, 6);
        (limits.sends_per_second, limits.sends_burst) = (1, 4);
        (limits.whispers_per_second, limits.whispers_burst) = (1, 2);
    };
    let clinic = Clinic::with(change).await;
    let dora = clinic.dora().await;
    let alice = clinic.alice(&dora).await;
    let ward = dora.channel("ward", &[&alice]).await;
    let mut socket = alice.socket().await;
    let message = dora.say(&ward, "hello").await["id"].clone();
    let on = |kind: &str, more: Value| {
        let mut frame = json!({ "type": kind, "channelId": ward, "messageId": message });
        frame.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        frame
    };
    let kinds = [
        (
            "frames",
            6,
            vec![
                on("join_channel", json!({})),
                on("leave_channel", json!({})),
                on("send_message", json!({ "text": "/x", "command": true })),
            ],
        ),
        ("sends", 4, vec![on("send_message", json!({ "text": "x" })), on("add_reaction", json!({ "reaction": "x" }))]),
        ("receipts", 4, vec![on("read_receipt", json!({})), on("delivery_receipt", json!({}))]),
        (
            "whispers",
            2,
            vec![
                on("typing_indicator", json!({ "isTyping": true })),
                json!({ "type": "set_presence", "status": "busy" }),
            ],
        ),
    ];
    for (what, burst, frames) in &kinds {
        for n in 0..*burst {
            let said = socket.ask(frames[n % frames.len()].clone()).await;
            assert_ne!(said["code"], "too_many_messages", "{what} {n}: {said}");
        }
        for frame in frames {
            assert_eq!(socket.ask(frame.clone()).await["code"], "too_many_messages", "{what}: {frame}");
        }
    }
    socket.say(&json!({ "type": "ping", "requestId": "beat" })).await;
    assert_eq!(socket.hear_where("an error", |f| f["requestId"] == "beat").await["code"], "too_many_messages");
    // Another device is the same user; a key of the same account is not.
    let mut other = alice.socket().await;
    assert_eq!(other.try_join(&ward, None).await["code"], "too_many_messages");
    dora.put(&format!("/api/users/{}", alice.id), &json!({ "role": "admin" })).await.json_of(200);
    let key = with_key(&clinic.sign_in("alice").await, &["messages.send", "channels.join"]).await;
    let mut program = key.socket().await;
    assert_eq!(program.try_join(&ward, None).await["type"], "ack");
    clinic.pass(1);
    assert_eq!(other.try_join(&ward, None).await["type"], "ack");
    let deeds = ["frames.send", "messages.send", "receipts.send", "presence.send"];
    for deed in deeds {
        until("the refusal's row", || async {
            let rows = dora.list("/api/audit?limit=200").await;
            rows.iter().any(|row| row["details"]["deed"] == deed && row["details"]["code"] == "too_many_messages")
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_account_opens_so_many_sockets_and_a_stranger_has_little_to_say() {
    let clinic = Clinic::with(|c| *c.rates.account.of_mut(Class::Connect) = Rate::new(2, 60)).await;
    let dora = clinic.dora().await;
    let token = dora.token.as_deref().unwrap();
    for _ in 0..2 {
        dora.socket().await;
    }
    let mut third = Socket::open(&clinic.line()).await;
    assert_eq!(third.authenticate(token).await["code"], "too_many_requests");
    third.ends_with(1013).await;
    clinic.pass(30);
    dora.socket().await;

    let mut chatty = Socket::open(&clinic.line()).await;
    for _ in 0..19 {
        chatty.say(&json!({ "type": "ping" })).await;
        chatty.hear("pong").await;
    }
    chatty.say(&json!({ "type": "ping" })).await;
    chatty.ends_with(4003).await;
}
