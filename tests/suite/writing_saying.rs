//! What a text can be: a command, a template, a typed message, Markdown.

use serde_json::{Value, json};

use crate::fixture::shape::{MESSAGE, has_fields, is_time};
use crate::fixture::{Clinic, Person};

async fn type_in(person: &Person, channel: &str, text: &str) -> crate::driver::line::Answer {
    person.post("/api/messages", &json!({ "channelId": channel, "text": text })).await
}

async fn names(person: &Person, channel: &str) -> Vec<String> {
    let commands = person.list(&format!("/api/commands?channelId={channel}")).await;
    commands.iter().map(|command| command["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn a_command_is_carried_out_as_the_deed_that_it_stands_for() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob, carl) =
        (clinic.alice(&dora).await, clinic.bob(&dora).await, clinic.hire(&dora, "carl", "user").await);
    let channel = alice.channel("Ward 3", &[&bob]).await;
    let path = format!("/api/channels/{channel}");

    carl.get(&path).await.is_refusal(404, "not_found");
    type_in(&alice, &channel, "/invite @nobody").await.is_refusal(404, "not_found");
    type_in(&bob, &channel, "/invite @Carl").await.is_refusal(403, "not_a_moderator");
    type_in(&carl, &channel, "/invite @dora").await.is_refusal(404, "not_found");
    let done = type_in(&alice, &channel, "/invite @Carl").await.json_of(200);
    has_fields(&done, &["success", "command", "message"]);
    assert_eq!((&done["success"], &done["command"]), (&json!(true), &json!("invite")));
    carl.get(&path).await.json_of(200);
    type_in(&alice, &channel, "/invite @carl").await.is_refusal(409, "already_a_member");

    let mut his = bob.socket().await;
    let acknowledged = his.try_send(&channel, "/remind 20m call the lab").await;
    assert_eq!(acknowledged["type"], "ack");
    let reminders = bob.list("/api/reminders").await;
    assert_eq!((&reminders[0]["text"], &reminders[0]["channelId"]), (&json!("call the lab"), &json!(channel)));
    assert_eq!(his.try_send(&channel, "/invite @dora").await["code"], "not_a_moderator");

    type_in(&carl, &channel, "hello").await.json_of(201);

    let waves = type_in(&bob, &channel, "/me waves").await.json_of(201);
    has_fields(&waves, MESSAGE);
    assert_eq!((&waves["text"], &waves["metadata"]), (&json!("waves"), &json!({ "type": "action" })));
    for wrong in ["/me", "/invite", "/invite @a b", "/remind", "/remind soon x", "/remind 20m"] {
        let refused = type_in(&alice, &channel, wrong).await;
        refused.is_refusal(400, "invalid_field");
        assert_eq!(refused.json().unwrap()["errors"][0]["field"], "text", "{wrong}");
    }
    let texts: Vec<_> = bob.page(&channel).await.iter().map(|message| message["text"].clone()).collect();
    assert_eq!(texts, ["waves", "hello"], "no command was stored");
    let actions: Vec<_> =
        dora.list("/api/audit?limit=200").await.iter().map(|row| row["action"].as_str().unwrap().to_owned()).collect();
    for action in ["channels.add_member", "reminders.ask"] {
        assert!(actions.iter().any(|a| a == action), "{action}: {actions:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn topics_and_mutes_are_those_of_the_channel() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob, carl) =
        (clinic.alice(&dora).await, clinic.bob(&dora).await, clinic.hire(&dora, "carl", "user").await);
    clinic.hire(&dora, "maud", "moderator").await;
    let channel = alice.channel("Ward 3", &[&bob]).await;
    let path = format!("/api/channels/{channel}");
    let topic = async || alice.get(&path).await.json_of(200)["topic"].clone();

    let done = type_in(&alice, &channel, "/topic  Rounds at 8 ").await.json_of(200);
    assert_eq!((&done["command"], topic().await), (&json!("topic"), json!("Rounds at 8")));
    type_in(&bob, &channel, "/topic mine").await.is_refusal(403, "not_a_moderator");
    type_in(&carl, &channel, "/topic mine").await.is_refusal(404, "not_found");
    assert_eq!(topic().await, "Rounds at 8");
    type_in(&alice, &channel, &format!("/topic {}", "x".repeat(250))).await.json_of(200);
    type_in(&alice, &channel, "/topic -").await.json_of(200);
    assert_eq!(topic().await, Value::Null);

    let mut his = bob.socket().await;
    assert_eq!(type_in(&alice, &channel, "/mute @Bob 20m").await.json_of(200)["command"], "mute");
    assert_eq!(his.try_send(&channel, "but").await["code"], "muted");
    clinic.pass(20 * 60);
    assert_eq!(his.try_send(&channel, "now").await["type"], "ack");
    type_in(&alice, &channel, "/mute bob").await.json_of(200);
    clinic.pass(30 * 24 * 3_600);
    let bob = clinic.sign_in("bob").await;
    type_in(&bob, &channel, "/mute @bob off").await.is_refusal(403, "not_a_moderator");
    let alice = clinic.sign_in("alice").await;
    type_in(&alice, &channel, "/mute @bob off").await.json_of(200);
    type_in(&alice, &channel, "/mute @bob off").await.is_refusal(404, "not_found");
    type_in(&bob, &channel, "again").await.json_of(201);
    type_in(&alice, &channel, "/mute @alice").await.is_refusal(409, "not_oneself");
    type_in(&alice, &channel, "/mute @nobody").await.is_refusal(404, "not_found");
    type_in(&bob, &channel, "/mute @alice").await.is_refusal(403, "not_a_moderator");

    for wrong in ["/topic", "/mute", "/mute @bob soon", "/mute @bob 400d", "/mute @bob 20m now"] {
        let refused = type_in(&alice, &channel, wrong).await;
        refused.is_refusal(400, "invalid_field");
        assert_eq!(refused.json().unwrap()["errors"][0]["field"], "text", "{wrong}");
    }
    let long = type_in(&alice, &channel, &format!("/topic {}", "x".repeat(251))).await;
    long.is_refusal(400, "invalid_field");
    assert_eq!(long.json().unwrap()["errors"][0]["field"], "text");

    // Whose role mutes is offered just that; nobody's role reaches into a conversation.
    let maud = clinic.sign_in("maud").await;
    let open = maud.post("/api/channels", &json!({ "name": "Open", "isPrivate": false })).await.json_of(201);
    assert_eq!(names(&bob, open["id"].as_str().unwrap()).await, ["remind"]);
    let direct = maud.post("/api/channels/direct", &json!({ "userId": bob.id })).await.json_of(201);
    let offered = names(&maud, direct["id"].as_str().unwrap()).await;
    assert!(!offered.contains(&"invite".to_owned()), "{offered:?}");
    let dora = clinic.sign_in("dora").await;
    let rows = dora.list("/api/audit?limit=200").await;
    for action in ["channels.update", "channels.mute", "channels.unmute"] {
        assert!(rows.iter().any(|row| row["action"] == action), "{action}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_names_no_command_is_a_message_as_it_always_was() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let alice = clinic.alice(&dora).await;
    let channel = alice.channel("Ward 3", &[]).await;
    for text in ["/etc/hosts is wrong", "/foo bar", "/", "/Invite x", " /invite x"] {
        assert_eq!(type_in(&alice, &channel, text).await.json_of(201)["text"], text);
    }
    assert_eq!(type_in(&alice, &channel, "//invite x").await.json_of(201)["text"], "/invite x");
    let with = |text: &str, command: Value| json!({ "channelId": channel, "text": text, "command": command });
    let meant = alice.post("/api/messages", &with("/invite x", json!(false))).await.json_of(201);
    assert_eq!(meant["text"], "/invite x");
    alice.post("/api/messages", &with("/foo bar", json!(true))).await.is_refusal(400, "unknown_command");
    alice.post("/api/messages", &with("x", json!("yes"))).await.is_refusal(400, "invalid_field");
    let mut hers = alice.socket().await;
    let frame = json!({ "type": "send_message", "channelId": channel, "text": "/foo bar", "command": true });
    assert_eq!(hers.ask(frame).await["code"], "unknown_command");
    assert_eq!(hers.try_send(&channel, "/foo bar").await["type"], "ack");
    assert_eq!(alice.page(&channel).await.len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn the_clinic_s_templates_are_commands_too() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob, adam) = (clinic.alice(&dora).await, clinic.bob(&dora).await, clinic.adam(&dora).await);
    let channel = alice.channel("Ward 3", &[&bob]).await;
    let body = json!({ "name": "handover", "text": "**Handover**:" });
    alice.post("/api/templates", &body).await.is_refusal(403, "not_allowed");
    let made = adam.post("/api/templates", &body).await.json_of(201);
    has_fields(&made, &["id", "name", "text", "createdBy", "createdAt", "updatedAt"]);
    is_time(&made["createdAt"]);
    adam.post("/api/templates", &body).await.is_refusal(409, "template_exists");
    for (body, field) in [
        (json!({}), "name"),
        (json!({ "name": "me", "text": "x" }), "name"),
        (json!({ "name": "x".repeat(33), "text": "x" }), "name"),
        (json!({ "name": "A", "text": "x" }), "name"),
        (json!({ "name": "x", "text": "" }), "text"),
        (json!({ "name": "x", "text": "x".repeat(4_001) }), "text"),
        (json!({ "name": "x", "text": "a\u{0}" }), "text"),
        (json!({ "name": "x", "text": "x", "createdBy": adam.id }), "createdBy"),
    ] {
        let refused = adam.post("/api/templates", &body).await;
        refused.is_refusal(400, "invalid_field");
        assert_eq!(refused.json().unwrap()["errors"][0]["field"], field);
    }
    assert_eq!(type_in(&bob, &channel, "/handover bed 4").await.json_of(201)["text"], "**Handover**: bed 4");
    assert_eq!(type_in(&bob, &channel, "/handover").await.json_of(201)["text"], "**Handover**:");
    assert_eq!(names(&alice, &channel).await, ["topic", "invite", "mute", "remind", "me", "handover"]);
    assert_eq!(names(&bob, &channel).await, ["remind", "me", "handover"]);
    assert_eq!(names(&adam, &channel).await, ["topic", "invite", "mute", "remind"], "who is no member posts nothing");
    let offered = bob.list(&format!("/api/commands?channelId={channel}")).await;
    has_fields(&offered[0], &["name", "usage", "description", "template"]);
    assert_eq!((&offered[2]["description"], &offered[2]["template"]), (&json!("**Handover**:"), &json!(true)));
    bob.get("/api/commands").await.is_refusal(400, "invalid_field");
    bob.get("/api/commands?channelId=x").await.is_refusal(400, "invalid_field");

    let path = format!("/api/templates/{}", made["id"].as_str().unwrap());
    let changed = adam.put(&path, &json!({ "name": "night" })).await.json_of(200);
    assert_eq!((&changed["name"], &changed["text"]), (&json!("night"), &json!("**Handover**:")));
    assert_eq!(type_in(&bob, &channel, "/handover").await.json_of(201)["text"], "/handover");
    for name in ["b", "a", "c"] {
        adam.post("/api/templates", &json!({ "name": name, "text": "x" })).await.json_of(201);
    }
    let all: Vec<_> = bob.whole_list("/api/templates?limit=2").await.iter().map(|t| t["name"].clone()).collect();
    assert_eq!(all, ["a", "b", "c", "night"]);
    adam.delete(&path).await.json_of(200);
    adam.delete(&path).await.is_refusal(404, "not_found");
    assert_eq!(bob.list("/api/templates").await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_and_tasks_are_held_to_their_published_schemas() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let channel = dora.channel("Ward 3", &[]).await;
    let names = dora.get("/api/schemas").await.json_of(200);
    assert_eq!(names, json!({ "schemas": ["alert", "notification", "task"] }));
    let schema = dora.get("/api/schemas/task").await.json_of(200);
    assert_eq!(schema["required"], json!(["type", "title", "state"]));
    dora.get("/api/schemas/poll").await.is_refusal(404, "not_found");
    let post = |metadata: Value| json!({ "channelId": channel, "text": "x", "metadata": metadata });
    let good = json!({ "type": "task", "title": "Call", "state": "open", "assignee": dora.id, "own": 7 });
    assert_eq!(dora.post("/api/messages", &post(good.clone())).await.json_of(201)["metadata"], good);
    dora.post("/api/messages", &post(json!({ "type": "poll", "severity": 7 }))).await.json_of(201);
    let wrong = json!({ "type": "alert", "severity": "zq7-planted", "title": 7 });
    let refused = dora.post("/api/messages", &post(wrong)).await;
    refused.is_refusal(400, "invalid_field");
    assert!(!refused.text().contains("zq7-planted"), "what was sent is not repeated");
    let problem = refused.json().unwrap();
    let fields: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|e| e["field"].clone()).collect();
    assert_eq!(fields, ["metadata.severity", "metadata.title"]);
    let task = dora.list("/api/messages").await.into_iter().find(|m| m["metadata"]["type"] == "task").unwrap();
    let path = format!("/api/messages/{}", task["id"].as_str().unwrap());
    dora.put(&path, &json!({ "metadata": { "type": "task" } })).await.is_refusal(400, "invalid_field");
    let later = json!({
        "channelId": channel, "text": "x", "metadata": { "type": "alert" }, "sendAt": "2999-01-01T00:00:00Z",
    });
    dora.post("/api/messages/scheduled", &later).await.is_refusal(400, "invalid_field");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_gets_the_text_as_safe_html() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let channel = alice.channel("Ward 3", &[&bob]).await;
    let said = alice.say(&channel, "**now** <img src=x onerror=alert(1)>").await;
    assert!(said.get("html").is_none(), "only where it was asked for");
    let html = "<p><strong>now</strong> &lt;img src=x onerror=alert(1)&gt;</p>\n";
    let path = format!("/api/messages/{}", said["id"].as_str().unwrap());
    assert_eq!(bob.get(&format!("{path}?render=html")).await.json_of(200)["html"], html);
    let page = bob.list(&format!("/api/messages?channelId={channel}&render=html")).await;
    assert_eq!((&page[0]["html"], &page[0]["text"]), (&json!(html), &said["text"]));
    bob.get(&format!("{path}?render=pdf")).await.is_refusal(400, "invalid_field");
}
