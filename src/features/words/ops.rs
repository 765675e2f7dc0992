//! Changing the filter, and compiling it.

use super::deeds::WordDeed;
use super::model::{Action, Entry, WORDS_MAX};
use super::rows;
use crate::error::{Error, FieldFault, Result};
use crate::features::{Cursor, Means, Paged};
use crate::gate::Cx;
use crate::id::{Id, WordId};
use crate::wire::words::{NewWord, Word, WordChange};

/// The words in the order in which they were added, a page at a time; the cursor is an entry's id.
pub async fn list(cx: &Cx, means: &Means, page: Cursor) -> Result<Paged<Word>> {
    let limit = page.rows(&means.limits)?;
    let back = page.after.is_some();
    let from = match page.after.or(page.before) {
        None => WordId::from_uuid(uuid::Uuid::nil()),
        Some(text) => text.parse().map_err(|_| Error::field("before", "must be a cursor that this list gave"))?,
    };
    let rows = cx.view(WordDeed::List, move |look| rows::list(look, from, back, limit)).await?;
    Ok(Paged::of(rows, limit, |word| word.id.to_string()))
}

/// Adds a word.
pub async fn add(cx: &Cx, means: &Means, body: NewWord) -> Result<Word> {
    let mut faults = Vec::new();
    let entry = Entry::parse(&body.word).map_err(|detail| faults.push(FieldFault { field: "word", detail })).ok();
    let action = action(&body.action).map_err(|detail| faults.push(FieldFault { field: "action", detail })).ok();
    let (Some(entry), Some(action)) = (entry, action) else { return Err(Error::fields(faults)) };
    let word = cx.new_id();
    let added = cx
        .act(WordDeed::Add { word, action }, move |act| {
            if rows::count(act)? >= WORDS_MAX {
                return Err(Error::conflict("filter_full", format!("The filter has {WORDS_MAX} words: remove some.")));
            }
            if rows::is_listed(act, entry.folded())? {
                return Err(Error::conflict("word_listed", "That word is in the filter already."));
            }
            rows::insert(act, word, &entry, action)?;
            rows::show(act, word)?.ok_or_else(|| Error::internal("a new word cannot be read back"))
        })
        .await?;
    compile(cx, means).await?;
    Ok(added)
}

/// Changes what happens to a message with the word.
pub async fn change(cx: &Cx, means: &Means, word: WordId, body: WordChange) -> Result<Word> {
    let action = action(&body.action).map_err(|detail| Error::field("action", detail))?;
    let changed = cx
        .act(WordDeed::Change { word, action }, move |act| {
            rows::set_action(act, word, action)?;
            rows::show(act, word)?.ok_or_else(|| Error::missing("word"))
        })
        .await?;
    compile(cx, means).await?;
    Ok(changed)
}

/// Takes a word out.
pub async fn remove(cx: &Cx, means: &Means, word: WordId) -> Result<()> {
    cx.act(
        WordDeed::Remove { word },
        move |act| {
            if rows::remove(act, word)? == 0 { Err(Error::missing("word")) } else { Ok(()) }
        },
    )
    .await?;
    compile(cx, means).await
}

/// Compiles the list as it is stored: at the start, and now and then, because another node may have changed it.
pub async fn reload(system: &Cx, means: &Means) -> Result<()> {
    let entries = system.view(WordDeed::Compile, rows::all).await?;
    if !(entries.is_empty() && means.words.is_empty()) {
        means.words.replace(&entries);
    }
    Ok(())
}

async fn compile(cx: &Cx, means: &Means) -> Result<()> {
    let entries = cx.view(WordDeed::List, rows::all).await?;
    means.words.replace(&entries);
    Ok(())
}

fn action(name: &str) -> std::result::Result<Action, String> {
    Action::named(name).ok_or_else(|| "must be block, mask or flag".to_owned())
}
