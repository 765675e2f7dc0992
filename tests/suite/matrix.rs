//! Every type of WebSocket message × everybody who could send it, against a table that is written down here.
//!
//! The types come from the server's own list, so a new one without its rows fails. Each is tried in a private and in
//! a public channel, on a message of a plain member; what is asked of a message is tried on one's own as well.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mcp_messenger::wire::frames::ORDERS;
use serde_json::{Value, json};

use crate::fixture::{Clinic, Ended, Person, Socket};

/// Who tries: four roles from outside, standings inside, somebody banned, and a device that was signed out meanwhile.
/// Before them a connection that never said who it is.
const COLUMNS: &str = "visitor user moderator admin super_admin owner moderates member readonly muted banned ended";

/// `ack`, `pong`, the code of an `error`, or the close code of a connection. Whoever adds a type adds its rows.
const TABLE: &str = "\
authenticate private: token_invalid already_authenticated already_authenticated already_authenticated already_authenticated already_authenticated already_authenticated already_authenticated already_authenticated already_authenticated already_authenticated 4002
authenticate public: token_invalid already_authenticated already_authenticated already_authenticated already_authenticated already_authenticated already_authenticated already_authenticated already_authenticated already_authenticated already_authenticated 4002
join_channel private: not_signed_in not_found not_found not_found not_found ack ack ack ack ack not_found 4002
join_channel public: not_signed_in ack ack ack ack ack ack ack ack ack banned 4002
leave_channel private: not_signed_in ack ack ack ack ack ack ack ack ack ack 4002
leave_channel public: not_signed_in ack ack ack ack ack ack ack ack ack ack 4002
send_message private: not_signed_in not_found not_found not_found not_found ack ack ack read_only muted not_found 4002
send_message public: not_signed_in not_a_member not_a_member not_a_member not_a_member ack ack ack read_only muted not_a_member 4002
typing_indicator private: not_signed_in not_found not_found not_found not_found ack ack ack read_only muted not_found 4002
typing_indicator public: not_signed_in not_a_member not_a_member not_a_member not_a_member ack ack ack read_only muted not_a_member 4002
watch_presence private: not_signed_in not_found not_found not_found not_found ack ack ack ack ack not_found 4002
watch_presence public: not_signed_in not_a_member not_a_member not_a_member not_a_member ack ack ack ack ack not_a_member 4002
watch_metrics private: not_signed_in not_allowed not_allowed ack ack not_allowed not_allowed not_allowed not_allowed not_allowed not_allowed 4002
watch_metrics public: not_signed_in not_allowed not_allowed ack ack not_allowed not_allowed not_allowed not_allowed not_allowed not_allowed 4002
watch_log private: not_signed_in not_allowed not_allowed ack ack not_allowed not_allowed not_allowed not_allowed not_allowed not_allowed 4002
watch_log public: not_signed_in not_allowed not_allowed ack ack not_allowed not_allowed not_allowed not_allowed not_allowed not_allowed 4002
set_presence private: not_signed_in ack ack ack ack ack ack ack ack ack ack 4002
set_presence public: not_signed_in ack ack ack ack ack ack ack ack ack ack 4002
edit_message private: not_signed_in not_found not_found not_found not_found not_the_sender not_the_sender ack not_the_sender not_the_sender not_found 4002
edit_message public: not_signed_in not_found not_found not_found not_found not_the_sender not_the_sender ack not_the_sender not_the_sender not_found 4002
edit_message private own: not_signed_in not_found not_found not_found not_found ack ack ack read_only muted not_found 4002
delete_message private: not_signed_in not_found ack ack ack ack ack ack not_the_sender not_the_sender not_found 4002
delete_message public: not_signed_in not_found ack ack ack ack ack ack not_the_sender not_the_sender not_found 4002
delete_message private own: not_signed_in not_found ack ack ack ack ack ack ack ack not_found 4002
add_reaction private: not_signed_in not_found not_found not_found not_found ack ack ack read_only muted not_found 4002
add_reaction public: not_signed_in not_found not_found not_found not_found ack ack ack read_only muted not_found 4002
remove_reaction private: not_signed_in not_found not_found not_found not_found ack ack ack not_found not_found not_found 4002
remove_reaction public: not_signed_in not_found not_found not_found not_found ack ack ack not_found not_found not_found 4002
pin_message private: not_signed_in not_found ack ack ack ack ack not_a_moderator not_a_moderator not_a_moderator not_found 4002
pin_message public: not_signed_in not_a_moderator ack ack ack ack ack not_a_moderator not_a_moderator not_a_moderator not_a_moderator 4002
pin_message private own: not_signed_in not_found ack ack ack ack ack not_a_moderator not_a_moderator not_a_moderator not_found 4002
unpin_message private: not_signed_in not_found ack ack ack ack ack not_a_moderator not_a_moderator not_a_moderator not_found 4002
unpin_message public: not_signed_in not_a_moderator ack ack ack ack ack not_a_moderator not_a_moderator not_a_moderator not_a_moderator 4002
unpin_message private own: not_signed_in not_found ack ack ack ack ack not_a_moderator not_a_moderator not_a_moderator not_found 4002
read_receipt private: not_signed_in not_found not_found not_found not_found ack ack ack ack ack not_found 4002
read_receipt public: not_signed_in not_found not_found not_found not_found ack ack ack ack ack not_found 4002
delivery_receipt private: not_signed_in not_found not_found not_found not_found ack ack ack ack ack not_found 4002
delivery_receipt public: not_signed_in not_found not_found not_found not_found ack ack ack ack ack not_found 4002
watch_metrics private: not_signed_in not_allowed not_allowed ack ack not_allowed not_allowed not_allowed not_allowed not_allowed not_allowed 4002
watch_metrics public: not_signed_in not_allowed not_allowed ack ack not_allowed not_allowed not_allowed not_allowed not_allowed not_allowed 4002
ping private: pong pong pong pong pong pong pong pong pong pong pong 4002
ping public: pong pong pong pong pong pong pong pong pong pong pong 4002
heartbeat private: pong pong pong pong pong pong pong pong pong pong pong 4002
heartbeat public: pong pong pong pong pong pong pong pong pong pong pong 4002
";

