//! Who is connected.

use crate::error::{Error, Result};
use crate::features::connections;
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, Query, delete, get};
use crate::wire::auth::Success;
use crate::wire::connections::Connection;

pub(in crate::http) fn described() -> Vec<Described> {
    vec![
        get("/api/connections", "The devices that are connected, oldest first.")
            .query("userId", Query::Id, "Only this person's.")
            .pages_of::<Connection>(),
        delete("/api/connections/{id}", "Ends a connection; the device may come back.").gives::<Success>(),
    ]
}

pub(in crate::http) async fn list(call: Call) -> Result<Answer> {
    let page = connections::list(&call.cx, &call.web.means, call.query_id("userId")?, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn disconnect(call: Call) -> Result<Answer> {
    let socket = call.word("id").and_then(|id| id.parse().ok()).ok_or_else(|| Error::missing("connection"))?;
    connections::disconnect(&call.cx, socket).await?;
    Answer::ok(&Success::because("Disconnected. The device may connect again as long as it is signed in."))
}
