//! The configuration as the program sees it, and as it refuses it.

use super::ground::{Ground, alone, json, says};

const SECRET: &str = "a secret of more than thirty-two bytes";

#[test]
fn a_good_configuration_is_called_good() {
    says(&alone("config check", &[]).well(), &["good", "none is needed"]);
    says(&alone("config check", &[("PORT", "3443"), ("JWT_SECRET", SECRET)]).well(), &["good"]);
}

#[test]
fn every_fault_is_told_at_once_with_what_is_allowed() {
    let faults =
        [("PORT", "70000"), ("LOG_LEVEL", "loud"), ("JWT_SECRET", "too short"), ("ALLOWED_NETWORK_RANGE", "lan")];
    for command in ["config check", "config show", "serve", "backup"] {
        let said = alone(command, &faults).badly(78);
        for (name, value) in faults {
            says(&said, &[name]);
            assert!(name == "JWT_SECRET" || said.contains(value), "{command}: {said}");
        }
        says(&said, &["4 faults", "allowed:", "from environment", "65535"]);
        assert!(!said.contains("too short\""), "a secret does not belong into a message: {said}");
    }
}

#[test]
fn what_holds_is_shown_with_its_origin_and_without_secrets() {
    let variables = [("PORT", "3443"), ("JWT_SECRET", SECRET)];
    let shown = alone("config show --log-level=warn", &variables).well();
    says(&shown, &["PORT", "3443", "environment", "LOG_LEVEL", "warn", "command line", "default", "JWT_SECRET"]);
    assert!(!shown.contains(SECRET), "{shown}");
    let shown: serde_json::Value = serde_json::from_str(&alone("config show --json", &variables).well()).expect("JSON");
    assert_eq!(shown["settings"]["PORT"]["value"], "3443");
    assert!(!shown.to_string().contains(SECRET));
}

#[test]
fn the_schema_is_the_published_one() {
    let printed: serde_json::Value = serde_json::from_str(&alone("config schema", &[]).well()).expect("JSON");
    let published = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/config.schema.json");
    assert_eq!(printed, json(&published));
}

#[tokio::test]
async fn signing_in_without_passwords_is_for_developers_on_their_own_machine() {
    let mut ground = Ground::new();
    ground.clinic.set("AUTHENTICATE_USERS", "false");
    let (code, said) = ground.refusal().await;
    assert_eq!(code, Some(78), "{said}");
    says(&said, &["AUTHENTICATE_USERS", "NODE_ENV", "development"]);

    ground.clinic.set("NODE_ENV", "development");
    ground.clinic.set("BIND_ADDRESS", "0.0.0.0");
    let (code, said) = ground.refusal().await;
    assert_eq!(code, Some(78), "on a port that others reach it is refused: {said}");
    says(&said, &["AUTHENTICATE_USERS", "BIND_ADDRESS"]);
    assert!(!ground.clinic.data_dir.exists(), "nothing is made before the configuration is right");
}
