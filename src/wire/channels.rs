//! Channels and who is in them.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::fields::{Body, Change, Fields};
use crate::clock::Timestamp;
use crate::id::{ChannelId, InviteId, UserId};

/// Members that one request may name.
pub const MEMBERS_PER_REQUEST_MAX: usize = 5_000;
/// Tags of one channel.
pub const TAGS_MAX: usize = 20;

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

/// `POST /api/channels`. It has no `Debug`: it may carry a password.
pub struct NewChannel {
    /// `channel` when missing, or `group`.
    pub kind: Option<String>,
    /// 1–100 characters; a group conversation needs none.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether one must be added to see it.
    pub is_private: Option<bool>,
    /// Who is in it from the start, besides its maker.
    pub members: Vec<UserId>,
    /// Free-form.
    pub metadata: Option<Value>,
    /// What is being talked about.
    pub topic: Option<String>,
    /// Under which heading it is listed.
    pub category: Option<String>,
    /// What it is found by.
    pub tags: Vec<String>,
    /// Seconds between two messages of one member.
    pub slow_mode_seconds: Option<i64>,
    /// Asked of those who join by themselves.
    pub password: Option<Zeroizing<String>>,
    /// When it deletes itself.
    pub expires_at: Option<String>,
}

impl Body for NewChannel {
    const REFUSED: &'static [&'static str] = &["id", "createdBy", "createdAt", "archived"];
    fn read(fields: &mut Fields) -> Self {
        let kind = fields.optional_text("kind");
        // A conversation is called by who is in it.
        let unnamed = kind.as_deref() == Some("group");
        Self {
            kind,
            name: if unnamed { fields.optional_text("name") } else { Some(fields.text("name")) },
            description: fields.optional_text("description"),
            is_private: fields.optional_flag("isPrivate"),
            members: fields.ids("members", MEMBERS_PER_REQUEST_MAX),
            metadata: fields.optional_object("metadata"),
            topic: fields.optional_text("topic"),
            category: fields.optional_text("category"),
            tags: fields.optional_texts("tags", TAGS_MAX).unwrap_or_default(),
            slow_mode_seconds: fields.optional_number("slowModeSeconds"),
            password: fields.optional_text("password").map(Zeroizing::new),
            expires_at: fields.optional_text("expiresAt"),
        }
    }
}

/// `PUT /api/channels/:id`: what is missing stays, what is null is cleared. It has no `Debug`: it may carry a
/// password.
#[derive(Default)]
pub struct ChannelChange {
    /// 1–100 characters; only a group conversation can be without.
    pub name: Change<String>,
    /// What it is for.
    pub description: Change<String>,
    /// Whether one must be added to see it.
    pub is_private: Option<bool>,
    /// Whether it is closed for writing.
    pub archived: Option<bool>,
    /// What is being talked about.
    pub topic: Change<String>,
    /// Under which heading it is listed.
    pub category: Change<String>,
    /// What it is found by.
    pub tags: Change<Vec<String>>,
    /// Free-form.
    pub metadata: Change<Value>,
    /// Seconds between two messages of one member.
    pub slow_mode_seconds: Change<i64>,
    /// Asked of those who join by themselves.
    pub password: Change<Zeroizing<String>>,
    /// When it deletes itself.
    pub expires_at: Change<String>,
}

impl Body for ChannelChange {
    const REFUSED: &'static [&'static str] =
        &["id", "createdBy", "createdAt", "lastActivity", "kind", "members", "hasPassword", "version"];
    fn read(fields: &mut Fields) -> Self {
        Self {
            name: fields.changed_text("name"),
            description: fields.changed_text("description"),
            is_private: fields.changed_flag("isPrivate"),
            archived: fields.changed_flag("archived"),
            topic: fields.changed_text("topic"),
            category: fields.changed_text("category"),
            tags: fields.changed_texts("tags", TAGS_MAX),
            metadata: fields.changed_object("metadata"),
            slow_mode_seconds: fields.changed_number("slowModeSeconds"),
            password: match fields.changed_text("password") {
                Change::Keep => Change::Keep,
                Change::Clear => Change::Clear,
                Change::Set(text) => Change::Set(Zeroizing::new(text)),
            },
            expires_at: fields.changed_text("expiresAt"),
        }
    }
}

