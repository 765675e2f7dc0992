//! How the server is, in one look: the sentence, and the list of what is not yet safe.
//!
//! A finding is a code with numbers, so that a client tells it in its own language; the English words are for those
//! that do not know the code yet. What only the rooms below know (the certificate, the snapshot) is passed in.

mod checks;
mod deeds;
mod ops;
mod rows;

use crate::clock::Timestamp;
use crate::wire::overview::BackupShown;

pub use ops::show;

/// The certificate that is shown.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// When it ends.
    pub ends_at: Option<Timestamp>,
    /// Its SHA-256.
    pub fingerprint: String,
    /// That of our own authority; `None` with a supplied certificate.
    pub authority: Option<String>,
}

/// What only the rooms below know of the house. Each look may read a file.
pub struct House {
    /// `sqlite` or `postgres`.
    pub engine: &'static str,
    /// The certificate.
    pub certificate: Box<dyn Fn() -> Certificate + Send + Sync>,
    /// When the snapshot was published, and its bytes.
    pub snapshot: Box<dyn Fn() -> Option<(Timestamp, u64)> + Send + Sync>,
    /// The last backup.
    pub backup: Box<dyn Fn() -> Option<BackupShown> + Send + Sync>,
    /// Whether the last attempt to write met a full disk.
    pub full: Box<dyn Fn() -> bool + Send + Sync>,
}
