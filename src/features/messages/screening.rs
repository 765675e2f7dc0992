//! What a message passes between being read and being sealed: the clinic's word filter, a look for patient details
//! that are not marked, and one for the people it names. Nothing is stored before it, and what it changes is what is stored.

use serde_json::Value;
use zeroize::Zeroizing;

use super::model::{Draft, Revision};
use super::suspicion::suspect;
use crate::error::{Error, Result};
use crate::features::Means;
use crate::features::mentions;
use crate::features::words::{Filter, Verdict};
use crate::gate::Cx;
use crate::wire::Change;

/// Lets a draft through as it is, changed, or marked for a moderator; or says why not.
pub(super) fn screen(cx: &Cx, means: &Means, mut draft: Draft) -> Result<Draft> {
    if !means.words.is_empty() {
        if let Some(masked) = judged(&means.words, &draft.text, &mut draft.flagged)? {
            draft.text = masked;
        }
        if let Some(metadata) = &mut draft.metadata {
            screen_value(&means.words, metadata, &mut draft.flagged)?;
        }
    }
    if !draft.contains_phi {
        draft.suspicion = suspect(cx, means, &draft.text, draft.metadata.as_ref());
        draft.contains_phi = draft.suspicion.marks()?;
    }
    draft.names = mentions::named(&draft.text);
    Ok(draft)
}

/// The same for what a message is to say from now on.
pub(super) fn screen_revision(cx: &Cx, means: &Means, mut revision: Revision) -> Result<Revision> {
    if !means.words.is_empty() {
        if let Some(text) = &mut revision.text
            && let Some(masked) = judged(&means.words, text, &mut revision.flagged)?
        {
            *text = masked;
        }
        if let Change::Set(metadata) = &mut revision.metadata {
            screen_value(&means.words, metadata, &mut revision.flagged)?;
        }
    }
    if revision.contains_phi != Some(true) {
        let metadata = if let Change::Set(metadata) = &revision.metadata { Some(metadata) } else { None };
        let text = revision.text.as_ref().map_or("", |text| text.as_str());
        revision.suspicion = suspect(cx, means, text, metadata);
    }
    revision.names = revision.text.as_ref().map_or_else(Vec::new, |text| mentions::named(text));
    Ok(revision)
}

/// Every text in a message's metadata is read by people too: the title of an alert, the name of a task.
fn screen_value(words: &Filter, value: &mut Value, flagged: &mut bool) -> Result<()> {
    match value {
        Value::String(text) => {
            if let Some(masked) = judged(words, text, flagged)? {
                masked.as_str().clone_into(text);
            }
            Ok(())
        }
        Value::Array(values) => values.iter_mut().try_for_each(|value| screen_value(words, value, flagged)),
        Value::Object(values) => values.values_mut().try_for_each(|value| screen_value(words, value, flagged)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn judged(words: &Filter, text: &str, flagged: &mut bool) -> Result<Option<Zeroizing<String>>> {
    match words.judge(text) {
        Verdict::Clean => Ok(None),
        Verdict::Found { masked, flagged: found } => {
            *flagged |= found;
            Ok(masked)
        }
        Verdict::Blocked => {
            Err(Error::invalid("word_blocked", "The message has a word that is not allowed in this clinic."))
        }
    }
}
