//! Every route × every role, against a table that is written down here; and what is answered for what a caller
//! may not know of.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mcp_messenger::clock::Clock as _;
use mcp_messenger::http::{Access, ROUTES};
use serde_json::{Value, json};

use crate::fixture::{Clinic, PASSWORD, Person, Socket};

const NOWHERE: &str = "00000000-0000-7000-8000-000000000000";

/// For each route what a visitor, a user, a moderator, an admin and a `super_admin` are answered who are outside of
/// the private channel, and then the owner of that channel. Whoever adds a route adds a row.
const TABLE: &str = "\
GET /health: 200 200 200 200 200 200
GET /health/live: 200 200 200 200 200 200
GET /health/ready: 200 200 200 200 200 200
GET /metrics: 401 403 403 200 200 403
GET /api/permissions: 401 403 403 200 200 403
GET /api/roles: 401 403 403 200 200 403
POST /api/roles: 401 403 403 403 201 403
GET /api/roles/matrix: 401 403 403 200 200 403
PUT /api/roles/matrix: 401 403 403 403 200 403
POST /api/roles/matrix/preview: 401 403 403 403 200 403
GET /api/roles/{id}: 401 403 403 404 404 403
PUT /api/roles/{id}: 401 403 403 403 404 403
DELETE /api/roles/{id}: 401 403 403 403 404 403
GET /api/users/{id}/effective-permissions: 401 403 403 200 200 403
GET /api/admin/overview: 401 403 403 200 200 403
GET /api/admin/settings: 401 403 403 200 200 403
GET /api/admin/settings/{name}: 401 403 403 200 200 403
PUT /api/admin/settings/{name}: 401 403 403 200 200 403
DELETE /api/admin/settings/{name}: 401 403 403 200 200 403
GET /api/admin/logs: 401 403 403 200 200 403
PUT /api/admin/logs/level: 401 403 403 400 400 403
GET /api/admin/logs/{log}: 401 403 403 200 200 403
GET /api/admin/about: 401 200 200 200 200 200
GET /api/admin/diagnostics: 401 403 403 200 200 403
GET /api/audit/verification: 401 403 403 200 200 403
POST /api/audit/verification: 401 403 403 200 200 403
POST /api/users/import: 401 403 403 400 400 403
GET /api/blocks: 401 403 403 200 200 403
POST /api/blocks: 401 403 403 201 201 403
DELETE /api/blocks/{id}: 401 403 403 404 404 403
GET /api/admin/metrics: 401 403 403 200 200 403
GET /api/admin/metrics/history: 401 403 403 200 200 403
GET /: 200 200 200 200 200 200
GET /setup: 404 404 404 404 404 404
GET /admin: 200 200 200 200 200 200
GET /admin/{*rest}: 200 200 200 200 200 200
GET /welcome: 200 200 200 200 200 200
GET /join: 200 200 200 200 200 200
GET /trust: 200 200 200 200 200 200
GET /trust/ca.pem: 200 200 200 200 200 200
GET /assets/{file}: 404 404 404 404 404 404
GET /api/openapi.json: 200 200 200 200 200 200
GET /api/docs: 200 200 200 200 200 200
POST /api/setup: 404 404 404 404 404 404
POST /api/setup/state: 404 404 404 404 404 404
PUT /api/setup/clinic: 404 404 404 404 404 404
PUT /api/setup/networks: 404 404 404 404 404 404
POST /api/setup/networks/confirm: 404 404 404 404 404 404
PUT /api/setup/hosts: 404 404 404 404 404 404
POST /api/setup/administrator: 404 404 404 404 404 404
GET /api/system/networks: 401 403 403 200 200 403
PUT /api/system/networks: 401 403 403 409 409 403
POST /api/system/networks/confirm: 401 403 403 404 404 403
GET /api/system/hosts: 401 403 403 200 200 403
PUT /api/system/hosts: 401 403 403 200 200 403
GET /api/system/recovery-key: 401 403 403 403 200 403
POST /api/system/recovery-key: 401 403 403 403 400 403
POST /api/system/recovery-key/confirm: 401 403 403 403 404 403
POST /api/auth/password-strength: 200 200 200 200 200 200
POST /api/auth/login: 401 401 401 401 401 401
POST /api/auth/refresh-token: 401 200 200 200 200 200
POST /api/auth/logout: 401 200 200 200 200 200
GET /api/auth/me: 401 200 200 200 200 200
POST /api/auth/change-password: 401 400 400 400 400 400
GET /api/auth/second-factor: 401 200 200 200 200 200
POST /api/auth/second-factor: 401 400 400 400 400 400
POST /api/auth/second-factor/confirm: 401 404 404 404 404 404
POST /api/auth/second-factor/recovery-codes: 401 400 400 400 400 400
POST /api/auth/second-factor/disable: 401 400 400 400 400 400
POST /api/users/{id}/reset-second-factor: 401 403 403 409 409 403
POST /api/auth/register: 403 403 403 403 403 403
POST /api/auth/reset-password: 403 403 403 403 403 403
GET /api/invitations: 401 403 403 200 200 403
POST /api/invitations: 401 403 403 201 201 403
POST /api/invitations/check: 400 400 400 400 400 400
DELETE /api/invitations/{id}: 401 403 403 404 404 403
GET /api/users: 401 200 200 200 200 200
POST /api/users: 401 403 403 409 409 403
GET /api/users/{id}: 401 200 200 200 200 200
PUT /api/users/{id}: 401 403 403 200 200 403
DELETE /api/users/{id}: 401 403 403 404 404 403
POST /api/users/search: 401 200 200 200 200 200
POST /api/users/{id}/restore: 401 403 403 409 409 403
GET /api/users/{id}/permissions: 401 403 403 200 200 403
PUT /api/users/{id}/password: 401 403 403 400 400 403
POST /api/users/{id}/password-reset: 401 403 403 201 201 403
GET /api/users/{id}/notification-preferences: 401 403 403 200 200 403
PUT /api/users/{id}/notification-preferences: 401 403 403 200 200 403
GET /api/users/{id}/audit-log: 401 403 403 200 200 403
GET /api/users/{id}/sessions: 401 403 403 200 200 403
POST /api/users/{id}/terminate-sessions: 401 403 403 200 200 403
GET /api/channels: 401 200 200 200 200 200
POST /api/channels: 401 201 201 201 201 201
POST /api/channels/direct: 401 201 201 201 201 201
GET /api/channels/deleted: 401 403 200 200 200 403
GET /api/channels/{id}: 401 404 200 200 200 200
PUT /api/channels/{id}: 401 404 200 200 200 200
DELETE /api/channels/{id}: 401 404 200 200 200 200
POST /api/channels/{id}/restore: 401 403 200 200 200 403
POST /api/channels/{id}/join: 401 404 404 404 404 200
GET /api/channels/{id}/members: 401 404 200 200 200 200
POST /api/channels/{id}/members: 401 404 409 409 409 409
PUT /api/channels/{id}/members/{user}: 401 404 200 200 200 200
DELETE /api/channels/{id}/members/{user}: 401 404 404 404 404 404
GET /api/channels/{id}/mutes: 401 404 200 200 200 200
PUT /api/channels/{id}/mutes/{user}: 401 404 200 200 200 200
DELETE /api/channels/{id}/mutes/{user}: 401 404 404 404 404 404
GET /api/channels/{id}/bans: 401 404 200 200 200 200
PUT /api/channels/{id}/bans/{user}: 401 404 200 200 200 200
DELETE /api/channels/{id}/bans/{user}: 401 404 404 404 404 404
GET /api/channels/{id}/invites: 401 404 200 200 200 200
POST /api/channels/{id}/invites: 401 404 201 201 201 201
DELETE /api/channels/{id}/invites/{invite}: 401 404 404 404 404 404
GET /api/invites: 401 200 200 200 200 200
POST /api/invites/redeem: 401 404 404 404 404 404
POST /api/invites/{id}/accept: 401 404 404 404 404 404
POST /api/invites/{id}/decline: 401 404 404 404 404 404
GET /api/messages: 401 404 404 404 404 200
POST /api/messages: 401 404 404 404 404 201
GET /api/messages/search: 401 400 400 400 400 400
POST /api/messages/search: 401 200 200 200 200 200
POST /api/messages/{id}/reveal: 401 403 403 403 200 403
POST /api/phi/check: 401 200 200 200 200 200
GET /api/messages/{id}: 401 404 404 404 404 200
GET /api/presence: 401 200 200 200 200 200
PUT /api/presence: 401 200 200 200 200 200
GET /api/connections: 401 403 403 200 200 403
DELETE /api/connections/{id}: 401 403 403 404 404 403
GET /api/announcement: 401 404 404 404 404 404
PUT /api/announcement: 401 403 403 200 200 403
DELETE /api/announcement: 401 403 403 200 404 403
GET /api/settings: 401 403 403 200 200 403
GET /api/settings/{name}: 401 403 403 200 200 403
PUT /api/settings/{name}: 401 403 403 200 200 403
DELETE /api/settings/{name}: 401 403 403 200 200 403
GET /api/messages/flagged: 401 403 200 200 200 403
POST /api/messages/{id}/flag: 401 404 404 404 404 403
POST /api/messages/{id}/review: 401 404 404 409 409 403
GET /api/channels/{id}/draft: 401 404 404 404 404 404
PUT /api/channels/{id}/draft: 401 404 404 404 404 200
DELETE /api/channels/{id}/draft: 401 404 404 404 404 200
PUT /api/messages/{id}/bookmark: 401 404 404 404 404 200
DELETE /api/messages/{id}/bookmark: 401 200 200 200 200 200
GET /api/bookmarks: 401 200 200 200 200 200
GET /api/channels/{id}/message-lifetime: 401 404 200 200 200 200
PUT /api/channels/{id}/message-lifetime: 401 404 200 200 200 200
GET /api/messages/scheduled: 401 200 200 200 200 200
POST /api/messages/scheduled: 401 404 404 404 404 201
PUT /api/messages/scheduled/{id}: 401 404 404 404 404 404
DELETE /api/messages/scheduled/{id}: 401 404 404 404 404 404
GET /api/reminders: 401 200 200 200 200 200
POST /api/reminders: 401 404 404 404 404 201
DELETE /api/reminders/{id}: 401 404 404 404 404 404
GET /api/templates: 401 200 200 200 200 200
POST /api/templates: 401 403 403 201 409 403
PUT /api/templates/{id}: 401 403 403 404 404 403
DELETE /api/templates/{id}: 401 403 403 404 404 403
GET /api/commands: 401 404 200 200 200 200
GET /api/schemas: 401 200 200 200 200 200
GET /api/schemas/{name}: 401 200 200 200 200 200
GET /api/words: 401 403 403 200 200 403
POST /api/words: 401 403 403 201 409 403
PUT /api/words/{id}: 401 403 403 404 404 403
DELETE /api/words/{id}: 401 403 403 404 404 403
PUT /api/messages/{id}: 401 404 404 404 404 200
DELETE /api/messages/{id}: 401 404 200 409 409 409
GET /api/messages/{id}/history: 401 404 404 200 200 200
POST /api/messages/{id}/reactions: 401 404 404 404 404 201
DELETE /api/messages/{id}/reactions/{reaction}: 401 404 404 404 404 200
POST /api/messages/{id}/read: 401 404 404 404 404 200
GET /api/messages/{id}/receipts: 401 404 404 404 404 200
GET /api/messages/{id}/thread: 401 404 404 404 404 200
PUT /api/messages/{id}/pin: 401 404 200 200 200 200
DELETE /api/messages/{id}/pin: 401 404 200 404 404 404
GET /api/channels/{id}/pins: 401 404 404 404 404 200
GET /api/api-keys: 401 403 403 200 200 403
POST /api/api-keys: 401 403 403 201 201 403
PUT /api/api-keys/{id}: 401 403 403 404 404 403
DELETE /api/api-keys/{id}: 401 403 403 404 404 403
POST /api/api-keys/{id}/rotate: 401 403 403 404 404 403
GET /api/backups: 401 403 403 403 200 403
POST /api/backups: 401 403 403 403 201 403
GET /api/backups/status: 401 403 403 200 200 403
GET /api/backups/plan: 401 403 403 403 200 403
PUT /api/backups/plan: 401 403 403 403 200 403
POST /api/backups/folder-test: 401 403 403 403 200 403
DELETE /api/backups/{name}: 401 403 403 403 404 403
GET /api/exports: 401 200 200 200 200 200
POST /api/exports: 401 404 201 201 201 201
GET /api/exports/{id}: 401 404 404 404 404 404
DELETE /api/exports/{id}: 401 404 404 404 404 404
GET /api/exports/{id}/file: 401 404 404 404 404 404
GET /api/audit: 401 403 403 200 200 403
GET /api/audit/export: 401 403 403 200 200 403
GET /api/audit/{id}: 401 403 403 200 200 403
";

