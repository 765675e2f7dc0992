//! Replies and pins: what only some messages have.

use super::read::Slice;
use super::{Place, Stored, message_columns};
use crate::error::{Error, Result};
use crate::gate::cells::{Columns, Param, id, time};
use crate::gate::{Act, Look};
use crate::id::{ChannelId, MessageId, UserId};

const PARENT: &str = "SELECT channel_id, deleted, reply_to FROM messages WHERE id = $1";
const REPLY: &str = "INSERT INTO message_replies (root_id, seq, message_id) VALUES ($1, $2, $3)";
const MARK_REPLY: &str = "UPDATE messages SET reply_to = $2 WHERE id = $1";
const COUNT_REPLIES: &str = "UPDATE messages SET replies = COALESCE(replies, 0) + $2, rev = $3 WHERE id = $1";
const REPLIES: &str = "SELECT seq, replies FROM messages WHERE id = $1";
const THREAD: &str = message_columns!(
    "JOIN message_replies t ON t.message_id = m.id WHERE t.root_id = $1 AND t.seq < $2 ORDER BY t.seq DESC LIMIT $3"
);
const THREAD_BACK: &str = message_columns!(
    "JOIN message_replies t ON t.message_id = m.id WHERE t.root_id = $1 AND t.seq > $2 ORDER BY t.seq LIMIT $3"
);
const COUNT_PINS: &str = "SELECT COUNT(*) FROM channel_pins WHERE channel_id = $1";
const PIN: &str = "INSERT INTO channel_pins (message_id, channel_id, pinned_by, pinned_at) VALUES ($1, $2, $3, $4)";
const UNPIN: &str = "DELETE FROM channel_pins WHERE message_id = $1";
const MARK_PIN: &str = "UPDATE messages SET pinned = $2, rev = $3 WHERE id = $1";
const PINS: &str = message_columns!(
    "JOIN channel_pins p ON p.message_id = m.id WHERE p.channel_id = $1 AND m.seq < $2 ORDER BY m.seq DESC LIMIT $3"
);
const PINS_BACK: &str = message_columns!(
    "JOIN channel_pins p ON p.message_id = m.id WHERE p.channel_id = $1 AND m.seq > $2 ORDER BY m.seq LIMIT $3"
);

/// A message that is replied to: its channel, whether it was deleted, and the beginning of its thread if it is a reply.
pub(in crate::features::messages) type Parent = (ChannelId, bool, Option<MessageId>);

pub(in crate::features::messages) fn parent(act: &mut Act<'_, '_>, message: MessageId) -> Result<Option<Parent>> {
    act.first(PARENT, &[id(message)], |row| Ok((row.id(0)?, row.get(1)?, row.opt_id(2)?)))
}

pub(in crate::features::messages) fn reply(
    act: &mut Act<'_, '_>,
    root: MessageId,
    message: MessageId,
    seq: i64,
) -> Result<()> {
    act.execute(REPLY, &[id(root), Param::Int(seq), id(message)])?;
    act.execute(MARK_REPLY, &[id(message), id(root)]).map(drop)
}

/// Adds to the replies of a message, which takes a new `rev` by it; gives its place and how many there are.
pub(in crate::features::messages) fn count_replies(
    act: &mut Act<'_, '_>,
    root: MessageId,
    more: i64,
    rev: i64,
) -> Result<(i64, i32)> {
    act.execute(COUNT_REPLIES, &[id(root), Param::Int(more), Param::Int(rev)])?;
    act.first(REPLIES, &[id(root)], |row| Ok((row.get(0)?, row.get::<Option<i32>>(1)?.unwrap_or(0))))?
        .ok_or_else(|| Error::internal("a thread without a beginning"))
}

/// Newest first.
pub(in crate::features::messages) fn thread(
    look: &mut Look<'_, '_>,
    root: MessageId,
    slice: Slice,
) -> Result<Vec<Stored>> {
    slice.rows(look, THREAD, THREAD_BACK, id(root))
}

pub(in crate::features::messages) fn pins_in(act: &mut Act<'_, '_>, channel: ChannelId) -> Result<i64> {
    Ok(act.first(COUNT_PINS, &[id(channel)], |row| row.get(0))?.unwrap_or(0))
}

pub(in crate::features::messages) fn pin(act: &mut Act<'_, '_>, place: Place, by: UserId, rev: i64) -> Result<()> {
    act.execute(PIN, &[id(place.message), id(place.channel), id(by), time(act.now())])?;
    act.execute(MARK_PIN, &[id(place.message), Param::Bool(true), Param::Int(rev)]).map(drop)
}

pub(in crate::features::messages) fn unpin(act: &mut Act<'_, '_>, message: MessageId, rev: i64) -> Result<()> {
    act.execute(UNPIN, &[id(message)])?;
    act.execute(MARK_PIN, &[id(message), Param::Bool(false), Param::Int(rev)]).map(drop)
}

/// The newest message first.
pub(in crate::features::messages) fn pins(
    look: &mut Look<'_, '_>,
    channel: ChannelId,
    slice: Slice,
) -> Result<Vec<Stored>> {
    slice.rows(look, PINS, PINS_BACK, id(channel))
}
