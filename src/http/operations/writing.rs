//! What helps or restrains a writer.

use crate::error::{Error, Result};
use crate::features::{
    bookmarks, commands, drafts, expiry, flags, reminders, review, schedule, schemas, templates, words,
};
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, Query, delete, get, post, put};
use crate::id::{ChannelId, MessageId, ReminderId, ScheduledId, TemplateId, WordId};
use crate::wire::auth::Success;
use crate::wire::bookmarks::Bookmark;
use crate::wire::channels::{Lifetime, LifetimeChange};
use crate::wire::drafts::{Draft, NewDraft};
use crate::wire::flags::{Flagged, NewFlag, Review};
use crate::wire::schedule::{NewReminder, NewScheduled, Reminder, Scheduled, ScheduledChange};
use crate::wire::templates::{Command, NewTemplate, SchemaNames, Template, TemplateChange};
use crate::wire::words::{NewWord, Word, WordChange};

pub(in crate::http) fn described() -> Vec<Described> {
    vec![
        get("/api/channels/{id}/draft", "The caller's draft for a channel.").gives::<Draft>(),
        put("/api/channels/{id}/draft", "Keeps a draft.").takes::<NewDraft>().gives::<Draft>(),
        delete("/api/channels/{id}/draft", "Throws the draft away.").gives::<Success>(),
        put("/api/messages/{id}/bookmark", "Bookmarks a message.").gives::<Success>(),
        delete("/api/messages/{id}/bookmark", "Takes a bookmark away.").gives::<Success>(),
        get("/api/bookmarks", "The caller's bookmarks.").pages_of::<Bookmark>(),
        get("/api/channels/{id}/message-lifetime", "How long messages live in a channel.").gives::<Lifetime>(),
        put("/api/channels/{id}/message-lifetime", "Changes how long messages live in a channel.")
            .takes::<LifetimeChange>()
            .gives::<Lifetime>(),
        get("/api/messages/scheduled", "The caller's messages for later.").pages_of::<Scheduled>(),
        post("/api/messages/scheduled", "Writes a message for later.").takes::<NewScheduled>().makes::<Scheduled>(),
        put("/api/messages/scheduled/{id}", "Changes a message for later.")
            .takes::<ScheduledChange>()
            .gives::<Scheduled>(),
        delete("/api/messages/scheduled/{id}", "Takes a message for later back.").gives::<Success>(),
        get("/api/reminders", "The caller's reminders.").pages_of::<Reminder>(),
        post("/api/reminders", "Asks to be reminded.").takes::<NewReminder>().makes::<Reminder>(),
        delete("/api/reminders/{id}", "Takes a reminder away.").gives::<Success>(),
        get("/api/templates", "The clinic's text templates.").pages_of::<Template>(),
        post("/api/templates", "Adds a template.").takes::<NewTemplate>().makes::<Template>(),
        put("/api/templates/{id}", "Changes a template.").takes::<TemplateChange>().gives::<Template>(),
        delete("/api/templates/{id}", "Removes a template.").gives::<Success>(),
        get("/api/commands", "The slash commands that the caller may give in a channel.")
            .query("channelId", Query::Id, "Which channel.")
            .gives::<Vec<Command>>(),
        get("/api/schemas", "The types of messages that have a schema.").gives::<SchemaNames>(),
        get("/api/schemas/{name}", "What the metadata of a type has to be, as JSON Schema.")
            .gives::<serde_json::Map<String, serde_json::Value>>(),
        get("/api/messages/flagged", "What waits for review.").pages_of::<Flagged>(),
        post("/api/messages/{id}/flag", "Flags a message for review.").takes::<NewFlag>().gives::<Success>(),
        post("/api/messages/{id}/review", "Decides about a flagged message.").takes::<Review>().gives::<Success>(),
        get("/api/words", "The word filter.").pages_of::<Word>(),
        post("/api/words", "Adds a word to the filter.").takes::<NewWord>().makes::<Word>(),
        put("/api/words/{id}", "Changes what the filter does with a word.").takes::<WordChange>().gives::<Word>(),
        delete("/api/words/{id}", "Takes a word out of the filter.").gives::<Success>(),
    ]
}

