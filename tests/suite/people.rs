//! Accounts and the people behind them: who changes what of whom, and what two do to one at once.

use serde_json::{Value, json};

use crate::driver::line::Answer;
use crate::fixture::raw::{over_tls, request};
use crate::fixture::shape::{USER, has_fields};
use crate::fixture::{Clinic, PASSWORD, Person};

pub const NOWHERE: &str = "00000000-0000-7000-8000-000000000000";

pub fn path(person: &Person) -> String {
    format!("/api/users/{}", person.id)
}

/// The fields that an answer finds fault with.
#[track_caller]
pub fn faults(answer: &Answer) -> Vec<String> {
    answer.is_refusal(400, "invalid_field");
    let errors = answer.json().unwrap()["errors"].as_array().unwrap().clone();
    errors.iter().map(|e| e["field"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn an_account_is_changed_by_those_who_may_and_says_so() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob, adam) = (clinic.alice(&dora).await, clinic.bob(&dora).await, clinic.adam(&dora).await);

    // One's own name and address are one's own to say.
    let before = alice.get(&path(&alice)).await.json_of(200);
    clinic.pass(5);
    let body = json!({ "firstName": "Alice", "lastName": "Brown", "email": "alice@clinic.example", "hobby": "chess" });
    let changed = alice.put(&path(&alice), &body).await.json_of(200);
    has_fields(&changed, USER);
    let mut expected = before.clone();
    for field in ["firstName", "lastName", "email"] {
        expected[field] = body[field].clone();
    }
    expected["updatedAt"] = changed["updatedAt"].clone();
    assert_eq!(changed, expected);
    assert!(changed["updatedAt"].as_str() > before["updatedAt"].as_str());
    // A field that is missing stays; null empties it.
    let changed = alice.put(&path(&alice), &json!({ "lastName": null })).await.json_of(200);
    assert_eq!((&changed["firstName"], &changed["lastName"]), (&json!("Alice"), &Value::Null));

    // Name, role, status and the like are not.
    for body in [
        json!({ "username": "queen" }),
        json!({ "role": "admin" }),
        json!({ "role": "user" }),
        json!({ "status": "active" }),
        json!({ "forcePasswordChange": false }),
        json!({ "firstName": "Ann", "role": "super_admin" }),
    ] {
        alice.put(&path(&alice), &body).await.is_refusal(403, "not_allowed");
    }
    alice.put(&path(&bob), &json!({ "firstName": "Rob" })).await.is_refusal(403, "not_allowed");
    assert_eq!(alice.get(&path(&alice)).await.json_of(200)["firstName"], "Alice", "nothing of it was done");

    // An administrator's are, below and beside; not above.
    let body = json!({ "username": "Bobby", "role": "moderator", "forcePasswordChange": true });
    let changed = adam.put(&path(&bob), &body).await.json_of(200);
    assert_eq!((&changed["username"], &changed["role"]), (&json!("Bobby"), &json!("moderator")));
    assert_eq!(changed["forcePasswordChange"], true);
    bob.get("/api/channels").await.is_refusal(403, "password_change_required");
    Person::sign_in(clinic.line(), "BOBBY", PASSWORD).await;
    adam.put(&path(&adam), &json!({ "role": "super_admin" })).await.is_refusal(403, "role_above_own");
    adam.put(&path(&bob), &json!({ "role": "super_admin" })).await.is_refusal(403, "role_above_own");
    for body in [json!({ "firstName": "D" }), json!({ "role": "user" }), json!({ "status": "locked" })] {
        adam.put(&path(&dora), &body).await.is_refusal(403, "account_above_own");
    }
    dora.put(&format!("/api/users/{NOWHERE}"), &json!({ "firstName": "D" })).await.is_refusal(404, "not_found");

    let rows = dora.list("/api/audit?action=users.change").await;
    let about = |row: &Value| (row["username"].clone(), row["details"].clone());
    let given = json!({ "targetUserId": bob.id, "roleId": rows[0]["details"]["roleId"], "username": true,
        "forcePasswordChange": true });
    assert_eq!(about(&rows[0]), (json!("adam"), given));
    assert_eq!(about(&rows[1]), (json!("alice"), json!({ "targetUserId": alice.id, "lastName": true })));
    let refused = dora.list("/api/audit?action=access.refused").await;
    assert!(refused.iter().any(|row| row["details"] == json!({ "deed": "users.change", "code": "role_above_own" })));
    assert!(!Value::from(rows).to_string().contains("Brown"), "no names in the audit log");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_change_is_said_by_field_and_changes_nothing() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let alice = clinic.alice(&dora).await;
    let before = dora.get(&path(&alice)).await.json_of(200);
    for (field, value) in [
        ("username", json!("")),
        ("username", json!("a".repeat(51))),
        ("username", json!(null)),
        ("username", json!(7)),
        ("username", json!("a\u{202e}b")),
        ("username", json!("a\u{0}b")),
        ("email", json!("")),
        ("email", json!("nobody")),
        ("email", json!(format!("{}@b", "a".repeat(254)))),
        ("email", json!("a\u{202e}@b")),
        ("email", json!(true)),
        ("firstName", json!("")),
        ("firstName", json!("   ")),
        ("firstName", json!("n".repeat(101))),
        ("lastName", json!("a\u{2066}b")),
        ("lastName", json!("a\nb")),
        ("lastName", json!([])),
        ("role", json!("king")),
        ("role", json!("")),
        ("role", json!(null)),
        ("role", json!(1e300)),
        ("status", json!("deleted")),
        ("status", json!(1)),
        ("status", json!(null)),
        ("forcePasswordChange", json!("yes")),
        ("forcePasswordChange", json!(null)),
        ("id", json!(NOWHERE)),
        ("createdBy", json!(NOWHERE)),
        ("createdAt", json!("2020-01-01T00:00:00.000Z")),
        ("password", json!(PASSWORD)),
        ("newPassword", json!(PASSWORD)),
        ("twoFactorEnabled", json!(false)),
    ] {
        let answer = dora.put(&path(&alice), &json!({ field: value })).await;
        assert_eq!(faults(&answer), [field], "{value}");
    }
    let all = json!({ "username": "", "email": "", "firstName": "", "lastName": "", "role": "", "status": "" });
    let told = faults(&dora.put(&path(&alice), &all).await);
    assert_eq!(told, ["username", "email", "firstName", "lastName", "status", "role"], "all at once");
    let surrogate = r#"{"firstName": "\ud800"}"#;
    let token = format!("Authorization: Bearer {}", dora.token.as_deref().unwrap());
    let (length, host) = (format!("Content-Length: {}", surrogate.len()), format!("Host: {}", clinic.address()));
    let head = request("PUT", &path(&alice), &[&host, &token, "Content-Type: application/json", &length]);
    let said = over_tls(&clinic, &(head + surrogate)).await;
    assert!(said.0.contains("json_malformed"), "{}", said.0);
    assert_eq!(dora.get(&path(&alice)).await.json_of(200), before);

    let long = json!({ "username": "a".repeat(50), "email": format!("{}@b", "a".repeat(253)),
        "firstName": "n".repeat(100), "lastName": "é".repeat(100) });
    let changed = dora.put(&path(&alice), &long).await.json_of(200);
    assert_eq!((&changed["username"], &changed["email"]), (&long["username"], &long["email"]), "at the limits");
    dora.put(&path(&alice), &json!({ "username": "DORA" })).await.is_refusal(409, "username_taken");
    dora.put(&path(&dora), &json!({ "email": "d@clinic.example" })).await.json_of(200);
    dora.put(&path(&alice), &json!({ "email": "D@CLINIC.example" })).await.is_refusal(409, "email_taken");
    dora.put(&path(&dora), &json!({ "email": "D@clinic.example", "username": "Dora" })).await.json_of(200);
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn two_who_change_the_same_account_do_not_undo_each_other() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, adam) = (clinic.alice(&dora).await, clinic.adam(&dora).await);
    let tag = |answer: &Answer| answer.header("etag").expect("an ETag").to_owned();
    let seen = tag(&dora.get(&path(&alice)).await);
    assert_eq!(seen, tag(&adam.get(&path(&alice)).await));

    let change = |name: &str| json!({ "firstName": name });
    let first = adam.ask_with("PUT", &path(&alice), &[("If-Match", &seen)], Some(&change("Anna"))).await;
    assert_eq!(first.json_of(200)["firstName"], "Anna");
    let second = dora.ask_with("PUT", &path(&alice), &[("If-Match", &seen)], Some(&change("Alicia"))).await;
    second.is_refusal(412, "stale");
    let now = dora.get(&path(&alice)).await;
    assert_eq!((now.json_of(200)["firstName"].clone(), tag(&now)), (json!("Anna"), tag(&first)));

    let weak = format!("W/{}", tag(&now));
    let several = format!("\"0\", {}", tag(&now));
    for (value, status) in [(weak.as_str(), 412), ("\"abc\"", 412), (several.as_str(), 200), ("*", 200)] {
        let answer = dora.ask_with("PUT", &path(&alice), &[("If-Match", value)], Some(&change("Al"))).await;
        assert_eq!(answer.status, status, "{value}");
    }
    for value in ["7", "\"", "", "\"1\", 2"] {
        let answer = dora.ask_with("PUT", &path(&alice), &[("If-Match", value)], Some(&change("Al"))).await;
        answer.is_refusal(400, "bad_if_match");
    }
    dora.put(&path(&alice), &change("Ada")).await.json_of(200);
    // A made account can be changed by the tag that it was answered with.
    let made = dora.post("/api/users", &json!({ "username": "carl", "password": PASSWORD })).await;
    let carl = format!("/api/users/{}", made.json_of(201)["id"].as_str().unwrap());
    dora.ask_with("PUT", &carl, &[("If-Match", &tag(&made))], Some(&change("Carl"))).await.json_of(200);
    // The tag is for changing: what is shown can differ without a change (the last sign-in), so it is sent anew.
    let again = dora.ask_with("GET", &carl, &[("If-None-Match", &tag(&dora.get(&carl).await))], None).await;
    assert_eq!(again.status, 200);
}
