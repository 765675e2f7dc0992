//! What helps or restrains a writer.

use crate::error::Result;
use crate::features::{flags, review, words};
use crate::http::call::{Answer, Call};
use crate::id::{MessageId, WordId};
use crate::wire::auth::Success;

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

fn message(call: &Call) -> Result<MessageId> {
    call.id("id", "message")
}
