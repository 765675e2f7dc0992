//! Every SQL text of announcements: one row of the settings, which is nobody's policy.

use serde_json::{Value, json};

use super::model::{Draft, level};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{Columns, Json, Param, id, time};
use crate::gate::{Act, Look};
use crate::id::UserId;
use crate::wire::announcements::Announcement;

const STORED: &str = "SELECT value, updated_at, updated_by FROM settings WHERE name = 'announcement'";
const KEEP: &str = "INSERT INTO settings (name, value, updated_at, updated_by) VALUES ('announcement', $1, $2, $3) \
     ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at, \
     updated_by = excluded.updated_by";
const DROP: &str = "DELETE FROM settings WHERE name = 'announcement'";

pub(super) fn stored(look: &mut Look<'_, '_>) -> Result<Option<Announcement>> {
    let row =
        look.first(STORED, &[], |row| Ok((row.get::<Option<Json>>(0)?, row.opt_time(1)?, row.opt_id::<UserId>(2)?)))?;
    let Some((Some(json), Some(announced_at), Some(announced_by))) = row else { return Ok(None) };
    let value: Value = serde_json::from_str(&json.0).unwrap_or_default();
    let text = value["text"].as_str().map(str::to_owned);
    let (level, until) = (value["level"].as_str().and_then(level), value["until"].as_i64());
    // What another version wrote and this one cannot read holds no more.
    let (Some(text), Some(level), Some(until)) = (text, level, until) else { return Ok(None) };
    Ok(Some(Announcement { text, level, announced_at, announced_by, until: Timestamp::from_micros(until) }))
}

pub(super) fn keep(act: &mut Act<'_, '_>, draft: &Draft, by: UserId) -> Result<()> {
    let value = json!({ "text": draft.text, "level": draft.level, "until": draft.until.micros() }).to_string();
    act.execute(KEEP, &[Param::Json(&value), time(act.now()), id(by)]).map(drop)
}

/// Whether there was one.
pub(super) fn forget(act: &mut Act<'_, '_>) -> Result<bool> {
    Ok(act.execute(DROP, &[])? > 0)
}
