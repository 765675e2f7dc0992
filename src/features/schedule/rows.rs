//! Every SQL text of messages that wait.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{Columns, Param, Row, id, opt_id, time};
use crate::gate::{Act, Look};
use crate::id::{ApiKeyId, ChannelId, ScheduledId, UserId};

macro_rules! scheduled {
    ($rest:literal) => {
        concat!(
            "SELECT id, user_id, channel_id, sealed, contains_phi, send_at, failure, created_at, updated_at, api_key_id ",
            "FROM scheduled_messages WHERE ",
            $rest
        )
    };
}

const LIST: &str =
    scheduled!("user_id = $1 AND id > $2 AND (CAST($4 AS UUID) IS NULL OR api_key_id = $4) ORDER BY id LIMIT $3");
const LIST_BACK: &str =
    scheduled!("user_id = $1 AND id < $2 AND (CAST($4 AS UUID) IS NULL OR api_key_id = $4) ORDER BY id DESC LIMIT $3");
const SHOW: &str = scheduled!("id = $1 AND user_id = $2 AND (CAST($3 AS UUID) IS NULL OR api_key_id = $3)");
const DUE: &str = scheduled!("failure IS NULL AND send_at <= $1 ORDER BY send_at LIMIT $2");
const COUNT: &str = "SELECT COUNT(*) FROM scheduled_messages WHERE user_id = $1";
const INSERT: &str = "INSERT INTO scheduled_messages \
     (id, user_id, channel_id, sealed, contains_phi, send_at, created_at, updated_at, api_key_id) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)";
const CHANGE: &str = "UPDATE scheduled_messages SET sealed = $3, contains_phi = $4, send_at = $5, failure = NULL, \
     updated_at = $6, api_key_id = $7 \
     WHERE id = $1 AND user_id = $2 AND (CAST($7 AS UUID) IS NULL OR api_key_id = $7)";
const CANCEL: &str =
    "DELETE FROM scheduled_messages WHERE id = $1 AND user_id = $2 AND (CAST($3 AS UUID) IS NULL OR api_key_id = $3)";
const STRIKE_OFF: &str = "DELETE FROM scheduled_messages WHERE id = $1";
const FAIL: &str = "UPDATE scheduled_messages SET failure = $2 WHERE id = $1";

/// Who asks: a person, for all that waits in their name, or an API key, for what it asked for itself.
pub(super) type Asker = (UserId, Option<ApiKeyId>);

/// A message that waits, as it is stored: sealed.
pub(super) struct Stored {
    pub(super) id: ScheduledId,
    pub(super) author: UserId,
    pub(super) channel: ChannelId,
    pub(super) sealed: Vec<u8>,
    pub(super) phi: bool,
    pub(super) send_at: Timestamp,
    pub(super) failure: Option<String>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    /// Through which API key it was asked for.
    pub(super) key: Option<ApiKeyId>,
}

fn stored(row: &Row<'_>) -> Result<Stored> {
    Ok(Stored {
        id: row.id(0)?,
        author: row.id(1)?,
        channel: row.id(2)?,
        sealed: row.get(3)?,
        phi: row.get(4)?,
        send_at: row.time(5)?,
        failure: row.get(6)?,
        created: row.time(7)?,
        updated: row.time(8)?,
        key: row.opt_id(9)?,
    })
}

pub(super) fn list(
    look: &mut Look<'_, '_>,
    (author, key): Asker,
    from: ScheduledId,
    back: bool,
    limit: u32,
) -> Result<Vec<Stored>> {
    let values = [id(author), id(from), Param::Int(i64::from(limit)), opt_id(key)];
    let mut rows = look.all(if back { LIST_BACK } else { LIST }, &values, stored)?;
    if back {
        rows.reverse();
    }
    Ok(rows)
}

pub(super) fn show(look: &mut Look<'_, '_>, scheduled: ScheduledId, (author, key): Asker) -> Result<Option<Stored>> {
    look.first(SHOW, &[id(scheduled), id(author), opt_id(key)], stored)
}

pub(super) fn due(look: &mut Look<'_, '_>, now: Timestamp, limit: u32) -> Result<Vec<Stored>> {
    look.all(DUE, &[time(now), Param::Int(i64::from(limit))], stored)
}

pub(super) fn count(act: &mut Act<'_, '_>, author: UserId) -> Result<i64> {
    Ok(act.first(COUNT, &[id(author)], |row| row.get(0))?.unwrap_or(0))
}

pub(super) fn insert(
    act: &mut Act<'_, '_>,
    scheduled: ScheduledId,
    (author, key): Asker,
    channel: ChannelId,
    sealed: &[u8],
    phi: bool,
    send_at: Timestamp,
) -> Result<()> {
    let values = [
        id(scheduled),
        id(author),
        id(channel),
        Param::Bytes(sealed),
        Param::Bool(phi),
        time(send_at),
        time(act.now()),
        opt_id(key),
    ];
    act.execute(INSERT, &values).map(drop)
}

pub(super) fn change(
    act: &mut Act<'_, '_>,
    scheduled: ScheduledId,
    (author, key): Asker,
    sealed: &[u8],
    phi: bool,
    send_at: Timestamp,
) -> Result<u64> {
    let values = [
        id(scheduled),
        id(author),
        Param::Bytes(sealed),
        Param::Bool(phi),
        time(send_at),
        time(act.now()),
        opt_id(key),
    ];
    act.execute(CHANGE, &values)
}

pub(super) fn cancel(act: &mut Act<'_, '_>, scheduled: ScheduledId, (author, key): Asker) -> Result<u64> {
    act.execute(CANCEL, &[id(scheduled), id(author), opt_id(key)])
}

pub(super) fn strike_off(act: &mut Act<'_, '_>, scheduled: ScheduledId) -> Result<()> {
    act.execute(STRIKE_OFF, &[id(scheduled)]).map(drop)
}

pub(super) fn fail(act: &mut Act<'_, '_>, scheduled: ScheduledId, code: &'static str) -> Result<()> {
    act.execute(FAIL, &[id(scheduled), Param::Text(code)]).map(drop)
}
