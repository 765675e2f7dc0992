//! Doing things with messages, one file a subject.
//!
//! | file | what |
//! |---|---|
//! | post | posting |
//! | read | pages, one message, replays |

mod post;
mod read;

pub use post::{post, send};
pub use read::{page, recent, replay, show};
