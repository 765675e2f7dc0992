//! Doing things with messages, one file a subject.
//!
//! | file | what |
//! |---|---|
//! | post | posting |
//! | read | pages, one message, replays, what it said before |
//! | edit, delete | changing a message that is there |
//! | react | reactions |
//! | threads, pins | replies; what is pinned |
//! | change | the same over a socket |
//! | check | what a text looks like before it is sent |
//! | reveal | patient details for a recorded reason |
//! | withdraw | taking back in another deed's name |
//! | receipts | who has received and read it |

mod change;
mod check;
mod delete;
mod edit;
mod pins;
mod post;
mod react;
mod read;
mod receipts;
mod reveal;
mod threads;
mod withdraw;

pub use change::change;
pub use check::{CHECKS_AT_ONCE, CHECKS_PER_SECOND, check};
pub use delete::delete;
pub use edit::edit;
pub use pins::{PINS_MAX, pin, pins, unpin};
pub use post::{post, send};
pub use react::{react, unreact};
pub use read::{ahead_in, ahead_of, changes, history, look_at, open_all, page, recent, replay, show};
pub use receipts::{keep_deliveries, read, receipt, receipts};
pub use reveal::reveal;
pub use threads::thread;
pub use withdraw::{Withdrawal, withdraw};

use crate::clock::Timestamp;
use crate::id::MessageId;
use crate::wire::frames::Frame;
use crate::wire::phi::PhiHint;

/// What is told of a change that is on disk.
struct Receipt {
    message: MessageId,
    seq: i64,
    rev: i64,
    at: Timestamp,
    /// What it looks like, though it is not marked; for its sender alone.
    phi: Option<PhiHint>,
}

impl Receipt {
    fn ack(&self, request_id: Option<&str>, client_message_id: Option<&str>) -> String {
        Frame::Ack {
            request_id,
            client_message_id,
            message_id: Some(self.message),
            seq: Some(self.seq),
            rev: Some(self.rev),
            timestamp: Some(self.at),
            phi: self.phi.clone(),
        }
        .encode()
    }
}
