//! The first start, and the ways to the first administrator.

use std::fs;

use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use super::driver::clinic::{ADMIN, ADMIN_PASSWORD};
use super::driver::names;
use super::driver::person::Person;
use super::ground::{Ground, mode, says, stop};

#[tokio::test]
async fn an_empty_folder_becomes_a_server_and_says_how_to_become_its_administrator() {
    let ground = Ground::bare();
    let running = ground.start().await;
    let said = ground.log();
    let address = format!("https://localhost:{}", ground.clinic.address.port());
    let code_file = ground.at("setup-code.txt");
    says(&said, &[&address, &format!("{address}/setup"), &code_file.display().to_string()]);

    let authority = CertificateDer::from_pem_file(names::ca(&ground.clinic.data_dir)).expect("the authority");
    let digest: Vec<String> = Sha256::digest(&authority).iter().map(|byte| format!("{byte:02X}")).collect();
    says(&said, &["Certificate  SHA-256 ", &format!("Authority    SHA-256 {}", digest.join(":"))]);

    let code = fs::read_to_string(&code_file).expect("the code");
    let code = code.trim();
    assert_eq!(mode(&code_file), 0o600);
    assert!(code.len() >= 20 && !said.contains(code), "a journal would keep the code");
    for (folder, bits) in [("", 0o700), ("live", 0o700), ("keys", 0o700), ("tls", 0o700)] {
        assert_eq!(mode(&ground.at(folder)), bits, "{folder}");
    }
    for file in ["keys/machine.key", "tls/ca.key", "tls/server.key", "live/messenger.db"] {
        assert_eq!(mode(&ground.at(file)), 0o600, "{file}");
    }

    let line = ground.line();
    let wish = |code: &str| json!({ "code": code, "username": ADMIN, "password": ADMIN_PASSWORD });
    let set_up = async |code: &str| line.ask("POST", "/api/setup", None, Some(&wish(code))).await.expect("an answer");
    assert_eq!(set_up("AAAAA-BBBBB-CCCCC-DDDDD").await.status, 403);
    let made = set_up(code).await.expect(201).expect("the administrator");
    assert_eq!((&made["username"], &made["role"]), (&json!(ADMIN), &json!("super_admin")));
    assert!(!code_file.exists(), "a used code is of no use");
    assert_eq!(set_up(code).await.status, 404, "once only");
    ground.admin().await;
    stop(running).await;

    let before = ground.log().len();
    let running = ground.start().await;
    assert!(!ground.log()[before..].contains("no administrator"), "{}", &ground.log()[before..]);
    assert!(!code_file.exists());
    stop(running).await;
}

#[tokio::test]
async fn a_restart_before_the_set_up_makes_another_code() {
    let ground = Ground::bare();
    let running = ground.start().await;
    let first = fs::read_to_string(ground.at("setup-code.txt")).expect("a code");
    stop(running).await;
    let running = ground.start().await;
    assert_ne!(fs::read_to_string(ground.at("setup-code.txt")).expect("a code"), first);
    stop(running).await;
}

#[tokio::test]
async fn the_environment_makes_the_administrator_with_a_password_that_nobody_sees() {
    let mut ground = Ground::bare();
    let file = ground.beside("password");
    fs::write(&file, format!("{ADMIN_PASSWORD}\n")).expect("a file");
    ground.clinic.set("INITIAL_ADMIN_USERNAME", ADMIN);
    ground.clinic.set("INITIAL_ADMIN_EMAIL", "dora@clinic.example");
    ground.clinic.set("INITIAL_ADMIN_PASSWORD_FILE", file);
    let running = ground.start().await;
    let admin = ground.admin().await;
    let shown = admin.ask("GET", &format!("/api/users/{}", admin.id), None).await.expect("an answer").expect(200);
    let shown = shown.expect("oneself");
    assert_eq!((&shown["role"], &shown["email"]), (&json!("super_admin"), &json!("dora@clinic.example")));
    assert_eq!(shown["forcePasswordChange"], json!(false));
    let said = ground.log();
    assert!(!said.contains(ADMIN_PASSWORD) && !said.contains("setup"), "{said}");
    assert!(!ground.at("setup-code.txt").exists() && !ground.at("initial-admin-password.txt").exists());
    stop(running).await;
}

#[tokio::test]
async fn a_password_that_was_made_up_is_in_a_private_file_and_has_to_be_changed() {
    let mut ground = Ground::bare();
    ground.clinic.set("INITIAL_ADMIN_USERNAME", ADMIN);
    let running = ground.start().await;
    let file = ground.at("initial-admin-password.txt");
    let password = fs::read_to_string(&file).expect("the password").trim().to_owned();
    assert_eq!(mode(&file), 0o600);
    let said = ground.log();
    assert!(password.len() >= 15 && !said.contains(&password), "a journal would keep it");
    says(&said, &["initial-admin-password.txt"]);

    let line = ground.line();
    let admin = Person::sign_in(&line, ADMIN, &password).await.expect("the administrator");
    let refused = admin.ask("GET", "/api/users", None).await.expect("an answer");
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert_eq!(refused.json().expect("a problem")["code"], "password_change_required");
    let change = json!({ "currentPassword": password, "newPassword": ADMIN_PASSWORD });
    admin
        .ask("POST", "/api/auth/change-password", Some(&change))
        .await
        .expect("an answer")
        .expect(200)
        .expect("changed");
    let admin = ground.admin().await;
    admin.ask("GET", "/api/users", None).await.expect("an answer").expect(200).expect("the users");
    stop(running).await;

    let running = ground.start().await;
    ground.admin().await;
    stop(running).await;
}

#[tokio::test]
async fn an_administrator_who_cannot_be_made_stops_the_start() {
    let mut ground = Ground::bare();
    ground.clinic.set("INITIAL_ADMIN_USERNAME", ADMIN);
    ground.clinic.set("INITIAL_ADMIN_PASSWORD", "short");
    let (code, said) = ground.refusal().await;
    assert!(matches!(code, Some(1 | 78)), "{code:?}: {said}");
    says(&said, &["INITIAL_ADMIN_PASSWORD", "15"]);
    assert!(!said.contains("short\""), "{said}");
}
