//! Reading the audit log.

use super::deeds::AuditDeed;
use super::rows;
use crate::error::{Error, Result};
use crate::features::{Cursor, Means, Paged};
use crate::gate::{Cx, Look};
use crate::id::{AuditId, UserId};
use crate::wire::audit::Entry;

/// Which rows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only what this person did.
    pub user: Option<UserId>,
    /// Only this action, as `messages.post`.
    pub action: Option<String>,
}

/// The log, newest first, a page at a time; the cursor is a row's number.
pub async fn list(cx: &Cx, means: &Means, filter: Filter, page: Cursor) -> Result<Paged<Entry>> {
    let limit = page.rows(&means.limits)?;
    let (from, back) = match page.after_number()? {
        Some(number) => (number, true),
        None => (page.before_number()?.unwrap_or(i64::MAX), false),
    };
    let rows = cx
        .view(AuditDeed::List, move |look| {
            look.shows_patient_details();
            rows::list(look, &filter, from, back, limit)
        })
        .await?;
    Ok(Paged::of(rows, limit, |entry| entry.number.to_string()))
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
    let mut rows = rows::list(look, &Filter::default(), from, true, limit)?;
    rows.reverse();
    Ok(rows)
}
