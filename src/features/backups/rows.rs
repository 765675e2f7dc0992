//! Every SQL text of the plan: one row among the settings.

use super::model::Plan;
use crate::error::Result;
use crate::gate::cells::{Json, Param, id, time};
use crate::gate::{Act, Look};
use crate::id::UserId;

const NAME: &str = "backups.plan";

const PLAN: &str = "SELECT value FROM settings WHERE name = $1";
const KEEP: &str = "INSERT INTO settings (name, value, updated_at, updated_by) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at, \
     updated_by = excluded.updated_by";

/// The stored plan, or the default one.
pub(super) fn plan(look: &mut Look<'_, '_>) -> Result<Plan> {
    let stored = look.all(PLAN, &[Param::Text(NAME)], |row| row.get::<Option<Json>>(0))?;
    let text = stored.into_iter().flatten().next().map(|json| json.0);
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

pub(super) fn keep(act: &mut Act<'_, '_>, plan: &str, by: UserId) -> Result<()> {
    act.execute(KEEP, &[Param::Text(NAME), Param::Json(plan), time(act.now()), id(by)]).map(drop)
}
