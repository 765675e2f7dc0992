//! Set-up step by step with the one-time code, and what of it is changed later.

use serde_json::{Value, json};

use crate::driver::line::Answer;
use crate::fixture::{Clinic, PASSWORD, Person, until};

fn said(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json().unwrap()["code"].as_str().unwrap_or_default().to_owned())
}

async fn fresh() -> (Clinic, String) {
    let clinic = Clinic::with(|c| {
        c.initial_admin.username = None;
        c.network.allowed = None;
    })
    .await;
    let code = std::fs::read_to_string(clinic.data_dir().join("setup-code.txt")).unwrap();
    (clinic, code.trim().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_steps_are_taken_with_the_code_and_resumed_where_they_stopped() {
    let (mut clinic, code) = fresh().await;
    let visitor = clinic.visitor();
    let state = visitor.post("/api/setup/state", &json!({ "code": code })).await.json_of(200);
    assert_eq!(state["done"], json!({ "language": false, "clinic": false, "networks": false, "hosts": false }));
    assert_eq!((&state["clinic"]["name"], &state["passwordMin"]), (&Value::Null, &json!(15)));
    assert!(
        state["networks"]["found"].as_array().unwrap().iter().any(|n| n["kind"] == "loopback" && n["holdsYou"] == true)
    );

    let bad = json!({ "code": code, "name": "North Clinic", "language": "xx" });
    assert_eq!(said(&visitor.put("/api/setup/clinic", &bad).await), (400, "invalid_field".into()));
    let state = visitor.post("/api/setup/state", &json!({ "code": code })).await.json_of(200);
    assert_eq!(state["clinic"]["name"], Value::Null, "all or none");
    let good = json!({ "code": code, "name": "North Clinic", "language": "es", "timeZone": "Europe/Madrid" });
    let shown = visitor.put("/api/setup/clinic", &good).await.json_of(200);
    assert_eq!(shown, json!({ "name": "North Clinic", "language": "es", "timeZone": "Europe/Madrid" }));

    let before = state["hosts"]["fingerprint"].clone();
    let wrong = json!({ "code": code, "names": ["not a name"] });
    assert_eq!(visitor.put("/api/setup/hosts", &wrong).await.status, 400);
    let hosts = visitor.put("/api/setup/hosts", &json!({ "code": code, "names": ["Chat.lan"] })).await.json_of(200);
    assert!(hosts["names"].as_array().unwrap().contains(&json!("chat.lan")), "{hosts}");
    assert!(hosts["fingerprint"] != before && hosts["notCovered"] == json!([]), "{hosts}");
    let named = visitor.ask_with("GET", "/health", &[("x-none", "1")], None).await;
    assert_eq!(named.status, 200);

    // A restart makes another code, and what was done stays.
    clinic.restart().await;
    let code = std::fs::read_to_string(clinic.data_dir().join("setup-code.txt")).unwrap().trim().to_owned();
    let visitor = clinic.visitor();
    let state = visitor.post("/api/setup/state", &json!({ "code": code })).await.json_of(200);
    assert_eq!(state["done"], json!({ "language": true, "clinic": true, "networks": false, "hosts": true }));
    assert_eq!(state["hosts"]["extra"], json!(["chat.lan"]));

    let weak =
        visitor.post("/api/auth/password-strength", &json!({ "password": "aaaaaaaaaaaaaaa" })).await.json_of(200);
    let strong = visitor.post("/api/auth/password-strength", &json!({ "password": PASSWORD })).await.json_of(200);
    assert!(weak["score"].as_u64() < strong["score"].as_u64() && strong["acceptable"] == true, "{weak} {strong}");
    let short = visitor.post("/api/auth/password-strength", &json!({ "password": "short" })).await.json_of(200);
    assert_eq!((&short["acceptable"], short["problem"].is_string()), (&json!(false), true));

    let first = json!({ "code": code, "username": "dora", "password": PASSWORD });
    let origin = format!("https://{}", clinic.address());
    let made = visitor.ask_with("POST", "/api/setup/administrator", &[("origin", &origin)], Some(&first)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert!(made.header("set-cookie").unwrap().starts_with("__Host-mcpm=ey"));
    let dora = visitor.as_signed_in("dora", &made.json().unwrap());
    assert_eq!(dora.get("/api/auth/me").await.json_of(200)["clinic"]["name"], "North Clinic");
    // Afterwards none of it is there.
    for (method, path) in [
        ("POST", "/api/setup/state"),
        ("PUT", "/api/setup/clinic"),
        ("PUT", "/api/setup/networks"),
        ("POST", "/api/setup/networks/confirm"),
        ("PUT", "/api/setup/hosts"),
        ("POST", "/api/setup/administrator"),
    ] {
        let body =
            json!({ "code": code, "username": "eve", "password": PASSWORD, "ranges": ["10.0.0.0/8"], "names": [] });
        assert_eq!(visitor.ask(method, path, Some(&body)).await.status, 404, "{method} {path}");
    }
    assert_eq!(visitor.get("/setup").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_codes_do_nothing_and_are_slowed_down() {
    let (clinic, code) = fresh().await;
    let visitor = clinic.visitor();
    for n in 0..10 {
        let wrong = json!({ "code": "WRONG-WRONG-WRONG-WRONG", "name": "Taken", "names": [], "ranges": ["0.0.0.0/0"] });
        let (method, path) = [
            ("POST", "/api/setup/state"),
            ("PUT", "/api/setup/clinic"),
            ("PUT", "/api/setup/networks"),
            ("PUT", "/api/setup/hosts"),
        ][n % 4];
        let answer = visitor.ask(method, path, Some(&wrong)).await;
        assert_eq!(said(&answer), (403, "wrong_setup_code".into()), "{path}");
    }
    assert_eq!(visitor.post("/api/setup/state", &json!({ "code": code })).await.status, 429);
    clinic.pass(3_600);
    let state = visitor.post("/api/setup/state", &json!({ "code": code })).await.json_of(200);
    assert_eq!(state["clinic"]["name"], Value::Null);
}

async fn networks(dora: &Person) -> Value {
    dora.get("/api/system/networks").await.json_of(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_networks_falls_back_unless_it_is_confirmed() {
    let mut clinic = Clinic::with(|c| c.network.allowed = None).await;
    let dora = clinic.dora().await;
    let alice = clinic.alice(&dora).await;
    let before = networks(&dora).await["ranges"].clone();
    let change = |ranges: &[&str], accept: bool| json!({ "ranges": ranges, "acceptLockout": accept });
    let path = "/api/system/networks";
    assert_eq!(alice.put(path, &change(&["127.0.0.0/8"], false)).await.status, 403);
    assert_eq!(said(&dora.put(path, &change(&["10.1.0.0/16"], false)).await), (409, "would_lock_out".into()));
    assert_eq!(said(&dora.put(path, &change(&["ten"], false)).await), (400, "invalid_field".into()));
    assert_eq!(said(&dora.put(path, &change(&["!10.0.0.1"], true)).await), (400, "invalid_field".into()));
    assert_eq!(networks(&dora).await["ranges"], before, "nothing was changed");
    assert_eq!(dora.post("/api/system/networks/confirm", &json!({})).await.status, 404);

    // Locked out knowingly: who is in already goes on, nobody new comes in, and nobody there can confirm.
    let tried = dora.put(path, &change(&["10.1.0.0/16"], true)).await.json_of(200);
    assert_eq!((&tried["ranges"], &tried["pending"]["ranges"]), (&json!(["10.1.0.0/16"]), &before));
    assert!(clinic.line().open().await.is_err());
    let confirmed = dora.post("/api/system/networks/confirm", &json!({})).await;
    assert_eq!(said(&confirmed), (409, "not_through_new_rules".into()));
    clinic.pass(119);
    assert!(networks(&dora).await["pending"].is_object());
    clinic.pass(2);
    until("the rules of before", async || networks(&dora).await["ranges"] == before).await;
    assert!(clinic.line().open().await.is_ok());

    // Confirmed by one whom they hold: it stays, after a restart too.
    dora.put(path, &change(&["127.0.0.0/8", "!127.0.0.9"], false)).await.json_of(200);
    let kept = dora.post("/api/system/networks/confirm", &json!({})).await.json_of(200);
    assert_eq!((&kept["ranges"], &kept["pending"]), (&json!(["127.0.0.0/8", "!127.0.0.9/32"]), &Value::Null));
    clinic.pass(600);
    clinic.restart().await;
    let dora = clinic.dora().await;
    assert_eq!(networks(&dora).await["ranges"], kept["ranges"]);
    // On trial at a restart: never written down.
    dora.put(path, &change(&["127.0.0.0/16"], false)).await.json_of(200);
    clinic.restart().await;
    let dora = clinic.dora().await;
    assert_eq!(networks(&dora).await["ranges"], kept["ranges"]);

    let fixed = Clinic::open().await;
    let dora = fixed.dora().await;
    assert_eq!(networks(&dora).await["changeable"], false);
    assert_eq!(said(&dora.put(path, &change(&["127.0.0.0/8"], false)).await), (409, "set_in_configuration".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_key_is_shown_once_and_proved_by_its_last_letters() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let adam = clinic.adam(&dora).await;
    let path = "/api/system/recovery-key";
    assert_eq!(dora.get(path).await.json_of(200)["made"], false);
    assert_eq!(dora.post(path, &json!({ "password": "wrong wrong wrong" })).await.status, 400);
    assert_eq!(dora.get(path).await.json_of(200)["made"], false);
    assert_eq!(adam.get(path).await.status, 403);
    let made = dora.post(path, &json!({ "password": PASSWORD })).await.json_of(201);
    let key = made["recoveryKey"].as_str().unwrap();
    let state = dora.get(path).await.json_of(200);
    assert_eq!((&state["made"], &state["confirmedAt"]), (&json!(true), &Value::Null));
    assert!(!state.to_string().contains(key));
    let confirm = "/api/system/recovery-key/confirm";
    assert_eq!(dora.post(confirm, &json!({ "letters": "000000" })).await.status, 400);
    let bare: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
    let last = bare[bare.len() - 6..].to_lowercase();
    let state = dora.post(confirm, &json!({ "letters": last })).await.json_of(200);
    assert!(state["confirmedAt"].is_string());
}
