//! Messages.

use crate::error::Result;
use crate::features::messages;
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, Query, get, post};
use crate::id::{ChannelId, MessageId};
use crate::wire::messages::{Message, NewMessage};

pub(in crate::http) fn described() -> Vec<Described> {
    vec![
        get("/api/messages", "The messages of a channel, or of all own channels, newest first.")
            .query("channelId", Query::Id, "Only of this channel.")
            .pages_of::<Message>(),
        post("/api/messages", "Posts a message; the answer means that it is on disk.")
            .takes::<NewMessage>()
            .makes::<Message>(),
        get("/api/messages/{id}", "One message.").gives::<Message>(),
    ]
}

pub(in crate::http) async fn list(call: Call) -> Result<Answer> {
    let (means, cursor) = (&call.web.means, call.cursor()?);
    let page = match call.query_id::<ChannelId>("channelId")? {
        Some(channel) => messages::page(&call.cx, means, channel, cursor).await?,
        None => messages::recent(&call.cx, means, cursor).await?,
    };
    Answer::page(&call, &page)
}

pub(in crate::http) async fn create(call: Call) -> Result<Answer> {
    Answer::created(&messages::post(&call.cx, &call.web.means, call.body()?).await?)
}

pub(in crate::http) async fn show(call: Call) -> Result<Answer> {
    let message: MessageId = call.id("id", "message")?;
    Answer::ok(&messages::show(&call.cx, message).await?)
}
