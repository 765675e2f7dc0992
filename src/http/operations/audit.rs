//! The audit log.

use axum::body::{Body, Bytes};
use futures_util::stream::try_unfold;

use crate::error::{Error, Result};
use crate::features::audit;
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, Query, get, post};
use crate::id::{AuditId, UserId};
use crate::wire::audit::{Entry, Verification};

pub(in crate::http) fn described() -> Vec<Described> {
    vec![
        get("/api/audit", "What was done, newest first.").filtered().pages_of::<Entry>(),
        get("/api/audit/export", "The audit log as a file, oldest row first.")
            .filtered()
            .query("format", Query::OneOf(&["csv", "jsonl"]), "`csv` when missing.")
            .file("text/csv")
            .file("application/jsonl"),
        get("/api/users/{id}/audit-log", "What one person did, newest first.").pages_of::<Entry>(),
        get("/api/audit/verification", "How the checking of the chain stands.").gives::<Verification>(),
        post("/api/audit/verification", "Begins to check the chain, from the first row to the last.")
            .gives::<Verification>(),
        get("/api/audit/{id}", "One row of the audit log.").gives::<Entry>(),
    ]
}

impl Described {
    fn filtered(self) -> Self {
        self.query("userId", Query::Id, "Only what this person did.")
            .query("action", Query::Text, "Only rows with this action, as `messages.post`.")
            .query("resource", Query::Text, "Only rows that name this id, or actions of this kind, as `messages`.")
            .query("from", Query::Time, "Not before this moment.")
            .query("to", Query::Time, "Not after this moment.")
            .query("ipAddress", Query::Text, "Only from this address.")
    }
}

fn filter(call: &Call) -> Result<audit::Filter> {
    audit::Filter::parse(audit::Asked {
        user: call.query_id("userId")?,
        action: call.query("action")?,
        resource: call.query("resource")?,
        from: call.query("from")?,
        to: call.query("to")?,
        ip: call.query("ipAddress")?,
    })
}

pub(in crate::http) async fn list(call: Call) -> Result<Answer> {
    let page = audit::list(&call.cx, &call.web.means, filter(&call)?, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn of_user(call: Call) -> Result<Answer> {
    let user: UserId = call.id("id", "user")?;
    Answer::page(&call, &audit::of_user(&call.cx, &call.web.means, user, call.cursor()?).await?)
}

pub(in crate::http) async fn export(call: Call) -> Result<Answer> {
    let format = audit::Format::parse(call.query("format")?.as_deref())?;
    let export = audit::export(&call.cx, filter(&call)?, format).await?;
    let (content_type, attachment) = match format {
        audit::Format::Csv => ("text/csv; charset=utf-8; header=present", "attachment; filename=\"audit.csv\""),
        audit::Format::JsonLines => ("application/jsonl", "attachment; filename=\"audit.jsonl\""),
    };
    let slices = try_unfold(export, |mut export| async move {
        let bytes = export.next().await.inspect_err(|error| {
            // The answer has begun: all that can be said is that it is not whole.
            tracing::warn!(code = error.code(), "an export of the audit log was cut off");
        });
        Ok::<_, Error>(bytes?.map(|bytes| (Bytes::from(bytes), export)))
    });
    Ok(Answer::streamed(Body::from_stream(slices), content_type, attachment))
}

pub(in crate::http) async fn verification(call: Call) -> Result<Answer> {
    Answer::ok(&audit::verification(&call.cx, &call.web.means).await?)
}

pub(in crate::http) async fn verify(call: Call) -> Result<Answer> {
    Answer::ok(&audit::verify(&call.cx, &call.web.gate, &call.web.means).await?)
}

pub(in crate::http) async fn show(call: Call) -> Result<Answer> {
    let entry: AuditId = call.id("id", "audit entry")?;
    Answer::ok(&audit::show(&call.cx, entry).await?)
}
