//! Bookmarks: messages that a person keeps at hand. Nobody else knows of them, and a message that may no longer be
//! read is no longer in the list.

mod deeds;
mod ops;
mod rows;

pub use ops::{list, remove, set};
