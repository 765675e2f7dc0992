//! The audit log.

use crate::error::Result;
use crate::features::audit;
use crate::http::call::{Answer, Call};
use crate::id::AuditId;

pub(in crate::http) async fn list(call: Call) -> Result<Answer> {
    let filter = audit::Filter { user: call.query_id("userId")?, action: call.query("action")? };
    let page = audit::list(&call.cx, &call.web.means, filter, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn show(call: Call) -> Result<Answer> {
    let entry: AuditId = call.id("id", "audit entry")?;
    Answer::ok(&audit::show(&call.cx, entry).await?)
}
