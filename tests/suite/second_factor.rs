//! The second factor: set up, asked for, used once, lost and ended.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use mcp_messenger::clock::Clock as _;
use serde_json::{Value, json};
use sha1::Sha1;

use crate::driver::line::Answer;
use crate::fixture::{Clinic, PASSWORD, Person};

/// What an authenticator shows for a secret in base 32, at the server's time and so many steps later.
fn code(clinic: &Clinic, secret: &str, later: i64) -> String {
    let mut bits = String::new();
    for letter in secret.chars() {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).unwrap();
        let _ = write!(bits, "{value:05b}");
    }
    let key: Vec<u8> = bits
        .as_bytes()
        .chunks_exact(8)
        .map(|b| u8::from_str_radix(std::str::from_utf8(b).unwrap(), 2).unwrap())
        .collect();
    let step = clinic.clock.now().seconds() / 30 + later;
    let mut mac = Hmac::<Sha1>::new_from_slice(&key).unwrap();
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 15);
    let number = u32::from_be_bytes(hash[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

fn said(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json().unwrap()["code"].as_str().unwrap_or_default().to_owned())
}

async fn login(clinic: &Clinic, name: &str, password: &str, code: Option<&str>) -> Answer {
    let mut body = json!({ "username": name, "password": password });
    if let Some(code) = code {
        body["code"] = code.into();
    }
    clinic.visitor().post("/api/auth/login", &body).await
}

/// Sets one up; gives the secret and the recovery codes.
async fn enrol(clinic: &Clinic, person: &Person) -> (String, Vec<String>) {
    let begun = person.post("/api/auth/second-factor", &json!({ "password": PASSWORD })).await.json_of(201);
    let secret = begun["secret"].as_str().unwrap().to_owned();
    let uri = begun["uri"].as_str().unwrap();
    assert!(uri.starts_with("otpauth://totp/MCP%20Messenger:") && uri.contains(&format!("secret={secret}")), "{uri}");
    let body = json!({ "code": code(clinic, &secret, 0) });
    let on = person.post("/api/auth/second-factor/confirm", &body).await.json_of(200);
    let codes: Vec<String> =
        on["recoveryCodes"].as_array().unwrap().iter().map(|c| c.as_str().unwrap().to_owned()).collect();
    assert_eq!(codes.len(), 10);
    (secret, codes)
}

async fn factor(person: &Person) -> Value {
    person.get("/api/auth/second-factor").await.json_of(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_asks_for_a_code_that_is_good_once() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let alice = clinic.alice(&dora).await;
    assert_eq!(factor(&alice).await["enabled"], false);
    assert_eq!(said(&alice.post("/api/auth/second-factor/confirm", &json!({ "code": "123456" })).await).0, 404);
    let wrong = alice.post("/api/auth/second-factor", &json!({ "password": "not this one at all" })).await;
    assert_eq!(said(&wrong), (400, "invalid_field".into()));
    let begun = alice.post("/api/auth/second-factor", &json!({ "password": PASSWORD })).await.json_of(201);
    let bad = alice.post("/api/auth/second-factor/confirm", &json!({ "code": "12x456" })).await;
    assert_eq!(said(&bad).0, 400);
    assert_eq!(login(&clinic, "alice", PASSWORD, None).await.status, 200, "it is not on before it is confirmed");
    let elsewhere = clinic.sign_in("alice").await;

    let (secret, codes) = enrol(&clinic, &alice).await;
    assert_ne!(begun["secret"], json!(secret), "an enrolment that was begun anew has another secret");
    assert_eq!(elsewhere.get("/api/users").await.status, 401, "sign-ins without it have ended");
    assert_eq!(alice.get("/api/auth/me").await.json_of(200)["user"]["twoFactorEnabled"], true);
    let shown = factor(&alice).await;
    assert_eq!(
        (&shown["enabled"], &shown["recoveryCodesLeft"], &shown["pending"]),
        (&json!(true), &json!(10), &json!(false))
    );
    let again = alice.post("/api/auth/second-factor", &json!({ "password": PASSWORD })).await;
    assert_eq!(said(&again), (409, "second_factor_on".into()));

    assert_eq!(said(&login(&clinic, "alice", PASSWORD, None).await), (401, "second_factor_required".into()));
    let wrong_password = login(&clinic, "alice", "wrong wrong wrong", None).await;
    assert_eq!(said(&wrong_password), (401, "wrong_credentials".into()), "the password comes first");
    let refused = (401, "wrong_second_factor".to_owned());
    let used = code(&clinic, &secret, 0);
    assert_eq!(said(&login(&clinic, "alice", PASSWORD, Some(&used)).await), refused, "it confirmed the enrolment");
    clinic.pass(30);
    let fresh = code(&clinic, &secret, 0);
    assert_eq!(login(&clinic, "alice", PASSWORD, Some(&fresh)).await.status, 200);
    assert_eq!(said(&login(&clinic, "alice", PASSWORD, Some(&fresh)).await), refused, "a replay");
    let earlier = code(&clinic, &secret, -1);
    assert_eq!(said(&login(&clinic, "alice", PASSWORD, Some(&earlier)).await), refused);
    assert_eq!(said(&login(&clinic, "alice", PASSWORD, Some(&code(&clinic, &secret, 3))).await), refused);
    assert_eq!(login(&clinic, "alice", PASSWORD, Some(&code(&clinic, &secret, 1))).await.status, 200, "a fast clock");

    let typed = codes[3].to_lowercase().replace('-', " ");
    assert_eq!(login(&clinic, "alice", PASSWORD, Some(&typed)).await.status, 200);
    assert_eq!(said(&login(&clinic, "alice", PASSWORD, Some(&codes[3])).await), refused, "each is good once");
    assert_eq!(factor(&alice).await["recoveryCodesLeft"], 9);
    clinic.pass(60);
    let both = json!({ "password": PASSWORD, "code": code(&clinic, &secret, 0) });
    let renewed = alice.post("/api/auth/second-factor/recovery-codes", &both).await.json_of(200);
    assert_eq!(said(&login(&clinic, "alice", PASSWORD, Some(&codes[0])).await), refused, "earlier ones are void");
    let new = renewed["recoveryCodes"][0].as_str().unwrap();
    assert_eq!(login(&clinic, "alice", PASSWORD, Some(new)).await.status, 200);

    // Bob has none and is asked for none; a code that nobody asked for does no harm.
    clinic.bob(&dora).await;
    assert_eq!(login(&clinic, "bob", PASSWORD, Some("123456")).await.status, 200);
    let failures = dora.list("/api/audit?action=auth.login_failed&limit=50").await;
    assert!(failures.iter().any(|row| row["details"]["reason"] == "wrong_second_factor"));
    for row in dora.list("/api/audit?limit=200").await {
        let text = row.to_string();
        assert!(!text.contains(&secret) && codes.iter().all(|code| !text.contains(code)), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_codes_are_slowed_down_like_wrong_passwords() {
    let clinic = Clinic::with(|c| c.limits.login_failures_max = 3).await;
    let dora = clinic.dora().await;
    let alice = clinic.alice(&dora).await;
    let (secret, codes) = enrol(&clinic, &alice).await;
    clinic.pass(30);
    for _ in 0..3 {
        let wrong = login(&clinic, "alice", PASSWORD, Some("ABCDE-ABCDE-ABCDE")).await;
        assert_eq!(said(&wrong), (401, "wrong_second_factor".into()));
    }
    let right = code(&clinic, &secret, 0);
    assert_eq!(login(&clinic, "alice", PASSWORD, Some(&right)).await.status, 429);
    let both = json!({ "password": PASSWORD, "code": codes[0] });
    assert_eq!(alice.post("/api/auth/second-factor/disable", &both).await.status, 429);
    clinic.pass(3_600);
    assert_eq!(login(&clinic, "alice", PASSWORD, Some(&code(&clinic, &secret, 0))).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_allows_a_shorter_password_and_ends_with_one_that_is_changed() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let alice = clinic.alice(&dora).await;
    let change = |to: &str| json!({ "currentPassword": PASSWORD, "newPassword": to });
    assert_eq!(alice.post("/api/auth/change-password", &change("heron-44")).await.status, 400);
    let (_, codes) = enrol(&clinic, &alice).await;
    assert_eq!(alice.post("/api/auth/change-password", &change("heron-4")).await.status, 400, "seven are too few");
    alice.post("/api/auth/change-password", &change("heron-44")).await.json_of(200);

    let off = |password: &str, code: &str| json!({ "password": password, "code": code });
    let disable = "/api/auth/second-factor/disable";
    assert_eq!(said(&alice.post(disable, &off("heron-45", &codes[0])).await), (400, "invalid_field".into()));
    let wrong = alice.post(disable, &off("heron-44", "000000")).await;
    assert_eq!(said(&wrong), (401, "wrong_second_factor".into()));
    assert_eq!(factor(&alice).await["enabled"], true, "nothing was changed");
    alice.post(disable, &off("heron-44", &codes[0])).await.json_of(200);
    let me = alice.get("/api/auth/me").await.json_of(200);
    assert_eq!((&me["user"]["twoFactorEnabled"], &me["user"]["forcePasswordChange"]), (&json!(false), &json!(true)));
    assert_eq!(login(&clinic, "alice", "heron-44", None).await.status, 200);
    assert_eq!(said(&alice.get("/api/channels").await), (403, "password_change_required".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_ends_one_that_was_lost_and_it_is_recorded() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    enrol(&clinic, &alice).await;
    let path = format!("/api/users/{}/reset-second-factor", alice.id);
    assert_eq!(bob.post(&path, &json!({})).await.status, 403);
    assert_eq!(login(&clinic, "alice", PASSWORD, None).await.status, 401, "nothing was changed");
    dora.post(&path, &json!({})).await.json_of(200);
    assert_eq!(said(&dora.post(&path, &json!({})).await), (409, "second_factor_off".into()));
    assert_eq!(alice.get("/api/auth/me").await.status, 401);
    let back = login(&clinic, "alice", PASSWORD, None).await.json_of(200);
    assert_eq!(back["user"]["forcePasswordChange"], true);
    let rows = dora.list("/api/audit?action=auth.reset_second_factor").await;
    let done: Vec<_> = rows.iter().filter(|row| row["username"] == "dora").collect();
    assert_eq!((done.len(), &done[0]["details"]["targetUserId"]), (1, &json!(alice.id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_needs_one_sets_it_up_before_anything_else() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, adam) = (clinic.alice(&dora).await, clinic.adam(&dora).await);
    dora.put("/api/settings/security.secondFactorRoles", &json!({ "value": ["admin"] })).await.json_of(200);
    assert_eq!(said(&adam.get("/api/users").await), (403, "second_factor_setup_required".into()));
    assert_eq!(adam.get("/api/auth/me").await.json_of(200)["secondFactorRequired"], true);
    assert_eq!(alice.get("/api/users").await.status, 200, "others are not asked");
    enrol(&clinic, &adam).await;
    assert_eq!(adam.get("/api/users").await.status, 200);
    dora.put("/api/settings/security.secondFactorRoles", &json!({ "value": ["admin", "user"] })).await.json_of(200);
    assert_eq!(said(&alice.get("/api/users").await).0, 403);
    dora.delete("/api/settings/security.secondFactorRoles").await.json_of(200);
    assert_eq!(alice.get("/api/users").await.status, 200);
}