/// A channel with everybody in their place; made anew for every row.
struct Ward {
    channel: String,
    /// A message of each, from before they were muted or put out.
    own: BTreeMap<String, String>,
}

struct Cast {
    clinic: Clinic,
    people: Vec<(&'static str, Person, Socket)>,
}

impl Cast {
    async fn open() -> Self {
        let clinic = Clinic::with(|config| config.limits.sends_burst = 10_000).await;
        let dora = clinic.dora().await;
        let mut people = Vec::new();
        for (column, name, role) in [
            ("user", "uma", "user"),
            ("moderator", "mona", "moderator"),
            ("admin", "adam", "admin"),
            ("super_admin", "sue", "super_admin"),
            ("owner", "olga", "user"),
            ("moderates", "mick", "user"),
            ("member", "bob", "user"),
            ("readonly", "rita", "user"),
            ("muted", "max", "user"),
            ("banned", "ben", "user"),
        ] {
            let person = clinic.hire(&dora, name, role).await;
            let socket = person.socket().await;
            people.push((column, person, socket));
        }
        Self { clinic, people }
    }

    fn of(&self, column: &str) -> &Person {
        &self.people.iter().find(|(name, ..)| *name == column).expect("a column").1
    }

    async fn ward(&self, private: bool) -> Ward {
        let inside = ["moderates", "member", "readonly", "muted", "banned"];
        let owner = self.of("owner");
        let members: Vec<&Person> = inside.iter().map(|column| self.of(column)).collect();
        let channel = owner.make_channel("Ward 3", private, &members).await;
        let mut own = BTreeMap::new();
        for column in inside.iter().chain(&["owner"]) {
            let said = self.of(column).say(&channel, "hello").await;
            own.insert((*column).to_owned(), id(&said));
        }
        let path = |part: &str, column: &str| format!("/api/channels/{channel}/{part}/{}", self.of(column).id);
        for (column, role) in [("moderates", "moderator"), ("readonly", "readonly")] {
            owner.put(&path("members", column), &json!({ "role": role })).await.json_of(200);
        }
        owner.put(&path("mutes", "muted"), &json!({})).await.json_of(200);
        owner.put(&path("bans", "banned"), &json!({})).await.json_of(200);
        Ward { channel, own }
    }
}

fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

/// One cell: what `kind` is answered when `person` sends it.
struct Try<'a> {
    kind: &'a str,
    channel: &'a str,
    message: &'a str,
    token: &'a str,
}

