//! The audit log.

use crate::error::Result;
use crate::features::audit;
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, Query, get};
use crate::id::AuditId;
use crate::wire::audit::Entry;

pub(in crate::http) fn described() -> Vec<Described> {
    vec![
        get("/api/audit", "What was done, newest first.")
            .query("userId", Query::Id, "Only what this person did.")
            .query("action", Query::Text, "Only rows with this action, as `messages.post`.")
            .pages_of::<Entry>(),
        get("/api/audit/{id}", "One row of the audit log.").gives::<Entry>(),
    ]
}

pub(in crate::http) async fn list(call: Call) -> Result<Answer> {
    let filter = audit::Filter { user: call.query_id("userId")?, action: call.query("action")? };
    let page = audit::list(&call.cx, &call.web.means, filter, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn show(call: Call) -> Result<Answer> {
    let entry: AuditId = call.id("id", "audit entry")?;
    Answer::ok(&audit::show(&call.cx, entry).await?)
}
