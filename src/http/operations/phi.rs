//! Patient details: found before they are sent, and revealed for a reason.

use crate::error::Result;
use crate::features::messages;
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, post};
use crate::wire::messages::{Message, Reveal};
use crate::wire::phi::{PhiCheck, PhiFindings};

pub(in crate::http) fn described() -> Vec<Described> {
    vec![
        post("/api/phi/check", "What a text has that can identify a patient; nothing of it is kept.")
            .takes::<PhiCheck>()
            .gives::<PhiFindings>()
            .fails(&[429]),
        post("/api/messages/{id}/reveal", "Shows a message's patient details once, for a reason that is recorded.")
            .takes::<Reveal>()
            .gives::<Message>(),
    ]
}

pub(in crate::http) async fn check(call: Call) -> Result<Answer> {
    Answer::ok(&messages::check(&call.cx, &call.web.means, call.body()?).await?)
}

pub(in crate::http) async fn reveal(call: Call) -> Result<Answer> {
    let message = call.id("id", "message")?;
    Answer::ok(&messages::reveal(&call.cx, message, call.body()?).await?)
}
