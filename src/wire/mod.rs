//! Everything that travels: REST bodies, WebSocket frames, error bodies. Plain values in the contract's spelling
//! (camelCase, `containsPHI`), with no row types and no rules beyond shape; what a value *means* is decided by
//! the feature that gets it.
//!
//! Outgoing values are serde structs. Incoming ones are read by [`Fields`], which reports every wrong field at
//! once and never repeats what the caller wrote, so that an error can be logged.

pub mod announcements;
pub mod audit;
pub mod auth;
pub mod backups;
pub mod blocks;
pub mod bookmarks;
pub mod channels;
pub mod connections;
pub mod drafts;
pub mod exports;
pub mod fields;
pub mod flags;
pub mod frames;
pub mod invitations;
pub mod keys;
pub mod logs;
pub mod messages;
pub mod metrics;
pub mod overview;
pub mod phi;
pub mod preferences;
pub mod presence;
pub mod problem;
pub mod roles;
pub mod roster;
pub mod schedule;
pub mod search;
pub mod second_factor;
pub mod sessions;
pub mod settings;
pub mod setup;
pub mod templates;
pub mod users;
pub mod words;

pub use fields::{Asked, Body, Change, Fields, Shape, json_object, within_depth};

/// A list's page, as `?limit=&before=&after=` ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Page {
    /// Rows at most.
    pub limit: u32,
    /// Only rows older than this cursor.
    pub before: Option<i64>,
    /// Only rows newer than this cursor.
    pub after: Option<i64>,
}
