//! The server's figures: now, over time, live, and for a scraper; and what they never say.

use serde_json::{Value, json};

use crate::fixture::{Clinic, until};

/// Every text and number of a JSON value, with the names of its fields.
fn said(value: &Value) -> String {
    value.to_string()
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn what_happens_is_counted_and_kept_by_minute_hour_and_day() {
    let mut clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let alice = clinic.alice(&dora).await;
    let before = dora.get("/api/admin/metrics").await.json_of(200);
    let channel = alice.channel("Ward 3", &[&dora]).await;
    let mut listener = dora.listening(&channel).await;
    for n in 0..3 {
        alice.say(&channel, &format!("potassium {n}")).await;
        listener.hear("new_message").await;
    }
    let visitor = clinic.visitor();
    visitor
        .post("/api/auth/login", &json!({ "username": "alice", "password": "wrong" }))
        .await
        .is_refusal(401, "wrong_credentials");
    alice.get("/api/audit").await.is_refusal(403, "not_allowed");

    let now = dora.get("/api/admin/metrics").await.json_of(200);
    let rose =
        |path: &str| now.pointer(path).unwrap().as_u64().unwrap() - before.pointer(path).unwrap().as_u64().unwrap();
    assert_eq!((rose("/messages/total"), rose("/messages/delivered")), (3, 3), "{now}");
    assert_eq!((rose("/logins/failed"), rose("/refusals")), (1, 1), "{now}");
    assert!(rose("/requests") >= 5 && rose("/database/commits") >= 3);
    assert_eq!(now["connections"]["now"], 1);
    assert!(now["connections"]["peak"].as_u64() >= Some(1) && now["connections"]["open"].as_u64() >= Some(1));
    assert!(now["machine"]["rssBytes"].as_u64() > Some(1 << 20) && now["machine"]["diskFreeBytes"].as_u64() > Some(0));
    assert_eq!(now["machine"]["diskFullInDays"], Value::Null, "nothing is known of the past yet");

    // Two writings, a day between them: the minutes and hours are of different ones.
    clinic.keep_figures().await;
    let first = dora.get("/api/admin/metrics/history?range=hour").await.json_of(200);
    assert_eq!((&first["range"], &first["stepSeconds"]), (&json!("hour"), &json!(60)));
    let sum = |history: &Value, field: &str| -> u64 {
        history["points"].as_array().unwrap().iter().map(|point| point[field].as_u64().unwrap()).sum()
    };
    assert_eq!((sum(&first, "messages"), sum(&first, "loginsFailed")), (3, 1), "{first}");
    clinic.pass(26 * 60 * 60);
    let dora = clinic.dora().await;
    let alice = clinic.sign_in("alice").await;
    alice.say(&channel, "one more").await;
    clinic.keep_figures().await;
    let hour = dora.get("/api/admin/metrics/history").await.json_of(200);
    assert_eq!(sum(&hour, "messages"), 1, "{hour}");
    for (range, step) in [("month", 21_600), ("year", 86_400)] {
        let history = dora.get(&format!("/api/admin/metrics/history?range={range}")).await.json_of(200);
        assert_eq!((sum(&history, "messages"), &history["stepSeconds"]), (4, &json!(step)), "{history}");
        let points = history["points"].as_array().unwrap();
        assert!(points.len() >= 2 && points[0]["at"].as_str() < points[1]["at"].as_str());
    }
    dora.get("/api/admin/metrics/history?range=week").await.is_refusal(400, "invalid_field");

    // What is kept outlives the server, and what was not written yet is written at the stop.
    alice.say(&channel, "and another").await;
    clinic.restart().await;
    let dora = clinic.dora().await;
    let year = dora.get("/api/admin/metrics/history?range=year").await.json_of(200);
    assert_eq!(sum(&year, "messages"), 5, "{year}");
    for text in [said(&now), said(&year)] {
        for private in ["alice", "dora", "Ward 3", "potassium", "127.0.0.1", alice.id.as_str()] {
            assert!(!text.contains(private), "{private} in {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_figures_are_forgotten_when_their_time_is_over() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    clinic.keep_figures().await;
    let points = |range: &'static str| {
        let dora = dora.clone();
        async move {
            let history = dora.get(&format!("/api/admin/metrics/history?range={range}")).await.json_of(200);
            history["points"].as_array().unwrap().len()
        }
    };
    assert_eq!((points("day").await, points("year").await), (1, 1));
    clinic
        .sql("INSERT INTO metrics_history (span, starts_at, figures) SELECT 'minute', starts_at - 172800000000, figures FROM metrics_history WHERE span = 'minute';
              INSERT INTO metrics_history (span, starts_at, figures) SELECT 'hour', starts_at - 172800000000, figures FROM metrics_history WHERE span = 'hour';")
        .await;
    clinic.pass(60);
    clinic.keep_figures().await;
    let file = clinic.data_dir().join("live").join("messenger.db");
    let counts = tokio::task::spawn_blocking(move || {
        let database = rusqlite::Connection::open(file).unwrap();
        ["minute", "hour"].map(|span| {
            let sql = "SELECT count(*) FROM metrics_history WHERE span = ?1 AND starts_at < (SELECT max(starts_at) FROM metrics_history) - 172000000000";
            database.query_row(sql, [span], |row| row.get::<_, i64>(0)).unwrap()
        })
    });
    assert_eq!(counts.await.unwrap(), [0, 1], "minutes are kept for two days, hours for longer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scraper_fetches_them_by_its_address_or_with_the_permission() {
    let mut clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let alice = clinic.alice(&dora).await;
    let adam = clinic.adam(&dora).await;
    clinic.visitor().get("/metrics").await.is_refusal(401, "not_signed_in");
    alice.get("/metrics").await.is_refusal(403, "not_allowed");
    let answer = adam.get("/metrics").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/plain; version=0.0.4; charset=utf-8")));
    let text = answer.text();
    for line in [
        "# TYPE mcp_messenger_messages_in_total counter",
        "mcp_messenger_logins_good_total 3",
        "mcp_messenger_ack_seconds_bucket{le=\"+Inf\"} 0",
    ] {
        assert!(text.lines().any(|there| there == line), "{line} is not in {text}");
    }
    for private in ["alice", "adam", "dora", "127.0.0.1", adam.id.as_str()] {
        assert!(!text.contains(private), "{private}");
    }
    // By an API key with that permission and no other.
    let key =
        dora.post("/api/api-keys", &json!({ "name": "watch", "permissions": ["system.monitor"] })).await.json_of(201);
    let program = clinic.visitor().with_token(key["token"].as_str().unwrap());
    assert_eq!(program.get("/metrics").await.status, 200);
    program.get("/api/users").await.is_refusal(403, "not_allowed");

    // By its address; a token that is wrong stays wrong.
    clinic.stop().await;
    clinic.config.metrics.scrapers = vec!["127.0.0.0/8".parse().unwrap()];
    clinic.start().await;
    let visitor = clinic.visitor();
    assert_eq!(visitor.get("/metrics").await.status, 200);
    visitor.get("/api/admin/metrics").await.is_refusal(401, "not_signed_in");
    visitor.with_token("nonsense").get("/metrics").await.is_refusal(401, "token_invalid");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn who_watches_hears_them_until_the_permission_is_gone() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let adam = clinic.adam(&dora).await;
    let alice = clinic.alice(&dora).await;
    let mut refused = alice.socket().await;
    let answer = refused.ask(json!({ "type": "watch_metrics" })).await;
    assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!("not_allowed")));

    let mut socket = adam.socket().await;
    socket.ask(json!({ "type": "watch_metrics" })).await;
    let first = socket.hear("metrics").await;
    assert!(first["data"]["messages"]["total"].is_u64(), "{first}");
    clinic.observe_figures().await;
    socket.hear("metrics").await;
    // Ended by oneself.
    socket.ask(json!({ "type": "watch_metrics", "watching": false })).await;
    socket.kept();
    clinic.observe_figures().await;
    socket.is_quiet().await;
    // Ended by losing the permission.
    socket.ask(json!({ "type": "watch_metrics" })).await;
    socket.hear("metrics").await;
    dora.put(&format!("/api/users/{}", adam.id), &json!({ "role": "user" })).await.json_of(200);
    socket.hear("system_event").await;
    socket.kept();
    clinic.observe_figures().await;
    socket.is_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_told_to_anybody_and_a_full_disk_is_not_ready() {
    let clinic = Clinic::open().await;
    let visitor = clinic.visitor();
    assert_eq!(visitor.get("/health/live").await.json_of(200), json!({ "status": "live" }));
    assert_eq!(visitor.get("/health/ready").await.json_of(200), json!({ "status": "ready", "reasons": [] }));
    #[cfg(feature = "faults")]
    {
        use mcp_messenger::store::fault::{Fault, point};
        let dora = clinic.dora().await;
        clinic.faults(|faults| faults.arm(point::COMMIT, 1, Fault::Full));
        dora.post("/api/channels", &json!({ "name": "Ward 3" })).await.is_refusal(503, "disk_full");
        let unready = visitor.get("/health/ready").await.json_of(503);
        assert_eq!(unready, json!({ "status": "unready", "reasons": ["disk_full"] }));
        dora.post("/api/channels", &json!({ "name": "Ward 3" })).await.json_of(201);
        until("room on the disk", || async { visitor.get("/health/ready").await.status == 200 }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_server_publishes_no_snapshot_for_its_figures() {
    let clinic = Clinic::open().await;
    clinic.dora().await;
    clinic.publish().await;
    assert!(!clinic.changed_since_publish(), "nothing was done since the snapshot");
    clinic.keep_figures().await;
    assert!(!clinic.changed_since_publish(), "figures are no reason for a snapshot");
    clinic.dora().await;
    assert!(clinic.changed_since_publish(), "a sign-in is");
}
