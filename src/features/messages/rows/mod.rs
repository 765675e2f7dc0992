//! Every SQL text of messages, one file a subject.
//!
//! What is asked for on the way of every message is in `post`; it is the busiest statement of the program, and what
//! only some messages have stands in tables and columns that it does not touch.

mod edits;
mod post;
mod reactions;
mod read;
mod receipts;
mod threads;
mod withdraw;

pub(super) use edits::{NewText, OldVersion, edit, history, keep_version};
pub(super) use post::{NewRow, insert, sent};
pub(super) use reactions::{OneReaction, count_reactions, react, reactions, reactions_to, unreact};
pub(super) use read::{
    Place, Slice, changed, changed_in_order, current, newest_rev, page, place, recent, show, written_by,
};
pub(super) use receipts::{deliver, position, receipts, seq_in};
pub(super) use threads::{count_replies, parent, pin, pins, pins_in, reply, thread, unpin};

pub(super) use withdraw::{erase, expire, retract};

use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{Columns, Json, Row};
use crate::id::{ChannelId, MessageId, UserId};

macro_rules! message_columns {
    ($rest:literal) => {
        concat!(
            "SELECT m.id, m.channel_id, m.sender_id, u.username, m.encrypted_text, m.contains_phi, m.timestamp, ",
            "m.edited_at, m.deleted, m.seq, m.rev, m.metadata, e.expires_at, m.deleted_at, m.deleted_by, m.reactions, ",
            "m.reply_to, m.replies, m.pinned FROM messages m JOIN users u ON u.id = m.sender_id ",
            "LEFT JOIN message_expiries e ON e.message_id = m.id ",
            $rest
        )
    };
}
use message_columns;

/// A message as it is stored: sealed.
#[derive(Clone)]
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
    pub(super) deleted_at: Option<Timestamp>,
    pub(super) deleted_by: Option<UserId>,
    /// How many; they stand in a table of their own.
    pub(super) reactions: i32,
    /// The beginning of its thread, if it is a reply.
    pub(super) reply_to: Option<MessageId>,
    pub(super) replies: i32,
    pub(super) pinned: bool,
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
        deleted_at: row.opt_time(13)?,
        deleted_by: row.opt_id(14)?,
        reactions: row.get::<Option<i32>>(15)?.unwrap_or(0),
        reply_to: row.opt_id(16)?,
        replies: row.get::<Option<i32>>(17)?.unwrap_or(0),
        pinned: row.get::<Option<bool>>(18)?.unwrap_or(false),
    })
}
