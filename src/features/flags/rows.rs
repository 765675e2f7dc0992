//! Every SQL text of flags.

use super::model::Reason;
use crate::error::Result;
use crate::gate::cells::{Columns, Param, id, opt_id, time};
use crate::gate::{Act, Look};
use crate::id::{ChannelId, FlagId, MessageId, UserId};

const WHERE_IS: &str = "SELECT channel_id FROM messages WHERE id = $1";
const IS_DELETED: &str = "SELECT deleted FROM messages WHERE id = $1";
const WAITS: &str = "SELECT 1 FROM message_flags WHERE message_id = $1 AND flagged_by = $2 AND decision IS NULL";
const INSERT: &str = "INSERT INTO message_flags (id, message_id, reason, note, flagged_by, flagged_at) \
     VALUES ($1, $2, $3, $4, $5, $6)";
/// The columns of the older server show the first flag that waits.
const SET_FLAGGED: &str = "UPDATE messages SET flagged = TRUE, flag_reason = $2, flagged_by = $3, flagged_at = $4 \
     WHERE id = $1 AND flagged = FALSE";

pub(super) fn where_is(look: &mut Look<'_, '_>, message: MessageId) -> Result<Option<ChannelId>> {
    look.first(WHERE_IS, &[id(message)], |row| row.id(0))
}

pub(super) fn is_deleted(act: &mut Act<'_, '_>, message: MessageId) -> Result<bool> {
    Ok(act.first(IS_DELETED, &[id(message)], |row| row.get::<bool>(0))?.unwrap_or(true))
}

pub(super) fn waits(act: &mut Act<'_, '_>, message: MessageId, reporter: UserId) -> Result<bool> {
    Ok(act.first(WAITS, &[id(message), id(reporter)], |row| row.get::<i64>(0))?.is_some())
}

pub(super) fn insert(
    act: &mut Act<'_, '_>,
    flag: FlagId,
    message: MessageId,
    reason: Reason,
    note: Option<&[u8]>,
    reporter: Option<UserId>,
) -> Result<()> {
    let values = [
        id(flag),
        id(message),
        Param::Text(reason.name()),
        note.map_or(Param::Null, Param::Bytes),
        opt_id(reporter),
        time(act.now()),
    ];
    act.execute(INSERT, &values).map(drop)
}

pub(super) fn set_flagged(
    act: &mut Act<'_, '_>,
    message: MessageId,
    reason: Reason,
    reporter: Option<UserId>,
) -> Result<()> {
    let values = [id(message), Param::Text(reason.name()), opt_id(reporter), time(act.now())];
    act.execute(SET_FLAGGED, &values).map(drop)
}
