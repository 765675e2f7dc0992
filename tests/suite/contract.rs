//! Every REST row of `docs/protocol.md`: the shapes, the statuses, the lists, the errors.

use serde_json::{Value, json};

use crate::fixture::raw::{over_tls, request};
use crate::fixture::shape::{AUDIT, CHANNEL, MEMBER, MESSAGE, PROBLEM, USER, has_fields, is_id, is_time};
use crate::fixture::{Clinic, PASSWORD, Person};

const NOWHERE: &str = "00000000-0000-7000-8000-000000000000";

fn texts<'a>(rows: &'a [Value], field: &str) -> Vec<&'a str> {
    rows.iter().map(|row| row[field].as_str().expect("a text")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_open_and_says_how_long_the_server_has_been_up() {
    let clinic = Clinic::open().await;
    clinic.pass(61);
    let health = clinic.visitor().get("/health").await.json_of(200);
    has_fields(&health, &["status", "uptime", "timestamp"]);
    assert_eq!((health["status"].as_str(), health["uptime"].as_u64()), (Some("ok"), Some(61)));
    is_time(&health["timestamp"]);
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_sign_in_gives_a_token_its_end_and_the_user_and_a_refresh_the_same() {
    let clinic = Clinic::open().await;
    let visitor = clinic.visitor();
    let signed_in = visitor
        .post("/api/auth/login", &json!({ "username": "DORA", "password": PASSWORD, "colour": "blue" }))
        .await
        .json_of(200);
    has_fields(&signed_in, &["token", "expiresAt", "user"]);
    has_fields(&signed_in["user"], USER);
    is_time(&signed_in["expiresAt"]);
    assert_eq!((&signed_in["user"]["username"], &signed_in["user"]["role"]), (&json!("dora"), &json!("super_admin")));
    is_time(&signed_in["user"]["lastLogin"]);

    let dora = visitor.as_signed_in("dora", &signed_in);
    clinic.pass(10);
    let refreshed = dora.ask("POST", "/api/auth/refresh-token", None).await.json_of(200);
    has_fields(&refreshed, &["token", "expiresAt", "user"]);
    assert_ne!(refreshed["token"], signed_in["token"]);
    assert!(refreshed["expiresAt"].as_str() > signed_in["expiresAt"].as_str());

    let renewed = visitor.as_signed_in("dora", &refreshed);
    let body = json!({ "currentPassword": PASSWORD, "newPassword": "another quiet sentence" });
    let changed = renewed.post("/api/auth/change-password", &body).await.json_of(200);
    has_fields(&changed, &["success", "message"]);
    assert_eq!(changed["success"], true);
    let out = renewed.ask("POST", "/api/auth/logout", None).await.json_of(200);
    has_fields(&out, &["success", "message"]);
    assert_eq!(out["success"], true);
    renewed.get("/api/channels").await.is_refusal(401, "session_ended");
    visitor
        .post("/api/auth/login", &json!({ "username": "dora", "password": PASSWORD }))
        .await
        .is_refusal(401, "wrong_credentials");
    Person::sign_in(clinic.line(), "dora", "another quiet sentence").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_name_and_a_wrong_password_read_the_same() {
    let clinic = Clinic::open().await;
    let visitor = clinic.visitor();
    let mut answers = Vec::new();
    for (name, password) in [("dora", "not the password at all"), ("nobody", "not the password at all")] {
        let answer = visitor.post("/api/auth/login", &json!({ "username": name, "password": password })).await;
        answer.is_refusal(401, "wrong_credentials");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        let mut problem = answer.json().unwrap();
        problem["requestId"] = json!("");
        answers.push(problem);
    }
    assert_eq!(answers[0], answers[1]);
    let nothing = visitor.post("/api/auth/login", &json!({ "username": 7 })).await;
    nothing.is_refusal(400, "invalid_field");
    assert_eq!(texts(nothing.json().unwrap()["errors"].as_array().unwrap(), "field"), ["username", "password"]);
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn users_are_made_shown_and_listed_with_every_field() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let body = json!({
        "username": "Alice.B", "password": PASSWORD, "email": "alice@clinic.example", "firstName": "Alice",
        "lastName": null, "favourite": "tea",
    });
    let made = dora.post("/api/users", &body).await.json_of(201);
    has_fields(&made, USER);
    is_id(&made["id"]);
    is_time(&made["createdAt"]);
    is_time(&made["updatedAt"]);
    let expected = json!({
        "id": made["id"], "username": "Alice.B", "email": "alice@clinic.example", "firstName": "Alice",
        "lastName": null, "role": "user", "status": "active", "lastLogin": null, "createdAt": made["createdAt"],
        "updatedAt": made["updatedAt"], "twoFactorEnabled": false, "forcePasswordChange": false,
    });
    assert_eq!(made, expected);
    let path = format!("/api/users/{}", made["id"].as_str().unwrap());
    assert_eq!(dora.get(&path).await.json_of(200), expected);
    let upper = format!("/api/users/{}", made["id"].as_str().unwrap().to_uppercase());
    assert_eq!(dora.get(&upper).await.json_of(200), expected, "an id is one in any case");

    clinic.hire(&dora, "bob", "moderator").await;
    let list = dora.list("/api/users").await;
    for user in &list {
        has_fields(user, USER);
    }
    assert_eq!(texts(&list, "username"), ["Alice.B", "bob", "dora"], "by name, whatever the case");

    let taken = json!({ "username": "ALICE.b", "password": PASSWORD });
    dora.post("/api/users", &taken).await.is_refusal(409, "username_taken");
    let email = json!({ "username": "alice2", "password": PASSWORD, "email": "ALICE@clinic.example" });
    dora.post("/api/users", &email).await.is_refusal(409, "email_taken");
    let role = json!({ "username": "carl", "password": PASSWORD, "role": "king" });
    dora.post("/api/users", &role).await.is_refusal(400, "invalid_field");
    for field in ["id", "status", "createdBy", "createdAt"] {
        let mut body = json!({ "username": "carl", "password": PASSWORD });
        body[field] = json!("x");
        let refused = dora.post("/api/users", &body).await;
        refused.is_refusal(400, "invalid_field");
        assert_eq!(refused.json().unwrap()["errors"][0]["field"], field);
    }
    dora.get(&format!("/api/users/{NOWHERE}")).await.is_refusal(404, "not_found");
    dora.get("/api/users/7").await.is_refusal(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn channels_and_members_are_made_shown_changed_and_ended() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let body = json!({
        "name": " Ward 3 ", "description": "Rounds", "isPrivate": true, "members": [bob.id],
        "metadata": { "floor": 3 }, "nonsense": [],
    });
    let made = alice.post("/api/channels", &body).await.json_of(201);
    has_fields(&made, CHANNEL);
    is_id(&made["id"]);
    is_time(&made["createdAt"]);
    let members = made["members"].as_array().unwrap();
    for member in members {
        has_fields(member, MEMBER);
    }
    is_time(&members[0]["joinedAt"]);
    assert_eq!(texts(members, "username"), ["alice", "bob"]);
    assert_eq!(texts(members, "role"), ["owner", "member"]);
    let expected = json!({
        "id": made["id"], "name": "Ward 3", "description": "Rounds", "isPrivate": true, "createdBy": alice.id,
        "createdAt": made["createdAt"], "lastActivity": null, "archived": false, "metadata": { "floor": 3 },
        "kind": "channel", "topic": null, "category": null, "tags": [], "slowModeSeconds": 0, "hasPassword": false,
        "expiresAt": null, "unreadCount": 0, "mentionCount": 0, "lastReadSeq": 0,
        "members": members,
    });
    assert_eq!(made, expected);
    let path = format!("/api/channels/{}", made["id"].as_str().unwrap());
    assert_eq!(bob.get(&path).await.json_of(200), expected);
    let people = format!("{path}/members");
    assert_eq!(bob.get(&people).await.json_of(200), expected["members"]);

    let mine = bob.list("/api/channels").await;
    assert_eq!(mine.len(), 1);
    has_fields(&mine[0], CHANNEL);
    assert_eq!(texts(mine[0]["members"].as_array().unwrap(), "username"), ["bob"], "a list shows one's own membership");

    let adding = json!({ "userId": dora.id, "role": "readonly", "whatever": 1 });
    let added = alice.post(&people, &adding).await.json_of(201);
    has_fields(&added, MEMBER);
    assert_eq!((&added["userId"], &added["role"]), (&json!(dora.id), &json!("readonly")));
    alice.post(&people, &adding).await.is_refusal(409, "already_a_member");
    let one = format!("{people}/{}", bob.id);
    let changed = alice.put(&one, &json!({ "role": "moderator" })).await.json_of(200);
    has_fields(&changed, MEMBER);
    assert_eq!(changed["role"], "moderator");
    alice.put(&one, &json!({ "role": "emperor" })).await.is_refusal(400, "invalid_field");
    alice.put(&one, &json!({})).await.is_refusal(400, "invalid_field");
    let gone = alice.delete(&one).await.json_of(200);
    has_fields(&gone, &["success", "message"]);
    assert_eq!(gone["success"], true);
    alice.delete(&one).await.is_refusal(404, "not_found");
    bob.get(&path).await.is_refusal(404, "not_found");
    alice.delete(&format!("{people}/{}", alice.id)).await.is_refusal(409, "last_owner");

    for field in ["id", "createdBy", "createdAt", "archived"] {
        let mut body = json!({ "name": "x" });
        body[field] = json!(true);
        alice.post("/api/channels", &body).await.is_refusal(400, "invalid_field");
    }
    let everything = json!({ "isPrivate": "yes", "members": [7], "metadata": [], "description": 3 });
    let refused = alice.post("/api/channels", &everything).await;
    refused.is_refusal(400, "invalid_field");
    let problem = refused.json().unwrap();
    assert_eq!(
        texts(problem["errors"].as_array().unwrap(), "field"),
        ["name", "description", "isPrivate", "members", "metadata"],
        "all faults are told at once"
    );
    let unknown = json!({ "name": "x", "members": [NOWHERE] });
    alice.post("/api/channels", &unknown).await.is_refusal(404, "not_found");
    assert_eq!(alice.list("/api/channels").await.len(), 1, "a channel that was refused is not there");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn messages_are_posted_shown_and_listed_newest_first() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let channel = alice.channel("Ward 3", &[&bob]).await;
    let body = json!({
        "channelId": channel.to_uppercase(), "text": "Zeile 1\nZeile 2 \u{1f9ea}", "containsPHI": true,
        "metadata": { "kind": "alert" }, "clientMessageId": "c-1", "mood": "calm",
    });
    let posted = alice.post("/api/messages", &body).await.json_of(201);
    has_fields(&posted, MESSAGE);
    is_id(&posted["id"]);
    is_time(&posted["timestamp"]);
    let expected = json!({
        "id": posted["id"], "channelId": channel, "senderId": alice.id, "sender": "alice",
        "text": "Zeile 1\nZeile 2 \u{1f9ea}", "containsPHI": true, "timestamp": posted["timestamp"],
        "editedAt": null, "deleted": false, "seq": 1, "rev": 1, "metadata": { "kind": "alert" }, "expiresAt": null, "mentions": [],
        "reactions": [], "replyTo": null, "replies": 0,
        "pinned": false,
    });
    assert_eq!(posted, expected);
    assert_eq!(alice.post("/api/messages", &body).await.json_of(201), expected, "sent again, it is the first one");
    let path = format!("/api/messages/{}", posted["id"].as_str().unwrap());
    assert_eq!(bob.get(&path).await.json_of(200), expected);

    let second = bob.say(&channel, "two").await;
    assert_eq!((&second["metadata"], &second["containsPHI"], &second["seq"]), (&Value::Null, &json!(false), &json!(2)));
    assert_eq!(bob.page(&channel).await, [second.clone(), expected.clone()]);
    let other = bob.channel("Other", &[]).await;
    let third = bob.say(&other, "three").await;
    assert_eq!((&third["seq"], &third["rev"]), (&json!(1), &json!(3)), "seq by channel, rev over all");
    assert_eq!(bob.list("/api/messages").await, [third, second.clone(), expected.clone()]);
    assert_eq!(alice.list("/api/messages").await, [second, expected], "what is in own channels");

    let shown = alice.get(&format!("/api/channels/{channel}")).await.json_of(200);
    is_time(&shown["lastActivity"]);

    for field in ["id", "senderId", "sender", "timestamp", "seq", "rev", "deleted"] {
        let mut body = json!({ "channelId": channel, "text": "x" });
        body[field] = json!(1);
        alice.post("/api/messages", &body).await.is_refusal(400, "invalid_field");
    }
    for (body, field) in [
        (json!({ "text": "x" }), "channelId"),
        (json!({ "channelId": "ward", "text": "x" }), "channelId"),
        (json!({ "channelId": channel }), "text"),
        (json!({ "channelId": channel, "text": "   " }), "text"),
        (json!({ "channelId": channel, "text": "a\u{0}b" }), "text"),
        (json!({ "channelId": channel, "text": "x", "containsPHI": "no" }), "containsPHI"),
        (json!({ "channelId": channel, "text": "x", "metadata": "no" }), "metadata"),
    ] {
        let refused = alice.post("/api/messages", &body).await;
        refused.is_refusal(400, "invalid_field");
        assert_eq!(refused.json().unwrap()["errors"][0]["field"], field);
    }
    alice.post("/api/messages", &json!({ "channelId": NOWHERE, "text": "x" })).await.is_refusal(404, "not_found");
    let elsewhere = alice.channel("Elsewhere", &[]).await;
    let used = json!({ "channelId": elsewhere, "text": "x", "clientMessageId": "c-1" });
    alice.post("/api/messages", &used).await.is_refusal(409, "client_message_id_used");
    alice.get("/api/messages?channelId=ward").await.is_refusal(400, "invalid_field");
    alice.get(&format!("/api/messages/{NOWHERE}")).await.is_refusal(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn the_audit_log_is_listed_filtered_and_shown() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let alice = clinic.alice(&dora).await;
    let channel = alice.channel("Ward 3", &[]).await;
    let message = alice.say(&channel, "hello").await;
    let rows = dora.list("/api/audit").await;
    for row in &rows {
        has_fields(row, AUDIT);
        is_id(&row["id"]);
        is_time(&row["timestamp"]);
    }
    let numbers: Vec<i64> = rows.iter().map(|row| row["number"].as_i64().unwrap()).collect();
    let expected: Vec<i64> = (1..=numbers[0]).rev().collect();
    assert_eq!(numbers, expected, "newest first, without gaps");
    let post = &rows[0];
    let row = json!({
        "id": post["id"], "number": numbers[0], "userId": alice.id, "username": "alice", "action": "messages.post",
        "details": { "channelId": channel, "messageId": message["id"], "containsPHI": false },
        "ipAddress": "127.0.0.1", "userAgent": null, "timestamp": post["timestamp"],
    });
    assert_eq!(*post, row);
    assert_eq!(dora.get(&format!("/api/audit/{}", post["id"].as_str().unwrap())).await.json_of(200), row);
    let by_alice = dora.list(&format!("/api/audit?userId={}", alice.id)).await;
    assert_eq!(texts(&by_alice, "action"), ["messages.post", "channels.create", "auth.login"], "newest first");
    let logins = dora.list("/api/audit?action=auth.login").await;
    assert!(logins.iter().all(|row| row["action"] == "auth.login") && logins.len() == 2);
    assert!(dora.list(&format!("/api/audit?userId={}&action=users.create", alice.id)).await.is_empty());
    dora.get("/api/audit?userId=alice").await.is_refusal(400, "invalid_field");
    dora.get(&format!("/api/audit/{NOWHERE}")).await.is_refusal(404, "not_found");
}

/// Walks a list by its `next` links in pages of `limit`, then back by `prev`; both give the whole list.
async fn walks_both_ways(person: &Person, path: &str, whole: &[Value]) {
    let join = if path.contains('?') { '&' } else { '?' };
    let limit = 3;
    let mut forth = Vec::new();
    let mut next = Some(format!("{path}{join}limit={limit}"));
    let mut last_page = String::new();
    while let Some(page) = next {
        let answer = person.get(&page).await;
        next = answer.next_page();
        let rows = answer.json_of(200);
        let rows = rows.as_array().unwrap();
        assert!(rows.len() <= limit, "{page}");
        if !rows.is_empty() {
            last_page = page;
        }
        forth.extend(rows.iter().cloned());
    }
    assert_eq!(forth, whole, "{path} forth");

    let mut back: Vec<Value> = Vec::new();
    let mut page = last_page;
    loop {
        let answer = person.get(&page).await;
        let rows: Vec<Value> = serde_json::from_value(answer.json_of(200)).unwrap();
        if rows.is_empty() {
            break;
        }
        back.splice(0..0, rows);
        page = link(answer.header("link").expect("a page has a way back"), "prev").expect("a way back");
    }
    assert_eq!(back, whole, "{path} back");
}

fn link(header: &str, relation: &str) -> Option<String> {
    let one = header.split(',').find(|part| part.contains(&format!("rel=\"{relation}\"")))?;
    Some(one.split_once('<')?.1.split_once('>')?.0.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn every_list_is_paged_by_its_links() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    for name in ["Zoe", "anna", "Bert+1", "carl@x", "Émile", "d.e"] {
        let body = json!({ "username": name, "password": PASSWORD });
        dora.post("/api/users", &body).await.json_of(201);
    }
    let channel = dora.channel("c0", &[]).await;
    for n in 1..7 {
        dora.channel(&format!("c{n}"), &[]).await;
    }
    for n in 0..7 {
        dora.say(&channel, &format!("m{n}")).await;
    }
    for path in ["/api/users", "/api/channels", "/api/messages"] {
        let whole = dora.list(path).await;
        assert_eq!(whole.len(), 7, "{path}");
        walks_both_ways(&dora, path, &whole).await;
    }
    let path = format!("/api/messages?channelId={channel}");
    let whole = dora.list(&path).await;
    assert_eq!(texts(&whole, "text"), ["m6", "m5", "m4", "m3", "m2", "m1", "m0"]);
    walks_both_ways(&dora, &path, &whole).await;
    // Reading the log is recorded once a minute, so it stands still from here on.
    dora.list("/api/audit").await;
    let whole = dora.list("/api/audit").await;
    walks_both_ways(&dora, "/api/audit", &whole).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_has_a_limit_and_one_cursor() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let channel = dora.channel("c", &[]).await;
    for n in 0..52 {
        dora.say(&channel, &format!("m{n}")).await;
    }
    let messages = format!("/api/messages?channelId={channel}");
    assert_eq!(dora.list(&messages).await.len(), 50, "the default");
    assert_eq!(dora.list(&format!("{messages}&limit=200")).await.len(), 52);
    assert_eq!(dora.list(&format!("{messages}&limit=1")).await.len(), 1);
    for path in ["/api/users?x=1", "/api/channels?x=1", "/api/messages?x=1", "/api/audit?x=1", &messages] {
        for bad in ["limit=0", "limit=201", "limit=-1", "limit=many", "limit=4294967297", "before=1&after=2"] {
            dora.get(&format!("{path}&{bad}")).await.is_refusal(400, "invalid_field");
        }
    }
    for path in ["/api/messages?before=yesterday", "/api/audit?after=x", "/api/channels?before=7"] {
        dora.get(path).await.is_refusal(400, "invalid_field");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_problems_and_say_where_they_were() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let answer = dora.post("/api/channels", &json!({ "name": "" })).await;
    let problem = answer.json_of(400);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    has_fields(&problem, PROBLEM);
    assert_eq!(problem["type"], "about:blank");
    assert_eq!(problem["title"], "Bad Request");
    assert_eq!(problem["status"], 400);
    assert_eq!(problem["code"], "invalid_field");
    assert!(!problem["requestId"].as_str().unwrap().is_empty());
    assert_eq!(problem["errors"], json!([{ "field": "name", "detail": "must have 1 to 100 characters" }]));
    let again = dora.post("/api/channels", &json!({ "name": "" })).await.json_of(400);
    assert_ne!(again["requestId"], problem["requestId"]);

    let token = dora.token.clone().unwrap();
    let host = format!("Host: {}", clinic.address());
    let bearer = format!("Authorization: Bearer {token}");
    for (kind, body, status, code) in [
        ("application/json", "{", 400, "json_malformed"),
        ("application/json", "[]", 400, "json_not_an_object"),
        ("application/json", "", 400, "json_malformed"),
        ("application/json", "{\"name\": \"\\ud800\"}", 400, "json_malformed"),
        ("text/plain", "{}", 400, "not_json"),
        ("application/x-www-form-urlencoded", "name=x", 400, "not_json"),
    ] {
        let length = format!("Content-Length: {}", body.len());
        let kind = format!("Content-Type: {kind}");
        let asked = request("POST", "/api/channels", &[&host, &bearer, &kind, &length, "Connection: close"]) + body;
        let said = over_tls(&clinic, &asked).await;
        assert_eq!(said.status(), status, "{body}: {}", said.0);
        assert!(said.0.contains(&format!("\"code\":\"{code}\"")), "{body}: {}", said.0);
    }
    let secret = "{\"name\": \"the patient's name\", ";
    let length = format!("Content-Length: {}", secret.len());
    let asked = request("POST", "/api/channels", &[&host, &bearer, &length, "Connection: close"]) + secret;
    let said = over_tls(&clinic, &asked).await;
    assert!(said.status() == 400 && !said.0.contains("patient"), "what was sent is not repeated: {}", said.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_path_is_missing_and_a_wrong_method_is_named() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    for path in ["/api/nothing", "/api", "/api/users/", "/nothing", "/api/setup/x", "/assets/../secret"] {
        dora.get(path).await.is_refusal(404, "not_found");
    }
    for (method, path, allowed) in [
        ("PATCH", "/api/users", "GET, POST"),
        ("DELETE", "/api/messages", "GET, POST"),
        ("GET", "/api/auth/login", "POST"),
        ("POST", "/health", "GET"),
        ("PUT", "/api/channels", "GET, POST"),
    ] {
        let answer = dora.ask(method, path, None).await;
        answer.is_refusal(405, "method_not_allowed");
        has_fields(&answer.json().unwrap(), PROBLEM);
        let mut there: Vec<&str> = answer.header("allow").unwrap().split(", ").collect();
        there.sort_unstable();
        assert_eq!(there.join(", "), allowed, "{method} {path}");
    }
    let setup = json!({ "code": "0000-0000", "username": "eve", "password": PASSWORD });
    clinic.visitor().post("/api/setup", &setup).await.is_refusal(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn head_is_get_without_the_body() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let bearer = format!("Authorization: Bearer {}", dora.token.as_deref().unwrap());
    let host = format!("Host: {}", clinic.address());
    for path in ["/health", "/api/users", "/trust/ca.pem"] {
        let get = over_tls(&clinic, &request("GET", path, &[&host, &bearer, "Connection: close"])).await;
        let head = over_tls(&clinic, &request("HEAD", path, &[&host, &bearer, "Connection: close"])).await;
        assert_eq!((get.status(), head.status()), (200, 200), "{path}");
        assert_eq!(head.header("content-length"), get.header("content-length"), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        assert!(head.0.ends_with("\r\n\r\n") && !get.0.ends_with("\r\n\r\n"), "{path}: {}", head.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn the_first_administrator_is_made_once_with_the_code() {
    let clinic = Clinic::with(|config| config.initial_admin.username = None).await;
    let visitor = clinic.visitor();
    let file = clinic.data_dir().join("setup-code.txt");
    let code = std::fs::read_to_string(&file).unwrap();
    let body = |code: &str| json!({ "code": code.trim(), "username": "dora", "password": PASSWORD });
    visitor.post("/api/setup", &body("AAAA-AAAA-AAAA")).await.is_refusal(403, "wrong_setup_code");
    let weak = json!({ "code": code.trim(), "username": "dora", "password": "short" });
    visitor.post("/api/setup", &weak).await.is_refusal(400, "invalid_field");
    for field in ["role", "status", "id", "createdBy"] {
        let mut forced = body(&code);
        forced[field] = json!("x");
        visitor.post("/api/setup", &forced).await.is_refusal(400, "invalid_field");
    }
    let made = visitor.post("/api/setup", &body(&code)).await.json_of(201);
    has_fields(&made, USER);
    assert_eq!(made["role"], "super_admin");
    assert!(!file.exists(), "the code is gone with its use");
    visitor.post("/api/setup", &body(&code)).await.is_refusal(404, "not_found");
    clinic.dora().await;
}
