//! Every SQL text of exports.

use super::model::{Order, Subject};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{Columns, Param, Row, id, opt_id, opt_time, time};
use crate::gate::{Act, Look};
use crate::id::{ChannelId, ExportId, UserId};
use crate::wire::exports::Export;

macro_rules! export_columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, kind, subject, format, from_time, to_time, state, failure, done_rows, all_rows, file_bytes, ",
            "sha256, created_at, finished_at, expires_at FROM exports ",
            $rest
        )
    };
}

const SHOW: &str = export_columns!("WHERE id = $1 AND asked_by = $2");
const LIST: &str = export_columns!("WHERE asked_by = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
const LIST_BACK: &str = export_columns!("WHERE asked_by = $1 AND id > $2 ORDER BY id LIMIT $3");
const INSERT: &str = "INSERT INTO exports \
     (id, kind, subject, asked_by, format, from_time, to_time, state, created_at, expires_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting', $8, $9)";
const UNDER_WAY: &str = "SELECT COUNT(*) FROM exports WHERE asked_by = $1 AND state IN ('waiting', 'running')";
const STEP: &str = "UPDATE exports SET state = 'running', done_rows = $2, all_rows = $3 WHERE id = $1";
const FINISH: &str = "UPDATE exports SET state = $2, failure = $3, done_rows = $4, file_bytes = $5, sha256 = $6, \
     finished_at = $7 WHERE id = $1";
const REMOVE: &str = "DELETE FROM exports WHERE id = $1 AND asked_by = $2 AND state IN ('done', 'failed')";
const OVER: &str = "SELECT id FROM exports WHERE expires_at <= $1 AND state IN ('done', 'failed') LIMIT 100";
const FORGET: &str = "DELETE FROM exports WHERE id = $1";
const BREAK_OFF: &str = "UPDATE exports SET state = 'failed', failure = 'interrupted', finished_at = $1 \
     WHERE state IN ('waiting', 'running')";
const DONE: &str = "SELECT id FROM exports WHERE state = 'done'";
const MESSAGES_IN: &str = "SELECT COUNT(*) FROM messages WHERE channel_id = $1";
const ENTRIES: &str = "SELECT COUNT(*) FROM audit_logs";
const CHANNEL: &str = "SELECT name FROM channels WHERE id = $1";
const MEMBERSHIPS: &str = "SELECT c.id, c.name, m.role, m.joined_at FROM channel_members m \
     JOIN channels c ON c.id = m.channel_id WHERE m.user_id = $1 ORDER BY c.id";

fn export(row: &Row<'_>) -> Result<Export> {
    Ok(Export {
        id: row.id(0)?,
        kind: row.get(1)?,
        subject_id: row.opt_id(2)?,
        format: row.get(3)?,
        from: row.opt_time(4)?,
        to: row.opt_time(5)?,
        state: row.get(6)?,
        failure: row.get(7)?,
        done_rows: row.get(8)?,
        all_rows: row.get(9)?,
        bytes: row.get(10)?,
        sha256: row.get(11)?,
        created_at: row.time(12)?,
        finished_at: row.opt_time(13)?,
        expires_at: row.time(14)?,
    })
}

pub(super) fn show(look: &mut Look<'_, '_>, of: ExportId, by: UserId) -> Result<Option<Export>> {
    look.first(SHOW, &[id(of), id(by)], export)
}

pub(super) fn show_in(act: &mut Act<'_, '_>, of: ExportId, by: UserId) -> Result<Option<Export>> {
    act.first(SHOW, &[id(of), id(by)], export)
}

pub(super) fn list(look: &mut Look<'_, '_>, by: UserId, from: ExportId, back: bool, limit: u32) -> Result<Vec<Export>> {
    let values = [id(by), id(from), Param::Int(i64::from(limit))];
    let mut rows = look.all(if back { LIST_BACK } else { LIST }, &values, export)?;
    if back {
        rows.reverse();
    }
    Ok(rows)
}

pub(super) fn insert(
    act: &mut Act<'_, '_>,
    new: ExportId,
    by: UserId,
    order: &Order,
    expires: Timestamp,
) -> Result<()> {
    let values = [
        id(new),
        Param::Text(order.subject.kind()),
        opt_id(order.subject.id()),
        id(by),
        Param::Text(order.format.name()),
        opt_time(order.span.from),
        opt_time(order.span.to),
        time(act.now()),
        time(expires),
    ];
    act.execute(INSERT, &values).map(drop)
}

pub(super) fn under_way(act: &mut Act<'_, '_>, by: UserId) -> Result<i64> {
    Ok(act.first(UNDER_WAY, &[id(by)], |row| row.get(0))?.unwrap_or(0))
}

pub(super) fn step(act: &mut Act<'_, '_>, of: ExportId, done: i64, all: i64) -> Result<()> {
    act.execute(STEP, &[id(of), Param::Int(done), Param::Int(all)]).map(drop)
}

/// How an export ended.
pub(super) struct End {
    pub(super) failure: Option<&'static str>,
    pub(super) rows: i64,
    pub(super) bytes: Option<i64>,
    pub(super) sha256: Option<String>,
}

pub(super) fn finish(act: &mut Act<'_, '_>, of: ExportId, end: &End) -> Result<()> {
    let state = if end.failure.is_none() { "done" } else { "failed" };
    let values = [
        id(of),
        Param::Text(state),
        end.failure.map_or(Param::Null, Param::Text),
        Param::Int(end.rows),
        end.bytes.map_or(Param::Null, Param::Int),
        end.sha256.as_deref().map_or(Param::Null, Param::Text),
        time(act.now()),
    ];
    act.execute(FINISH, &values).map(drop)
}

pub(super) fn remove(act: &mut Act<'_, '_>, of: ExportId, by: UserId) -> Result<bool> {
    Ok(act.execute(REMOVE, &[id(of), id(by)])? > 0)
}

pub(super) fn over(act: &mut Act<'_, '_>) -> Result<Vec<ExportId>> {
    let now = act.now();
    let over = act.all(OVER, &[time(now)], |row| row.id(0))?;
    for export in &over {
        act.execute(FORGET, &[id(*export)])?;
    }
    Ok(over)
}

/// Marks what was under way when the server ended; gives those whose file is to be kept.
pub(super) fn break_off(act: &mut Act<'_, '_>) -> Result<Vec<ExportId>> {
    let now = act.now();
    act.execute(BREAK_OFF, &[time(now)])?;
    act.all(DONE, &[], |row| row.id(0))
}

/// About how many rows there are to look at.
pub(super) fn size(look: &mut Look<'_, '_>, subject: Subject) -> Result<i64> {
    let (sql, of) = match subject {
        Subject::Channel(channel) => (MESSAGES_IN, Some(id(channel))),
        // What a person wrote is looked for among all changes.
        Subject::Person(_) => return Ok(0),
        Subject::Audit => (ENTRIES, None),
    };
    Ok(look.first(sql, of.as_slice(), |row| row.get(0))?.unwrap_or(0))
}

pub(super) fn channel_name(look: &mut Look<'_, '_>, of: ChannelId) -> Result<Option<String>> {
    look.first(CHANNEL, &[id(of)], |row| row.get(0))
}

/// Where a person is a member: id, name, standing, since when.
pub(super) fn memberships(look: &mut Look<'_, '_>, of: UserId) -> Result<Vec<(ChannelId, String, String, Timestamp)>> {
    look.all(MEMBERSHIPS, &[id(of)], |row| Ok((row.id(0)?, row.get(1)?, row.get(2)?, row.time(3)?)))
}
