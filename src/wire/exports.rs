//! Exports: asked for, watched, fetched.

use schemars::JsonSchema;
use serde::Serialize;
use zeroize::Zeroizing;

use super::fields::{Body, Fields};
use crate::clock::Timestamp;
use crate::id::{ExportId, UserId};

/// `POST /api/exports`. It has no `Debug`: it carries a passphrase.
pub struct NewExport {
    /// `channel`, `user` or `audit`.
    pub kind: String,
    /// Of the channel or person; oneself where it is missing.
    pub id: Option<UserId>,
    /// What the file is sealed with; it is kept nowhere.
    pub passphrase: Zeroizing<String>,
    /// `jsonl`, `html` or `both`.
    pub format: Option<String>,
    /// Nothing before this time (RFC 3339).
    pub from: Option<String>,
    /// Nothing from this time on (RFC 3339).
    pub to: Option<String>,
}

impl Body for NewExport {
    const REFUSED: &'static [&'static str] = &["state", "askedBy", "createdAt", "expiresAt", "sha256"];
    fn read(fields: &mut Fields) -> Self {
        Self {
            kind: fields.text("kind"),
            id: fields.optional_id("id"),
            passphrase: Zeroizing::new(fields.text("passphrase")),
            format: fields.optional_text("format"),
            from: fields.optional_text("from"),
            to: fields.optional_text("to"),
        }
    }
}

/// An export, as whoever asked for it sees it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Export {
    /// Its id.
    pub id: ExportId,
    /// `channel`, `user` or `audit`.
    pub kind: String,
    /// The channel or person; null for the audit log.
    pub subject_id: Option<UserId>,
    /// `jsonl`, `html` or `both`.
    pub format: String,
    /// Nothing before this.
    pub from: Option<Timestamp>,
    /// Nothing from this on.
    pub to: Option<Timestamp>,
    /// `waiting`, `running`, `done` or `failed`.
    pub state: String,
    /// Why it failed, as an error code.
    pub failure: Option<String>,
    /// Rows that were looked at.
    pub done_rows: i64,
    /// Of about so many.
    pub all_rows: i64,
    /// Bytes of the file.
    pub bytes: Option<i64>,
    /// SHA-256 of the file.
    pub sha256: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When the file is removed.
    pub expires_at: Timestamp,
}
