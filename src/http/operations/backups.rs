//! Backups: made, looked through, planned.

use crate::error::{Error, Result};
use crate::features::backups;
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, delete, get, post, put};
use crate::wire::auth::Success;
use crate::wire::backups::{Backup, BackupJob, BackupPlan, BackupPlanChange, BackupStatus, FolderReport, FolderTest};

pub(in crate::http) fn described() -> Vec<Described> {
    vec![
        get("/api/backups", "The backups that are there, in both places.").pages_of::<Backup>(),
        post("/api/backups", "Begins to make a backup.").makes::<BackupJob>(),
        get("/api/backups/status", "How the backups do: the newest, the next, what goes wrong.")
            .gives::<BackupStatus>(),
        get("/api/backups/plan", "When and where backups are made.").gives::<BackupPlan>(),
        put("/api/backups/plan", "Changes when and where backups are made.")
            .takes::<BackupPlanChange>()
            .gives::<BackupPlan>(),
        post("/api/backups/folder-test", "Tries whether a folder can hold backups.")
            .takes::<FolderTest>()
            .gives::<FolderReport>(),
        delete("/api/backups/{name}", "Throws a backup away, in both places.").gives::<Success>(),
    ]
}

pub(in crate::http) async fn list(call: Call) -> Result<Answer> {
    let page = backups::list(&call.cx, &call.web.means, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn make(call: Call) -> Result<Answer> {
    Answer::created(&backups::make(&call.cx, &call.web.gate, &call.web.means).await?)
}

pub(in crate::http) async fn status(call: Call) -> Result<Answer> {
    Answer::ok(&backups::status(&call.cx, &call.web.means).await?)
}

pub(in crate::http) async fn plan(call: Call) -> Result<Answer> {
    Answer::ok(&backups::plan(&call.cx).await?)
}

pub(in crate::http) async fn change_plan(call: Call) -> Result<Answer> {
    Answer::ok(&backups::change_plan(&call.cx, &call.web.means, call.body()?).await?)
}

pub(in crate::http) async fn test_folder(call: Call) -> Result<Answer> {
    Answer::ok(&backups::test_folder(&call.cx, &call.web.means, call.body()?).await?)
}

pub(in crate::http) async fn remove(call: Call) -> Result<Answer> {
    let name = call.word("name").ok_or_else(|| Error::missing("backup"))?;
    backups::remove(&call.cx, &call.web.means, name).await?;
    Answer::ok(&Success::because("The backup is gone."))
}
