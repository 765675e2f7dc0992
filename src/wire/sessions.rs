//! Sign-ins.

use schemars::JsonSchema;
use serde::Serialize;

use super::fields::{Body, Fields};
use crate::clock::Timestamp;
use crate::id::SessionId;

/// Sessions that can be named at once.
const NAMED_MAX: usize = 100;

/// A sign-in that stands; never a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The sign-in's id.
    pub id: SessionId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_seen: Option<Timestamp>,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// From where it began.
    pub ip_address: Option<String>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// `POST /api/users/:id/terminate-sessions`; an empty object ends all.
pub struct Terminate {
    /// Whether the sign-in that asks is spared.
    pub except_current: bool,
    /// Only these.
    pub session_ids: Option<Vec<SessionId>>,
}

impl Body for Terminate {
    const REFUSED: &'static [&'static str] = &[];
    fn read(fields: &mut Fields) -> Self {
        Self {
            except_current: fields.flag("exceptCurrent", false),
            session_ids: fields.given_ids("sessionIds", NAMED_MAX),
        }
    }
}
