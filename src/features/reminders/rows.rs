//! Every SQL text of reminders.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{Columns, Param, Row, id, opt_id, time};
use crate::gate::{Act, Look};
use crate::id::{ChannelId, ReminderId, UserId};

macro_rules! reminders {
    ($rest:literal) => {
        concat!("SELECT id, user_id, channel_id, sealed, remind_at, told_at, created_at FROM reminders WHERE ", $rest)
    };
}

const LIST: &str = reminders!("user_id = $1 AND id > $2 ORDER BY id LIMIT $3");
const LIST_BACK: &str = reminders!("user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
const DUE: &str = reminders!("told_at IS NULL AND remind_at <= $1 ORDER BY remind_at LIMIT $2");
const COUNT: &str = "SELECT COUNT(*) FROM reminders WHERE user_id = $1";
const INSERT: &str = "INSERT INTO reminders (id, user_id, channel_id, sealed, remind_at, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6)";
const TOLD: &str = "UPDATE reminders SET told_at = $2 WHERE id = $1 AND told_at IS NULL";
const REMOVE: &str = "DELETE FROM reminders WHERE id = $1 AND user_id = $2";

/// A reminder as it is stored: sealed.
pub(super) struct Stored {
    pub(super) id: ReminderId,
    pub(super) user: UserId,
    pub(super) channel: Option<ChannelId>,
    pub(super) sealed: Vec<u8>,
    pub(super) remind_at: Timestamp,
    pub(super) told: Option<Timestamp>,
    pub(super) created: Timestamp,
}

fn stored(row: &Row<'_>) -> Result<Stored> {
    Ok(Stored {
        id: row.id(0)?,
        user: row.id(1)?,
        channel: row.opt_id(2)?,
        sealed: row.get(3)?,
        remind_at: row.time(4)?,
        told: row.opt_time(5)?,
        created: row.time(6)?,
    })
}

pub(super) fn list(
    look: &mut Look<'_, '_>,
    user: UserId,
    from: ReminderId,
    back: bool,
    limit: u32,
) -> Result<Vec<Stored>> {
    let values = [id(user), id(from), Param::Int(i64::from(limit))];
    let mut rows = look.all(if back { LIST_BACK } else { LIST }, &values, stored)?;
    if back {
        rows.reverse();
    }
    Ok(rows)
}

pub(super) fn due(look: &mut Look<'_, '_>, now: Timestamp, limit: u32) -> Result<Vec<Stored>> {
    look.all(DUE, &[time(now), Param::Int(i64::from(limit))], stored)
}

pub(super) fn count(act: &mut Act<'_, '_>, user: UserId) -> Result<i64> {
    Ok(act.first(COUNT, &[id(user)], |row| row.get(0))?.unwrap_or(0))
}

pub(super) fn insert(
    act: &mut Act<'_, '_>,
    reminder: ReminderId,
    user: UserId,
    channel: Option<ChannelId>,
    sealed: &[u8],
    remind_at: Timestamp,
) -> Result<()> {
    let values = [id(reminder), id(user), opt_id(channel), Param::Bytes(sealed), time(remind_at), time(act.now())];
    act.execute(INSERT, &values).map(drop)
}

pub(super) fn told(act: &mut Act<'_, '_>, reminder: ReminderId) -> Result<u64> {
    act.execute(TOLD, &[id(reminder), time(act.now())])
}

pub(super) fn remove(act: &mut Act<'_, '_>, reminder: ReminderId, user: UserId) -> Result<u64> {
    act.execute(REMOVE, &[id(reminder), id(user)])
}
