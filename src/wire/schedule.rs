//! Messages that wait for their time, and reminders.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::fields::{Body, Change, Fields};
use super::messages::NewMessage;
use crate::clock::Timestamp;
use crate::id::{ChannelId, ReminderId, ScheduledId};

/// A message that waits. It has no `Debug`: the text must not reach a log.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Scheduled {
    /// Its id while it waits.
    pub id: ScheduledId,
    /// Where it will be posted.
    pub channel_id: ChannelId,
    /// What will be posted.
    pub text: String,
    /// Marked as patient details.
    #[serde(rename = "containsPHI")]
    pub contains_phi: bool,
    /// Free-form.
    #[schemars(with = "Option<serde_json::Map<String, Value>>")]
    pub metadata: Option<Value>,
    /// When.
    pub send_at: Timestamp,
    /// The code of why it could not be posted; null while it waits.
    pub failure: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// `POST /api/messages/scheduled`. It has no `Debug`: the text must not reach a log.
pub struct NewScheduled {
    /// What, as for a post.
    pub message: NewMessage,
    /// When.
    pub send_at: Timestamp,
}

impl Body for NewScheduled {
    const REFUSED: &'static [&'static str] =
        &["id", "senderId", "sender", "timestamp", "seq", "rev", "deleted", "failure", "createdAt", "clientMessageId"];
    fn read(fields: &mut Fields) -> Self {
        Self { message: NewMessage::read(fields), send_at: fields.time("sendAt") }
    }
}

/// `PUT /api/messages/scheduled/:id`: what is to be changed. It has no `Debug`: the text must not reach a log.
pub struct ScheduledChange {
    /// The new text.
    pub text: Option<Zeroizing<String>>,
    /// The new mark.
    pub contains_phi: Option<bool>,
    /// The new metadata; null takes it away.
    pub metadata: Change<Value>,
    /// The new time.
    pub send_at: Option<Timestamp>,
}

impl Body for ScheduledChange {
    const REFUSED: &'static [&'static str] = &["id", "channelId", "senderId", "failure", "createdAt", "updatedAt"];
    fn read(fields: &mut Fields) -> Self {
        Self {
            text: fields.given_text("text").map(Zeroizing::new),
            contains_phi: fields.changed_flag("containsPHI"),
            metadata: fields.changed_object("metadata"),
            send_at: fields.optional_time("sendAt"),
        }
    }
}

/// A reminder. It has no `Debug`: the text must not reach a log.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reminder {
    /// Its id.
    pub id: ReminderId,
    /// What about.
    pub text: String,
    /// Where it was asked for, if in a channel.
    pub channel_id: Option<ChannelId>,
    /// When.
    pub remind_at: Timestamp,
    /// When it was told; null while it waits.
    pub told_at: Option<Timestamp>,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// `POST /api/reminders`. It has no `Debug`: the text must not reach a log.
pub struct NewReminder {
    /// What about.
    pub text: Zeroizing<String>,
    /// When.
    pub remind_at: Timestamp,
    /// Where it belongs to, if to a channel.
    pub channel: Option<ChannelId>,
}

impl Body for NewReminder {
    const REFUSED: &'static [&'static str] = &["id", "userId", "toldAt", "createdAt"];
    fn read(fields: &mut Fields) -> Self {
        Self {
            text: Zeroizing::new(fields.text("text")),
            remind_at: fields.time("remindAt"),
            channel: fields.optional_id("channelId"),
        }
    }
}
