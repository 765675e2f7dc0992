//! Every name that the driver takes on trust from the server, in one place.

use std::path::{Path, PathBuf};

/// Environment variables.
pub mod env {
    pub const DATA_DIR: &str = "DATA_DIR";
    pub const PORT: &str = "PORT";
    pub const BIND_ADDRESS: &str = "BIND_ADDRESS";
    pub const ALLOWED_NETWORK_RANGE: &str = "ALLOWED_NETWORK_RANGE";
    pub const ADMIN_NAME: &str = "INITIAL_ADMIN_USERNAME";
    pub const ADMIN_PASSWORD: &str = "INITIAL_ADMIN_PASSWORD";
    pub const ENCRYPTION_KEY: &str = "ENCRYPTION_KEY";
    pub const METADATA_KEY: &str = "METADATA_KEY";
    pub const SNAPSHOT_INTERVAL: &str = "SNAPSHOT_INTERVAL";
    pub const SENDS_PER_SECOND: &str = "LIMIT_SENDS_PER_SECOND";
    pub const SENDS_BURST: &str = "LIMIT_SENDS_BURST";
    pub const LOG_LEVEL: &str = "LOG_LEVEL";
}

/// Codes in `error` frames and problem bodies.
pub mod code {
    /// The disk is full: nothing was stored, try again later.
    pub const DISK_FULL: &str = "disk_full";
    /// Too much at once: nothing was stored, try again soon.
    pub const BUSY: &str = "busy";
    /// The sender is over the limit of sends per second.
    pub const RATE_LIMITED: &str = "too_many_messages";
}

/// What the audit calls the posting of a message.
pub const POST_ACTION: &str = "messages.post";

/// The arguments that verify the audit chain of a folder whose server is down; exit code 0 = intact.
pub fn audit_verify(data_dir: &Path) -> Vec<String> {
    vec!["audit".into(), "verify".into(), "--data-dir".into(), data_dir.display().to_string()]
}

/// The authority to trust.
pub fn ca(data_dir: &Path) -> PathBuf {
    data_dir.join("tls").join("ca.pem")
}

/// The database the server works on. Never copied by users.
pub fn live_database(data_dir: &Path) -> PathBuf {
    data_dir.join("live").join("messenger.db")
}

/// The database that users copy.
pub fn published_database(data_dir: &Path) -> PathBuf {
    data_dir.join("messenger.db")
}

/// How far the published database goes.
pub fn manifest(data_dir: &Path) -> PathBuf {
    data_dir.join("messenger.db.json")
}

/// When the published database was taken, in microseconds since 1970, from its manifest.
pub fn manifest_micros(manifest: &serde_json::Value) -> Option<u64> {
    manifest["publishedAt"].as_u64()
}

/// The number of the last audit row in the published database, from its manifest.
pub fn manifest_audit_head(manifest: &serde_json::Value) -> Option<u64> {
    manifest["facts"]["auditNumber"].as_u64()
}

/// The published file's SHA-256 in hexadecimal, from its manifest.
pub fn manifest_sha256(manifest: &serde_json::Value) -> Option<&str> {
    manifest["sha256"].as_str()
}
