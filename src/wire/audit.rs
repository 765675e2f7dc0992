//! What happened.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::id::{AuditId, UserId};

/// A row of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The row's id.
    pub id: AuditId,
    /// Its place: 1, 2, 3 … without gaps.
    pub number: i64,
    /// Who did it; null for visitors and for the server itself.
    pub user_id: Option<UserId>,
    /// That person's name now.
    pub username: Option<String>,
    /// What was done, as `messages.post`.
    pub action: String,
    /// Ids, counts and fixed words; never what a person wrote.
    #[schemars(with = "serde_json::Map<String, Value>")]
    pub details: Value,
    /// From where.
    pub ip_address: Option<String>,
    /// With what.
    pub user_agent: Option<String>,
    /// When.
    pub timestamp: Timestamp,
}

/// How the checking of the audit log's chain stands.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// `never` since the start, `running`, `intact`, `broken` or `failed` (it could not be read to its end).
    pub state: &'static str,
    /// Rows that were followed so far.
    pub checked_rows: i64,
    /// Rows that there are.
    pub all_rows: i64,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// What was found, as an error code.
    pub code: Option<&'static str>,
    /// The same as a sentence, with the number of the row.
    pub text: Option<String>,
}
