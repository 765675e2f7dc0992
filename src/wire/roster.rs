//! People by the list.

use schemars::JsonSchema;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::id::UserId;

/// What became of a list, or would.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportReport {
    /// Whether the accounts were made: all of them, or none.
    pub done: bool,
    /// Whether it was only tried out.
    pub dry_run: bool,
    /// What the file was taken for: `utf-8`, `utf-16le`, `utf-16be` or `windows-1252`.
    pub encoding: &'static str,
    /// What stands between its cells.
    pub separator: String,
    /// What each column was taken for; null is left out.
    pub columns: Vec<Option<&'static str>>,
    /// Rows that are not empty.
    pub rows: usize,
    /// Rows that can become accounts.
    pub good: usize,
    /// Rows that cannot. As long as there is one, no account is made.
    pub faulty: usize,
    /// Row by row.
    pub report: Vec<ImportRow>,
    /// The new accounts with the tokens by which their people choose a password; shown this once.
    pub accounts: Vec<ImportedAccount>,
}

/// One row of a list.
#[derive(Serialize, JsonSchema)]
pub struct ImportRow {
    /// The line that it begins on.
    pub line: usize,
    /// The name to sign in with, as the list has it or as it was made from the person's name.
    pub username: Option<String>,
    /// The role that the account gets.
    pub role: Option<String>,
    /// What is wrong; empty when nothing is.
    pub faults: Vec<ImportFault>,
}

/// Something that is wrong with a row.
#[derive(Serialize, JsonSchema)]
pub struct ImportFault {
    /// `username`, `email`, `firstName`, `lastName` or `role`.
    pub field: &'static str,
    /// What is wrong and what is allowed.
    pub detail: String,
}

/// An account that was made. It has no `Debug`: it carries a token.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportedAccount {
    /// Whose.
    pub user_id: UserId,
    /// The name to sign in with.
    pub username: String,
    /// Lets its person choose a password, once, as `POST /api/auth/reset-password`.
    #[serde(serialize_with = "plain")]
    #[schemars(with = "String")]
    pub token: Zeroizing<String>,
    /// Until when.
    pub expires_at: Timestamp,
}

fn plain<S: serde::Serializer>(token: &Zeroizing<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(token)
}
