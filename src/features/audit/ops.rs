//! Reading the audit log.

use std::time::Duration;

use super::deeds::AuditDeed;
use super::model::Filter;
use super::rows::{self, Stretch};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::features::{Cursor, Means, Paged, users};
use crate::gate::{Cx, Look};
use crate::id::{AuditId, UserId};
use crate::wire::audit::Entry;

/// Numbers that one page looks through: some tens of milliseconds of a reader.
const LOOKED_THROUGH_MAX: i64 = 50_000;
/// Rows are in the order of their numbers, and of their times only as far as the clock was not set back. Looking for
/// a time goes on this far below it.
const SET_BACK_MAX: Duration = Duration::from_hours(24);

/// The log, newest first, a page at a time; the cursor is a row's number.
pub async fn list(cx: &Cx, means: &Means, filter: Filter, page: Cursor) -> Result<Paged<Entry>> {
    let asked = asked(means, &page)?;
    cx.view(AuditDeed::List, move |look| {
        look.shows_patient_details();
        stretch(look, &filter, asked)
    })
    .await
}

/// The same of what one person did.
pub async fn of_user(cx: &Cx, means: &Means, user: UserId, page: Cursor) -> Result<Paged<Entry>> {
    let asked = asked(means, &page)?;
    let filter = Filter { user: Some(user), ..Filter::default() };
    cx.view(AuditDeed::OfUser { user }, move |look| {
        users::must_exist(look, user)?;
        look.shows_patient_details();
        stretch(look, &filter, asked)
    })
    .await
}

/// One row.
pub async fn show(cx: &Cx, entry: AuditId) -> Result<Entry> {
    cx.view(AuditDeed::Show, move |look| {
        look.shows_patient_details();
        rows::show(look, entry)?.ok_or_else(|| Error::missing("audit entry"))
    })
    .await
}

/// The rows after a number, oldest first, as a deed's own reading shows them.
pub fn ahead(look: &mut Look<'_, '_>, from: i64, limit: u32) -> Result<Vec<Entry>> {
    let top = rows::head(look)?;
    let mut rows = rows::list(look, &Filter::default(), Stretch { floor: from, top, limit, back: true })?;
    rows.reverse();
    Ok(rows)
}

/// A page that is asked for.
#[derive(Clone, Copy)]
struct Wanted {
    limit: u32,
    before: Option<i64>,
    after: Option<i64>,
}

fn asked(means: &Means, page: &Cursor) -> Result<Wanted> {
    Ok(Wanted { limit: page.rows(&means.limits)?, before: page.before_number()?, after: page.after_number()? })
}

fn stretch(look: &mut Look<'_, '_>, filter: &Filter, asked: Wanted) -> Result<Paged<Entry>> {
    let head = rows::head(look)?;
    match asked.after {
        Some(after) => newer(look, filter, asked.limit, after.max(0), head),
        None => older(look, filter, asked.limit, asked.before.unwrap_or(i64::MAX), head),
    }
}

fn older(look: &mut Look<'_, '_>, filter: &Filter, limit: u32, before: i64, head: i64) -> Result<Paged<Entry>> {
    let top = before.saturating_sub(1).min(head);
    let floor = top.saturating_sub(LOOKED_THROUGH_MAX).max(0);
    let rows = rows::list(look, filter, Stretch { floor, top, limit, back: false })?;
    let prev = rows.first().map(|entry| entry.number.to_string());
    let full = rows.len() >= limit as usize;
    let next = match rows.last() {
        Some(last) if full => Some(last.number),
        _ if floor == 0 || all_before(look, filter.from, floor)? => None,
        _ => Some(floor + 1),
    };
    Ok(Paged { rows, next: next.map(|number| number.to_string()), prev })
}

fn newer(look: &mut Look<'_, '_>, filter: &Filter, limit: u32, after: i64, head: i64) -> Result<Paged<Entry>> {
    let top = after.saturating_add(LOOKED_THROUGH_MAX).min(head);
    let rows = rows::list(look, filter, Stretch { floor: after, top, limit, back: true })?;
    let full = rows.len() >= limit as usize;
    let next = rows.last().map_or(after.saturating_add(1), |entry| entry.number).to_string();
    let prev = match rows.first() {
        Some(first) if full || top == head => Some(first.number),
        _ if top < head => Some(top),
        _ => None,
    };
    Ok(Paged { rows, next: Some(next), prev: prev.map(|number| number.to_string()) })
}

/// Whether every row at `number` and below is older than `from`, as far as a clock can be trusted.
fn all_before(look: &mut Look<'_, '_>, from: Option<Timestamp>, number: i64) -> Result<bool> {
    let Some(from) = from else { return Ok(false) };
    Ok(rows::time_of(look, number)?.is_some_and(|at| at.plus(SET_BACK_MAX) < from))
}
