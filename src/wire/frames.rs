//! WebSocket messages, by the names of the contract.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::fields::{Asked, Body, Fields, json_object};
use super::messages::{Message, MessageEdit, NewMessage};
use super::metrics::MetricsNow;
use super::phi::PhiHint;
use super::presence::{Presence, PresenceChange};
use super::problem::told;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::{ChannelId, MessageId, UserId};

/// Bytes that most frames need.
const ENCODED_BYTES: usize = 512;
/// Characters that a `requestId` or `clientMessageId` may have.
pub const CLIENT_ID_CHARS_MAX: usize = 100;

/// A message from a client, with the id under which it wants to hear the outcome.
pub struct Incoming {
    /// Echoed in the `ack` or `error`.
    pub request_id: Option<String>,
    /// What is asked.
    pub order: Order,
    /// Who the client says is asking, and in which field. It is never believed: what is not oneself is refused.
    pub claims: Vec<(&'static str, UserId)>,
}

/// What a client can ask over a socket.
pub enum Order {
    /// `authenticate`.
    Authenticate {
        /// The bearer token; none where the handshake brought the cookie.
        token: Option<String>,
    },
    /// `join_channel`.
    Join {
        /// Which channel.
        channel: ChannelId,
        /// Replay what changed after this `rev`.
        since: Option<i64>,
        /// Where the channel asks for one.
        password: Option<Zeroizing<String>>,
    },
    /// `leave_channel`.
    Leave {
        /// Which channel.
        channel: ChannelId,
    },
    /// `send_message`.
    Send(NewMessage),
    /// `typing_indicator`.
    Typing {
        /// Where.
        channel: ChannelId,
        /// False when it has stopped.
        typing: bool,
    },
    /// `watch_presence`.
    WatchPresence {
        /// Whose members.
        channel: ChannelId,
    },
    /// `watch_metrics`.
    WatchMetrics {
        /// False to hear no more.
        watching: bool,
    },
    /// `set_presence`.
    SetPresence(PresenceChange),
    /// What is asked of one message.
    OnMessage(OnMessage),
    /// What was received or read.
    Receipt(ReceiptOrder),
    /// `ping` or `heartbeat`.
    Ping,
}

/// What a client can ask of a message that is there.
pub enum OnMessage {
    /// `edit_message`.
    Edit {
        /// Which message.
        message: MessageId,
        /// What is to be changed.
        edit: MessageEdit,
    },
    /// `delete_message`.
    Delete {
        /// Which message.
        message: MessageId,
    },
    /// `add_reaction`.
    React {
        /// To which message.
        message: MessageId,
        /// How.
        reaction: String,
    },
    /// `remove_reaction`.
    Unreact {
        /// From which message.
        message: MessageId,
        /// Which.
        reaction: String,
    },
    /// `pin_message`.
    Pin {
        /// Which message.
        message: MessageId,
    },
    /// `unpin_message`.
    Unpin {
        /// Which message.
        message: MessageId,
    },
}

/// A receipt that a client sends: up to which message of a channel.
pub enum ReceiptOrder {
    /// `read_receipt`: a person has read.
    Read {
        /// In which channel.
        channel: ChannelId,
        /// Up to which message.
        message: MessageId,
    },
    /// `delivery_receipt`: a device has received.
    Delivered {
        /// In which channel.
        channel: ChannelId,
        /// Up to which message.
        message: MessageId,
    },
}

/// A frame that could not be read, with the `requestId` if that much was readable.
#[derive(Debug)]
pub struct Unreadable {
    /// Echoed in the `error`.
    pub request_id: Option<String>,
    /// What is wrong.
    pub error: Box<Error>,
}

/// Fields by which a client may say who it is; older ones send them along.
const CLAIMS: [&str; 3] = ["userId", "senderId", "createdBy"];
/// Fields that would matter and are the server's alone. Others that are unknown are ignored, as they always were.
const REFUSED: [&str; 7] = ["id", "seq", "rev", "deleted", "deletedBy", "editedAt", "role"];

/// Reads one text frame.
pub fn parse(text: &str, depth_max: usize) -> std::result::Result<Incoming, Unreadable> {
    let without_id = |error| Unreadable { request_id: None, error: Box::new(error) };
    let values = json_object(text.as_bytes(), depth_max).map_err(without_id)?;
    let mut fields = Fields::of(values);
    let request_id = fields.optional_text("requestId");
    if request_id.as_ref().is_some_and(|id| id.chars().count() > CLIENT_ID_CHARS_MAX) {
        return Err(without_id(Error::field("requestId", format!("has more than {CLIENT_ID_CHARS_MAX} characters"))));
    }
    let kind = fields.text("type");
    for name in REFUSED {
        fields.refuse(name);
    }
    let claims = CLAIMS.iter().filter_map(|name| Some((*name, fields.optional_id(name)?))).collect();
    match order(&kind, fields) {
        Ok(order) => Ok(Incoming { request_id, order, claims }),
        Err(error) => Err(Unreadable { request_id, error: Box::new(error) }),
    }
}

/// Makes of the list of messages both the reader and the list of their names, from which the schemas are made.
macro_rules! orders {
    (fn order($fields:ident) { $($($kind:literal)|+ => $order:expr,)* }) => {
        /// Every `type` that a client can send.
        pub const ORDERS: &[&str] = &[$($($kind),+),*];

        fn order(kind: &str, mut $fields: Fields) -> Result<Order> {
            let order = match kind {
                $($($kind)|+ => $order,)*
                "" => return $fields.finish().and(Err(Error::field("type", "is missing"))),
                _ => return Err(Error::invalid("unknown_type", "This server does not know that message type.")),
            };
            $fields.finish().map(|()| order)
        }

        /// The fields that the message of this `type` is read from.
        pub fn order_asked(kind: &str) -> Vec<Asked> {
            let mut $fields = Fields::describing();
            match kind {
                $($($kind)|+ => drop($order),)*
                _ => {}
            }
            $fields.into_asked()
        }
    };
}

orders! {
    fn order(fields) {
        "authenticate" => Order::Authenticate { token: fields.optional_text("token") },
        "join_channel" => Order::Join {
            channel: fields.id("channelId"),
            since: fields.optional_number("since"),
            password: fields.optional_text("password").map(Zeroizing::new),
        },
        "leave_channel" => Order::Leave { channel: fields.id("channelId") },
        "send_message" => Order::Send(NewMessage::read(&mut fields)),
        "typing_indicator" => Order::Typing { channel: fields.id("channelId"), typing: fields.flag("typing", true) },
        "watch_presence" => Order::WatchPresence { channel: fields.id("channelId") },
        "watch_metrics" => Order::WatchMetrics { watching: fields.flag("watching", true) },
        "set_presence" => Order::SetPresence(PresenceChange::read(&mut fields)),
        "edit_message" => {
            Order::OnMessage(OnMessage::Edit { message: fields.id("messageId"), edit: MessageEdit::read(&mut fields) })
        },
        "delete_message" => Order::OnMessage(OnMessage::Delete { message: fields.id("messageId") }),
        "add_reaction" => {
            Order::OnMessage(OnMessage::React { message: fields.id("messageId"), reaction: fields.text("reaction") })
        },
        "remove_reaction" => {
            Order::OnMessage(OnMessage::Unreact { message: fields.id("messageId"), reaction: fields.text("reaction") })
        },
        "pin_message" => Order::OnMessage(OnMessage::Pin { message: fields.id("messageId") }),
        "unpin_message" => Order::OnMessage(OnMessage::Unpin { message: fields.id("messageId") }),
        "read_receipt" => {
            Order::Receipt(ReceiptOrder::Read { channel: fields.id("channelId"), message: fields.id("messageId") })
        },
        "delivery_receipt" => {
            Order::Receipt(ReceiptOrder::Delivered { channel: fields.id("channelId"), message: fields.id("messageId") })
        },
        "ping" | "heartbeat" => Order::Ping,
    }
}

/// A message to a client.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Frame<'a> {
    /// The answer to `authenticate`.
    AuthenticationResponse {
        /// Whether the socket may go on.
        success: bool,
        /// Who is signed in; null when nobody is.
        user: Option<Person<'a>>,
        /// Why not.
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<&'static str>,
    },
    /// A message was posted.
    NewMessage {
        /// The message.
        data: &'a Message,
    },
    /// A message was edited.
    MessageUpdated {
        /// The message as it is now.
        data: &'a Message,
    },
    /// A message was deleted.
    MessageDeleted {
        /// Which.
        data: Deleted<'a>,
    },
    /// Somebody else types, or has stopped.
    #[serde(rename_all = "camelCase")]
    TypingIndicator {
        /// Where.
        channel_id: ChannelId,
        /// Who.
        user_id: UserId,
        /// Their name.
        username: &'a str,
        /// False when they have stopped.
        typing: bool,
    },
    /// Who of a watched channel is there, or what changed about it.
    #[serde(rename_all = "camelCase")]
    Presence {
        /// Which channel.
        channel_id: ChannelId,
        /// True of the first frame after `watch_presence`: whoever is not named is offline.
        whole: bool,
        /// Whose presence is how.
        users: Vec<Presence>,
    },
    /// Somebody reacted to a message.
    ReactionAdded {
        /// To which, who and how.
        data: Reacted<'a>,
    },
    /// Somebody took a reaction back.
    ReactionRemoved {
        /// From which, who and what.
        data: Reacted<'a>,
    },
    /// A message has another number of replies.
    ThreadUpdated {
        /// Which, and how many.
        data: Thread,
    },
    /// A message was pinned.
    MessagePinned {
        /// Which, and by whom.
        data: Pinned,
    },
    /// A message is no longer pinned.
    MessageUnpinned {
        /// Which, and by whom.
        data: Pinned,
    },
    /// Somebody has read.
    #[serde(rename_all = "camelCase")]
    ReadReceipt {
        /// In which channel.
        channel_id: ChannelId,
        /// Up to which message.
        message_id: MessageId,
        /// Who.
        user_id: UserId,
        /// When.
        timestamp: Timestamp,
    },
    /// A device of somebody has received.
    #[serde(rename_all = "camelCase")]
    DeliveryReceipt {
        /// In which channel.
        channel_id: ChannelId,
        /// Up to which message.
        message_id: MessageId,
        /// Whose.
        user_id: UserId,
        /// When.
        timestamp: Timestamp,
    },
    /// The server's figures, every few seconds to those who asked by `watch_metrics`.
    Metrics {
        /// The figures.
        data: &'a MetricsNow,
    },
    /// The answer to `ping` and `heartbeat`.
    Pong {
        /// The server's time.
        timestamp: Timestamp,
    },
    /// What was asked is done; for a send: on disk.
    #[serde(rename_all = "camelCase")]
    Ack {
        /// As the client gave it.
        #[serde(skip_serializing_if = "Option::is_none")]
        request_id: Option<&'a str>,
        /// As the client gave it.
        #[serde(skip_serializing_if = "Option::is_none")]
        client_message_id: Option<&'a str>,
        /// Of a send or a change.
        #[serde(skip_serializing_if = "Option::is_none")]
        message_id: Option<MessageId>,
        /// Of a send.
        #[serde(skip_serializing_if = "Option::is_none")]
        seq: Option<i64>,
        /// Of a send: the message's; of a join: up to where the channel was replayed.
        #[serde(skip_serializing_if = "Option::is_none")]
        rev: Option<i64>,
        /// Of a send.
        #[serde(skip_serializing_if = "Option::is_none")]
        timestamp: Option<Timestamp>,
        /// Of a send that looks like patient details and was not marked.
        #[serde(flatten, skip_serializing_if = "Option::is_none")]
        phi: Option<PhiHint>,
    },
    /// What was asked is not done.
    #[serde(rename_all = "camelCase")]
    Error {
        /// The stable code, as in `docs/errors.md`.
        code: &'a str,
        /// A sentence for a person.
        message: &'a str,
        /// As the client gave it.
        request_id: Option<&'a str>,
    },
    /// Something that concerns this person; it says where to look and never what was written.
    Notification {
        /// What, by `kind`.
        #[schemars(with = "serde_json::Map<String, Value>")]
        data: Value,
    },
    /// Something happened that is no message.
    #[serde(rename_all = "camelCase")]
    SystemEvent {
        /// What.
        event_type: &'static str,
        /// Ids, counts and fixed words.
        #[schemars(with = "serde_json::Map<String, Value>")]
        data: Value,
    },
}

