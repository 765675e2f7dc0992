//! Every SQL text of set-up.

use crate::error::Result;
use crate::gate::cells::{Json, Param, time};
use crate::gate::{Act, Look};

const KEPT: &str = "SELECT name FROM settings WHERE name LIKE 'clinic.%' OR name LIKE 'site.%'";
const READ: &str = "SELECT value FROM settings WHERE name = $1";
const KEEP: &str = "INSERT INTO settings (name, value, updated_at) VALUES ($1, $2, $3) \
     ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at";

pub(super) fn kept(look: &mut Look<'_, '_>) -> Result<Vec<String>> {
    look.all(KEPT, &[], |row| row.get(0))
}

pub(super) fn read(look: &mut Look<'_, '_>, name: &str) -> Result<Option<String>> {
    look.first(READ, &[Param::Text(name)], |row| Ok(row.get::<Json>(0)?.0))
}

pub(super) fn keep(act: &mut Act<'_, '_>, name: &str, json: &str) -> Result<()> {
    let now = act.now();
    act.execute(KEEP, &[Param::Text(name), Param::Json(json), time(now)]).map(drop)
}
