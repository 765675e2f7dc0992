//! People who leave: closed and deleted accounts, what ends with them, what stays, and how they come back.

use serde_json::{Value, json};

use crate::fixture::{Clinic, PASSWORD, Person};
use crate::people::{NOWHERE, path};

async fn is_out(clinic: &Clinic, person: &Person) {
    person.get("/api/channels").await.is_refusal(401, "session_ended");
    let body = json!({ "username": person.name, "password": PASSWORD });
    clinic.visitor().post("/api/auth/login", &body).await.is_refusal(401, "wrong_credentials");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_closed_account_is_out_at_once_and_comes_back() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, adam) = (clinic.alice(&dora).await, clinic.adam(&dora).await);
    for status in ["inactive", "locked"] {
        let alice = clinic.sign_in("alice").await;
        let channel = alice.make_channel("Open", false, &[]).await;
        let mut socket = alice.listening(&channel).await;
        let changed = adam.put(&path(&alice), &json!({ "status": status })).await.json_of(200);
        assert_eq!(changed["status"], status);
        socket.ends_with(4002).await;
        is_out(&clinic, &alice).await;
        let names: Value = adam.get(&format!("{}/permissions", path(&alice))).await.json_of(200);
        assert_eq!(names, json!([]), "nothing is in effect");
        adam.put(&path(&alice), &json!({ "status": "active" })).await.json_of(200);
    }
    alice.get("/api/channels").await.is_refusal(401, "session_ended");
    clinic.sign_in("alice").await.get("/api/channels").await.json_of(200);
    let rows = dora.list("/api/audit?action=users.change").await;
    assert_eq!(rows[1]["details"], json!({ "targetUserId": alice.id, "status": "locked" }));
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_deleted_account_ends_everything_but_what_it_did_and_can_be_brought_back() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob, mona) = (clinic.alice(&dora).await, clinic.bob(&dora).await, clinic.mona(&dora).await);
    let names = json!({ "firstName": "Alice", "lastName": "Brown", "email": "alice@clinic.example" });
    alice.put(&path(&alice), &names).await.json_of(200);
    let channel = alice.channel("Ward 3", &[&bob]).await;
    let said = alice.say(&channel, "hello").await;
    let (mut socket, second) = (alice.listening(&channel).await, clinic.sign_in("alice").await);
    let before = dora.get(&path(&alice)).await.json_of(200);

    for person in [&alice, &bob, &mona] {
        person.delete(&path(&alice)).await.is_refusal(403, "not_allowed");
    }
    dora.delete(&format!("/api/users/{NOWHERE}")).await.is_refusal(404, "not_found");
    let tag = dora.get(&path(&alice)).await.header("etag").unwrap().to_owned();
    dora.ask_with("DELETE", &path(&alice), &[("If-Match", "\"0\"")], None).await.is_refusal(412, "stale");
    let gone = dora.ask_with("DELETE", &path(&alice), &[("If-Match", &tag)], None).await.json_of(200);
    assert_eq!((&gone["success"], gone["message"].is_string()), (&json!(true), true));

    socket.ends_with(4002).await;
    is_out(&clinic, &alice).await;
    second.get("/api/channels").await.is_refusal(401, "session_ended");
    for (method, path) in
        [("GET", path(&alice)), ("DELETE", path(&alice)), ("GET", format!("{}/permissions", path(&alice)))]
    {
        dora.ask(method, &path, None).await.is_refusal(404, "not_found");
    }
    dora.put(&path(&alice), &json!({ "status": "active" })).await.is_refusal(404, "not_found");
    let password = json!({ "newPassword": "a brand new sentence" });
    dora.put(&format!("{}/password", path(&alice)), &password).await.is_refusal(404, "not_found");
    assert!(!dora.list("/api/users").await.iter().any(|user| user["id"] == alice.id));
    // What she wrote stays, and what she did; nobody can take her name or address.
    let page = bob.page(&channel).await;
    assert_eq!((&page[0]["id"], &page[0]["sender"]), (&said["id"], &json!("alice")));
    assert!(!dora.list(&format!("/api/audit?userId={}", alice.id)).await.is_empty());
    let taken = json!({ "username": "ALICE", "password": PASSWORD });
    dora.post("/api/users", &taken).await.is_refusal(409, "username_taken");
    let taken = json!({ "username": "al", "password": PASSWORD, "email": "alice@clinic.example" });
    dora.post("/api/users", &taken).await.is_refusal(409, "email_taken");

    // Those who manage accounts find her, others do not, and she comes back as she was.
    let find = json!({ "status": "deleted" });
    let found = dora.post("/api/users/search", &find).await.json_of(200);
    assert_eq!((found.as_array().unwrap().len(), &found[0]["id"]), (1, &json!(alice.id)));
    assert_eq!(found[0]["status"], "deleted");
    assert_eq!(bob.post("/api/users/search", &find).await.json_of(200), json!([]));
    let restore = format!("{}/restore", path(&alice));
    mona.ask("POST", &restore, None).await.is_refusal(403, "not_allowed");
    clinic.pass(29 * 24 * 60 * 60);
    let dora = clinic.dora().await;
    let mut back = dora.ask("POST", &restore, None).await.json_of(200);
    back["updatedAt"] = before["updatedAt"].clone();
    assert_eq!(back, before);
    dora.ask("POST", &restore, None).await.is_refusal(409, "not_deleted");
    alice.get("/api/channels").await.is_refusal(401, "token_expired");
    assert_eq!(clinic.sign_in("alice").await.page(&channel).await[0]["id"], said["id"]);
    let actions: Vec<Value> = dora.list("/api/audit?limit=200").await.iter().map(|row| row["action"].clone()).collect();
    assert!(actions.contains(&json!("users.delete")) && actions.contains(&json!("users.restore")));
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn after_thirty_days_the_person_is_blanked_and_the_row_stays() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    for (person, name) in [(&alice, "Amaryllis"), (&bob, "Bartholomew")] {
        let names = json!({ "firstName": name, "lastName": "X", "email": format!("{name}@clinic.example") });
        person.put(&path(person), &names).await.json_of(200);
    }
    let channel = alice.channel("Ward 3", &[&bob]).await;
    alice.say(&channel, "hello").await;
    dora.delete(&path(&alice)).await.json_of(200);
    clinic.pass(24 * 60 * 60);
    let dora = clinic.dora().await;
    dora.delete(&path(&bob)).await.json_of(200);
    assert_eq!(clinic.erase_due().await, 0, "nobody is due");

    clinic.pass(29 * 24 * 60 * 60);
    let dora = clinic.dora().await;
    let restore = |person: &Person| format!("{}/restore", path(person));
    dora.ask("POST", &restore(&alice), None).await.is_refusal(409, "erased");
    assert_eq!(clinic.erase_due().await, 1, "alice, and not bob");
    assert_eq!(clinic.erase_due().await, 0, "once");
    dora.ask("POST", &restore(&alice), None).await.is_refusal(409, "erased");
    let body = json!({ "username": "alice", "password": PASSWORD });
    clinic.visitor().post("/api/auth/login", &body).await.is_refusal(401, "wrong_credentials");
    dora.post("/api/users", &body).await.is_refusal(409, "username_taken");
    let deleted = dora.post("/api/users/search", &json!({ "status": "deleted" })).await.json_of(200);
    assert_eq!((deleted.as_array().unwrap().len(), &deleted[0]["firstName"]), (1, &json!("Bartholomew")));
    dora.ask("POST", &restore(&bob), None).await.json_of(200);
    let bob = clinic.sign_in("bob").await;
    assert_eq!(bob.page(&channel).await[0]["sender"], "alice", "what was said goes on saying who said it");
    // Her address is free again, and nothing personal is left of her.
    let address = json!({ "username": "al", "password": PASSWORD, "email": "AMARYLLIS@clinic.example" });
    dora.post("/api/users", &address).await.json_of(201);
    let erased = dora.list("/api/audit?action=users.erase").await;
    assert_eq!((erased.len(), &erased[0]["details"]), (1, &json!({ "targetUserId": alice.id })));
    assert_eq!(erased[0]["userId"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn somebody_who_can_do_everything_is_always_left() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let tries = [json!({ "role": "admin" }), json!({ "status": "inactive" }), json!({ "status": "locked" })];
    for body in &tries {
        dora.put(&path(&dora), body).await.is_refusal(409, "last_super_admin");
    }
    dora.delete(&path(&dora)).await.is_refusal(409, "last_super_admin");
    assert_eq!(dora.get(&path(&dora)).await.json_of(200)["role"], "super_admin");

    // A closed one does not count.
    let eve = clinic.hire(&dora, "eve", "super_admin").await;
    dora.put(&path(&eve), &json!({ "status": "locked" })).await.json_of(200);
    dora.delete(&path(&dora)).await.is_refusal(409, "last_super_admin");
    dora.put(&path(&eve), &json!({ "status": "active" })).await.json_of(200);

    // Two who demote each other at once: one is left.
    for round in 0..5 {
        let (dora, eve) = (clinic.sign_in("dora").await, clinic.sign_in("eve").await);
        let demote = json!({ "role": "user" });
        let (his, hers) = (path(&eve), path(&dora));
        let (one, two) = tokio::join!(dora.put(&his, &demote), eve.put(&hers, &demote));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert!(statuses == [200, 403] || statuses == [200, 409], "round {round}: {statuses:?}");
        let left = if one.status == 200 { (&dora, &eve) } else { (&eve, &dora) };
        left.0.put(&path(left.1), &json!({ "role": "super_admin" })).await.json_of(200);
    }
    // Deleting oneself is one's own affair, as long as another is there.
    let eve = clinic.sign_in("eve").await;
    eve.delete(&path(&eve)).await.json_of(200);
    eve.get("/api/users").await.is_refusal(401, "session_ended");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_role_taken_away_counts_at_once_for_open_sockets_too() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, mona) = (clinic.alice(&dora).await, clinic.mona(&dora).await);
    let mut socket = mona.socket().await;
    dora.put(&path(&mona), &json!({ "role": "user" })).await.json_of(200);
    let heard = socket.hear("system_event").await;
    assert_eq!((&heard["eventType"], &heard["data"]), (&json!("role_changed"), &json!({ "role": "user" })));
    let hidden = alice.channel("Ward 3", &[]).await;
    mona.get(&format!("/api/channels/{hidden}")).await.is_refusal(404, "not_found");
    let names = mona.get(&format!("{}/permissions", path(&mona))).await.json_of(200);
    assert!(!names.as_array().unwrap().contains(&json!("channels.list")));
    assert!(names.as_array().unwrap().contains(&json!("messages.send")));
}
