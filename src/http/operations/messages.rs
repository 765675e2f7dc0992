//! Messages.

use crate::error::Result;
use crate::features::messages;
use crate::http::call::{Answer, Call};
use crate::id::{ChannelId, MessageId};

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
