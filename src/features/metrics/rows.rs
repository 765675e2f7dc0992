//! Every SQL text of the figures.

use super::figures::{Figures, Span};
use crate::clock::Timestamp;
use crate::error::{Context, Result};
use crate::gate::cells::{Columns, Json, Param, Row, time};
use crate::gate::{Act, Look};

const AT: &str = "SELECT figures FROM metrics_history WHERE span = $1 AND starts_at = $2";
const KEEP: &str = "INSERT INTO metrics_history (span, starts_at, figures) VALUES ($1, $2, $3) \
     ON CONFLICT (span, starts_at) DO UPDATE SET figures = excluded.figures";
const FORGET: &str = "DELETE FROM metrics_history WHERE span = $1 AND starts_at < $2";
const SINCE: &str =
    "SELECT starts_at, figures FROM metrics_history WHERE span = $1 AND starts_at >= $2 ORDER BY starts_at LIMIT $3";

/// Rows of one history at most.
const ROWS_MAX: i64 = 20_000;

fn figures(row: &Row<'_>, index: usize) -> Result<Figures> {
    // A row that cannot be read is a gap, not the end of the history.
    Ok(serde_json::from_str(&row.get::<Json>(index)?.0).unwrap_or_default())
}

/// Adds to what is kept of a span.
pub(super) fn add(act: &mut Act<'_, '_>, span: Span, starts_at: Timestamp, more: &Figures) -> Result<()> {
    let mut all =
        act.first(AT, &[Param::Text(span.name()), time(starts_at)], |row| figures(row, 0))?.unwrap_or_default();
    all.add(more);
    let text = serde_json::to_string(&all).context("writing figures")?;
    act.execute(KEEP, &[Param::Text(span.name()), time(starts_at), Param::Json(&text)]).map(drop)
}

pub(super) fn forget(act: &mut Act<'_, '_>, span: Span, before: Timestamp) -> Result<()> {
    act.execute(FORGET, &[Param::Text(span.name()), time(before)]).map(drop)
}

pub(super) fn since(look: &mut Look<'_, '_>, span: Span, from: Timestamp) -> Result<Vec<(Timestamp, Figures)>> {
    look.all(SINCE, &[Param::Text(span.name()), time(from), Param::Int(ROWS_MAX)], |row| {
        Ok((row.time(0)?, figures(row, 1)?))
    })
}
