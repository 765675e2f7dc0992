//! Every SQL text of bookmarks.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{Columns, Param, id, time};
use crate::gate::{Act, Look};
use crate::id::{BookmarkId, ChannelId, MessageId, UserId};

macro_rules! readable {
    ($rest:literal) => {
        concat!(
            "SELECT b.id, b.message_id, b.created_at FROM bookmarks b JOIN messages m ON m.id = b.message_id ",
            "JOIN channel_members c ON c.channel_id = m.channel_id AND c.user_id = b.user_id ",
            "WHERE b.user_id = $1 AND m.deleted = FALSE AND ",
            $rest
        )
    };
}

const LIST: &str = readable!("b.id < $2 ORDER BY b.id DESC LIMIT $3");
const LIST_BACK: &str = readable!("b.id > $2 ORDER BY b.id LIMIT $3");
const WHERE_IS: &str = "SELECT channel_id FROM messages WHERE id = $1";
const IS_DELETED: &str = "SELECT deleted FROM messages WHERE id = $1";
const IS_SET: &str = "SELECT 1 FROM bookmarks WHERE message_id = $2 AND user_id = $1";
const COUNT: &str = "SELECT COUNT(*) FROM bookmarks WHERE user_id = $1";
const INSERT: &str = "INSERT INTO bookmarks (id, user_id, message_id, created_at) VALUES ($1, $2, $3, $4)";
const REMOVE: &str = "DELETE FROM bookmarks WHERE message_id = $2 AND user_id = $1";

pub(super) fn list(
    look: &mut Look<'_, '_>,
    user: UserId,
    from: BookmarkId,
    back: bool,
    limit: u32,
) -> Result<Vec<(BookmarkId, MessageId, Timestamp)>> {
    let values = [id(user), id(from), Param::Int(i64::from(limit))];
    let mut rows =
        look.all(if back { LIST_BACK } else { LIST }, &values, |row| Ok((row.id(0)?, row.id(1)?, row.time(2)?)))?;
    if back {
        rows.reverse();
    }
    Ok(rows)
}

pub(super) fn where_is(look: &mut Look<'_, '_>, message: MessageId) -> Result<Option<ChannelId>> {
    look.first(WHERE_IS, &[id(message)], |row| row.id(0))
}

pub(super) fn is_deleted(act: &mut Act<'_, '_>, message: MessageId) -> Result<bool> {
    Ok(act.first(IS_DELETED, &[id(message)], |row| row.get::<bool>(0))?.unwrap_or(true))
}

pub(super) fn is_set(act: &mut Act<'_, '_>, user: UserId, message: MessageId) -> Result<bool> {
    Ok(act.first(IS_SET, &[id(user), id(message)], |row| row.get::<i64>(0))?.is_some())
}

pub(super) fn count(act: &mut Act<'_, '_>, user: UserId) -> Result<i64> {
    Ok(act.first(COUNT, &[id(user)], |row| row.get(0))?.unwrap_or(0))
}

pub(super) fn insert(act: &mut Act<'_, '_>, user: UserId, message: MessageId) -> Result<()> {
    let bookmark: BookmarkId = act.new_id();
    act.execute(INSERT, &[id(bookmark), id(user), id(message), time(act.now())]).map(drop)
}

pub(super) fn remove(act: &mut Act<'_, '_>, user: UserId, message: MessageId) -> Result<()> {
    act.execute(REMOVE, &[id(user), id(message)]).map(drop)
}
