//! Channels and who is in them.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::fields::{Body, Fields};
use crate::clock::Timestamp;
use crate::id::{ChannelId, UserId};

/// Members that one request may name.
pub const MEMBERS_PER_REQUEST_MAX: usize = 5_000;

/// A channel as clients see it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    /// The channel's id.
    pub id: ChannelId,
    /// Not unique.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether one must be added to see it.
    pub is_private: bool,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When something was last posted, to the second.
    pub last_activity: Option<Timestamp>,
    /// Whether it is closed for writing.
    pub archived: bool,
    /// Free-form, by the client.
    #[schemars(with = "Option<serde_json::Map<String, Value>>")]
    pub metadata: Option<Value>,
    /// `channel`, `direct` or `group`.
    pub kind: String,
    /// What is being talked about.
    pub topic: Option<String>,
    /// Under which heading it is listed.
    pub category: Option<String>,
    /// What it is found by.
    pub tags: Vec<String>,
    /// Seconds between two messages of one member; 0 is no limit.
    pub slow_mode_seconds: i64,
    /// Whether those who join by themselves are asked for a password.
    pub has_password: bool,
    /// When it deletes itself.
    pub expires_at: Option<Timestamp>,
    /// Messages of others that the caller has not read; 0 outside.
    pub unread_count: i64,
    /// Those among them that name the caller.
    pub mention_count: i64,
    /// The place up to which the caller has read; null outside.
    pub last_read_seq: Option<i64>,
    /// Who is in it; in lists only the caller's own membership.
    pub members: Vec<Member>,
    /// Grows with every change of the channel itself; tells one state from another.
    #[serde(skip)]
    pub version: i64,
}

/// One member of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The person.
    pub user_id: UserId,
    /// The person's name.
    pub username: String,
    /// `owner`, `moderator`, `member` or `readonly`.
    pub role: String,
    /// Since when.
    pub joined_at: Timestamp,
}

/// `POST /api/channels`.
#[derive(Debug)]
pub struct NewChannel {
    /// 1–100 characters.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether one must be added to see it.
    pub is_private: bool,
    /// Who is in it from the start, besides its maker.
    pub members: Vec<UserId>,
    /// Free-form.
    pub metadata: Option<Value>,
}

impl Body for NewChannel {
    const REFUSED: &'static [&'static str] = &["id", "createdBy", "createdAt", "archived"];
    fn read(fields: &mut Fields) -> Self {
        Self {
            name: fields.text("name"),
            description: fields.optional_text("description"),
            is_private: fields.flag("isPrivate", false),
            members: fields.ids("members", MEMBERS_PER_REQUEST_MAX),
            metadata: fields.optional_object("metadata"),
        }
    }
}

/// `POST /api/channels/:id/members`.
#[derive(Debug)]
pub struct NewMember {
    /// Whom to add.
    pub user: UserId,
    /// `member` when missing.
    pub role: Option<String>,
}

impl Body for NewMember {
    const REFUSED: &'static [&'static str] = &["joinedAt", "channelId"];
    fn read(fields: &mut Fields) -> Self {
        Self { user: fields.id("userId"), role: fields.optional_text("role") }
    }
}

/// `PUT /api/channels/:id/members/:userId`.
#[derive(Debug)]
pub struct MemberRoleChange {
    /// The new role in the channel.
    pub role: String,
}

impl Body for MemberRoleChange {
    const REFUSED: &'static [&'static str] = &["userId", "channelId", "joinedAt"];
    fn read(fields: &mut Fields) -> Self {
        Self { role: fields.text("role") }
    }
}

/// How long messages live in a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Lifetime {
    /// Which channel.
    pub channel_id: ChannelId,
    /// After how many seconds a message erases itself; null is never.
    pub message_lifetime_seconds: Option<i64>,
}

/// `PUT /api/channels/:id/message-lifetime`.
#[derive(Debug)]
pub struct LifetimeChange {
    /// After how many seconds a message erases itself; null is never.
    pub message_lifetime_seconds: Option<i64>,
}

impl Body for LifetimeChange {
    const REFUSED: &'static [&'static str] = &["channelId", "id"];
    fn read(fields: &mut Fields) -> Self {
        let change = fields.changed_number("messageLifetimeSeconds");
        if !change.is_there() {
            fields.fault("messageLifetimeSeconds", "is missing; null is for ever");
        }
        Self { message_lifetime_seconds: change.over(None) }
    }
}
