//! How the server is, in one look.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::clock::Timestamp;

/// The first page of an administrator.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// When this was looked at.
    pub at: Timestamp,
    /// The version that runs.
    pub version: &'static str,
    /// Seconds since the start.
    pub uptime_seconds: u64,
    /// How it is, in one sentence: the gravest finding, or that there is none.
    pub health: Health,
    /// What is not yet safe, the gravest first.
    pub checklist: Vec<Finding>,
    /// The certificate that is shown.
    pub certificate: CertificateShown,
    /// The published snapshot; null before the first, and with PostgreSQL.
    pub snapshot: Option<SnapshotShown>,
    /// The last backup; null when none was made.
    pub backup: Option<BackupShown>,
    /// The database.
    pub database: DatabaseShown,
    /// How many accounts can be used.
    pub accounts: i64,
}

/// How the server is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Health {
    /// `ok`, `attention` or `critical`.
    pub status: &'static str,
    /// `all_well`, or the code of the gravest finding.
    pub code: &'static str,
    /// What the sentence counts.
    pub params: BTreeMap<&'static str, i64>,
    /// The sentence, in English.
    pub text: String,
}

/// Something that is not yet safe.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Finding {
    /// What it is, for a translation.
    pub code: &'static str,
    /// `critical`, `warning` or `advice`.
    pub severity: &'static str,
    /// What the sentences count.
    pub params: BTreeMap<&'static str, i64>,
    /// What is the matter, in English.
    pub text: String,
    /// What to do, in English.
    pub action: &'static str,
}

/// The certificate that is shown.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CertificateShown {
    /// Whether this server made it and renews it by itself.
    pub own: bool,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// Whole days until then; negative when it is over.
    pub days_left: Option<i64>,
    /// Its SHA-256.
    pub fingerprint: String,
    /// That of the authority that devices trust; null with a supplied certificate.
    pub authority_fingerprint: Option<String>,
}

/// The published snapshot.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotShown {
    /// When it was made.
    pub published_at: Timestamp,
    /// How long it is.
    pub bytes: u64,
}

/// The last backup.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupShown {
    /// When it was made.
    pub made_at: Timestamp,
    /// Whether it lies on the disk of the database.
    pub same_disk: bool,
}

/// The database.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseShown {
    /// `sqlite` or `postgres`.
    pub engine: &'static str,
    /// Bytes of its file; null with PostgreSQL.
    pub bytes: Option<u64>,
    /// Whether changes are refused because its disk is full.
    pub full: bool,
}
