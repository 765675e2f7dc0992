//! WebSocket messages, by the names of the contract: what clients ask stands in `orders`, what they are told here.

mod orders;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

pub use orders::{
    CLIENT_ID_CHARS_MAX, Incoming, ORDERS, OnMessage, Order, ReceiptOrder, Unreadable, order_asked, parse,
};

use super::logs::LogLine;
use super::messages::Message;
use super::metrics::MetricsNow;
use super::phi::PhiHint;
use super::presence::Presence;
use super::problem::told;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::id::{ChannelId, MessageId, UserId};

/// Bytes that most frames need.
const ENCODED_BYTES: usize = 512;

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
    /// Lines that were added to a log, to those who asked by `watch_log`.
    Log {
        /// Which.
        log: &'static str,
        /// The lines, oldest first.
        data: &'a [LogLine],
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
