//! Looking after the server: how it is, what is set, and who is kept out.

use crate::error::{Error, Result};
use crate::features::{blocks, diagnostics, logs, overview, roster, settings};
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, Query, delete, get, post, put};
use crate::id::BlockId;
use crate::wire::auth::Success;
use crate::wire::blocks::{Block, NewBlock};
use crate::wire::logs::{LogLevel, LogLine, LogState};
use crate::wire::overview::Overview;
use crate::wire::roster::ImportReport;
use crate::wire::settings::{About, AdminSetting, AdminSettings, SettingChange};

pub(in crate::http) fn described() -> Vec<Described> {
    vec![
        get("/api/admin/overview", "How the server is, and what is not yet safe.").gives::<Overview>(),
        get("/api/admin/settings", "Everything that can be configured, and where its value comes from.")
            .gives::<AdminSettings>(),
        get("/api/admin/settings/{name}", "One of them.").gives::<AdminSetting>().versioned(),
        put("/api/admin/settings/{name}", "Changes one of those that may be changed while the server runs.")
            .takes::<SettingChange>()
            .gives::<AdminSetting>()
            .versioned(),
        delete("/api/admin/settings/{name}", "Goes back to the default.").gives::<AdminSetting>().fails(&[412]),
        get("/api/admin/logs", "How the log is kept.").gives::<LogState>(),
        put("/api/admin/logs/level", "Makes the log more or less talkative until the next start.")
            .takes::<LogLevel>()
            .gives::<LogState>(),
        get("/api/admin/logs/{log}", "Lines of a log (`system`, `admin` or `access`), newest first.")
            .query("level", Query::OneOf(&["error", "warn", "info", "debug", "trace"]), "At least as grave as this.")
            .query("since", Query::Time, "Not before this moment.")
            .query("until", Query::Time, "Before this moment.")
            .query("q", Query::Text, "With this in the line, whatever its case.")
            .pages_of::<LogLine>(),
        get("/api/admin/about", "The version, its licence, and what it is made of.").gives::<About>(),
        get("/api/admin/diagnostics", "What somebody who helps needs to know, without secrets or people.")
            .file("application/json"),
        post("/api/users/import", "Makes accounts of a list (CSV, in the body): all of them or none.")
            .query("dryRun", Query::Flag, "True: only says what would become of each row.")
            .query("role", Query::Text, "The role of rows that name none; the default role when missing.")
            .gives::<ImportReport>(),
        get("/api/blocks", "Addresses that are kept out, newest first.").pages_of::<Block>(),
        post("/api/blocks", "Keeps an address or a network out.").takes::<NewBlock>().makes::<Block>(),
        delete("/api/blocks/{id}", "Lets it in again.").gives::<Success>(),
    ]
}

pub(in crate::http) async fn overview(call: Call) -> Result<Answer> {
    Answer::ok(&overview::show(&call.cx, &call.web.means).await?)
}

pub(in crate::http) async fn settings(call: Call) -> Result<Answer> {
    Answer::ok(&settings::everything(&call.cx, &call.web.means).await?)
}

pub(in crate::http) async fn setting(call: Call) -> Result<Answer> {
    Answer::versioned(&settings::one(&call.cx, &call.web.means, name(&call)?).await?)
}

pub(in crate::http) async fn change_setting(call: Call) -> Result<Answer> {
    let name = name(&call)?;
    Answer::versioned(&settings::put(&call.cx, &call.web.means, name, call.expected()?, call.body()?).await?)
}

pub(in crate::http) async fn reset_setting(call: Call) -> Result<Answer> {
    Answer::versioned(&settings::put_back(&call.cx, &call.web.means, name(&call)?, call.expected()?).await?)
}

pub(in crate::http) async fn list_blocks(call: Call) -> Result<Answer> {
    let page = blocks::list(&call.cx, &call.web.means, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn block(call: Call) -> Result<Answer> {
    Answer::created(&blocks::block(&call.cx, &call.web.gate, &call.web.means, call.body()?).await?)
}

pub(in crate::http) async fn unblock(call: Call) -> Result<Answer> {
    let block: BlockId = call.id("id", "blocked address")?;
    blocks::unblock(&call.cx, &call.web.gate, &call.web.means, block).await?;
    Answer::ok(&Success::because("The address may connect again."))
}

pub(in crate::http) async fn log_state(call: Call) -> Result<Answer> {
    Answer::ok(&logs::state(&call.cx, &call.web.means).await?)
}

pub(in crate::http) async fn log_level(call: Call) -> Result<Answer> {
    Answer::ok(&logs::level(&call.cx, &call.web.means, call.body()?).await?)
}

pub(in crate::http) async fn log_lines(call: Call) -> Result<Answer> {
    let asked = logs::Asked {
        level: call.query("level")?,
        since: call.query("since")?,
        until: call.query("until")?,
        text: call.query("q")?,
    };
    let log = call.word("log").unwrap_or_default();
    let page = logs::list(&call.cx, &call.web.means, log, &asked, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn about(call: Call) -> Result<Answer> {
    Answer::ok(&diagnostics::about(&call.cx).await?)
}

pub(in crate::http) async fn diagnostics(call: Call) -> Result<Answer> {
    let bundle = diagnostics::bundle(&call.cx, &call.web.gate, &call.web.means).await?;
    let mut answer = Answer::ok(&bundle)?;
    answer.attachment = Some("attachment; filename=\"mcp-messenger-diagnostics.json\"");
    Ok(answer)
}

pub(in crate::http) async fn import(call: Call) -> Result<Answer> {
    let dry_run = match call.query("dryRun")?.as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Error::field("dryRun", "must be true or false")),
    };
    Answer::ok(&roster::import(&call.cx, &call.web.means, &call.body, call.query("role")?, dry_run).await?)
}

fn name(call: &Call) -> Result<&str> {
    call.word("name").ok_or_else(|| Error::missing("setting"))
}
