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
const DROP: &str = "DELETE FROM settings WHERE name = $1";

/// A policy that somebody has set.
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

pub(super) fn keep(act: &mut Act<'_, '_>, name: &str, value: &str, by: UserId) -> Result<()> {
    let name = format!("{PREFIX}{name}");
    act.execute(KEEP, &[Param::Text(&name), Param::Json(value), time(act.now()), id(by)]).map(drop)
}

pub(super) fn forget(act: &mut Act<'_, '_>, name: &str) -> Result<()> {
    act.execute(DROP, &[Param::Text(&format!("{PREFIX}{name}"))]).map(drop)
}
