//! Every SQL text of the policies. The table also keeps what the server notes for itself, so a policy's row is told
//! by its prefix.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{Columns, Json, Param, id, time};
use crate::gate::{Act, Look};
use crate::id::UserId;

const PREFIX: &str = "clinic.";

const STORED: &str = "SELECT s.name, s.value, s.updated_at, s.updated_by, u.username FROM settings s \
     LEFT JOIN users u ON u.id = s.updated_by WHERE s.name LIKE 'clinic.%'";
const KEEP: &str = "INSERT INTO settings (name, value, updated_at, updated_by) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at, \
     updated_by = excluded.updated_by";
const SET_AT: &str = "SELECT updated_at FROM settings WHERE name = $1";
const DROP: &str = "DELETE FROM settings WHERE name = $1";

/// A policy that somebody has set.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) at: Option<Timestamp>,
    pub(super) by: Option<UserId>,
    pub(super) username: Option<String>,
}

pub(super) fn stored(look: &mut Look<'_, '_>) -> Result<Vec<Stored>> {
    look.all(STORED, &[], |row| {
        let name: String = row.get(0)?;
        Ok(Stored {
            name: name.strip_prefix(PREFIX).unwrap_or_default().to_owned(),
            value: row.get::<Option<Json>>(1)?.map_or_else(String::new, |json| json.0),
            at: row.opt_time(2)?,
            by: row.opt_id(3)?,
            username: row.get(4)?,
        })
    })
}

/// Tells one state of a policy from another: when it was set, and 0 while it is not.
pub(super) fn version(stored: Option<&Stored>) -> i64 {
    stored.and_then(|row| row.at).map_or(0, Timestamp::micros)
}

/// The same inside the deed that changes it.
pub(super) fn version_in(act: &mut Act<'_, '_>, name: &str) -> Result<i64> {
    let name = format!("{PREFIX}{name}");
    let at = act.first(SET_AT, &[Param::Text(&name)], |row| row.opt_time(0))?.flatten();
    Ok(at.map_or(0, Timestamp::micros))
}

pub(super) fn keep(act: &mut Act<'_, '_>, name: &str, value: &str, by: Option<UserId>) -> Result<()> {
    let name = format!("{PREFIX}{name}");
    act.execute(KEEP, &[Param::Text(&name), Param::Json(value), time(act.now()), by.map_or(Param::Null, id)]).map(drop)
}

pub(super) fn forget(act: &mut Act<'_, '_>, name: &str) -> Result<()> {
    act.execute(DROP, &[Param::Text(&format!("{PREFIX}{name}"))]).map(drop)
}
