//! Doing things with messages, one file a subject.
//!
//! | file | what |
//! |---|---|
//! | post | posting |
//! | read | pages, one message, replays |
//! | withdraw | taking back in another deed's name |

mod post;
mod read;
mod withdraw;

pub use post::{post, send};
pub use read::{look_at, open_all, page, recent, replay, show};
pub use withdraw::{Withdrawal, withdraw};
