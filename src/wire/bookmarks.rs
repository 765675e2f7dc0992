//! Messages that a person keeps at hand.

use schemars::JsonSchema;
use serde::Serialize;

use super::messages::Message;
use crate::clock::Timestamp;
use crate::id::BookmarkId;

/// A bookmark with its message. It has no `Debug`: it carries text.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Bookmark {
    /// The bookmark's id.
    pub id: BookmarkId,
    /// When it was set.
    pub bookmarked_at: Timestamp,
    /// The message.
    pub message: Message,
}
