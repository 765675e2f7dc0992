//! Accounts that people make for themselves, and passwords that are chosen without the old one: by tokens that are
//! shown once, used up, revoked and over.

use serde_json::{Value, json};

use crate::fixture::shape::{USER, has_fields, is_id, is_time};
use crate::fixture::{Clinic, PASSWORD, Person, until};
use crate::people::{NOWHERE, faults, path};

const INVITATION: &[&str] =
    &["id", "role", "createdBy", "createdByUsername", "createdAt", "expiresAt", "usesMax", "uses", "revokedAt"];

const INVITATIONS: &str = "/api/invitations";
const REGISTER: &str = "/api/auth/register";
const RESET: &str = "/api/auth/reset-password";

async fn invite(person: &Person, body: Value) -> Value {
    person.post(INVITATIONS, &body).await.json_of(201)
}

fn account(name: &str, invitation: &Value) -> Value {
    json!({ "username": name, "password": PASSWORD, "invitation": invitation["token"] })
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn an_invitation_makes_as_many_accounts_as_it_says_with_its_role() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, adam) = (clinic.alice(&dora).await, clinic.adam(&dora).await);
    let visitor = clinic.visitor();
    let made = invite(&adam, json!({ "role": "moderator", "uses": 2, "expiresInHours": 1 })).await;
    let token = made["token"].as_str().unwrap();
    assert!(token.len() >= 43, "256 bits");
    let mut shown = made.clone();
    shown.as_object_mut().unwrap().remove("token");
    has_fields(&shown, INVITATION);
    is_id(&shown["id"]);
    is_time(&shown["expiresAt"]);
    assert_eq!((&shown["role"], &shown["usesMax"], &shown["uses"]), (&json!("moderator"), &json!(2), &json!(0)));
    assert_eq!((&shown["createdBy"], &shown["createdByUsername"]), (&json!(adam.id), &json!("adam")));
    assert_eq!(dora.list(INVITATIONS).await, [shown], "the token is not seen again");

    let body = json!({ "username": "nina", "password": PASSWORD, "email": "nina@clinic.example",
        "firstName": "Nina", "lastName": null, "invitation": token, "colour": "green" });
    let nina = visitor.post(REGISTER, &body).await.json_of(201);
    has_fields(&nina, USER);
    assert_eq!(
        (&nina["role"], &nina["status"], &nina["email"]),
        (&json!("moderator"), &json!("active"), &body["email"])
    );
    clinic.sign_in("nina").await.get("/api/channels").await.json_of(200);
    visitor.post(REGISTER, &account("nina", &made)).await.is_refusal(409, "username_taken");
    visitor.post(REGISTER, &account("otto", &made)).await.json_of(201);
    visitor.post(REGISTER, &account("paul", &made)).await.is_refusal(403, "wrong_invitation");
    assert_eq!(dora.list(INVITATIONS).await[0]["uses"], 2, "what was refused used nothing up");

    for person in [&alice, &visitor] {
        let refusal = person.post(INVITATIONS, &json!({})).await.refusal();
        assert!([(403, "not_allowed".to_owned()), (401, "not_signed_in".to_owned())].contains(&refusal), "{refusal:?}");
    }
    alice.get(INVITATIONS).await.is_refusal(403, "not_allowed");
    adam.post(INVITATIONS, &json!({ "role": "super_admin" })).await.is_refusal(403, "role_above_own");
    let rows = dora.list("/api/audit?action=auth.register").await;
    let expected = json!({ "targetUserId": nina["id"], "roleId": rows[1]["details"]["roleId"],
        "invitationId": made["id"] });
    assert_eq!((&rows[1]["userId"], &rows[1]["details"]), (&Value::Null, &expected));
    assert!(!Value::from(dora.list("/api/audit?limit=200").await).to_string().contains(token));
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn an_invitation_that_is_over_reads_like_one_that_never_was() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let adam = clinic.adam(&dora).await;
    let alike = |answer: &crate::driver::line::Answer| {
        answer.is_refusal(403, "wrong_invitation");
        let mut problem = answer.json().unwrap();
        problem["requestId"] = json!("");
        problem
    };
    let visitor = clinic.visitor();
    let never = visitor.post(REGISTER, &account("nina", &json!({ "token": "never-was" }))).await;
    let never = alike(&never);

    let revoked = invite(&dora, json!({})).await;
    assert_eq!((&revoked["role"], &revoked["usesMax"]), (&json!("user"), &json!(1)));
    let gone = format!("{INVITATIONS}/{}", revoked["id"].as_str().unwrap());
    dora.delete(&gone).await.json_of(200);
    dora.delete(&gone).await.json_of(200);
    dora.delete(&format!("{INVITATIONS}/{NOWHERE}")).await.is_refusal(404, "not_found");
    is_time(&dora.list(INVITATIONS).await[0]["revokedAt"]);
    assert_eq!(alike(&visitor.post(REGISTER, &account("nina", &revoked)).await), never);

    // What an administrator gave away is worth what the administrator is.
    let his = invite(&adam, json!({ "role": "admin", "uses": 5 })).await;
    visitor.post(REGISTER, &account("nina", &his)).await.json_of(201);
    dora.put(&path(&adam), &json!({ "role": "moderator" })).await.json_of(200);
    assert_eq!(alike(&visitor.post(REGISTER, &account("otto", &his)).await), never);
    dora.put(&path(&adam), &json!({ "role": "admin" })).await.json_of(200);
    visitor.post(REGISTER, &account("otto", &his)).await.json_of(201);
    dora.delete(&path(&adam)).await.json_of(200);
    assert_eq!(alike(&visitor.post(REGISTER, &account("paul", &his)).await), never);

    let short = invite(&dora, json!({ "expiresInHours": 1 })).await;
    clinic.pass(60 * 60 - 1);
    let used = account("paul", &short);
    let weak = json!({ "username": "paul", "password": "short", "invitation": short["token"] });
    assert_eq!(faults(&visitor.post(REGISTER, &weak).await), ["password"]);
    clinic.pass(1);
    assert_eq!(alike(&visitor.post(REGISTER, &used).await), never);

    // Nobody can try them all.
    let mut last = 403;
    for n in 0..12 {
        let answer = visitor.post(REGISTER, &account("eve", &json!({ "token": format!("guess-{n}") }))).await;
        last = answer.status;
        if last == 429 {
            answer.is_refusal(429, "too_many_attempts");
            assert!(answer.header("retry-after").is_some());
            break;
        }
    }
    assert_eq!(last, 429);
    let wrong = clinic.dora().await.list("/api/audit?action=invitations.wrong_token").await;
    assert!(wrong.len() >= 5);
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn whoever_holds_an_invitation_sees_what_it_is_for() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let visitor = clinic.visitor();
    let check = "/api/invitations/check";
    let made = invite(&dora, json!({ "role": "moderator", "uses": 1 })).await;
    let token = json!({ "token": made["token"] });
    for _ in 0..2 {
        let good = visitor.post(check, &token).await.json_of(200);
        assert_eq!((&good["role"], &good["expiresAt"]), (&json!("moderator"), &made["expiresAt"]));
        assert_eq!((&good["clinic"], &good["passwordMin"]), (&json!(null), &json!(15)));
        has_fields(&good, &["clinic", "role", "expiresAt", "passwordMin"]);
    }
    dora.put("/api/settings/clinic.name", &json!({ "value": "North Clinic" })).await.json_of(200);
    assert_eq!(visitor.post(check, &token).await.json_of(200)["clinic"], "North Clinic");
    visitor.post(REGISTER, &account("nina", &made)).await.json_of(201);
    visitor.post(check, &token).await.is_refusal(403, "wrong_invitation");
    let over = invite(&dora, json!({ "expiresInHours": 1 })).await;
    clinic.pass(60 * 60);
    visitor.post(check, &json!({ "token": over["token"] })).await.is_refusal(403, "wrong_invitation");
    assert_eq!(faults(&visitor.post(check, &json!({ "token": 7 })).await), ["token"]);
    // Nobody can try them all.
    let mut last = 0;
    for n in 0..12 {
        last = visitor.post(check, &json!({ "token": format!("guess-{n}") })).await.status;
    }
    assert_eq!(last, 429);
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn nobody_registers_uninvited_unless_the_clinic_allows_it() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let visitor = clinic.visitor();
    let body = json!({ "username": "nina", "password": PASSWORD });
    visitor.post(REGISTER, &body).await.is_refusal(403, "registration_off");
    let refusals = "/api/audit?action=access.refused";
    until("the refusal's row", async || !dora.list(refusals).await.is_empty()).await;
    let refused = dora.list(refusals).await;
    assert_eq!(refused[0]["details"], json!({ "deed": "auth.register", "code": "registration_off" }));
    dora.put("/api/settings/registration.open", &json!({ "value": true })).await.json_of(200);
    for (field, value) in [
        ("role", json!("user")),
        ("status", json!("active")),
        ("id", json!(NOWHERE)),
        ("createdBy", json!(NOWHERE)),
        ("forcePasswordChange", json!(false)),
        ("username", json!("a b")),
        ("username", json!("n".repeat(51))),
        ("username", json!(7)),
        ("password", json!("short")),
        ("password", json!("x".repeat(1_025))),
        ("password", json!(null)),
        ("email", json!("nobody")),
        ("firstName", json!("a\u{202e}b")),
        ("lastName", json!("n".repeat(101))),
        ("invitation", json!(7)),
    ] {
        let mut wrong = body.clone();
        wrong[field] = value;
        assert_eq!(faults(&visitor.post(REGISTER, &wrong).await), [field], "{wrong}");
    }
    let made = visitor.post(REGISTER, &body).await.json_of(201);
    assert_eq!((&made["role"], &made["forcePasswordChange"]), (&json!("user"), &json!(false)));
    clinic.sign_in("nina").await;
    // A machine that makes one account after the other is slowed down.
    let mut answers = Vec::new();
    for n in 0..12 {
        let body = json!({ "username": format!("many{n}"), "password": PASSWORD });
        answers.push(visitor.post(REGISTER, &body).await.status);
    }
    assert!(answers.contains(&429), "{answers:?}");
    dora.put("/api/settings/registration.open", &json!({ "value": false })).await.json_of(200);
    clinic.pass(60);
    visitor
        .post(REGISTER, &json!({ "username": "otto", "password": PASSWORD }))
        .await
        .is_refusal(403, "registration_off");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_an_invitation_is_said_by_field() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    for (field, value) in [
        ("uses", json!(0)),
        ("uses", json!(101)),
        ("uses", json!(-1)),
        ("uses", json!(i64::MAX)),
        ("uses", json!(1e300)),
        ("uses", json!("one")),
        ("expiresInHours", json!(0)),
        ("expiresInHours", json!(721)),
        ("expiresInHours", json!(1.5)),
        ("role", json!("king")),
        ("role", json!("")),
        ("role", json!(7)),
        ("token", json!("mine")),
        ("createdBy", json!(NOWHERE)),
    ] {
        assert_eq!(faults(&dora.post(INVITATIONS, &json!({ field: value })).await), [field], "{value}");
    }
    invite(&dora, json!({ "uses": 100, "expiresInHours": 720 })).await;
    for n in 0..3 {
        invite(&dora, json!({ "uses": 1 + n })).await;
    }
    assert_eq!(dora.whole_list(&format!("{INVITATIONS}?limit=3")).await.len(), 4);
    dora.get(&format!("{INVITATIONS}?before=7")).await.is_refusal(400, "invalid_field");
    dora.delete(&format!("{INVITATIONS}/7")).await.is_refusal(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_password_is_reset_once_by_a_token_that_was_handed_out() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob, adam) = (clinic.alice(&dora).await, clinic.bob(&dora).await, clinic.adam(&dora).await);
    let of = |person: &Person| format!("{}/password-reset", path(person));
    bob.ask("POST", &of(&alice), None).await.is_refusal(403, "not_allowed");
    adam.ask("POST", &of(&dora), None).await.is_refusal(403, "account_above_own");
    dora.ask("POST", &format!("/api/users/{NOWHERE}/password-reset"), None).await.is_refusal(404, "not_found");

    let first = adam.ask("POST", &of(&alice), None).await.json_of(201);
    has_fields(&first, &["userId", "token", "expiresAt"]);
    is_time(&first["expiresAt"]);
    let second = adam.ask("POST", &of(&alice), None).await.json_of(201);
    assert_ne!(first["token"], second["token"]);
    let visitor = clinic.visitor();
    let body = |token: &Value, password: &str| json!({ "token": token, "newPassword": password });
    let new = "a sentence nobody knows";
    let read_alike = |answer: &crate::driver::line::Answer| {
        answer.is_refusal(403, "wrong_reset_token");
        let mut problem = answer.json().unwrap();
        problem["requestId"] = json!("");
        problem
    };
    let never = read_alike(&visitor.post(RESET, &body(&json!("never-was"), new)).await);
    assert_eq!(read_alike(&visitor.post(RESET, &body(&first["token"], new)).await), never, "the later one replaced it");
    for password in ["short", "alice", "passwordpassword"] {
        assert_eq!(faults(&visitor.post(RESET, &body(&second["token"], password)).await), ["newPassword"]);
    }
    assert_eq!(faults(&visitor.post(RESET, &json!({ "token": 7 })).await), ["token", "newPassword"]);
    assert_eq!(
        faults(&visitor.post(RESET, &json!({ "token": "x", "newPassword": new, "userId": bob.id })).await),
        ["userId"]
    );

    let mut socket = alice.socket().await;
    assert_eq!(visitor.post(RESET, &body(&second["token"], new)).await.json_of(200)["success"], true);
    socket.ends_with(4002).await;
    alice.get("/api/channels").await.is_refusal(401, "session_ended");
    Person::sign_in(clinic.line(), "alice", new).await;
    assert_eq!(read_alike(&visitor.post(RESET, &body(&second["token"], new)).await), never, "once");

    // Two at once: one of them.
    let token = adam.ask("POST", &of(&bob), None).await.json_of(201)["token"].clone();
    let (one, two) = (clinic.visitor(), clinic.visitor());
    let (mine, yours) = (body(&token, new), body(&token, new));
    let (one, two) = tokio::join!(one.post(RESET, &mine), two.post(RESET, &yours));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403]);

    // A closed account has none, and a day is its end.
    let token = adam.ask("POST", &of(&bob), None).await.json_of(201)["token"].clone();
    adam.put(&path(&bob), &json!({ "status": "locked" })).await.json_of(200);
    assert_eq!(read_alike(&visitor.post(RESET, &body(&token, new)).await), never);
    adam.put(&path(&bob), &json!({ "status": "active" })).await.json_of(200);
    clinic.pass(24 * 60 * 60);
    assert_eq!(read_alike(&visitor.post(RESET, &body(&token, new)).await), never);
    let dora = clinic.dora().await;
    let rows = dora.list("/api/audit?action=auth.reset_password").await;
    assert_eq!((rows.len(), &rows[1]["details"]), (2, &json!({ "targetUserId": alice.id })));
    assert!(!Value::from(dora.list("/api/audit?limit=200").await).to_string().contains(token.as_str().unwrap()));
    // Nobody can try them all.
    let mut statuses = Vec::new();
    for n in 0..12 {
        statuses.push(visitor.post(RESET, &body(&json!(format!("guess-{n}")), new)).await.status);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
}
