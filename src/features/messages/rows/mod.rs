//! Every SQL text of messages, one file a subject.
//!
//! What is asked for on the way of every message is in `post`; it is the busiest statement of the program, and what
//! only some messages have stands in tables and columns that it does not touch.

mod post;
mod read;
mod withdraw;

pub(super) use post::{NewRow, insert, sent};
pub(super) use read::{Slice, changed, changed_in_order, page, recent, show, where_is};

pub(super) use withdraw::{erase, expire, retract, whereabouts};

use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{Columns, Json, Row};
use crate::id::{ChannelId, MessageId, UserId};

macro_rules! message_columns {
    ($rest:literal) => {
        concat!(
            "SELECT m.id, m.channel_id, m.sender_id, u.username, m.encrypted_text, m.contains_phi, m.timestamp, ",
            "m.edited_at, m.deleted, m.seq, m.rev, m.metadata, e.expires_at FROM messages m ",
            "JOIN users u ON u.id = m.sender_id LEFT JOIN message_expiries e ON e.message_id = m.id ",
            $rest
        )
    };
}
use message_columns;

/// A message as it is stored: sealed.
pub(super) struct Stored {
    pub(super) id: MessageId,
    pub(super) channel: ChannelId,
    pub(super) sender: UserId,
    pub(super) username: String,
    pub(super) sealed: Option<Vec<u8>>,
    pub(super) phi: bool,
    pub(super) at: Timestamp,
    pub(super) edited: Option<Timestamp>,
    pub(super) deleted: bool,
    pub(super) seq: i64,
    pub(super) rev: i64,
    pub(super) metadata: Option<String>,
    pub(super) expires: Option<Timestamp>,
}

fn stored(row: &Row<'_>) -> Result<Stored> {
    Ok(Stored {
        id: row.id(0)?,
        channel: row.id(1)?,
        sender: row.id(2)?,
        username: row.get(3)?,
        sealed: row.get(4)?,
        phi: row.get(5)?,
        at: row.time(6)?,
        edited: row.opt_time(7)?,
        deleted: row.get(8)?,
        seq: row.get(9)?,
        rev: row.get(10)?,
        metadata: row.get::<Option<Json>>(11)?.map(|json| json.0),
        expires: row.opt_time(12)?,
    })
}
