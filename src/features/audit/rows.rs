//! Every SQL text of the audit log.

use super::model::Filter;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::Look;
use crate::gate::cells::{Columns, Json, Param, Row, id, opt_id, opt_time};
use crate::id::AuditId;
use crate::wire::audit::Entry;

macro_rules! entry_columns {
    ($($rest:literal),*) => {
        concat!(
            "SELECT a.id, a.number, a.user_id, u.username, a.action, a.details, a.ip_address, a.user_agent, ",
            "a.timestamp FROM audit_logs a LEFT JOIN users u ON u.id = a.user_id ",
            $($rest),*
        )
    };
}

macro_rules! stretch {
    ($rest:literal) => {
        entry_columns!(
            "WHERE a.number > $1 AND a.number <= $2 AND (CAST($4 AS UUID) IS NULL OR a.user_id = $4) \
             AND (CAST($5 AS TEXT) IS NULL OR a.action = $5) \
             AND (CAST($6 AS INET) IS NULL OR a.ip_address = $6) \
             AND (CAST($7 AS TIMESTAMP) IS NULL OR a.timestamp >= $7) \
             AND (CAST($8 AS TIMESTAMP) IS NULL OR a.timestamp <= $8) \
             AND (CAST($9 AS TEXT) IS NULL OR CAST(a.details AS TEXT) LIKE '%' || $9 || '%') \
             AND (CAST($10 AS TEXT) IS NULL OR substr(a.action, 1, length($10) + 1) = $10 || '.') ",
            $rest
        )
    };
}

/// The columns are those of the whole log; the numbers bound what is looked through.
const LIST: &str = stretch!("ORDER BY a.number DESC LIMIT $3");
const LIST_BACK: &str = stretch!("ORDER BY a.number LIMIT $3");
const HEAD: &str = "SELECT audit_number FROM heads WHERE id = 1";
const TIME_OF: &str = "SELECT timestamp FROM audit_logs WHERE number = $1";
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

/// Which numbers are looked through, and for how many rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    /// Above this.
    pub(super) floor: i64,
    /// Up to this.
    pub(super) top: i64,
    /// Rows at most.
    pub(super) limit: u32,
    /// Whether the oldest rows of it are wanted; they are given newest first all the same.
    pub(super) back: bool,
}

pub(super) fn list(look: &mut Look<'_, '_>, filter: &Filter, of: Stretch) -> Result<Vec<Entry>> {
    let thing = filter.thing.map(|id| id.hyphenated().to_string());
    let values = [
        Param::Int(of.floor),
        Param::Int(of.top),
        Param::Int(i64::from(of.limit)),
        opt_id(filter.user),
        filter.action.as_ref().into(),
        filter.ip.into(),
        opt_time(filter.from),
        opt_time(filter.to),
        thing.as_ref().into(),
        filter.kind.as_ref().into(),
    ];
    let mut rows = look.all(if of.back { LIST_BACK } else { LIST }, &values, entry)?;
    if of.back {
        rows.reverse();
    }
    Ok(rows)
}

/// The number of the last row.
pub(super) fn head(look: &mut Look<'_, '_>) -> Result<i64> {
    Ok(look.first(HEAD, &[], |row| row.get(0))?.unwrap_or(0))
}

pub(super) fn time_of(look: &mut Look<'_, '_>, number: i64) -> Result<Option<Timestamp>> {
    look.first(TIME_OF, &[Param::Int(number)], |row| row.time(0))
}

pub(super) fn show(look: &mut Look<'_, '_>, of: AuditId) -> Result<Option<Entry>> {
    look.first(SHOW, &[id(of)], entry)
}
