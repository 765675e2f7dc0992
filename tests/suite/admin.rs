//! Looking after the server: how it is, what is set, who is kept out, how busy each device is.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::{Value, json};

use crate::driver::line::Line;
use crate::fixture::{Clinic, Socket};

fn found(overview: &Value, code: &str) -> Option<Value> {
    overview["checklist"].as_array().unwrap().iter().find(|finding| finding["code"] == code).cloned()
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn the_overview_says_what_is_not_yet_safe_until_it_is() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let before = dora.get("/api/admin/overview").await.json_of(200);
    assert_eq!(
        (&before["health"]["status"], &before["version"]),
        (&json!("attention"), &json!(env!("CARGO_PKG_VERSION")))
    );
    assert_eq!((&before["certificate"]["own"], &before["accounts"]), (&json!(true), &json!(1)));
    assert!(before["certificate"]["daysLeft"].as_i64() > Some(80), "{before}");
    for code in ["no_recovery_key", "administrators_without_second_factor", "backup_absent", "trust_unconfirmed"] {
        let finding = found(&before, code).unwrap_or_else(|| panic!("{code} in {before}"));
        assert!(finding["text"].as_str().unwrap().len() > 10 && finding["action"].as_str().unwrap().len() > 10);
    }
    assert_eq!(found(&before, "administrators_without_second_factor").unwrap()["params"], json!({ "count": 1 }));
    assert_eq!(found(&before, "registration_open"), None);
    dora.put("/api/settings/registration.open", &json!({ "value": true })).await.json_of(200);
    dora.put("/api/settings/security.hsts", &json!({ "value": true })).await.json_of(200);
    let after = dora.get("/api/admin/overview").await.json_of(200);
    assert!(found(&after, "registration_open").is_some() && found(&after, "trust_unconfirmed").is_none(), "{after}");
    clinic.publish().await;
    let published = dora.get("/api/admin/overview").await.json_of(200);
    if published["database"]["engine"] == "sqlite" {
        assert!(published["snapshot"]["bytes"].as_u64() > Some(0) && published["database"]["bytes"].as_u64() > Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn everything_that_is_configured_is_listed_with_where_it_comes_from() {
    let mut clinic = Clinic::open().await;
    clinic.stop().await;
    clinic.config.auth.jwt_secret = Some(mcp_messenger::config::Secret::new("hush-hush-hush-hush-hush-hush-hush"));
    clinic.start().await;
    let dora = clinic.dora().await;
    let answer = dora.get("/api/admin/settings").await;
    assert!(!answer.text().contains("hush"), "a secret was shown");
    let all = answer.json_of(200);
    let of = |name: &str| all["settings"].as_array().unwrap().iter().find(|s| s["name"] == name).unwrap().clone();
    assert_eq!((&of("JWT_SECRET")["value"], &of("JWT_SECRET")["secret"]), (&json!("********"), &json!(true)));
    let page = of("LIMIT_PAGE_ROWS");
    assert_eq!(
        (&page["kind"], &page["value"], &page["changeable"], &page["restart"]),
        (&json!("number"), &json!("50"), &json!(false), &json!(true))
    );
    assert!(page["reason"].as_str().unwrap().contains("LIMIT_PAGE_ROWS"));
    let phi = of("phi.policy");
    assert_eq!(
        (&phi["kind"], &phi["choices"], &phi["changeable"]),
        (&json!("choice"), &json!(["off", "suggest", "mark", "refuse"]), &json!(true))
    );
    for setting in all["settings"].as_array().unwrap() {
        assert!(all["groups"].as_array().unwrap().iter().any(|group| group["name"] == setting["group"]), "{setting}");
    }

    let path = "/api/admin/settings/phi.policy";
    let first = dora.get(path).await.header("etag").unwrap().to_owned();
    clinic.pass(1);
    let changed = dora.ask_with("PUT", path, &[("if-match", &first)], Some(&json!({ "value": "mark" }))).await;
    let second = changed.header("etag").unwrap().to_owned();
    let shown = changed.json_of(200);
    assert_eq!(
        (&shown["value"], &shown["source"], &shown["updatedByUsername"]),
        (&json!("mark"), &json!("dashboard"), &json!("dora"))
    );
    dora.ask_with("PUT", path, &[("if-match", &first)], Some(&json!({ "value": "off" })))
        .await
        .is_refusal(412, "stale");
    dora.ask_with("DELETE", path, &[("if-match", &first)], None).await.is_refusal(412, "stale");
    dora.put(path, &json!({ "value": "sometimes" })).await.is_refusal(400, "invalid_field");
    assert_eq!(dora.get(path).await.json_of(200)["value"], "mark");
    let back = dora.ask_with("DELETE", path, &[("if-match", &second)], None).await.json_of(200);
    assert_eq!((&back["value"], &back["source"]), (&json!("suggest"), &json!("default")));
    dora.put("/api/admin/settings/PORT", &json!({ "value": 1 })).await.is_refusal(409, "setting_not_changeable");
    dora.put("/api/admin/settings/no.such", &json!({ "value": 1 })).await.is_refusal(404, "not_found");
}

/// The way to the server from another address of this machine.
fn line_from(clinic: &Clinic, last: u8) -> Line {
    clinic.line().from(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_address_gets_nothing_and_loses_what_it_had() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let alice = clinic.alice(&dora).await.by(line_from(&clinic, 9));
    assert_eq!(alice.get("/api/users").await.status, 200);
    let mut socket = alice.socket().await;
    let body = json!({ "network": "127.0.0.9", "note": "lost tablet", "minutes": 10 });
    let made = dora.post("/api/blocks", &body).await.json_of(201);
    assert_eq!((&made["network"], &made["createdByUsername"]), (&json!("127.0.0.9/32"), &json!("dora")));
    socket.ends_with(4005).await;
    assert!(line_from(&clinic, 9).open().await.is_err(), "not a byte before TLS");
    assert_eq!(dora.get("/api/users").await.status, 200);
    assert_eq!(dora.list("/api/blocks").await, std::slice::from_ref(&made));

    // Lifted by hand, and over by itself.
    dora.delete(&format!("/api/blocks/{}", made["id"].as_str().unwrap())).await.json_of(200);
    assert_eq!(alice.get("/api/users").await.status, 200);
    dora.post("/api/blocks", &body).await.json_of(201);
    assert!(line_from(&clinic, 9).open().await.is_err());
    clinic.pass(10 * 60);
    assert_eq!(alice.get("/api/users").await.status, 200);
    assert_eq!(dora.list("/api/blocks").await, Vec::<Value>::new());

    // Oneself only on purpose.
    dora.post("/api/blocks", &json!({ "network": "127.0.0.0/8" })).await.is_refusal(409, "blocks_yourself");
    for network in ["", "lan", "0.0.0.0/0"] {
        dora.post("/api/blocks", &json!({ "network": network })).await.is_refusal(400, "invalid_field");
    }
    alice.post("/api/blocks", &body).await.is_refusal(403, "not_allowed");
    dora.post("/api/blocks", &json!({ "network": "127.0.0.0/8", "confirm": true, "minutes": 1 })).await.json_of(201);
    assert!(clinic.line().open().await.is_err());
    clinic.pass(60);
    let actions = dora.list("/api/audit?action=blocks.add").await;
    assert_eq!(
        (actions.len(), &actions[2]["details"]["network"], &actions[2]["details"]["minutes"]),
        (3, &json!("127.0.0.9"), &json!(10))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_shows_how_busy_it_is() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let mut socket: Socket = dora.socket().await;
    for _ in 0..5 {
        socket.ask(json!({ "type": "watch_metrics", "watching": false })).await;
    }
    let rate = || async { dora.list("/api/connections").await[0]["framesPerMinute"].as_u64().unwrap() };
    assert_eq!(rate().await, 5);
    clinic.pass(120);
    assert_eq!(rate().await, 0);
}