/// Who signed in, as the contract shows it.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct Person<'a> {
    /// The person's id.
    pub id: UserId,
    /// The person's name.
    pub username: &'a str,
    /// The role's name.
    pub role: &'a str,
}

/// How many replies a message has.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Thread {
    /// The message with which the thread begins.
    pub message_id: MessageId,
    /// Where.
    pub channel_id: ChannelId,
    /// Its place in the channel.
    pub seq: i64,
    /// Its new `rev`.
    pub rev: i64,
    /// How many replies it has.
    pub replies: i32,
}

/// A message that was pinned, or is no longer.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pinned {
    /// Which.
    pub message_id: MessageId,
    /// Where.
    pub channel_id: ChannelId,
    /// Its place in the channel.
    pub seq: i64,
    /// Its new `rev`.
    pub rev: i64,
    /// By whom.
    pub user_id: UserId,
}

/// One reaction that came or went.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reacted<'a> {
    /// To which message.
    pub message_id: MessageId,
    /// Where.
    pub channel_id: ChannelId,
    /// The message's place in the channel.
    pub seq: i64,
    /// The reaction's place among all changes: the message's new `rev`.
    pub rev: i64,
    /// Who.
    pub user_id: UserId,
    /// How.
    pub reaction: &'a str,
}

/// What remains of a deleted message: all that a fetch shows of it, so that a client needs not to have known it.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deleted<'a> {
    /// Which.
    pub message_id: MessageId,
    /// Without text and metadata.
    #[serde(flatten)]
    pub message: &'a Message,
}