impl Try<'_> {
    fn frame(&self) -> Value {
        let mut frame = match self.kind {
            "authenticate" => json!({ "token": self.token }),
            "join_channel" | "leave_channel" | "typing_indicator" | "watch_presence" => {
                json!({ "channelId": self.channel })
            }
            "send_message" => json!({ "channelId": self.channel, "text": "hello" }),
            "set_presence" => json!({ "status": "busy" }),
            "edit_message" => json!({ "messageId": self.message, "text": "hello again" }),
            "delete_message" | "pin_message" | "unpin_message" => json!({ "messageId": self.message }),
            "add_reaction" | "remove_reaction" => json!({ "messageId": self.message, "reaction": "+1" }),
            "read_receipt" | "delivery_receipt" => json!({ "channelId": self.channel, "messageId": self.message }),
            "watch_metrics" => json!({ "watching": true }),
            "watch_log" => json!({ "log": "system" }),
            "ping" | "heartbeat" => json!({}),
            other => panic!("say here what a {other} looks like"),
        };
        frame["type"] = json!(self.kind);
        frame
    }

    /// What has to be there before it can be taken away.
    async fn prepare(&self, owner: &Person, person: &Person) {
        let path = |part: &str| format!("/api/messages/{}/{part}", self.message);
        match self.kind {
            "unpin_message" => drop(owner.ask("PUT", &path("pin"), None).await),
            // Whoever may not react has nothing to take back, and is told the same.
            "remove_reaction" => drop(person.post(&path("reactions"), &json!({ "reaction": "+1" })).await),
            _ => {}
        }
    }

    async fn by(&self, socket: &mut Socket) -> String {
        let mut frame = self.frame();
        let request = socket.request_id();
        frame["requestId"] = json!(request);
        socket.say(&frame).await;
        let answer = socket
            .hear_where("an answer", |heard| {
                let kind = heard["type"].as_str().unwrap_or_default();
                heard["requestId"] == request || kind == "pong" || kind == "authentication_response"
            })
            .await;
        match answer["type"].as_str().unwrap() {
            "error" | "authentication_response" => answer["code"].as_str().unwrap_or("welcome").to_owned(),
            kind => kind.to_owned(),
        }
    }
}

