//! What belongs to an account: its sign-ins, its password, its permissions, its preferences, its place in the
//! directory.

use serde_json::{Value, json};

use crate::fixture::shape::{USER, has_fields, is_id, is_time};
use crate::fixture::{Clinic, PASSWORD, Person};
use crate::people::{NOWHERE, faults, path};

const SESSION: &[&str] = &["id", "createdAt", "lastSeen", "expiresAt", "ipAddress", "userAgent", "current"];
const PREFERENCES: &[&str] = &["sound", "previews", "mentionsOnly", "mutedChannels", "quietHours", "sendReadReceipts"];

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn sign_ins_are_listed_and_ended_by_their_owner_and_by_those_who_manage() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob, adam) = (clinic.alice(&dora).await, clinic.bob(&dora).await, clinic.adam(&dora).await);
    let list = format!("{}/sessions", path(&alice));
    let end = format!("{}/terminate-sessions", path(&alice));
    clinic.pass(60);
    let second = clinic.sign_in("alice").await;
    clinic.pass(60);
    let third = clinic.sign_in("alice").await;

    let sessions = alice.list(&list).await;
    assert_eq!(sessions.len(), 3);
    for session in &sessions {
        has_fields(session, SESSION);
        is_id(&session["id"]);
        for time in ["createdAt", "lastSeen", "expiresAt"] {
            is_time(&session[time]);
        }
        assert_eq!(session["ipAddress"], "127.0.0.1");
    }
    let current: Vec<bool> = sessions.iter().map(|s| s["current"].as_bool().unwrap()).collect();
    assert_eq!(current, [false, false, true], "newest first");
    assert_eq!(sessions[2]["lastSeen"].as_str().unwrap(), sessions[0]["createdAt"].as_str().unwrap(), "just now");
    assert_eq!(alice.whole_list(&format!("{list}?limit=1")).await.len(), 3);
    assert!(adam.list(&list).await.iter().all(|s| s["current"] == false));
    alice.get(&format!("{list}?before=7")).await.is_refusal(400, "invalid_field");
    bob.get(&list).await.is_refusal(403, "not_allowed");
    bob.post(&end, &json!({})).await.is_refusal(403, "not_allowed");
    adam.get(&format!("{}/sessions", path(&dora))).await.is_refusal(403, "account_above_own");
    adam.post(&format!("{}/terminate-sessions", path(&dora)), &json!({})).await.is_refusal(403, "account_above_own");
    dora.get(&format!("/api/users/{NOWHERE}/sessions")).await.is_refusal(404, "not_found");

    // Wrong ones, also in company, end nothing.
    let his = bob.list(&format!("{}/sessions", path(&bob))).await[0]["id"].clone();
    for body in [json!({ "sessionIds": [NOWHERE] }), json!({ "sessionIds": [sessions[0]["id"], his] })] {
        alice.post(&end, &body).await.is_refusal(404, "not_found");
    }
    for body in [
        json!({ "sessionIds": "all" }),
        json!({ "sessionIds": null }),
        json!({ "sessionIds": ["x"] }),
        json!({ "sessionIds": vec![NOWHERE; 101] }),
    ] {
        assert_eq!(faults(&alice.post(&end, &body).await), ["sessionIds"]);
    }
    assert_eq!(faults(&alice.post(&end, &json!({ "exceptCurrent": 1 })).await), ["exceptCurrent"]);
    assert_eq!(alice.list(&list).await.len(), 3);

    // One, then all but one's own, then all.
    let mut socket = third.socket().await;
    let some = json!({ "sessionIds": [sessions[0]["id"], sessions[2]["id"]], "exceptCurrent": true });
    let done = alice.post(&end, &some).await.json_of(200);
    assert_eq!(done["success"], true);
    socket.ends_with(4002).await;
    third.get("/api/channels").await.is_refusal(401, "session_ended");
    alice.post(&end, &json!({ "sessionIds": [] })).await.json_of(200);
    second.get("/api/channels").await.json_of(200);
    alice.post(&end, &json!({ "exceptCurrent": true })).await.json_of(200);
    second.get("/api/channels").await.is_refusal(401, "session_ended");
    assert_eq!(alice.list(&list).await.len(), 1);
    adam.post(&end, &json!({})).await.json_of(200);
    alice.get("/api/channels").await.is_refusal(401, "session_ended");
    assert_eq!(dora.list(&list).await, Vec::<Value>::new());
    let alice = clinic.sign_in("alice").await;
    alice.post(&end, &json!({})).await.json_of(200);
    alice.get("/api/channels").await.is_refusal(401, "session_ended");
    let rows = dora.list("/api/audit?action=sessions.terminate").await;
    assert_eq!(rows[0]["details"], json!({ "targetUserId": alice.id, "exceptCurrent": false, "all": true }));
    clinic.pass(24 * 60 * 60);
    let dora = clinic.dora().await;
    assert_eq!(dora.list(&format!("{}/sessions", path(&adam))).await, Vec::<Value>::new(), "expired ones are over");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_password_is_set_by_its_owner_with_the_old_one_and_by_those_who_manage_without() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob, adam) = (clinic.alice(&dora).await, clinic.bob(&dora).await, clinic.adam(&dora).await);
    let of = |person: &Person| format!("{}/password", path(person));
    let new = json!({ "newPassword": "a brand new sentence" });

    assert_eq!(faults(&alice.put(&of(&alice), &new).await), ["currentPassword"]);
    let wrong = json!({ "newPassword": "a brand new sentence", "currentPassword": "not this one" });
    assert_eq!(faults(&alice.put(&of(&alice), &wrong).await), ["currentPassword"]);
    let other = clinic.sign_in("alice").await;
    let right = json!({ "newPassword": "a brand new sentence", "currentPassword": PASSWORD });
    alice.put(&of(&alice), &right).await.json_of(200);
    alice.get("/api/channels").await.json_of(200);
    other.get("/api/channels").await.is_refusal(401, "session_ended");
    Person::sign_in(clinic.line(), "alice", "a brand new sentence").await;

    bob.put(&of(&alice), &new).await.is_refusal(403, "not_allowed");
    adam.put(&of(&dora), &new).await.is_refusal(403, "account_above_own");
    dora.put(&format!("/api/users/{NOWHERE}/password"), &new).await.is_refusal(404, "not_found");
    for password in ["", "short", "passwordpassword", "bob"] {
        assert_eq!(faults(&adam.put(&of(&bob), &json!({ "newPassword": password })).await), ["newPassword"]);
    }
    for password in [json!(null), json!(7), json!(["x"]), json!("x".repeat(1_025))] {
        assert_eq!(faults(&adam.put(&of(&bob), &json!({ "newPassword": password })).await), ["newPassword"]);
    }
    bob.get("/api/channels").await.json_of(200);
    let mut socket = bob.socket().await;
    let body = json!({ "newPassword": "set by somebody else", "forcePasswordChange": true });
    adam.put(&of(&bob), &body).await.json_of(200);
    socket.ends_with(4002).await;
    bob.get("/api/channels").await.is_refusal(401, "session_ended");
    let bob = Person::sign_in(clinic.line(), "bob", "set by somebody else").await;
    bob.get("/api/channels").await.is_refusal(403, "password_change_required");
    let own = json!({ "newPassword": "bob's very own choice", "currentPassword": "set by somebody else" });
    bob.put(&of(&bob), &own).await.json_of(200);
    bob.get("/api/channels").await.json_of(200);
    let rows = dora.list("/api/audit?action=auth.set_password").await;
    assert_eq!((&rows[0]["username"], &rows[0]["details"]), (&json!("adam"), &json!({ "targetUserId": bob.id })));
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn permissions_are_the_names_that_are_in_effect() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob, adam) = (clinic.alice(&dora).await, clinic.bob(&dora).await, clinic.adam(&dora).await);
    let of = |person: &Person| format!("{}/permissions", path(person));
    let names = alice.get(&of(&alice)).await.json_of(200);
    assert_eq!(names, adam.get(&of(&alice)).await.json_of(200));
    let names: Vec<&str> = names.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(names.contains(&"messages.send") && !names.contains(&"users.manage"), "{names:?}");
    let all = dora.get(&of(&dora)).await.json_of(200);
    assert!(names.iter().all(|name| all.as_array().unwrap().contains(&json!(name))));
    assert!(all.as_array().unwrap().contains(&json!("system.manage")));
    bob.get(&of(&alice)).await.is_refusal(403, "not_allowed");
    adam.get(&of(&dora)).await.is_refusal(403, "account_above_own");
    dora.get(&format!("/api/users/{NOWHERE}/permissions")).await.is_refusal(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn preferences_are_kept_field_by_field() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let of = |person: &Person| format!("{}/notification-preferences", path(person));
    let first = alice.get(&of(&alice)).await;
    has_fields(&first.json_of(200), PREFERENCES);
    let defaults = json!({ "sound": true, "previews": false, "mentionsOnly": false, "mutedChannels": [],
        "quietHours": null, "sendReadReceipts": true });
    assert_eq!(first.json_of(200), defaults);
    let channel = alice.channel("Ward 3", &[]).await;
    let body = json!({ "sound": false, "mutedChannels": [channel, channel], "sendReadReceipts": false,
        "quietHours": { "from": "22:00", "to": "06:30" } });
    let done = alice.put(&of(&alice), &body).await;
    assert_eq!(done.json_of(200)["success"], true);
    let mut expected = defaults.clone();
    for field in ["sound", "sendReadReceipts", "quietHours"] {
        expected[field] = body[field].clone();
    }
    expected["mutedChannels"] = json!([channel]);
    let second = alice.get(&of(&alice)).await;
    assert_eq!(second.json_of(200), expected);
    assert_eq!(second.header("etag"), done.header("etag"));
    alice.put(&of(&alice), &json!({ "quietHours": null, "colour": "red" })).await.json_of(200);
    expected["quietHours"] = Value::Null;
    assert_eq!(alice.get(&of(&alice)).await.json_of(200), expected);
    let tag = second.header("etag").unwrap();
    let stale = alice.ask_with("PUT", &of(&alice), &[("If-Match", tag)], Some(&json!({ "sound": true }))).await;
    stale.is_refusal(412, "stale");

    for (field, value) in [
        ("sound", json!("yes")),
        ("sound", json!(null)),
        ("previews", json!(1)),
        ("mentionsOnly", json!({})),
        ("mutedChannels", json!(null)),
        ("mutedChannels", json!("all")),
        ("mutedChannels", json!(["ward"])),
        ("mutedChannels", json!(vec![NOWHERE; 201])),
        ("quietHours", json!("night")),
        ("quietHours", json!({ "from": "22:00" })),
        ("quietHours", json!({ "from": "22:00", "to": "22:00" })),
        ("quietHours", json!({ "from": "25:00", "to": "06:00" })),
        ("quietHours", json!({ "from": 22, "to": 6 })),
        ("sendReadReceipts", json!(1e300)),
        ("userId", json!(bob.id)),
        ("id", json!(bob.id)),
    ] {
        assert_eq!(faults(&alice.put(&of(&alice), &json!({ field: value })).await), [field], "{value}");
    }
    alice.put(&of(&alice), &json!({ "mutedChannels": vec![NOWHERE; 200] })).await.json_of(200);
    bob.get(&of(&alice)).await.is_refusal(403, "not_allowed");
    bob.put(&of(&alice), &json!({ "sound": true })).await.is_refusal(403, "not_allowed");
    dora.get(&format!("/api/users/{NOWHERE}/notification-preferences")).await.is_refusal(404, "not_found");
    assert_eq!(dora.get(&of(&alice)).await.json_of(200)["mutedChannels"], json!([NOWHERE]));
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn the_directory_is_searched_by_everyone_and_shows_addresses_to_few() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, adam) = (clinic.alice(&dora).await, clinic.adam(&dora).await);
    for (name, first, last) in [("zoe", "Zoë", "Ärzt"), ("zed", "Zed", "Arnold"), ("yan", "Ян", "Петров")] {
        let body = json!({ "username": name, "password": PASSWORD, "firstName": first, "lastName": last,
            "email": format!("{name}@hidden.example") });
        dora.post("/api/users", &body).await.json_of(201);
    }
    let names = |found: &Value| -> Vec<String> {
        found.as_array().unwrap().iter().map(|user| user["username"].as_str().unwrap().to_owned()).collect()
    };
    for (query, expected) in [
        ("ZOË", vec!["zoe"]),
        ("ärzt", vec!["zoe"]),
        ("ÄRZT z", vec!["zoe"]),
        ("петров", vec!["yan"]),
        ("z", vec!["zed", "zoe"]),
        ("ar z", vec!["zed"]),
        ("%", vec![]),
        ("_", vec![]),
        ("hidden", vec![]),
        ("", vec!["adam", "alice", "dora", "yan", "zed", "zoe"]),
    ] {
        let found = alice.post("/api/users/search", &json!({ "query": query })).await.json_of(200);
        assert_eq!(names(&found), expected, "{query}");
        for user in found.as_array().unwrap() {
            has_fields(user, USER);
            let own = user["username"] == "alice";
            assert!(own || (user["email"].is_null() && user["lastLogin"].is_null()), "{user}");
        }
    }
    let found = adam.post("/api/users/search", &json!({ "query": "hidden" })).await.json_of(200);
    assert_eq!(names(&found), ["yan", "zed", "zoe"], "those who manage accounts find addresses, and see them");
    assert_eq!(found[0]["email"], "yan@hidden.example");
    assert_eq!(alice.get(&format!("/api/users/{}", dora.id)).await.json_of(200)["lastLogin"], Value::Null);
    assert!(alice.list("/api/users").await.iter().all(|user| user["email"].is_null()));

    let admins = alice.post("/api/users/search", &json!({ "role": "admin", "status": "active" })).await.json_of(200);
    assert_eq!(names(&admins), ["adam"]);
    assert_eq!(alice.post("/api/users/search", &json!({ "status": "locked" })).await.json_of(200), json!([]));

    // Page by page, by the body and by the link.
    let page = alice.post("/api/users/search", &json!({ "limit": 4 })).await;
    assert_eq!(names(&page.json_of(200)), ["adam", "alice", "dora", "yan"]);
    let rest = alice.post(&page.next_page().unwrap(), &json!({ "limit": 4 })).await;
    assert_eq!((names(&rest.json_of(200)), rest.next_page()), (vec!["zed".to_owned(), "zoe".to_owned()], None));
    let rest = alice.post("/api/users/search", &json!({ "before": "YAN" })).await;
    assert_eq!(names(&rest.json_of(200)), ["zed", "zoe"]);

    for (field, value) in [
        ("query", json!("q".repeat(101))),
        ("query", json!("a\u{202e}")),
        ("query", json!("a\u{0}")),
        ("query", json!(7)),
        ("role", json!("king")),
        ("role", json!([])),
        ("status", json!("asleep")),
        ("status", json!(false)),
        ("limit", json!(0)),
        ("limit", json!(201)),
        ("limit", json!(-1)),
        ("limit", json!(9_007_199_254_740_993_i64)),
        ("limit", json!("ten")),
        ("limit", json!(1.5)),
        ("before", json!(7)),
    ] {
        assert_eq!(faults(&alice.post("/api/users/search", &json!({ field: value })).await), [field], "{value}");
    }
    let most = json!({ "query": "q".repeat(100), "limit": 200 });
    assert_eq!(alice.post("/api/users/search", &most).await.json_of(200), json!([]), "at the limits");
}
