//! Backups: made, looked through, planned.

use schemars::JsonSchema;
use serde::Serialize;
use zeroize::Zeroizing;

use super::fields::{Body, Change, Fields};
use crate::clock::Timestamp;

/// A backup that is there.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Backup {
    /// Its file's name.
    pub name: String,
    /// `local` in the data folder, `second` in the second place.
    pub place: &'static str,
    /// `scheduled` or `manual`.
    pub kind: &'static str,
    /// When it was made.
    pub created_at: Timestamp,
    /// Bytes of its file.
    pub bytes: i64,
    /// Whether it is sealed with a passphrase.
    pub sealed: bool,
    /// SHA-256 of its file; null when the note beside it is missing, as all that follows.
    pub sha256: Option<String>,
    /// The schema of its database.
    pub schema_version: Option<i32>,
    /// The program that made it.
    pub app_version: Option<String>,
    /// Accounts in it.
    pub users: Option<i64>,
    /// Channels in it.
    pub channels: Option<i64>,
    /// Rows of its audit log.
    pub audit_rows: Option<i64>,
}

/// The backup that is being made, or the last that was.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupJob {
    /// `running`, `done` or `failed`.
    pub state: &'static str,
    /// `scheduled` or `manual`.
    pub kind: &'static str,
    /// `snapshot`, `copying` or `second place`.
    pub step: &'static str,
    /// Bytes that this step has written.
    pub done_bytes: u64,
    /// Of so many; 0 while that is not known.
    pub all_bytes: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// The file's name.
    pub name: Option<String>,
    /// Why it failed, as an error code.
    pub failure: Option<String>,
    /// Why it failed, in a sentence.
    pub detail: Option<String>,
}

/// What went wrong last and is tried again.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupTrouble {
    /// As an error code.
    pub code: String,
    /// In a sentence.
    pub detail: String,
    /// When.
    pub at: Timestamp,
}

/// The last time that a backup was restored into a scratch folder.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rehearsal {
    /// When.
    pub at: Timestamp,
    /// Which backup.
    pub name: String,
    /// Whether it went well.
    pub good: bool,
    /// Why not, as an error code.
    pub failure: Option<String>,
}

/// How the backups do.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupStatus {
    /// False with PostgreSQL, which is backed up by its own tools.
    pub available: bool,
    /// Whether the newest is older than twice the plan's time, or there is none.
    pub late: bool,
    /// The newest.
    pub newest: Option<Backup>,
    /// When the next is due; null when none is planned.
    pub next_at: Option<Timestamp>,
    /// Whether there is a second place.
    pub second_place: bool,
    /// The one that is being made, or the last since the start.
    pub job: Option<BackupJob>,
    /// Why the last one failed.
    pub trouble: Option<BackupTrouble>,
    /// Why the second place failed.
    pub second_trouble: Option<BackupTrouble>,
    /// The last rehearsal of a restore.
    pub rehearsal: Option<Rehearsal>,
}

/// When and where backups are made, and how long they are kept.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupPlan {
    /// Hours between two; 0 makes none.
    pub every_hours: i64,
    /// Hours of which the newest is kept.
    pub keep_hourly: i64,
    /// Days of which the newest is kept.
    pub keep_daily: i64,
    /// Weeks of which the newest is kept.
    pub keep_weekly: i64,
    /// Months of which the newest is kept.
    pub keep_monthly: i64,
    /// The second place.
    pub folder: Option<String>,
    /// Whether they are sealed with a passphrase, which is never shown.
    pub sealed: bool,
}

/// `PUT /api/backups/plan`. It has no `Debug`: it carries a passphrase.
pub struct BackupPlanChange {
    /// Hours between two.
    pub every_hours: Option<i64>,
    /// Hours of which the newest is kept.
    pub keep_hourly: Option<i64>,
    /// Days of which the newest is kept.
    pub keep_daily: Option<i64>,
    /// Weeks of which the newest is kept.
    pub keep_weekly: Option<i64>,
    /// Months of which the newest is kept.
    pub keep_monthly: Option<i64>,
    /// The second place; null for none.
    pub folder: Change<String>,
    /// What they are sealed with; null for nothing.
    pub passphrase: Change<Zeroizing<String>>,
}

impl Body for BackupPlanChange {
    const REFUSED: &'static [&'static str] = &["sealed"];
    fn read(fields: &mut Fields) -> Self {
        Self {
            every_hours: fields.optional_number("everyHours"),
            keep_hourly: fields.optional_number("keepHourly"),
            keep_daily: fields.optional_number("keepDaily"),
            keep_weekly: fields.optional_number("keepWeekly"),
            keep_monthly: fields.optional_number("keepMonthly"),
            folder: fields.changed_text("folder"),
            passphrase: fields.changed_text("passphrase").map(Zeroizing::new),
        }
    }
}

/// `POST /api/backups/folder-test`.
#[derive(Debug)]
pub struct FolderTest {
    /// Which.
    pub folder: String,
}

impl Body for FolderTest {
    const REFUSED: &'static [&'static str] = &[];
    fn read(fields: &mut Fields) -> Self {
        Self { folder: fields.text("folder") }
    }
}

/// Whether a folder can hold backups.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FolderReport {
    /// Whether a file could be written there, flushed and read back.
    pub usable: bool,
    /// Why not, and what to do.
    pub detail: Option<String>,
}
