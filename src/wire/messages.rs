//! Messages, the same in REST answers and in frames.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::fields::{Body, Change, Fields};
use crate::clock::Timestamp;
use crate::id::{ChannelId, MessageId, UserId};

/// A message as clients see it.
// It has no `Debug`: the text must not reach a log.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a field that clients see")]
pub struct Message {
    /// The message's id.
    pub id: MessageId,
    /// Where it was posted.
    pub channel_id: ChannelId,
    /// Who posted it.
    pub sender_id: UserId,
    /// The sender's name.
    pub sender: String,
    /// Null when it was deleted, or when the reader may not see patient details.
    pub text: Option<String>,
    /// Marked as patient details.
    #[serde(rename = "containsPHI")]
    pub contains_phi: bool,
    /// True when the text is withheld from this reader.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
    /// When the server took it.
    pub timestamp: Timestamp,
    /// When it was last edited.
    pub edited_at: Option<Timestamp>,
    /// Whether it was deleted.
    pub deleted: bool,
    /// When; only on a message that was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// By whom; only on a message that was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_by: Option<UserId>,
    /// Its place in the channel: 1, 2, 3 … without gaps.
    pub seq: i64,
    /// Its place among all changes of all messages; grows with every change.
    pub rev: i64,
    /// The text as safe HTML; only where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// Free-form, by the client.
    #[schemars(with = "Option<serde_json::Map<String, Value>>")]
    pub metadata: Option<Value>,
    /// When it erases itself, if it does.
    pub expires_at: Option<Timestamp>,
    /// Whom it mentions.
    pub mentions: Vec<Mention>,
    /// Who reacted how, in the order of the characters.
    pub reactions: Vec<Reaction>,
    /// The message with which its thread begins, if it is a reply.
    pub reply_to: Option<MessageId>,
    /// How many replies it has.
    pub replies: i32,
    /// Whether it is pinned in its channel.
    pub pinned: bool,
}

/// All who reacted to a message in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reaction {
    /// How: mostly an emoji.
    pub reaction: String,
    /// How many.
    pub count: usize,
    /// Who, in the order of the ids.
    pub user_ids: Vec<UserId>,
}

/// `POST /api/messages/:id/reactions`.
pub struct NewReaction {
    /// 1–20 characters that can be seen.
    pub reaction: String,
}

impl Body for NewReaction {
    const REFUSED: &'static [&'static str] = &["id", "messageId", "userId", "createdAt"];
    fn read(fields: &mut Fields) -> Self {
        Self { reaction: fields.text("reaction") }
    }
}

/// Who has received and read a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// Who.
    pub user_id: UserId,
    /// The person's name.
    pub username: String,
    /// When at the latest a device had received it.
    pub delivered_at: Option<Timestamp>,
    /// When at the latest it had been read.
    pub read_at: Option<Timestamp>,
}

/// Somebody whom a message mentions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Mention {
    /// `user`, `role`, `here` or `moderators`.
    pub kind: &'static str,
    /// Of a user.
    pub user_id: Option<UserId>,
    /// Of a user or role.
    pub name: Option<String>,
}

/// What a post needs, by REST or by WebSocket.
///
/// It has no `Debug`: the text must not reach a log.
pub struct NewMessage {
    /// Where to.
    pub channel: ChannelId,
    /// What.
    pub text: Zeroizing<String>,
    /// Marked as patient details.
    pub contains_phi: bool,
    /// Makes sending again harmless: the same sender and id give the first answer.
    pub client_message_id: Option<String>,
    /// Free-form.
    pub metadata: Option<Value>,
    /// After how many seconds it erases itself.
    pub expires_in_seconds: Option<i64>,
    /// Which message it answers, in the same channel.
    pub reply_to: Option<MessageId>,
    /// Whether a text that begins with a slash has to be a command (true), is none (false), or may be one.
    pub command: Option<bool>,
}

impl Body for NewMessage {
    const REFUSED: &'static [&'static str] = &["id", "senderId", "sender", "timestamp", "seq", "rev", "deleted"];
    fn read(fields: &mut Fields) -> Self {
        Self {
            channel: fields.id("channelId"),
            text: Zeroizing::new(fields.text("text")),
            contains_phi: fields.flag("containsPHI", false),
            client_message_id: fields.optional_text("clientMessageId"),
            metadata: fields.optional_object("metadata"),
            reply_to: fields.optional_id("replyTo"),
            expires_in_seconds: fields.optional_number("expiresInSeconds"),
            command: fields.changed_flag("command"),
        }
    }
}

/// `PUT /api/messages/:id` and `edit_message`: what is to be changed.
///
/// It has no `Debug`: the text must not reach a log.
pub struct MessageEdit {
    /// The new text.
    pub text: Option<Zeroizing<String>>,
    /// The new mark.
    pub contains_phi: Option<bool>,
    /// The new metadata.
    pub metadata: Change<Value>,
}

impl Body for MessageEdit {
    const REFUSED: &'static [&'static str] = &[
        "id",
        "channelId",
        "senderId",
        "sender",
        "timestamp",
        "editedAt",
        "deleted",
        "deletedAt",
        "deletedBy",
        "seq",
        "rev",
        "reactions",
        "replyTo",
        "replies",
        "pinned",
        "clientMessageId",
    ];
    fn read(fields: &mut Fields) -> Self {
        Self {
            text: fields.given_text("text").map(Zeroizing::new),
            contains_phi: fields.changed_flag("containsPHI"),
            metadata: fields.changed_object("metadata"),
        }
    }
}

/// What a message said before it was edited.
///
/// It has no `Debug`: the text must not reach a log.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// Of which message.
    pub message_id: MessageId,
    /// Null when the reader may not see patient details.
    pub text: Option<String>,
    /// Whether it was marked as patient details then.
    #[serde(rename = "containsPHI")]
    pub contains_phi: bool,
    /// True when the text is withheld from this reader.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
    /// As it was then.
    pub metadata: Option<Value>,
    /// The last change before it was replaced.
    pub rev: i64,
    /// When it was replaced.
    pub replaced_at: Timestamp,
    /// By whom.
    pub replaced_by: UserId,
}

/// Why patient details are to be revealed, as one of the words of the protocol.
#[derive(Debug)]
pub struct Reveal {
    /// The word.
    pub reason: String,
}

impl Body for Reveal {
    const REFUSED: &'static [&'static str] = &["id", "userId", "messageId"];
    fn read(fields: &mut Fields) -> Self {
        Self { reason: fields.text("reason") }
    }
}
