//! Searching messages. The query may stand in the body instead of the address, which browsers and proxies keep.

use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::features::search::search;
use crate::http::call::{Answer, Call};
use crate::http::contract::{self, Described, Query};
use crate::wire::search::{Found, Search};

pub(in crate::http) fn described() -> Vec<Described> {
    vec![
        contract::get("/api/messages/search", "Searches what the caller may read, newest first.")
            .query(
                "q",
                Query::Text,
                "Words, \"phrases\", `from:`, `in:`, `before:`, `after:`, `has:`; it has to be there.",
            )
            .query("limit", Query::Number, "Messages at most: 50 when missing, 200 at most.")
            .query("cursor", Query::Text, "Where to go on: `next` of the answer before.")
            .gives::<Found>()
            .fails(&[429]),
        contract::post("/api/messages/search", "The same with the query in the body, out of addresses and histories.")
            .takes::<Search>()
            .gives::<Found>()
            .fails(&[429]),
    ]
}

pub(in crate::http) async fn get(call: Call) -> Result<Answer> {
    let limit = call.cursor()?.limit;
    let query = call.query("q")?.ok_or_else(|| Error::field("q", "is missing"))?;
    let body = Search { query: Zeroizing::new(query), limit, cursor: call.query("cursor")? };
    Answer::ok(&search(&call.cx, &call.web.means, body).await?)
}

pub(in crate::http) async fn post(call: Call) -> Result<Answer> {
    Answer::ok(&search(&call.cx, &call.web.means, call.body()?).await?)
}
