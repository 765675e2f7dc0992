//! How far people have received and read.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{Columns, Param, Row, id, time};
use crate::gate::{Act, Look};
use crate::id::{ChannelId, MessageId, UserId};
use crate::wire::messages::Receipt;

const POSITION: &str = "SELECT seq, deleted FROM messages WHERE id = $1 AND channel_id = $2";
const DELIVER: &str = "INSERT INTO channel_deliveries (channel_id, user_id, last_seq, last_at) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (channel_id, user_id) DO UPDATE \
     SET last_seq = excluded.last_seq, last_at = excluded.last_at WHERE channel_deliveries.last_seq < excluded.last_seq";

macro_rules! receipt_columns {
    ($rest:literal) => {
        concat!(
            "SELECT c.user_id, u.username, CASE WHEN d.last_seq >= $2 THEN d.last_at END, ",
            "CASE WHEN c.last_read_seq >= $2 THEN c.last_read_at END FROM channel_members c ",
            "JOIN users u ON u.id = c.user_id LEFT JOIN channel_deliveries d ",
            "ON d.channel_id = c.channel_id AND d.user_id = c.user_id ",
            "WHERE c.channel_id = $1 AND c.user_id <> $3 AND (c.last_read_seq >= $2 OR d.last_seq >= $2) ",
            $rest
        )
    };
}

const RECEIPTS: &str = receipt_columns!("AND c.user_id > $4 ORDER BY c.user_id LIMIT $5");
const RECEIPTS_BACK: &str = receipt_columns!("AND c.user_id < $4 ORDER BY c.user_id DESC LIMIT $5");

fn found(row: &Row<'_>) -> Result<(i64, bool)> {
    Ok((row.get(0)?, row.get(1)?))
}

/// A message's place in `channel`, and whether it was deleted.
pub(in crate::features::messages) fn position(
    act: &mut Act<'_, '_>,
    message: MessageId,
    channel: ChannelId,
) -> Result<Option<(i64, bool)>> {
    act.first(POSITION, &[id(message), id(channel)], found)
}

/// The same for a reader.
pub(in crate::features::messages) fn seq_in(
    look: &mut Look<'_, '_>,
    message: MessageId,
    channel: ChannelId,
) -> Result<Option<(i64, bool)>> {
    look.first(POSITION, &[id(message), id(channel)], found)
}

/// Notes that a device of `user` has everything up to `seq`; says whether that is further than before.
pub(in crate::features::messages) fn deliver(
    act: &mut Act<'_, '_>,
    channel: ChannelId,
    user: UserId,
    seq: i64,
    at: Timestamp,
) -> Result<bool> {
    Ok(act.execute(DELIVER, &[id(channel), id(user), Param::Int(seq), time(at)])? > 0)
}

/// Who but its sender has received or read the message at `seq`, by their ids, from `cursor` on.
pub(in crate::features::messages) fn receipts(
    look: &mut Look<'_, '_>,
    (channel, sender, seq): (ChannelId, UserId, i64),
    cursor: UserId,
    back: bool,
    limit: u32,
) -> Result<Vec<Receipt>> {
    let values = [id(channel), Param::Int(seq), id(sender), id(cursor), Param::Int(i64::from(limit))];
    let mut rows = look.all(if back { RECEIPTS_BACK } else { RECEIPTS }, &values, |row| {
        Ok(Receipt {
            user_id: row.id(0)?,
            username: row.get(1)?,
            delivered_at: row.opt_time(2)?,
            read_at: row.opt_time(3)?,
        })
    })?;
    if back {
        rows.reverse();
    }
    Ok(rows)
}
