//! Every SQL text of the audit log.

use super::ops::Filter;
use crate::error::Result;
use crate::gate::Look;
use crate::gate::cells::{Columns, Json, Param, Row, id, opt_id};
use crate::id::AuditId;
use crate::wire::audit::Entry;

macro_rules! entry_columns {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.number, a.user_id, u.username, a.action, a.details, a.ip_address, a.user_agent, ",
            "a.timestamp FROM audit_logs a LEFT JOIN users u ON u.id = a.user_id ",
            $rest
        )
    };
}

const LIST: &str = entry_columns!(
    "WHERE a.number < $1 AND (CAST($2 AS UUID) IS NULL OR a.user_id = $2) \
     AND (CAST($3 AS TEXT) IS NULL OR a.action = $3) ORDER BY a.number DESC LIMIT $4"
);
const LIST_BACK: &str = entry_columns!(
    "WHERE a.number > $1 AND (CAST($2 AS UUID) IS NULL OR a.user_id = $2) \
     AND (CAST($3 AS TEXT) IS NULL OR a.action = $3) ORDER BY a.number LIMIT $4"
);
const SHOW: &str = entry_columns!("WHERE a.id = $1");

fn entry(row: &Row<'_>) -> Result<Entry> {
    let details = row.get::<Option<Json>>(5)?;
    Ok(Entry {
        id: row.id(0)?,
        number: row.get(1)?,
        user_id: row.opt_id(2)?,
        username: row.get(3)?,
        action: row.get(4)?,
        details: details.and_then(|json| serde_json::from_str(&json.0).ok()).unwrap_or_default(),
        ip_address: row.get::<Option<std::net::IpAddr>>(6)?.map(|ip| ip.to_string()),
        user_agent: row.get(7)?,
        timestamp: row.time(8)?,
    })
}

pub(super) fn list(look: &mut Look<'_, '_>, filter: &Filter, from: i64, back: bool, limit: u32) -> Result<Vec<Entry>> {
    let action = filter.action.as_deref().map_or(Param::Null, Param::Text);
    let values = [Param::Int(from), opt_id(filter.user), action, Param::Int(i64::from(limit))];
    let mut rows = look.all(if back { LIST_BACK } else { LIST }, &values, entry)?;
    if back {
        rows.reverse();
    }
    Ok(rows)
}

pub(super) fn show(look: &mut Look<'_, '_>, of: AuditId) -> Result<Option<Entry>> {
    look.first(SHOW, &[id(of)], entry)
}