impl<'a> Deleted<'a> {
    /// What remains of `message`.
    pub fn of(message: &'a Message) -> Self {
        Self { message_id: message.id, message }
    }
}

impl Frame<'_> {
    /// The frame as JSON text.
    pub fn encode(&self) -> String {
        let mut text = Vec::with_capacity(ENCODED_BYTES);
        // Serialising our own plain structs to memory cannot fail; an empty object is the harmless rest.
        match serde_json::to_writer(&mut text, self) {
            Ok(()) => String::from_utf8(text).unwrap_or_default(),
            Err(_) => String::from("{}"),
        }
    }
}

/// The plain `ack`: done.
pub fn acknowledged(request_id: &str) -> String {
    Frame::Ack {
        request_id: Some(request_id),
        client_message_id: None,
        message_id: None,
        seq: None,
        rev: None,
        timestamp: None,
        phi: None,
    }
    .encode()
}

/// The `error` frame for `error`.
pub fn error_frame(error: &Error, request_id: Option<&str>) -> String {
    Frame::Error { code: error.code(), message: told(error), request_id }.encode()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_send_is_read_with_the_contract_s_names() {
        let frame = r#"{"type":"send_message","channelId":"0190a0b0-0000-7000-8000-000000000001","text":"hi","containsPHI":true,"requestId":"r1"}"#;
        let incoming = parse(frame, 32).ok().unwrap();
        assert_eq!(incoming.request_id.as_deref(), Some("r1"));
        let Order::Send(message) = incoming.order else { panic!("a send") };
        assert_eq!((message.text.as_str(), message.contains_phi), ("hi", true));
    }

    #[test]
    fn what_cannot_be_read_keeps_its_request_id() {
        let unreadable = parse(r#"{"type":"send_message","requestId":"r2"}"#, 32).err().unwrap();
        assert_eq!(unreadable.request_id.as_deref(), Some("r2"));
        assert_eq!(unreadable.error.faults().len(), 2);
        assert_eq!(parse(r#"{"type":"dance"}"#, 32).err().unwrap().error.code(), "unknown_type");
        assert_eq!(parse("{}", 32).err().unwrap().error.code(), "invalid_field");
    }

    #[test]
    fn an_ack_has_only_what_applies() {
        let ack = Frame::Ack {
            request_id: Some("r"),
            client_message_id: None,
            message_id: None,
            seq: None,
            rev: Some(4),
            timestamp: None,
            phi: None,
        };
        assert_eq!(ack.encode(), r#"{"type":"ack","requestId":"r","rev":4}"#);
        let failed = Frame::AuthenticationResponse { success: false, user: None, code: Some("token_expired") };
        assert_eq!(
            failed.encode(),
            r#"{"type":"authentication_response","success":false,"user":null,"code":"token_expired"}"#
        );
    }
}
