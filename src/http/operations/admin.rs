//! Looking after the server: how it is, what is set, and who is kept out.

use crate::error::{Error, Result};
use crate::features::{blocks, overview, settings};
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, delete, get, post, put};
use crate::id::BlockId;
use crate::wire::auth::Success;
use crate::wire::blocks::{Block, NewBlock};
use crate::wire::overview::Overview;
use crate::wire::settings::{AdminSetting, AdminSettings, SettingChange};

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

fn name(call: &Call) -> Result<&str> {
    call.word("name").ok_or_else(|| Error::missing("setting"))
}
