//! Every SQL text of the review queue.

use super::deeds::Decision;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{Columns, Param, Row, id, opt_id, time};
use crate::gate::{Act, Look};
use crate::id::{ChannelId, FlagId, MessageId, UserId};

macro_rules! waiting {
    ($rest:literal) => {
        concat!(
            "SELECT f.id, f.message_id, m.channel_id, f.reason, f.note, f.flagged_by, u.username, f.flagged_at ",
            "FROM message_flags f JOIN messages m ON m.id = f.message_id LEFT JOIN users u ON u.id = f.flagged_by ",
            "WHERE f.decision IS NULL AND m.sender_id <> $1 AND ($4 OR EXISTS (SELECT 1 FROM channel_members c ",
            "WHERE c.channel_id = m.channel_id AND c.user_id = $1)) AND ",
            $rest
        )
    };
}

const WAITING: &str = waiting!("f.id < $2 ORDER BY f.id DESC LIMIT $3");
const WAITING_BACK: &str = waiting!("f.id > $2 ORDER BY f.id LIMIT $3");
const WHERE_IS: &str = "SELECT channel_id FROM messages WHERE id = $1";
const SENDER: &str = "SELECT sender_id FROM messages WHERE id = $1";
const FIRST_WAITING: &str =
    "SELECT id FROM message_flags WHERE message_id = $1 AND decision IS NULL ORDER BY id LIMIT 1";
const DECIDE: &str = "UPDATE message_flags SET decision = $2, reviewed_by = $3, reviewed_at = $4 \
     WHERE message_id = $1 AND decision IS NULL";
const KEEP_NOTE: &str = "UPDATE message_flags SET review_note = $2 WHERE id = $1";
const UNFLAG: &str = "UPDATE messages SET flagged = FALSE, flag_reason = NULL, flagged_by = NULL, flagged_at = NULL \
     WHERE id = $1";

/// A flag that waits.
pub(super) struct Waiting {
    pub(super) id: FlagId,
    pub(super) message: MessageId,
    pub(super) channel: ChannelId,
    pub(super) reason: String,
    pub(super) note: Option<Vec<u8>>,
    pub(super) flagged_by: Option<UserId>,
    pub(super) flagged_by_name: Option<String>,
    pub(super) flagged_at: Timestamp,
}

fn waiting(row: &Row<'_>) -> Result<Waiting> {
    Ok(Waiting {
        id: row.id(0)?,
        message: row.id(1)?,
        channel: row.id(2)?,
        reason: row.get(3)?,
        note: row.get(4)?,
        flagged_by: row.opt_id(5)?,
        flagged_by_name: row.get(6)?,
        flagged_at: row.time(7)?,
    })
}

/// Which rows: those after `from`, towards older ones or, `back`, towards newer ones.
#[derive(Clone, Copy)]
pub(super) struct Slice {
    pub(super) from: FlagId,
    pub(super) back: bool,
    pub(super) limit: u32,
}

pub(super) fn queue(look: &mut Look<'_, '_>, reader: UserId, everywhere: bool, slice: Slice) -> Result<Vec<Waiting>> {
    let values = [id(reader), id(slice.from), Param::Int(i64::from(slice.limit)), Param::Bool(everywhere)];
    let mut rows = look.all(if slice.back { WAITING_BACK } else { WAITING }, &values, waiting)?;
    if slice.back {
        rows.reverse();
    }
    Ok(rows)
}

pub(super) fn where_is(look: &mut Look<'_, '_>, message: MessageId) -> Result<Option<ChannelId>> {
    look.first(WHERE_IS, &[id(message)], |row| row.id(0))
}

pub(super) fn sender(act: &mut Act<'_, '_>, message: MessageId) -> Result<Option<UserId>> {
    act.first(SENDER, &[id(message)], |row| row.id(0))
}

pub(super) fn first_waiting(act: &mut Act<'_, '_>, message: MessageId) -> Result<Option<FlagId>> {
    act.first(FIRST_WAITING, &[id(message)], |row| row.id(0))
}

pub(super) fn decide(
    act: &mut Act<'_, '_>,
    message: MessageId,
    noted: FlagId,
    decision: Decision,
    note: Option<&[u8]>,
) -> Result<()> {
    if let Some(note) = note {
        act.execute(KEEP_NOTE, &[id(noted), Param::Bytes(note)])?;
    }
    let values = [id(message), Param::Text(decision.name()), opt_id(act.maybe_user()), time(act.now())];
    act.execute(DECIDE, &values)?;
    act.execute(UNFLAG, &[id(message)]).map(drop)
}
