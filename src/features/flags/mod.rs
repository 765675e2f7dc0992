//! Flags: a moderator, or the word filter, says that a message has to be looked at. What is decided then is
//! `review`'s, which is listed below messages; flags are above, because a post may be flagged by the filter.
//!
//! The reason is one of a fixed set, so that it can be counted and recorded; what a person adds is sealed. Nobody but
//! the reviewers learns of a flag, the sender least of all.

mod deeds;
mod model;
mod ops;
mod rows;
mod sealing;

pub use model::{NOTE_CHARS_MAX, Note, Reason};
pub use ops::{flag, mark};
pub use sealing::{open_note, seal_note, seal_reason};
