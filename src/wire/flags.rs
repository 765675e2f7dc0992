//! Flags on messages, and what is decided about them.

use schemars::JsonSchema;
use serde::Serialize;
use zeroize::Zeroizing;

use super::fields::{Body, Fields};
use super::messages::Message;
use crate::clock::Timestamp;
use crate::id::{FlagId, UserId};

/// `POST /api/messages/:id/flag`. It has no `Debug`: the note may be about a patient.
pub struct NewFlag {
    /// One of a fixed set.
    pub reason: String,
    /// What the reviewer should know.
    pub note: Option<Zeroizing<String>>,
}

impl Body for NewFlag {
    const REFUSED: &'static [&'static str] = &["id", "flaggedBy", "flaggedAt", "decision"];
    fn read(fields: &mut Fields) -> Self {
        Self { reason: fields.text("reason"), note: fields.optional_text("note").map(Zeroizing::new) }
    }
}

/// `POST /api/messages/:id/review`. It has no `Debug`: the note may be about a patient.
pub struct Review {
    /// `keep` or `delete`.
    pub decision: String,
    /// Why.
    pub note: Option<Zeroizing<String>>,
}

impl Body for Review {
    const REFUSED: &'static [&'static str] = &["id", "reviewedBy", "reviewedAt"];
    fn read(fields: &mut Fields) -> Self {
        Self { decision: fields.text("decision"), note: fields.optional_text("note").map(Zeroizing::new) }
    }
}

/// A row of the review queue. It has no `Debug`: it carries text.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Flagged {
    /// The flag's id.
    pub id: FlagId,
    /// One of a fixed set.
    pub reason: String,
    /// What the reporter wrote; null where the message's details are withheld.
    pub note: Option<String>,
    /// Who flagged it; null when it was the word filter.
    pub flagged_by: Option<UserId>,
    /// The reporter's name.
    pub flagged_by_name: Option<String>,
    /// When.
    pub flagged_at: Timestamp,
    /// The message.
    pub message: Message,
}