/// A channel that was deleted and can be put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeletedChannel {
    /// The channel's id.
    pub id: ChannelId,
    /// Its name.
    pub name: String,
    /// `channel`.
    pub kind: String,
    /// When.
    pub deleted_at: Timestamp,
    /// By whom; null when its time had come.
    pub deleted_by: Option<UserId>,
}

/// `POST /api/channels/direct`.
#[derive(Debug)]
pub struct NewDirect {
    /// With whom.
    pub user: UserId,
}

impl Body for NewDirect {
    const REFUSED: &'static [&'static str] = &["id", "createdBy", "createdAt", "kind", "members"];
    fn read(fields: &mut Fields) -> Self {
        Self { user: fields.id("userId") }
    }
}

/// `POST /api/channels/:id/join`. It has no `Debug`: it may carry a password.
pub struct Joining {
    /// Where the channel asks for one.
    pub password: Option<Zeroizing<String>>,
}

impl Body for Joining {
    const REFUSED: &'static [&'static str] = &["userId", "role"];
    fn read(fields: &mut Fields) -> Self {
        Self { password: fields.optional_text("password").map(Zeroizing::new) }
    }
}

/// `PUT /api/channels/:id/mutes/:userId` and `…/bans/:userId`.
#[derive(Debug, Default)]
pub struct NewSanction {
    /// When it ends; when it is lifted, if missing.
    pub until: Option<String>,
}

impl Body for NewSanction {
    const REFUSED: &'static [&'static str] = &["userId", "channelId", "by", "since"];
    fn read(fields: &mut Fields) -> Self {
        Self { until: fields.optional_text("until") }
    }
}

/// Somebody who is muted in a channel or banned from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sanctioned {
    /// The person.
    pub user_id: UserId,
    /// The person's name.
    pub username: String,
    /// When it ends; null when it is lifted.
    pub until: Option<Timestamp>,
    /// Who set it.
    pub by: Option<UserId>,
    /// Since when.
    pub since: Timestamp,
}

/// `POST /api/channels/:id/invites`.
#[derive(Debug)]
pub struct NewInvite {
    /// Whom; without one it is a link.
    pub user: Option<UserId>,
    /// Until when it is good.
    pub expires_at: Option<String>,
    /// People whom a link may bring in; as many as come, if missing.
    pub max_uses: Option<i64>,
}

impl Body for NewInvite {
    const REFUSED: &'static [&'static str] = &["id", "channelId", "token", "uses", "status", "invitedBy"];
    fn read(fields: &mut Fields) -> Self {
        Self {
            user: fields.optional_id("userId"),
            expires_at: fields.optional_text("expiresAt"),
            max_uses: fields.optional_number("maxUses"),
        }
    }
}

/// `POST /api/invites/redeem`. It has no `Debug`: a token is a secret.
pub struct Redeeming {
    /// As the link had it.
    pub token: Zeroizing<String>,
}

impl Body for Redeeming {
    const REFUSED: &'static [&'static str] = &["userId", "channelId", "role"];
    fn read(fields: &mut Fields) -> Self {
        Self { token: Zeroizing::new(fields.text("token")) }
    }
}

/// An invitation. It has no `Debug`: it may carry a token.
#[derive(Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invite {
    /// The invitation's id.
    pub id: InviteId,
    /// To which channel.
    pub channel_id: ChannelId,
    /// That channel's name.
    pub channel_name: String,
    /// Whom; null for a link.
    pub user_id: Option<UserId>,
    /// That person's name.
    pub username: Option<String>,
    /// By whom.
    pub invited_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// People whom it may bring in; null is as many as come.
    #[serde(rename = "maxUses")]
    pub uses_max: Option<i32>,
    /// People whom it brought in.
    pub uses: i32,
    /// `open`, `accepted`, `declined` or `revoked`.
    pub status: String,
    /// Of a link, once, when it is made.
    pub token: Option<String>,
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
