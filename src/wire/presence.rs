//! Who is there.

use schemars::JsonSchema;
use serde::Serialize;

use super::fields::{Body, Fields};
use crate::clock::Timestamp;
use crate::id::UserId;

/// How somebody is shown. It has no `Debug`: the text is a person's own.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Presence {
    /// Who.
    pub user_id: UserId,
    /// `online`, `away`, `busy`, `dnd` or `offline`.
    pub status: &'static str,
    /// What the person says beside it.
    pub text: Option<String>,
    /// When the chosen status ends by itself.
    pub until: Option<Timestamp>,
}

/// What somebody chooses. It has no `Debug`: the text is a person's own.
pub struct PresenceChange {
    /// `online` (as it comes), `away`, `busy` or `dnd`.
    pub status: String,
    /// A few words beside it.
    pub text: Option<String>,
    /// When it ends by itself.
    pub until: Option<String>,
}

impl Body for PresenceChange {
    const REFUSED: &'static [&'static str] = &["userId"];
    fn read(fields: &mut Fields) -> Self {
        Self { status: fields.text("status"), text: fields.optional_text("text"), until: fields.optional_text("until") }
    }
}
