//! Addresses that are kept out.

use schemars::JsonSchema;
use serde::Serialize;

use super::fields::{Body, Fields};
use crate::clock::Timestamp;
use crate::id::{BlockId, UserId};

/// An address or a network that is kept out.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Block {
    /// Its id.
    pub id: BlockId,
    /// As `10.0.0.9/32`.
    pub network: String,
    /// Why, in the words of whoever did it.
    pub note: Option<String>,
    /// By whom.
    pub created_by: Option<UserId>,
    /// Their name.
    pub created_by_username: Option<String>,
    /// When.
    pub created_at: Timestamp,
    /// Until when; null until somebody takes it away.
    pub ends_at: Option<Timestamp>,
}

/// `POST /api/blocks`.
pub struct NewBlock {
    /// An address or a network.
    pub network: String,
    /// Why.
    pub note: Option<String>,
    /// For how many minutes; for good when it is missing.
    pub minutes: Option<i64>,
    /// That it may keep out the very caller.
    pub confirm: bool,
}

impl Body for NewBlock {
    const REFUSED: &'static [&'static str] = &["id", "createdBy", "createdAt", "endsAt"];
    fn read(fields: &mut Fields) -> Self {
        Self {
            network: fields.text("network"),
            note: fields.optional_text("note"),
            minutes: fields.optional_number("minutes"),
            confirm: fields.flag("confirm", false),
        }
    }
}
