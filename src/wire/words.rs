//! The clinic's word filter.

use schemars::JsonSchema;
use serde::Serialize;

use super::fields::{Body, Fields};
use crate::clock::Timestamp;
use crate::id::{UserId, WordId};

/// A word of the filter.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Word {
    /// The entry's id.
    pub id: WordId,
    /// The word, as it was written.
    pub word: String,
    /// `block`, `mask` or `flag`.
    pub action: String,
    /// Who added it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
}

/// `POST /api/words`.
#[derive(Debug)]
pub struct NewWord {
    /// A word, or a few in a row.
    pub word: String,
    /// `block`, `mask` or `flag`.
    pub action: String,
}

impl Body for NewWord {
    const REFUSED: &'static [&'static str] = &["id", "createdBy", "createdAt"];
    fn read(fields: &mut Fields) -> Self {
        Self { word: fields.text("word"), action: fields.text("action") }
    }
}

/// `PUT /api/words/:id`.
#[derive(Debug)]
pub struct WordChange {
    /// `block`, `mask` or `flag`.
    pub action: String,
}

impl Body for WordChange {
    const REFUSED: &'static [&'static str] = &["id", "word", "createdBy", "createdAt"];
    fn read(fields: &mut Fields) -> Self {
        Self { action: fields.text("action") }
    }
}
