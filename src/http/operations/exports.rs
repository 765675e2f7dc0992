//! Exports.

use crate::error::Result;
use crate::features::exports;
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, delete, get, post};
use crate::id::ExportId;
use crate::wire::auth::Success;
use crate::wire::exports::{Export, NewExport};

pub(in crate::http) fn described() -> Vec<Described> {
    vec![
        get("/api/exports", "The caller's exports.").pages_of::<Export>(),
        post("/api/exports", "Asks for an export of a channel, a person or the audit log.")
            .takes::<NewExport>()
            .makes::<Export>(),
        get("/api/exports/{id}", "How far an export is.").gives::<Export>(),
        get("/api/exports/{id}/file", "The sealed file of a finished export.").file("application/octet-stream"),
        delete("/api/exports/{id}", "Throws an export away.").gives::<Success>(),
    ]
}

pub(in crate::http) async fn list(call: Call) -> Result<Answer> {
    let page = exports::list(&call.cx, &call.web.means, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn create(call: Call) -> Result<Answer> {
    Answer::created(&exports::ask(&call.cx, &call.web.gate, &call.web.means, call.body()?).await?)
}

pub(in crate::http) async fn show(call: Call) -> Result<Answer> {
    Answer::ok(&exports::show(&call.cx, export(&call)?).await?)
}

pub(in crate::http) async fn file(call: Call) -> Result<Answer> {
    let fetched = exports::fetch(&call.cx, &call.web.means, export(&call)?).await?;
    Ok(Answer::sent(fetched.file, fetched.bytes, "attachment; filename=\"export.tar.age\""))
}

pub(in crate::http) async fn remove(call: Call) -> Result<Answer> {
    exports::remove(&call.cx, &call.web.means, export(&call)?).await?;
    Answer::ok(&Success::because("The export is gone."))
}

fn export(call: &Call) -> Result<ExportId> {
    call.id("id", "export")
}
