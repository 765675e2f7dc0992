//! Taking a message back.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::Act;
use crate::gate::cells::{Columns, Param, id, opt_id, time};
use crate::id::{ChannelId, MessageId, UserId};

const PLACE: &str = "SELECT channel_id, sender_id, seq, deleted FROM messages WHERE id = $1";
const RETRACT: &str = "UPDATE messages SET deleted = TRUE, deleted_at = $2, deleted_by = $3, rev = $4 WHERE id = $1";
const ERASE: &str = "UPDATE messages SET encrypted_text = NULL, metadata = NULL WHERE id = $1";

const FORGET_MENTIONS: &str = "DELETE FROM message_mentions WHERE message_id = $1";
const EXPIRE: &str = "INSERT INTO message_expiries (message_id, expires_at) VALUES ($1, $2)";

/// Where a message is.
pub(in crate::features::messages) struct Whereabouts {
    pub(in crate::features::messages) channel: ChannelId,
    pub(in crate::features::messages) sender: UserId,
    pub(in crate::features::messages) seq: i64,
    pub(in crate::features::messages) deleted: bool,
}

pub(in crate::features::messages) fn whereabouts(
    act: &mut Act<'_, '_>,
    message: MessageId,
) -> Result<Option<Whereabouts>> {
    act.first(PLACE, &[id(message)], |row| {
        Ok(Whereabouts { channel: row.id(0)?, sender: row.id(1)?, seq: row.get(2)?, deleted: row.get(3)? })
    })
}

pub(in crate::features::messages) fn retract(act: &mut Act<'_, '_>, message: MessageId, rev: i64) -> Result<()> {
    let values = [id(message), time(act.now()), opt_id(act.maybe_user()), Param::Int(rev)];
    act.execute(RETRACT, &values).map(drop)
}

/// The sealed bytes leave the row; SQLite's `secure_delete` overwrites them in the file.
pub(in crate::features::messages) fn erase(act: &mut Act<'_, '_>, message: MessageId) -> Result<()> {
    act.execute(FORGET_MENTIONS, &[id(message)])?;
    act.execute(ERASE, &[id(message)]).map(drop)
}

/// The message erases itself at a time.
pub(in crate::features::messages) fn expire(act: &mut Act<'_, '_>, message: MessageId, at: Timestamp) -> Result<()> {
    act.execute(EXPIRE, &[id(message), time(at)]).map(drop)
}
