//! What the product does, one folder a feature. Each may use those listed above it, through their `mod.rs`.
//!
//! The same role has the same file name in each: `mod.rs` says what it is, `model.rs` has its types, `deeds.rs`
//! says what can be done, who may and what is recorded, `ops.rs` does it, `rows.rs` has every SQL text. A feature
//! knows no HTTP, no socket and no engine; it reaches data through the gate alone.

pub mod phi;

pub mod settings;

pub mod users;

pub mod auth;

pub mod roster;

pub mod keys;

pub mod mentions;

pub mod invitations;

pub mod sessions;

pub mod preferences;

pub mod channels;

pub mod words;

pub mod flags;

pub mod schemas;

pub mod markdown;

pub mod messages;

pub mod review;

pub mod drafts;

pub mod bookmarks;

pub mod search;

pub mod expiry;

pub mod reminders;

pub mod templates;

pub mod commands;

pub mod schedule;

pub mod audit;

pub mod exports;

pub mod backups;

pub mod setup;

pub mod presence;

pub mod connections;

pub mod announcements;

pub mod metrics;

pub mod roles;

pub mod blocks;

pub mod overview;

pub mod logs;

pub mod diagnostics;

mod buckets;
mod paging;
mod rates;
mod throttle;
mod versions;
mod watchers;

pub use buckets::Standing;
pub use paging::{Cursor, Paged};
pub use rates::{Pace, Turnstile};
pub use throttle::Throttle;
pub use versions::{Expected, Versioned};
pub use watchers::Watchers;

use crate::config;
use crate::config::Limits;
use crate::crypto::PasswordPool;
use crate::metrics::Metrics;

/// What the features work with besides the gate: limits, and what is counted in memory.
pub struct Means {
    /// The configured limits.
    pub limits: Limits,
    /// How long figures are kept, and who may fetch them.
    pub figures: config::Metrics,
    /// What is counted.
    pub metrics: std::sync::Arc<Metrics>,
    /// The last minute of it, and who watches.
    pub recorder: metrics::Recorder,
    /// When the server started, on the monotonic clock.
    pub started: std::time::Duration,
    /// Where passwords are hashed.
    pub passwords: PasswordPool,
    /// `false` only while developing on loopback: any password is taken (`AUTHENTICATE_USERS`).
    pub check_passwords: bool,
    /// How the server is run, as it is shown.
    pub configured: settings::Configured,
    /// Where the logs are, and who watches them.
    pub logs: logs::Desk,
    /// How the checking of the audit log stands.
    pub verifying: audit::Verifying,
    /// What only the rooms below know.
    pub house: overview::House,
    /// Who is kept out.
    pub blocks: std::sync::Arc<blocks::Current>,
    /// What the clinic chose.
    pub clinic: settings::Current,
    /// Requests by class.
    pub turnstile: Turnstile,
    /// Frames of a socket that nothing else counts: joining, leaving, heartbeats, commands.
    pub frames: Pace,
    /// Failed sign-ins.
    pub logins: Throttle,
    /// Wrong tokens of invitations and password resets, and accounts made without one.
    pub secrets: Throttle,
    /// Wrong set-up codes.
    pub setups: Throttle,
    /// Wrong passwords of channels.
    pub channel_passwords: Throttle,
    /// Messages sent and changed.
    pub pace: Pace,
    /// The clinic's word filter, compiled.
    pub words: words::Filter,
    /// Texts looked at before they are sent.
    pub checks: Pace,
    /// Where messages are searched.
    pub searches: search::Hall,
    /// What is passed on and never kept: typing, presence.
    pub whispers: Pace,
    /// Who is there.
    pub presence: std::sync::Arc<presence::Board>,
    /// What everybody is to know.
    pub announced: announcements::Current,
    /// Receipts sent.
    pub receipts: Pace,
    /// Receipts that wait to be written down.
    pub deliveries: messages::Deliveries,
    /// Where backups are made.
    pub backups: std::sync::Arc<backups::Desk>,
    /// Where exports are written.
    pub exports: exports::Desk,
    /// Who is let in, and what the server is called.
    pub place: setup::Place,
    /// The way to the first administrator, while there is none.
    pub door: setup::SetupDoor,
}