/// What stands in the clinic that the table is tried in.
struct Ward {
    channel: String,
    message: String,
    /// What the first who may deletes.
    doomed: String,
    entry: String,
    member: Person,
    tomorrow: String,
    owner: Person,
}

impl Ward {
    fn path(&self, path: &str) -> String {
        let path = match path {
            "/api/messages" => format!("/api/messages?channelId={}", self.channel),
            path if path.starts_with("/api/users/{id}") => path.replace("{id}", &self.member.id),
            "/api/connections/{id}" => "/api/connections/999999".to_owned(),
            "/api/messages/{id}" => format!("/api/messages/{}", self.message),
            "/api/messages/{id}/flag" => format!("/api/messages/{}/flag", self.message),
            "/api/commands" => format!("/api/commands?channelId={}", self.channel),
            "/api/schemas/{name}" => "/api/schemas/alert".to_owned(),
            "/api/messages/{id}/bookmark" => format!("/api/messages/{}/bookmark", self.message),
            "/api/messages/{id}/review" => format!("/api/messages/{}/review", self.message),
            of if of.starts_with("/api/messages/{id}/") => {
                of.replace("{id}", &self.message).replace("{reaction}", "+1")
            }
            "/api/audit/{id}" => format!("/api/audit/{}", self.entry),
            other => other.to_owned(),
        };
        path.replace("{id}", &self.channel)
            .replace("{file}", "app.js")
            .replace("{log}", "system")
            .replace("{*rest}", "users")
            .replace("{invite}", NOWHERE)
            .replace("{name}", "registration.open")
    }

