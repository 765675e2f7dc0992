//! Roles: what they allow, who may change that, what a change does at once and to whom.

use serde_json::{Value, json};

use crate::fixture::{Clinic, Person};

async fn role_named(person: &Person, name: &str) -> Value {
    person.list("/api/roles").await.into_iter().find(|role| role["name"] == name).unwrap_or_else(|| panic!("{name}"))
}

fn names(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_role_of_the_clinics_own_is_made_changed_given_and_deleted() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let permissions = dora.list("/api/permissions").await;
    assert!(
        permissions.iter().all(|p| p["category"].is_string() && p["description"].is_string()) && permissions.len() > 20
    );

    let body =
        json!({ "name": "Night nurse", "description": "At night.", "permissions": ["messages.read", "audit.read"] });
    let made = dora.post("/api/roles", &body).await;
    let (tag, role) = (made.header("etag").unwrap().to_owned(), made.json_of(201));
    let id = role["id"].as_str().unwrap().to_owned();
    let path = format!("/api/roles/{id}");
    assert_eq!((&role["builtIn"], &role["fixed"], &role["people"]), (&json!(false), &json!(false), &json!(0)));
    assert_eq!(names(&role["permissions"]), ["messages.read", "audit.read"]);
    dora.post("/api/roles", &json!({ "name": "night NURSE", "permissions": [] })).await.is_refusal(409, "role_exists");
    dora.post("/api/roles", &json!({ "name": "", "permissions": ["no.such"] })).await.is_refusal(400, "invalid_field");

    let changed = dora
        .ask_with("PUT", &path, &[("if-match", &tag)], Some(&json!({ "name": "Nurse", "description": null })))
        .await
        .json_of(200);
    assert_eq!((&changed["name"], &changed["description"]), (&json!("Nurse"), &Value::Null));
    dora.ask_with("PUT", &path, &[("if-match", &tag)], Some(&json!({ "name": "Late" }))).await.is_refusal(412, "stale");

    // Given to a person, it can only go with a word about what they get.
    let nina = clinic.hire(&dora, "nina", "Nurse").await;
    assert_eq!(nina.get("/api/audit").await.status, 200);
    dora.delete(&path).await.is_refusal(409, "role_in_use");
    dora.delete(&format!("{path}?reassignTo={id}")).await.is_refusal(400, "invalid_field");
    let user = role_named(&dora, "user").await["id"].as_str().unwrap().to_owned();
    dora.delete(&format!("{path}?reassignTo={user}")).await.json_of(200);
    nina.get("/api/audit").await.is_refusal(403, "not_allowed");
    assert_eq!(dora.get(&format!("/api/users/{}", nina.id)).await.json_of(200)["role"], "user");
    dora.get(&path).await.is_refusal(404, "not_found");

    // What came with the server stays.
    for name in ["user", "admin", "super_admin"] {
        let built_in = format!("/api/roles/{}", role_named(&dora, name).await["id"].as_str().unwrap());
        dora.delete(&format!("{built_in}?reassignTo={user}")).await.is_refusal(409, "role_built_in");
        dora.put(&built_in, &json!({ "name": "Other" })).await.is_refusal(409, "role_built_in");
    }
    let actions: Vec<Value> = dora.list("/api/audit?action=roles.delete").await;
    assert_eq!((actions.len(), &actions[0]["details"]["roleId"]), (1, &json!(id)));
    clinic.verify_audit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_change_of_the_matrix_is_shown_beforehand_and_holds_at_once() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, mona) = (clinic.alice(&dora).await, clinic.mona(&dora).await);
    let channel = alice.channel("Ward 3", &[&mona]).await;
    let mut socket = mona.listening(&channel).await;
    let answer = dora.get("/api/roles/matrix").await;
    let (tag, matrix) = (answer.header("etag").unwrap().to_owned(), answer.json_of(200));
    let moderator = matrix["roles"].as_array().unwrap().iter().find(|role| role["name"] == "moderator").unwrap();
    let kept: Vec<&str> =
        names(&moderator["permissions"]).into_iter().filter(|name| *name != "phi.read").chain(["audit.read"]).collect();
    let body = json!({ "roles": { moderator["id"].as_str().unwrap(): kept } });

    let preview = dora.post("/api/roles/matrix/preview", &body).await.json_of(200);
    assert_eq!((&preview["peopleCount"], &preview["refused"]), (&json!(1), &Value::Null), "{preview}");
    assert_eq!(
        preview["people"][0],
        json!({ "userId": mona.id, "username": "mona", "role": "moderator", "gained": ["audit.read"], "lost": ["phi.read"] })
    );
    assert_eq!(mona.get("/api/audit").await.status, 403, "a preview changes nothing");
    assert_eq!(dora.get("/api/roles/matrix").await.header("etag"), Some(tag.as_str()));

    dora.ask_with("PUT", "/api/roles/matrix", &[("if-match", &tag)], Some(&body)).await.json_of(200);
    socket.hear_where("the change", |frame| frame["eventType"] == "permissions_changed").await;
    assert_eq!(mona.get("/api/audit").await.status, 200);
    alice.say_phi(&channel, "potassium 6.1").await;
    let heard = socket.hear("new_message").await;
    assert_eq!((&heard["data"]["text"], &heard["data"]["redacted"]), (&Value::Null, &json!(true)), "{heard}");
    dora.ask_with("PUT", "/api/roles/matrix", &[("if-match", &tag)], Some(&body)).await.is_refusal(412, "stale");

    let may = dora.get(&format!("/api/users/{}/effective-permissions", mona.id)).await.json_of(200);
    let of = |name: &str| may["permissions"].as_array().unwrap().iter().find(|p| p["name"] == name).unwrap().clone();
    assert_eq!((&of("audit.read")["granted"], &of("audit.read")["source"]), (&json!(true), &json!("role")));
    assert_eq!((&of("phi.read")["granted"], &of("phi.read")["source"]), (&json!(false), &Value::Null));
    let owns = alice.get(&format!("/api/users/{}/effective-permissions", alice.id)).await.json_of(200);
    assert_eq!(owns["channels"], json!([{ "channelId": channel, "channelName": "Ward 3", "standing": "owner" }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gives_what_they_lack_and_the_last_way_in_stays_open() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let id = |role: &Value| role["id"].as_str().unwrap().to_owned();
    let mut keeper =
        names(&role_named(&dora, "moderator").await["permissions"]).into_iter().map(str::to_owned).collect::<Vec<_>>();
    keeper.extend(["roles.read".to_owned(), "roles.manage".to_owned()]);
    dora.post("/api/roles", &json!({ "name": "keeper", "permissions": keeper })).await.json_of(201);
    let kim = clinic.hire(&dora, "kim", "keeper").await;
    let (user, admin, highest) =
        (role_named(&kim, "user").await, role_named(&kim, "admin").await, role_named(&kim, "super_admin").await);
    let one = |role: &Value, list: Value| json!({ "roles": { id(role): list } });

    for (body, code) in [
        (one(&user, json!(["audit.read"])), "permission_above_own"),
        (one(&admin, json!([])), "role_above_own"),
        (one(&highest, json!([])), "role_above_own"),
    ] {
        kim.put("/api/roles/matrix", &body).await.is_refusal(403, code);
        assert_eq!(kim.post("/api/roles/matrix/preview", &body).await.json_of(200)["refused"], code);
    }
    kim.post("/api/roles", &json!({ "name": "spy", "permissions": ["audit.read"] }))
        .await
        .is_refusal(403, "permission_above_own");
    dora.put("/api/roles/matrix", &one(&highest, json!(["messages.read"]))).await.is_refusal(409, "role_fixed");
    // Of two changes the second is refused: none of them is done.
    let both = json!({ "roles": { id(&user): ["messages.read"], id(&highest): [] } });
    dora.put("/api/roles/matrix", &both).await.is_refusal(409, "role_fixed");
    assert_eq!(role_named(&dora, "user").await["permissions"], user["permissions"]);
    let wrong = [
        json!({}),
        json!({ "roles": [] }),
        json!({ "roles": { "x": [] } }),
        json!({ "roles": { id(&user): "all" } }),
        json!({ "roles": { id(&user): ["no.such"] } }),
    ];
    for body in wrong {
        dora.put("/api/roles/matrix", &body).await.is_refusal(400, "invalid_field");
    }
    // A clinic without a super_admin keeps whoever changes roles.
    clinic.sql("UPDATE users SET status = 'inactive' WHERE username = 'dora'").await;
    let keeper = role_named(&kim, "keeper").await;
    kim.put("/api/roles/matrix", &one(&keeper, json!(["roles.read"]))).await.is_refusal(409, "last_role_manager");
    kim.put(&format!("/api/roles/{}", id(&keeper)), &json!({ "permissions": [] }))
        .await
        .is_refusal(409, "last_role_manager");
    assert_eq!(role_named(&kim, "keeper").await["permissions"], keeper["permissions"]);
    clinic.sql("UPDATE users SET status = 'active' WHERE username = 'dora'").await;
    // No API key changes roles, whatever it was given.
    let key = dora
        .post("/api/api-keys", &json!({ "name": "k", "permissions": ["roles.manage", "roles.read"] }))
        .await
        .json_of(201);
    let program = clinic.visitor().with_token(key["token"].as_str().unwrap());
    assert_eq!(program.get("/api/roles").await.status, 200);
    program.post("/api/roles", &json!({ "name": "bot", "permissions": [] })).await.is_refusal(403, "not_for_api_keys");
}
