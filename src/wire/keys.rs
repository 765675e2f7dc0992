//! API keys.

use schemars::JsonSchema;
use serde::Serialize;

use super::fields::{Body, Change, Fields};
use crate::clock::Timestamp;
use crate::id::{ApiKeyId, ChannelId, UserId};

/// Names of permissions that one request may have.
pub const PERMISSIONS_MAX: usize = 64;
/// Channels that a key can be limited to.
pub const CHANNELS_MAX: usize = 200;

/// A key, never its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// The key's id; the audit log names it.
    pub id: ApiKeyId,
    /// What it is for.
    pub name: String,
    /// The account that it acts for.
    pub user_id: UserId,
    /// That account's name.
    pub username: String,
    /// What it may, of what the account may.
    pub permissions: Vec<String>,
    /// The channels it is limited to; null for wherever the account may go.
    pub channels: Option<Vec<ChannelId>>,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// Until when the token before the last rotation works.
    pub previous_token_until: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A key with its token, which is shown this once. It has no `Debug`: the token must not reach a log.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyMade {
    /// The key.
    pub key: ApiKey,
    /// To be sent as `Authorization: Bearer`, or as the `token` of `authenticate`.
    pub token: String,
}

/// `POST /api/api-keys`.
#[derive(Debug)]
pub struct NewApiKey {
    /// What it is for.
    pub name: String,
    /// Names of permissions.
    pub permissions: Vec<String>,
    /// All when missing.
    pub channels: Option<Vec<ChannelId>>,
    /// The account to act for; one's own when missing.
    pub user: Option<UserId>,
    /// 365 when missing.
    pub expires_in_days: Option<i64>,
}

impl Body for NewApiKey {
    const REFUSED: &'static [&'static str] = &["id", "token", "createdBy", "createdAt", "expiresAt", "revokedAt"];
    fn read(fields: &mut Fields) -> Self {
        Self {
            name: fields.text("name"),
            permissions: fields.texts("permissions", PERMISSIONS_MAX),
            channels: fields.optional_ids("channels", CHANNELS_MAX),
            user: fields.optional_id("userId"),
            expires_in_days: fields.optional_number("expiresInDays"),
        }
    }
}

/// `PUT /api/api-keys/:id`: the fields to change.
#[derive(Debug)]
pub struct ApiKeyChange {
    /// What it is for.
    pub name: Option<String>,
    /// Names of permissions.
    pub permissions: Option<Vec<String>>,
    /// Null for all.
    pub channels: Change<Vec<ChannelId>>,
    /// Counted from now.
    pub expires_in_days: Option<i64>,
}

impl Body for ApiKeyChange {
    const REFUSED: &'static [&'static str] =
        &["id", "userId", "token", "createdBy", "createdAt", "expiresAt", "revokedAt"];
    fn read(fields: &mut Fields) -> Self {
        Self {
            name: fields.given_text("name"),
            permissions: fields.optional_texts("permissions", PERMISSIONS_MAX),
            channels: fields.changed_ids("channels", CHANNELS_MAX),
            expires_in_days: fields.optional_number("expiresInDays"),
        }
    }
}

/// `POST /api/api-keys/:id/rotate`.
#[derive(Debug)]
pub struct Rotation {
    /// 24 when missing.
    pub grace_hours: Option<i64>,
}

impl Body for Rotation {
    const REFUSED: &'static [&'static str] = &["token"];
    fn read(fields: &mut Fields) -> Self {
        Self { grace_hours: fields.optional_number("graceHours") }
    }
}
