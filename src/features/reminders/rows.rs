//! Every SQL text of reminders.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{Columns, Param, Row, id, opt_id, time};
use crate::gate::{Act, Look};
use crate::id::{ApiKeyId, ChannelId, ReminderId, UserId};

macro_rules! reminders {
    ($rest:literal) => {
        concat!(
            "SELECT id, user_id, channel_id, sealed, remind_at, told_at, created_at, api_key_id FROM reminders WHERE ",
            $rest
        )
    };
}

const LIST: &str =
    reminders!("user_id = $1 AND id > $2 AND (CAST($4 AS UUID) IS NULL OR api_key_id = $4) ORDER BY id LIMIT $3");
const LIST_BACK: &str =
    reminders!("user_id = $1 AND id < $2 AND (CAST($4 AS UUID) IS NULL OR api_key_id = $4) ORDER BY id DESC LIMIT $3");
const DUE: &str = reminders!("told_at IS NULL AND remind_at <= $1 ORDER BY remind_at LIMIT $2");
const COUNT: &str = "SELECT COUNT(*) FROM reminders WHERE user_id = $1";
const INSERT: &str = "INSERT INTO reminders (id, user_id, channel_id, sealed, remind_at, created_at, api_key_id) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)";
const TOLD: &str = "UPDATE reminders SET told_at = $2 WHERE id = $1 AND told_at IS NULL";
const REMOVE: &str =
    "DELETE FROM reminders WHERE id = $1 AND user_id = $2 AND (CAST($3 AS UUID) IS NULL OR api_key_id = $3)";
const WITHHOLD: &str = "DELETE FROM reminders WHERE id = $1 AND told_at IS NULL";

/// Who asks: a person, for all their reminders, or an API key, for those it asked for itself.
pub(super) type Asker = (UserId, Option<ApiKeyId>);

/// A reminder as it is stored: sealed.
pub(super) struct Stored {
    pub(super) id: ReminderId,
    pub(super) user: UserId,
    pub(super) channel: Option<ChannelId>,
    pub(super) sealed: Vec<u8>,
    pub(super) remind_at: Timestamp,
    pub(super) told: Option<Timestamp>,
    pub(super) created: Timestamp,
    /// Through which API key it was asked for.
    pub(super) key: Option<ApiKeyId>,
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
        key: row.opt_id(7)?,
    })
}

pub(super) fn list(
    look: &mut Look<'_, '_>,
    (user, key): Asker,
    from: ReminderId,
    back: bool,
    limit: u32,
) -> Result<Vec<Stored>> {
    let values = [id(user), id(from), Param::Int(i64::from(limit)), opt_id(key)];
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
    (user, key): Asker,
    channel: Option<ChannelId>,
    sealed: &[u8],
    remind_at: Timestamp,
) -> Result<()> {
    let now = time(act.now());
    let values = [id(reminder), id(user), opt_id(channel), Param::Bytes(sealed), time(remind_at), now, opt_id(key)];
    act.execute(INSERT, &values).map(drop)
}

pub(super) fn told(act: &mut Act<'_, '_>, reminder: ReminderId) -> Result<u64> {
    act.execute(TOLD, &[id(reminder), time(act.now())])
}

pub(super) fn remove(act: &mut Act<'_, '_>, reminder: ReminderId, (user, key): Asker) -> Result<u64> {
    act.execute(REMOVE, &[id(reminder), id(user), opt_id(key)])
}

/// Strikes off one that may not be told.
pub(super) fn withhold(act: &mut Act<'_, '_>, reminder: ReminderId) -> Result<u64> {
    act.execute(WITHHOLD, &[id(reminder)])
}
