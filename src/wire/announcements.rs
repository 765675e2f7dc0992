//! What everybody is to know.

use schemars::JsonSchema;
use serde::Serialize;

use super::fields::{Body, Fields};
use crate::clock::Timestamp;
use crate::id::UserId;

/// What is announced. It has no `Debug`: people write it.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Announcement {
    /// What.
    pub text: String,
    /// `info`, `warning` or `critical`.
    pub level: &'static str,
    /// When it was announced.
    pub announced_at: Timestamp,
    /// By whom.
    pub announced_by: UserId,
    /// Until when whoever signs in is told.
    pub until: Timestamp,
}

/// `PUT /api/announcement`. It has no `Debug`: people write it.
pub struct NewAnnouncement {
    /// What.
    pub text: String,
    /// `info` when missing.
    pub level: Option<String>,
    /// A day ahead when missing.
    pub until: Option<String>,
}

impl Body for NewAnnouncement {
    const REFUSED: &'static [&'static str] = &["announcedAt", "announcedBy"];
    fn read(fields: &mut Fields) -> Self {
        Self { text: fields.text("text"), level: fields.optional_text("level"), until: fields.optional_text("until") }
    }
}
