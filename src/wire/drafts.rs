//! What a person has begun to write.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::fields::{Body, Fields};
use crate::clock::Timestamp;
use crate::id::ChannelId;

/// A draft. It has no `Debug`: the text must not reach a log.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    /// Where it is meant for.
    pub channel_id: ChannelId,
    /// What was written so far.
    pub text: String,
    /// Marked as patient details.
    #[serde(rename = "containsPHI")]
    pub contains_phi: bool,
    /// Free-form, by the client: what it answers, how it is laid out.
    #[schemars(with = "Option<serde_json::Map<String, Value>>")]
    pub metadata: Option<Value>,
    /// When it was kept.
    pub updated_at: Timestamp,
}

/// `PUT /api/channels/:id/draft`. It has no `Debug`: the text must not reach a log.
pub struct NewDraft {
    /// What was written so far; may be empty.
    pub text: Zeroizing<String>,
    /// Marked as patient details.
    pub contains_phi: bool,
    /// Free-form.
    pub metadata: Option<Value>,
}

impl Body for NewDraft {
    const REFUSED: &'static [&'static str] = &["id", "channelId", "userId", "updatedAt"];
    fn read(fields: &mut Fields) -> Self {
        Self {
            text: Zeroizing::new(fields.text("text")),
            contains_phi: fields.flag("containsPHI", false),
            metadata: fields.optional_object("metadata"),
        }
    }
}
