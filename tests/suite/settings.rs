//! What the clinic chooses for itself while the server runs.

use serde_json::{Value, json};

use crate::fixture::Clinic;

const OPEN: &str = "/api/settings/registration.open";

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_policy_is_chosen_shown_kept_and_put_back() {
    let mut clinic = Clinic::open().await;
    let adam = {
        let dora = clinic.dora().await;
        clinic.adam(&dora).await
    };
    let before = adam.get(OPEN).await.json_of(200);
    assert_eq!((&before["value"], &before["default"], &before["isSet"]), (&json!(false), &json!(false), &json!(false)));
    assert_eq!(before["allowed"], "true or false");

    let chosen = adam.put(OPEN, &json!({ "value": true })).await.json_of(200);
    assert_eq!((&chosen["value"], &chosen["isSet"]), (&json!(true), &json!(true)));
    assert_eq!((&chosen["updatedBy"], &chosen["updatedByUsername"]), (&json!(adam.id), &json!("adam")));
    assert!(chosen["updatedAt"].is_string());

    // It outlives the server, and the list shows it.
    clinic.stop().await;
    clinic.start().await;
    let adam = clinic.sign_in("adam").await;
    let listed = adam.list("/api/settings").await;
    assert!(listed.contains(&chosen), "{listed:?}");

    let back = adam.delete(OPEN).await.json_of(200);
    assert_eq!(back, before);
    let actions: Vec<Value> = clinic
        .sign_in("adam")
        .await
        .list("/api/audit?limit=20")
        .await
        .into_iter()
        .filter(|row| row["action"].as_str().is_some_and(|action| action.starts_with("settings.")))
        .map(|row| json!([row["action"], row["details"]["name"]]))
        .collect();
    assert_eq!(
        actions,
        [json!(["settings.reset", "registration.open"]), json!(["settings.change", "registration.open"])]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_allowed_changes_nothing_and_is_told_with_what_is() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    for value in [json!("true"), json!(1), json!([true]), json!({}), json!("a\u{202e}b"), json!(1e300)] {
        let refused = dora.put(OPEN, &json!({ "value": value })).await;
        refused.is_refusal(400, "invalid_field");
    }
    dora.put(OPEN, &json!({})).await.is_refusal(400, "invalid_field");
    dora.put(OPEN, &json!({ "value": null })).await.is_refusal(400, "invalid_field");
    dora.put(OPEN, &json!({ "value": true, "updatedBy": dora.id })).await.is_refusal(400, "invalid_field");
    for name in ["no.such", "token_secret", "clinic.registration.open", "registration.open%00"] {
        dora.get(&format!("/api/settings/{name}")).await.is_refusal(404, "not_found");
        let path = format!("/api/settings/{name}");
        dora.put(&path, &json!({ "value": true })).await.is_refusal(404, "not_found");
        dora.delete(&path).await.is_refusal(404, "not_found");
    }
    assert_eq!(dora.get(OPEN).await.json_of(200)["isSet"], json!(false));
}