pub(in crate::http) async fn list_words(call: Call) -> Result<Answer> {
    let page = words::list(&call.cx, &call.web.means, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn add_word(call: Call) -> Result<Answer> {
    Answer::created(&words::add(&call.cx, &call.web.means, call.body()?).await?)
}

pub(in crate::http) async fn change_word(call: Call) -> Result<Answer> {
    let word: WordId = call.id("id", "word")?;
    Answer::ok(&words::change(&call.cx, &call.web.means, word, call.body()?).await?)
}

pub(in crate::http) async fn remove_word(call: Call) -> Result<Answer> {
    let word: WordId = call.id("id", "word")?;
    words::remove(&call.cx, &call.web.means, word).await?;
    Answer::ok(&Success::because("The word is no longer in the filter."))
}

pub(in crate::http) async fn flag_message(call: Call) -> Result<Answer> {
    flags::flag(&call.cx, message(&call)?, call.body()?).await?;
    Answer::ok(&Success::because("The message will be reviewed."))
}

pub(in crate::http) async fn list_flagged(call: Call) -> Result<Answer> {
    let page = review::list(&call.cx, &call.web.means, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn review_message(call: Call) -> Result<Answer> {
    review::decide(&call.cx, message(&call)?, call.body()?).await?;
    Answer::ok(&Success::because("The review is recorded."))
}

pub(in crate::http) async fn show_draft(call: Call) -> Result<Answer> {
    Answer::ok(&drafts::show(&call.cx, channel(&call)?).await?)
}

pub(in crate::http) async fn keep_draft(call: Call) -> Result<Answer> {
    Answer::ok(&drafts::keep(&call.cx, &call.web.means, channel(&call)?, call.body()?).await?)
}

pub(in crate::http) async fn discard_draft(call: Call) -> Result<Answer> {
    drafts::discard(&call.cx, channel(&call)?).await?;
    Answer::ok(&Success::because("There is no draft."))
}

pub(in crate::http) async fn set_bookmark(call: Call) -> Result<Answer> {
    bookmarks::set(&call.cx, message(&call)?).await?;
    Answer::ok(&Success::because("The message is bookmarked."))
}

pub(in crate::http) async fn remove_bookmark(call: Call) -> Result<Answer> {
    bookmarks::remove(&call.cx, message(&call)?).await?;
    Answer::ok(&Success::because("The message is not bookmarked."))
}

pub(in crate::http) async fn list_bookmarks(call: Call) -> Result<Answer> {
    let page = bookmarks::list(&call.cx, &call.web.means, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn show_lifetime(call: Call) -> Result<Answer> {
    Answer::ok(&expiry::lifetime(&call.cx, channel(&call)?).await?)
}

pub(in crate::http) async fn change_lifetime(call: Call) -> Result<Answer> {
    Answer::ok(&expiry::set_lifetime(&call.cx, channel(&call)?, call.body()?).await?)
}

pub(in crate::http) async fn list_scheduled(call: Call) -> Result<Answer> {
    let page = schedule::list(&call.cx, &call.web.means, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn schedule_message(call: Call) -> Result<Answer> {
    Answer::created(&schedule::plan(&call.cx, &call.web.means, call.body()?).await?)
}

pub(in crate::http) async fn change_scheduled(call: Call) -> Result<Answer> {
    let scheduled: ScheduledId = call.id("id", "scheduled message")?;
    Answer::ok(&schedule::change(&call.cx, &call.web.means, scheduled, call.body()?).await?)
}

pub(in crate::http) async fn cancel_scheduled(call: Call) -> Result<Answer> {
    let scheduled: ScheduledId = call.id("id", "scheduled message")?;
    schedule::cancel(&call.cx, scheduled).await?;
    Answer::ok(&Success::because("The message will not be posted."))
}

pub(in crate::http) async fn list_reminders(call: Call) -> Result<Answer> {
    let page = reminders::list(&call.cx, &call.web.means, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn ask_reminder(call: Call) -> Result<Answer> {
    Answer::created(&reminders::ask(&call.cx, call.body()?).await?)
}

pub(in crate::http) async fn remove_reminder(call: Call) -> Result<Answer> {
    let reminder: ReminderId = call.id("id", "reminder")?;
    reminders::remove(&call.cx, reminder).await?;
    Answer::ok(&Success::because("The reminder is gone."))
}

pub(in crate::http) async fn list_templates(call: Call) -> Result<Answer> {
    let page = templates::list(&call.cx, &call.web.means, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn add_template(call: Call) -> Result<Answer> {
    Answer::created(&templates::add(&call.cx, call.body()?).await?)
}

pub(in crate::http) async fn change_template(call: Call) -> Result<Answer> {
    let template: TemplateId = call.id("id", "template")?;
    Answer::ok(&templates::change(&call.cx, template, call.body()?).await?)
}

pub(in crate::http) async fn remove_template(call: Call) -> Result<Answer> {
    let template: TemplateId = call.id("id", "template")?;
    templates::remove(&call.cx, template).await?;
    Answer::ok(&Success::because("The template is gone."))
}

pub(in crate::http) async fn list_commands(call: Call) -> Result<Answer> {
    let channel = call.query_id("channelId")?.ok_or_else(|| Error::field("channelId", "is missing"))?;
    Answer::ok(&commands::offered(&call.cx, channel).await?)
}

pub(in crate::http) async fn list_schemas(_call: Call) -> Result<Answer> {
    Answer::ok(&SchemaNames { schemas: schemas::names() })
}

pub(in crate::http) async fn show_schema(call: Call) -> Result<Answer> {
    let schema = call.word("name").and_then(schemas::published).ok_or_else(|| Error::missing("schema"))?;
    Answer::ok(&schema)
}

fn channel(call: &Call) -> Result<ChannelId> {
    call.id("id", "channel")
}

fn message(call: &Call) -> Result<MessageId> {
    call.id("id", "message")
}