async fn row(cast: &mut Cast, kind: &str, place: &str, own: bool) -> String {
    let ward = cast.ward(place == "private").await;
    let line = cast.clinic.line();
    let (owner, member) = (cast.of("owner").clone(), cast.of("member").clone());
    let mut cells = Vec::new();
    for column in COLUMNS.split(' ') {
        let message = match ward.own.get(column) {
            Some(message) if own => message.clone(),
            _ => id(&member.say(&ward.channel, "hello").await),
        };
        let known = cast.people.iter_mut().find(|(name, ..)| *name == column);
        let tried = |token| Try { kind, channel: &ward.channel, message: &message, token };
        cells.push(match (column, known) {
            ("visitor", _) => {
                let mut socket = Socket::open(&line).await;
                tried("nonsense").by(&mut socket).await
            }
            ("ended", _) => {
                let person = Person::sign_in(line.clone(), "bob", crate::fixture::PASSWORD).await;
                let mut socket = person.socket().await;
                person.ask("POST", "/api/auth/logout", None).await.json_of(200);
                let frame = tried(person.token.as_deref().unwrap()).frame();
                socket.try_say(tokio_tungstenite::tungstenite::Message::Text(frame.to_string().into())).await;
                match socket.end().await {
                    Ended::Closed(code) => code.to_string(),
                    Ended::Cut => "cut".to_owned(),
                }
            }
            (_, Some((_, person, socket))) => {
                let tried = tried(person.token.as_deref().unwrap());
                tried.prepare(&owner, person).await;
                tried.by(socket).await
            }
            (other, None) => panic!("nobody is {other}"),
        });
        // What was heard along the way is not what is tested.
        for (_, _, socket) in &mut cast.people {
            socket.kept();
        }
    }
    cells.join(" ")
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn every_type_of_message_is_answered_to_everybody_as_the_table_says() {
    let mut cast = Cast::open().await;
    let expected: BTreeMap<&str, &str> = TABLE.lines().map(|line| line.split_once(": ").expect("a row")).collect();
    let (mut wrong, mut rows) = (String::new(), 0);
    for kind in ORDERS {
        let of_a_message = ["edit_message", "delete_message", "pin_message", "unpin_message"].contains(kind);
        for (place, own) in [("private", false), ("public", false), ("private", true)] {
            if own && !of_a_message {
                continue;
            }
            // Nobody is to be too fast.
            cast.clinic.pass(11);
            let name = format!("{kind} {place}{}", if own { " own" } else { "" });
            let found = row(&mut cast, kind, place, own).await;
            rows += 1;
            if expected.get(name.as_str()) != Some(&found.as_str()) {
                let _ = writeln!(wrong, "{name}: {found}");
            }
        }
    }
    assert!(wrong.is_empty(), "{COLUMNS}; these rows are not in the table:\n{wrong}");
    assert_eq!(rows, expected.len(), "a row of the table is no type of message");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_speaks_as_somebody_else_and_older_clients_are_understood() {
    let clinic = Clinic::open().await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let channel = alice.channel("Ward 3", &[&bob]).await;
    let message = alice.say(&channel, "hello").await;
    let mut hers = alice.socket().await;
    for kind in ORDERS {
        let tried = Try { kind, channel: &channel, message: message["id"].as_str().unwrap(), token: "" };
        for field in ["userId", "senderId", "createdBy"] {
            let mut frame = tried.frame();
            frame[field] = json!(bob.id);
            let refused = hers.ask(frame).await;
            assert_eq!((&refused["type"], &refused["code"]), (&json!("error"), &json!("invalid_field")), "{kind}");
            assert!(refused["message"].as_str().unwrap().contains(field), "{kind}: {refused}");
        }
        for field in ["id", "seq", "rev", "deleted", "deletedBy", "editedAt", "role"] {
            let mut frame = tried.frame();
            frame[field] = json!("owner");
            let refused = hers.ask(frame).await;
            assert_eq!(refused["code"], "invalid_field", "{kind} {field}");
            assert!(!refused["message"].as_str().unwrap().contains("owner"), "what was sent is not repeated");
        }
        // Too many frames that cannot be understood within a short time are abuse.
        clinic.pass(11);
    }
    assert_eq!(bob.page(&channel).await.len(), 1, "nothing was sent, changed or deleted");
    assert_eq!(bob.page(&channel).await[0]["text"], "hello");

    // What older clients are documented to send, with what they are known to send along.
    for frame in [
        json!({ "type": "join_channel", "channelId": channel, "userId": alice.id, "username": "alice" }),
        json!({
            "type": "send_message", "channelId": channel, "text": "as before", "containsPHI": false,
            "senderId": alice.id, "sender": "bob", "timestamp": "2020-01-01T00:00:00Z", "clientVersion": 3,
        }),
        json!({ "type": "typing_indicator", "channelId": channel, "userId": null, "isTyping": true }),
        json!({ "type": "leave_channel", "channelId": channel, "reason": "closed" }),
    ] {
        assert_eq!(hers.ask(frame.clone()).await["type"], "ack", "{frame}");
    }
    let newest = bob.page(&channel).await[0].clone();
    assert_eq!(
        (&newest["text"], &newest["sender"], &newest["senderId"]),
        (&json!("as before"), &json!("alice"), &json!(alice.id))
    );
    assert_ne!(newest["timestamp"], "2020-01-01T00:00:00.000Z");
}