    async fn ask(&self, method: &str, path: &str, person: &Person) -> String {
        // Removing somebody who is no member changes nothing, so that every column finds the same ward.
        let user = if method == "DELETE" { NOWHERE } else { &self.member.id };
        let asked = self.path(path).replace("{user}", user);
        // What takes a channel away, or puts it back, gets one of its own.
        let asked = match (method, path) {
            ("DELETE", "/api/users/{id}") => format!("/api/users/{NOWHERE}"),
            ("DELETE", "/api/channels/{id}") | ("POST", "/api/channels/{id}/restore") => {
                let spare = self.owner.channel("Spare", &[]).await;
                if method == "POST" {
                    self.owner.delete(&format!("/api/channels/{spare}")).await.json_of(200);
                }
                path.replace("{id}", &spare)
            }
            ("DELETE", "/api/messages/{id}") => format!("/api/messages/{}", self.doomed),
            _ => asked,
        };
        let body = match (method, path) {
            ("PUT" | "POST", path) if path.starts_with("/api/setup/") || path.starts_with("/api/system/") => {
                json!({ "code": "x", "username": "eve", "password": "wrong", "letters": "000000", "ranges": ["127.0.0.0/8"], "names": [] })
            }
            ("POST", "/api/auth/password-strength") => json!({ "password": PASSWORD }),
            ("POST", "/api/setup") => json!({ "code": "x", "username": "eve", "password": PASSWORD }),
            ("POST", "/api/auth/login") => json!({ "username": "nobody-such", "password": "wrong wrong wrong" }),
            ("POST", "/api/auth/register") => json!({ "username": "eve", "password": PASSWORD }),
            ("POST", "/api/auth/reset-password") => json!({ "token": "none", "newPassword": PASSWORD }),
            ("POST", "/api/invitations/check") => json!({}),
            ("POST", "/api/invitations") => json!({ "role": "user" }),
            ("POST", "/api/auth/change-password") => json!({ "currentPassword": "wrong", "newPassword": "short" }),
            ("POST", "/api/auth/second-factor/confirm") => json!({ "code": "123456" }),
            ("POST", path) if path.starts_with("/api/auth/second-factor") => {
                json!({ "password": "wrong wrong wrong", "code": "123456" })
            }
            ("POST", "/api/users") => json!({ "username": "alice", "password": PASSWORD }),
            ("POST", "/api/channels") => json!({ "name": "new" }),
            ("POST", "/api/channels/{id}/members" | "/api/channels/direct") => json!({ "userId": self.member.id }),
            ("POST", "/api/users/search" | "/api/users/{id}/terminate-sessions") => json!({ "sessionIds": [] }),
            ("PUT", "/api/users/{id}/password") => json!({ "newPassword": "short" }),
            ("PUT", "/api/users/{id}" | "/api/users/{id}/notification-preferences") => json!({ "firstName": "Robert" }),
            ("PUT", "/api/presence") => json!({ "status": "busy" }),
            ("POST", "/api/invites/redeem") => json!({ "token": "no such token" }),
            ("PUT", "/api/channels/{id}") => json!({ "topic": "rounds" }),
            ("PUT", "/api/announcement") | ("POST", "/api/phi/check") => json!({ "text": "hello" }),
            ("PUT", "/api/settings/{name}" | "/api/admin/settings/{name}") => json!({ "value": true }),
            ("POST", "/api/roles") => json!({ "name": "night nurse", "permissions": [] }),
            ("PUT", "/api/roles/matrix") | ("POST", "/api/roles/matrix/preview") => json!({ "roles": {} }),
            ("PUT", "/api/roles/{id}") => json!({ "description": "At night." }),
            ("PUT", "/api/admin/logs/level") => json!({ "level": "loud" }),
            ("POST", "/api/blocks") => json!({ "network": "192.0.2.1" }),
            ("POST", "/api/messages/{id}/flag") => json!({ "reason": "spam" }),
            ("POST", "/api/messages/{id}/review") => json!({ "decision": "keep" }),
            ("PUT", "/api/channels/{id}/draft") => json!({ "text": "Dear" }),
            ("PUT", "/api/channels/{id}/message-lifetime") => json!({ "messageLifetimeSeconds": null }),
            ("POST", "/api/messages/scheduled") => {
                json!({ "channelId": self.channel, "text": "later", "sendAt": self.tomorrow })
            }
            ("POST", "/api/reminders") => {
                json!({ "channelId": self.channel, "text": "later", "remindAt": self.tomorrow })
            }
            ("POST", "/api/templates") => json!({ "name": "hello", "text": "Good morning" }),
            ("PUT", "/api/templates/{id}") => json!({ "text": "Good evening" }),
            ("POST", "/api/words") => json!({ "word": "gosh", "action": "flag" }),
            ("PUT", "/api/words/{id}") => json!({ "action": "flag" }),
            ("POST", "/api/messages/{id}/reactions") => json!({ "reaction": "+1" }),
            ("PUT", "/api/messages/{id}") => json!({ "text": "hello again" }),
            ("POST", "/api/api-keys") => json!({ "name": "lab", "permissions": ["messages.read"] }),
            ("PUT", "/api/api-keys/{id}") => json!({ "name": "lab" }),
            ("POST", "/api/channels/{id}/invites" | "/api/api-keys/{id}/rotate") => json!({}),
            ("PUT", "/api/backups/plan") => json!({ "everyHours": 0 }),
            ("POST", "/api/backups/folder-test") => json!({ "folder": "/nowhere/at/all" }),
            ("POST", "/api/exports") => json!({ "kind": "channel", "id": self.channel, "passphrase": PASSWORD }),
            ("PUT", _) => json!({ "role": "member" }),
            ("POST", "/api/messages/{id}/reveal") => json!({ "reason": "legal" }),
            ("POST", "/api/messages/search") => json!({ "q": "hello" }),
            ("POST", "/api/messages") => json!({ "channelId": self.channel, "text": "hello" }),
            _ => Value::Null,
        };
        let body = (!body.is_null()).then_some(&body);
        let asked = if method == "POST" { asked.split('?').next().unwrap().to_owned() } else { asked };
        let answer = person.ask(method, &asked, body).await;
        answer.status.to_string()
    }
}

