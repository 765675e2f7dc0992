//! Every SQL text of preferences.

use crate::error::{Context, Result};
use crate::features::Versioned;
use crate::gate::cells::{Json, Param, Row, id, time};
use crate::gate::{Act, Look};
use crate::id::UserId;
use crate::wire::preferences::Preferences;

const SHOW: &str = "SELECT preferences, version FROM notification_preferences WHERE user_id = $1";
const KEEP: &str = "INSERT INTO notification_preferences (user_id, preferences, updated_at, version) \
     VALUES ($1, $2, $3, 1) ON CONFLICT (user_id) DO UPDATE SET preferences = excluded.preferences, \
     updated_at = excluded.updated_at, version = notification_preferences.version + 1";

fn preferences(row: &Row<'_>) -> Result<Versioned<Preferences>> {
    let kept = row.get::<Option<Json>>(0)?;
    // What an older version kept and this one does not know is left out; what it did not know is by default.
    let value = kept.and_then(|json| serde_json::from_str(&json.0).ok()).unwrap_or_default();
    Ok(Versioned { value, version: row.get(1)? })
}

fn or_default(found: Option<Versioned<Preferences>>) -> Versioned<Preferences> {
    found.unwrap_or_else(|| Versioned { value: Preferences::default(), version: 0 })
}

pub(super) fn show(look: &mut Look<'_, '_>, of: UserId) -> Result<Versioned<Preferences>> {
    look.first(SHOW, &[id(of)], preferences).map(or_default)
}

pub(super) fn show_in(act: &mut Act<'_, '_>, of: UserId) -> Result<Versioned<Preferences>> {
    act.first(SHOW, &[id(of)], preferences).map(or_default)
}

pub(super) fn keep(act: &mut Act<'_, '_>, of: UserId, new: &Preferences) -> Result<()> {
    let json = serde_json::to_string(new).context("encoding preferences")?;
    let now = act.now();
    act.execute(KEEP, &[id(of), Param::Json(&json), time(now)]).map(drop)
}
