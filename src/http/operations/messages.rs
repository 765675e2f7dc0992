//! Messages.

use crate::error::{Error, Result};
use crate::features::commands::{self, Outcome};
use crate::features::{Versioned, markdown, messages};
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, Query, delete as remove, get, post, put};
use crate::id::{ChannelId, MessageId};
use crate::wire::auth::Success;
use crate::wire::messages::{Message, MessageEdit, NewMessage, NewReaction, Receipt, Version};
use crate::wire::phi::Posted;
use crate::wire::templates::Done;

pub(in crate::http) fn described() -> Vec<Described> {
    vec![
        get("/api/messages", "The messages of a channel, or of all own channels, newest first.")
            .query("channelId", Query::Id, "Only of this channel.")
            .query("render", Query::OneOf(&["html"]), "`html` adds the text as safe HTML.")
            .pages_of::<Message>(),
        post("/api/messages", "Posts a message; the answer means that it is on disk.")
            .takes::<NewMessage>()
            .makes::<Posted>()
            .gives::<Done>(),
        get("/api/messages/{id}", "One message.")
            .query("render", Query::OneOf(&["html"]), "`html` adds the text as safe HTML.")
            .gives::<Message>(),
        put("/api/messages/{id}", "Edits an own message.").takes::<MessageEdit>().gives::<Posted>(),
        remove("/api/messages/{id}", "Deletes a message.").gives::<Success>(),
        get("/api/messages/{id}/history", "What a message said before it was edited, the latest first.")
            .pages_of::<Version>()
            .fails(&[409]),
        post("/api/messages/{id}/reactions", "Reacts to a message.").takes::<NewReaction>().makes::<Message>(),
        remove("/api/messages/{id}/reactions/{reaction}", "Takes an own reaction back.").gives::<Success>(),
        post("/api/messages/{id}/read", "Says that one has read up to a message.").gives::<Success>(),
        get("/api/messages/{id}/receipts", "Who has received and read a message.").pages_of::<Receipt>().fails(&[409]),
        get("/api/messages/{id}/thread", "The replies to a message, newest first.").pages_of::<Message>(),
        put("/api/messages/{id}/pin", "Pins a message.").gives::<Success>(),
        remove("/api/messages/{id}/pin", "Takes a pin away.").gives::<Success>(),
        get("/api/channels/{id}/pins", "What is pinned in a channel, the newest message first.").pages_of::<Message>(),
    ]
}

pub(in crate::http) async fn list(call: Call) -> Result<Answer> {
    let (means, cursor) = (&call.web.means, call.cursor()?);
    let renders = renders(&call)?;
    let mut page = match call.query_id::<ChannelId>("channelId")? {
        Some(channel) => messages::page(&call.cx, means, channel, cursor).await?,
        None => messages::recent(&call.cx, means, cursor).await?,
    };
    if renders {
        page.rows.iter_mut().for_each(render);
    }
    Answer::page(&call, &page)
}

pub(in crate::http) async fn create(call: Call) -> Result<Answer> {
    match commands::carry_out(&call.cx, &call.web.means, call.body()?).await? {
        Outcome::Post(message) => Ok(posted(messages::post(&call.cx, &call.web.means, message).await?)?.made()),
        Outcome::Done(done) => Answer::ok(&done),
    }
}

pub(in crate::http) async fn show(call: Call) -> Result<Answer> {
    let renders = renders(&call)?;
    let mut shown = messages::show(&call.cx, message(&call)?).await?;
    if renders {
        render(&mut shown);
    }
    versioned(shown)
}

pub(in crate::http) async fn edit(call: Call) -> Result<Answer> {
    let (message, expected) = (message(&call)?, call.expected()?);
    posted(messages::edit(&call.cx, &call.web.means, message, call.body()?, expected).await?)
}

pub(in crate::http) async fn delete(call: Call) -> Result<Answer> {
    messages::delete(&call.cx, &call.web.means, message(&call)?, call.expected()?).await?;
    Answer::ok(&Success::because("The message was deleted."))
}

pub(in crate::http) async fn history(call: Call) -> Result<Answer> {
    let page = messages::history(&call.cx, &call.web.means, message(&call)?, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn react(call: Call) -> Result<Answer> {
    Ok(versioned(messages::react(&call.cx, &call.web.means, message(&call)?, call.body()?).await?)?.made())
}

pub(in crate::http) async fn unreact(call: Call) -> Result<Answer> {
    let reaction = call.word("reaction").unwrap_or_default().to_owned();
    messages::unreact(&call.cx, &call.web.means, message(&call)?, reaction).await?;
    Answer::ok(&Success::because("The reaction was taken back."))
}

pub(in crate::http) async fn read(call: Call) -> Result<Answer> {
    messages::read(&call.cx, &call.web.means, message(&call)?).await?;
    Answer::ok(&Success::because("Read up to this message."))
}

pub(in crate::http) async fn receipts(call: Call) -> Result<Answer> {
    let page = messages::receipts(&call.cx, &call.web.means, message(&call)?, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn thread(call: Call) -> Result<Answer> {
    let page = messages::thread(&call.cx, &call.web.means, message(&call)?, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn pin(call: Call) -> Result<Answer> {
    messages::pin(&call.cx, &call.web.means, message(&call)?).await?;
    Answer::ok(&Success::because("The message is pinned."))
}

pub(in crate::http) async fn unpin(call: Call) -> Result<Answer> {
    messages::unpin(&call.cx, &call.web.means, message(&call)?).await?;
    Answer::ok(&Success::because("The message is no longer pinned."))
}

pub(in crate::http) async fn pins(call: Call) -> Result<Answer> {
    let channel: ChannelId = call.id("id", "channel")?;
    let page = messages::pins(&call.cx, &call.web.means, channel, call.cursor()?).await?;
    Answer::page(&call, &page)
}

fn message(call: &Call) -> Result<MessageId> {
    call.id("id", "message")
}

/// A message's version is its `rev`.
fn versioned(value: Message) -> Result<Answer> {
    Answer::versioned(&Versioned { version: value.rev, value })
}

fn posted(value: Posted) -> Result<Answer> {
    Answer::versioned(&Versioned { version: value.message.rev, value })
}

/// Whether the client wants the text as HTML too.
fn renders(call: &Call) -> Result<bool> {
    match call.query("render")?.as_deref() {
        None => Ok(false),
        Some("html") => Ok(true),
        Some(_) => Err(Error::field("render", "must be html")),
    }
}

fn render(message: &mut Message) {
    message.html = message.text.as_deref().map(markdown::html);
}
