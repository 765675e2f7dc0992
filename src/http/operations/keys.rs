//! API keys.

use crate::error::Result;
use crate::features::keys;
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, delete, get, post, put};
use crate::id::ApiKeyId;
use crate::wire::auth::Success;
use crate::wire::keys::{ApiKey, ApiKeyChange, ApiKeyMade, NewApiKey, Rotation};

pub(in crate::http) fn described() -> Vec<Described> {
    vec![
        get("/api/api-keys", "The keys, in the order in which they were made.").pages_of::<ApiKey>(),
        post("/api/api-keys", "Makes a key; its token is shown this once.").takes::<NewApiKey>().makes::<ApiKeyMade>(),
        put("/api/api-keys/{id}", "Changes a key.").takes::<ApiKeyChange>().gives::<ApiKey>(),
        delete("/api/api-keys/{id}", "Revokes a key, and closes what it has open.").gives::<Success>(),
        post("/api/api-keys/{id}/rotate", "Gives a key a new token; the old one works on for a while.")
            .takes::<Rotation>()
            .gives::<ApiKeyMade>(),
    ]
}

pub(in crate::http) async fn list(call: Call) -> Result<Answer> {
    let page = keys::list(&call.cx, &call.web.means, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn make(call: Call) -> Result<Answer> {
    Answer::created(&keys::make(&call.cx, call.body()?).await?)
}

pub(in crate::http) async fn change(call: Call) -> Result<Answer> {
    Answer::ok(&keys::change(&call.cx, key(&call)?, call.body()?).await?)
}

pub(in crate::http) async fn revoke(call: Call) -> Result<Answer> {
    keys::revoke(&call.cx, key(&call)?).await?;
    Answer::ok(&Success::because("The key is revoked."))
}

pub(in crate::http) async fn rotate(call: Call) -> Result<Answer> {
    Answer::ok(&keys::rotate(&call.cx, key(&call)?, call.body()?).await?)
}

fn key(call: &Call) -> Result<ApiKeyId> {
    call.id("id", "API key")
}
