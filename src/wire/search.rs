//! Searches and what they find.

use schemars::JsonSchema;
use serde::Serialize;
use zeroize::Zeroizing;

use super::fields::{Body, Fields};
use super::messages::Message;
use crate::clock::Timestamp;

/// A search. It has no `Debug`: people search for patients.
pub struct Search {
    /// What was typed.
    pub query: Zeroizing<String>,
    /// Messages at most; a list's usual number when missing.
    pub limit: Option<u32>,
    /// Where to go on, as the search before gave it.
    pub cursor: Option<String>,
}

impl Body for Search {
    const REFUSED: &'static [&'static str] = &[];
    fn read(fields: &mut Fields) -> Self {
        let query = Zeroizing::new(fields.text("q"));
        let limit = fields.optional_number("limit").map(|limit| {
            // What is out of range is refused with the limits of lists.
            u32::try_from(limit).unwrap_or(u32::MAX)
        });
        Self { query, limit, cursor: fields.optional_text("cursor") }
    }
}

/// What a search found.
// It has no `Debug`: the texts must not reach a log.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// Messages, newest first.
    pub results: Vec<Message>,
    /// When the oldest message was sent that was looked at; null when there was none that the caller may read.
    pub searched_back_to: Option<Timestamp>,
    /// The cursor for the older ones; null when everything was looked at.
    pub next: Option<String>,
    /// Whether everything was looked at.
    pub complete: bool,
}
