//! Mentions: `@username`, `@here`, `@moderators` and `@role:NAME` in a message's text.
//!
//! They are found when a message is posted or edited, outside of code, and kept in a table of their own, so that a
//! message without them costs nothing. Only members of the channel are mentioned: a name of somebody else is a word.
//! Whoever is mentioned gets a `notification` without any text; how many are unread is counted, with the channels, from
//! the place up to which a member has read, so it survives a restart and falls with reading.

mod names;
mod ops;
mod rows;

pub use names::{Name, named};
pub use ops::{Place, keep, kept, of, replace};
