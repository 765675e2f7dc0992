//! What the clinic chose.

use crate::error::{Error, Result};
use crate::features::settings;
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, delete, get, put};
use crate::wire::settings::{Setting, SettingChange};

pub(in crate::http) fn described() -> Vec<Described> {
    vec![
        get("/api/settings", "The clinic's policies and their values.").gives::<Vec<Setting>>(),
        get("/api/settings/{name}", "One policy.").gives::<Setting>(),
        put("/api/settings/{name}", "Chooses a policy.").takes::<SettingChange>().gives::<Setting>(),
        delete("/api/settings/{name}", "Goes back to the default.").gives::<Setting>(),
    ]
}

pub(in crate::http) async fn list(call: Call) -> Result<Answer> {
    Answer::ok(&settings::list(&call.cx).await?)
}

pub(in crate::http) async fn show(call: Call) -> Result<Answer> {
    Answer::ok(&settings::show(&call.cx, name(&call)?).await?)
}

pub(in crate::http) async fn change(call: Call) -> Result<Answer> {
    Answer::ok(&settings::change(&call.cx, &call.web.means, name(&call)?, call.body()?).await?)
}

pub(in crate::http) async fn reset(call: Call) -> Result<Answer> {
    Answer::ok(&settings::reset(&call.cx, &call.web.means, name(&call)?).await?)
}

fn name(call: &Call) -> Result<&str> {
    call.word("name").ok_or_else(|| Error::missing("setting"))
}