async fn clinic_with_ward() -> (Clinic, Vec<(&'static str, Person)>, Ward) {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let (mona, adam) = (clinic.mona(&dora).await, clinic.adam(&dora).await);
    let owner = clinic.hire(&dora, "olga", "user").await;
    let channel = owner.channel("Ward 3", &[&bob]).await;
    let message = owner.say(&channel, "hello").await["id"].as_str().unwrap().to_owned();
    let doomed = owner.say(&channel, "goodbye").await["id"].as_str().unwrap().to_owned();
    let entry = dora.list("/api/audit").await[0]["id"].as_str().unwrap().to_owned();
    let tomorrow = clinic.clock.now().plus(std::time::Duration::from_hours(24)).to_string();
    let ward = Ward { channel, message, doomed, entry, member: bob, tomorrow, owner: owner.clone() };
    let people = vec![("user", alice), ("moderator", mona), ("admin", adam), ("super_admin", dora), ("owner", owner)];
    (clinic, people, ward)
}

/// Every role again, with a session of their own: signing out is a route like others.
async fn fresh(clinic: &Clinic, person: &Person) -> Person {
    clinic.sign_in(&person.name).await
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn every_route_answers_every_role_as_the_table_says() {
    let (clinic, people, ward) = clinic_with_ward().await;
    let expected: BTreeMap<&str, &str> = TABLE.lines().map(|line| line.split_once(": ").expect("a row")).collect();
    let mut wrong = String::new();
    let mut rows = 0;
    for route in ROUTES {
        let name = format!("{} {}", route.method, route.path);
        let Some(row) = expected.get(name.as_str()) else {
            let _ = writeln!(wrong, "{name}: is not in the table");
            continue;
        };
        rows += 1;
        let ends_sessions = name == "POST /api/auth/logout";
        let mut found = vec![ward.ask(route.method.as_str(), route.path, &clinic.visitor()).await];
        for (_, person) in &people {
            let person = if ends_sessions { &fresh(&clinic, person).await } else { person };
            found.push(ward.ask(route.method.as_str(), route.path, person).await);
        }
        let wanted: Vec<&str> = row.split(' ').collect();
        if found != wanted {
            let _ = writeln!(wrong, "{name}: {}   instead of   {row}", found.join(" "));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert_eq!(rows, expected.len(), "a row of the table is no route");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_has_ended_opens_nothing_that_is_closed() {
    let (clinic, people, ward) = clinic_with_ward().await;
    let dora = &people[3].1;
    let out = fresh(&clinic, dora).await;
    out.ask("POST", "/api/auth/logout", None).await.json_of(200);
    let expired = fresh(&clinic, dora).await;
    clinic.pass(24 * 60 * 60);
    let closed = || ROUTES.iter().filter(|route| route.access == Access::SignedIn);
    for route in closed() {
        for (person, code) in [(&out, "token_expired"), (&expired, "token_expired")] {
            let asked = ward.path(route.path).replace("{user}", NOWHERE);
            person.ask(route.method.as_str(), &asked, None).await.is_refusal(401, code);
        }
    }
    let out = clinic.sign_in("bob").await;
    out.ask("POST", "/api/auth/logout", None).await.json_of(200);
    for route in closed() {
        let asked = ward.path(route.path).replace("{user}", NOWHERE);
        out.ask(route.method.as_str(), &asked, None).await.is_refusal(401, "session_ended");
        clinic.visitor().ask(route.method.as_str(), &asked, None).await.is_refusal(401, "not_signed_in");
    }
}

/// What is hidden and what is not there may differ in nothing but the request's number.
#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn what_belongs_to_others_looks_like_what_is_not_there() {
    let (_clinic, people, ward) = clinic_with_ward().await;
    let alice = &people[0].1;
    let without_id = |mut problem: Value| {
        problem["requestId"] = json!("");
        problem
    };
    let post = |channel: &str| json!({ "channelId": channel, "text": "x" });
    let member = json!({ "userId": alice.id });
    let role = json!({ "role": "owner" });
    let text = json!({ "text": "x" });
    let reaction = json!({ "reaction": "x" });
    let (topic, link) = (json!({ "topic": "mine" }), json!({}));
    for (method, hidden, missing, body) in [
        ("GET", format!("/api/channels/{}", ward.channel), format!("/api/channels/{NOWHERE}"), None),
        ("GET", format!("/api/channels/{}/members", ward.channel), format!("/api/channels/{NOWHERE}/members"), None),
        ("PUT", format!("/api/channels/{}", ward.channel), format!("/api/channels/{NOWHERE}"), Some(&topic)),
        ("DELETE", format!("/api/channels/{}", ward.channel), format!("/api/channels/{NOWHERE}"), None),
        ("POST", format!("/api/channels/{}/join", ward.channel), format!("/api/channels/{NOWHERE}/join"), None),
        ("GET", format!("/api/channels/{}/bans", ward.channel), format!("/api/channels/{NOWHERE}/bans"), None),
        (
            "PUT",
            format!("/api/channels/{}/mutes/{}", ward.channel, ward.member.id),
            format!("/api/channels/{NOWHERE}/mutes/{}", ward.member.id),
            None,
        ),
        (
            "POST",
            format!("/api/channels/{}/invites", ward.channel),
            format!("/api/channels/{NOWHERE}/invites"),
            Some(&link),
        ),
        (
            "POST",
            format!("/api/channels/{}/members", ward.channel),
            format!("/api/channels/{NOWHERE}/members"),
            Some(&member),
        ),
        (
            "PUT",
            format!("/api/channels/{}/members/{}", ward.channel, alice.id),
            format!("/api/channels/{NOWHERE}/members/{}", alice.id),
            Some(&role),
        ),
        (
            "DELETE",
            format!("/api/channels/{}/members/{}", ward.channel, alice.id),
            format!("/api/channels/{NOWHERE}/members/{}", alice.id),
            None,
        ),
        (
            "GET",
            format!("/api/messages?channelId={}", ward.channel),
            format!("/api/messages?channelId={NOWHERE}"),
            None,
        ),
        ("GET", format!("/api/messages/{}", ward.message), format!("/api/messages/{NOWHERE}"), None),
        ("PUT", format!("/api/messages/{}", ward.message), format!("/api/messages/{NOWHERE}"), Some(&text)),
        ("DELETE", format!("/api/messages/{}", ward.message), format!("/api/messages/{NOWHERE}"), None),
        ("GET", format!("/api/messages/{}/history", ward.message), format!("/api/messages/{NOWHERE}/history"), None),
        (
            "POST",
            format!("/api/messages/{}/reactions", ward.message),
            format!("/api/messages/{NOWHERE}/reactions"),
            Some(&reaction),
        ),
        (
            "DELETE",
            format!("/api/messages/{}/reactions/x", ward.message),
            format!("/api/messages/{NOWHERE}/reactions/x"),
            None,
        ),
        ("POST", format!("/api/messages/{}/read", ward.message), format!("/api/messages/{NOWHERE}/read"), None),
        ("GET", format!("/api/messages/{}/receipts", ward.message), format!("/api/messages/{NOWHERE}/receipts"), None),
    ] {
        let (hidden_answer, missing_answer) =
            (alice.ask(method, &hidden, body).await, alice.ask(method, &missing, body).await);
        hidden_answer.is_refusal(404, "not_found");
        missing_answer.is_refusal(404, "not_found");
        assert_eq!(
            without_id(hidden_answer.json().unwrap()),
            without_id(missing_answer.json().unwrap()),
            "{method} {hidden}"
        );
        let names = |headers: &[(String, String)]| headers.iter().map(|(n, _)| n.clone()).collect::<Vec<_>>();
        assert_eq!(names(&hidden_answer.headers), names(&missing_answer.headers), "{method} {hidden}");
    }
    let hidden = alice.post("/api/messages", &post(&ward.channel)).await;
    let missing = alice.post("/api/messages", &post(NOWHERE)).await;
    assert_eq!(without_id(hidden.json_of(404)), without_id(missing.json_of(404)));
    assert!(!alice.list("/api/channels").await.iter().any(|c| c["id"] == ward.channel));
    assert!(alice.list("/api/messages").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gives_a_role_above_their_own() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, mona, adam) = (clinic.alice(&dora).await, clinic.mona(&dora).await, clinic.adam(&dora).await);
    let user = |name: &str, role: &str| json!({ "username": name, "password": PASSWORD, "role": role });
    adam.post("/api/users", &user("u1", "super_admin")).await.is_refusal(403, "role_above_own");
    for (n, role) in ["user", "moderator", "admin"].into_iter().enumerate() {
        adam.post("/api/users", &user(&format!("made{n}"), role)).await.json_of(201);
    }
    for person in [&alice, &mona] {
        person.post("/api/users", &user("u2", "user")).await.is_refusal(403, "not_allowed");
    }
    dora.post("/api/users", &user("u3", "super_admin")).await.json_of(201);
    let names: Vec<String> =
        dora.list("/api/users").await.iter().map(|u| u["username"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["adam", "alice", "dora", "made0", "made1", "made2", "mona", "u3"]);
    let refused = dora.list("/api/audit?action=access.refused").await;
    assert_eq!(refused.len(), 3);
    assert_eq!(refused[2]["details"], json!({ "deed": "users.create", "code": "role_above_own" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_channel_a_standing_counts_and_is_not_taken_by_oneself() {
    let (clinic, people, ward) = clinic_with_ward().await;
    let [alice, mona, adam, _, owner] = people.iter().map(|(_, p)| p).collect::<Vec<_>>().try_into().unwrap();
    let bob = &ward.member;
    let members = format!("/api/channels/{}/members", ward.channel);
    let of = |person: &Person| format!("{members}/{}", person.id);
    let role = |name: &str| json!({ "role": name });
    bob.put(&of(bob), &role("owner")).await.is_refusal(403, "not_a_moderator");
    bob.post(&members, &json!({ "userId": alice.id })).await.is_refusal(403, "not_a_moderator");
    bob.delete(&of(owner)).await.is_refusal(403, "not_a_moderator");

    owner.put(&of(bob), &role("moderator")).await.json_of(200);
    bob.put(&of(bob), &role("owner")).await.is_refusal(403, "not_an_owner");
    bob.post(&members, &json!({ "userId": alice.id, "role": "owner" })).await.is_refusal(403, "not_an_owner");
    bob.put(&of(owner), &role("readonly")).await.is_refusal(403, "owner_stays");
    bob.delete(&of(owner)).await.is_refusal(403, "owner_stays");
    bob.post(&members, &json!({ "userId": alice.id, "role": "readonly" })).await.json_of(201);

    let post = json!({ "channelId": ward.channel, "text": "x" });
    alice.post("/api/messages", &post).await.is_refusal(403, "read_only");
    let mut socket = alice.listening(&ward.channel).await;
    assert_eq!(socket.try_send(&ward.channel, "x").await["code"], "read_only");
    assert_eq!(alice.page(&ward.channel).await.len(), 2);
    alice.put(&of(alice), &role("member")).await.is_refusal(403, "not_a_moderator");

    // Those who manage channels reach into it, and become nobody's owner by it.
    mona.put(&of(mona), &role("owner")).await.is_refusal(403, "not_an_owner");
    adam.post(&members, &json!({ "userId": adam.id, "role": "owner" })).await.is_refusal(403, "not_an_owner");
    assert_eq!(owner.get(&members).await.json_of(200).as_array().unwrap().len(), 3);
    alice.delete(&of(alice)).await.json_of(200);
    clinic.visitor().get(&members).await.is_refusal(401, "not_signed_in");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_must_choose_a_password_can_do_that_and_nothing_else() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let body = json!({ "username": "newt", "password": PASSWORD, "role": "admin", "forcePasswordChange": true });
    let made = dora.post("/api/users", &body).await.json_of(201);
    assert_eq!(made["forcePasswordChange"], true);
    let newt = clinic.sign_in("newt").await;
    let channel = dora.make_channel("Notices", false, &[]).await;
    let own = format!("/api/users/{}", newt.id);
    for path in ["/api/users", "/api/channels", "/api/messages", "/api/audit", &own] {
        newt.get(path).await.is_refusal(403, "password_change_required");
    }
    newt.post("/api/channels", &json!({ "name": "x" })).await.is_refusal(403, "password_change_required");
    let mut socket = Socket::open(&clinic.line()).await;
    socket.authenticate(newt.token.as_deref().unwrap()).await;
    assert_eq!(socket.try_join(&channel, None).await["code"], "password_change_required");
    assert_eq!(socket.try_send(&channel, "x").await["code"], "password_change_required");

    let refreshed = newt.ask("POST", "/api/auth/refresh-token", None).await.json_of(200);
    let newt = newt.as_signed_in("newt", &refreshed);
    let change = |current: &str, new: &str| json!({ "currentPassword": current, "newPassword": new });
    newt.post("/api/auth/change-password", &change("wrong", "a fresh long sentence"))
        .await
        .is_refusal(400, "invalid_field");
    newt.post("/api/auth/change-password", &change(PASSWORD, "short")).await.is_refusal(400, "invalid_field");
    newt.post("/api/auth/change-password", &change(PASSWORD, "a fresh long sentence")).await.json_of(200);
    assert_eq!(newt.get(&own).await.json_of(200)["forcePasswordChange"], false);
    newt.get("/api/audit").await.json_of(200);
    assert_eq!(socket.try_join(&channel, None).await["type"], "ack", "the same sign-in goes on");
    newt.ask("POST", "/api/auth/logout", None).await.json_of(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_made_up_password_the_first_administrator_has_to_choose_one() {
    let clinic = Clinic::with(|config| config.initial_admin.password = None).await;
    let file = clinic.data_dir().join("initial-admin-password.txt");
    let password = std::fs::read_to_string(&file).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let dora = Person::sign_in(clinic.line(), "dora", password.trim()).await;
    dora.get("/api/users").await.is_refusal(403, "password_change_required");
}
