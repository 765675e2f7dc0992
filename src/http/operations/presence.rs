//! How the caller is shown to others.

use crate::error::Result;
use crate::features::presence;
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, get, put};
use crate::wire::presence::{Presence, PresenceChange};

pub(in crate::http) fn described() -> Vec<Described> {
    vec![
        get("/api/presence", "How one is shown to others.").gives::<Presence>(),
        put("/api/presence", "Chooses how one is shown.").takes::<PresenceChange>().gives::<Presence>(),
    ]
}

pub(in crate::http) async fn show(call: Call) -> Result<Answer> {
    Answer::ok(&presence::own(&call.cx, &call.web.means).await?)
}

pub(in crate::http) async fn choose(call: Call) -> Result<Answer> {
    Answer::ok(&presence::choose(&call.cx, &call.web.means, call.body()?).await?)
}
