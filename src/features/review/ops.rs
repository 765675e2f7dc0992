//! Reading the queue and deciding.

use super::deeds::{Decision, ReviewDeed};
use super::rows;
use crate::error::{Error, FieldFault, Result};
use crate::features::flags::{self, Note};
use crate::features::messages::{self, Withdrawal};
use crate::features::{Cursor, Means, Paged};
use crate::gate::{Cx, Look, Permission};
use crate::id::{FlagId, Id, MessageId};
use crate::wire::flags::{Flagged, Review};

/// The flags that wait, newest first, a page at a time; the cursor is a flag's id.
pub async fn list(cx: &Cx, means: &Means, page: Cursor) -> Result<Paged<Flagged>> {
    let limit = page.rows(&means.limits)?;
    let back = page.after.is_some();
    let from = match page.after.or(page.before) {
        None => FlagId::from_uuid(uuid::Uuid::max()),
        Some(text) => text.parse().map_err(|_| Error::field("before", "must be a cursor that this list gave"))?,
    };
    let rows = cx
        .view(ReviewDeed::List, move |look| {
            let reader = look.user()?;
            let everywhere = look.allows(Permission::MessagesMonitor)?;
            let flags = rows::queue(look, reader, everywhere, rows::Slice { from, back, limit })?;
            flags.into_iter().map(|flag| flagged(look, flag)).collect::<Result<Vec<_>>>()
        })
        .await?;
    Ok(Paged::of(rows, limit, |flag| flag.id.to_string()))
}

fn flagged(look: &mut Look<'_, '_>, flag: rows::Waiting) -> Result<Flagged> {
    let reader = look.user()?;
    let inside = look.channel_fact(flag.channel)?.is_some_and(|fact| fact.members.contains_key(&reader));
    let phi = inside && look.allows(Permission::PhiRead)?;
    let message = messages::look_at(look, flag.message, phi)?.ok_or_else(|| Error::missing("message"))?;
    let note = match flag.note.filter(|_| !message.redacted) {
        Some(sealed) => {
            let (keys, writer) = (look.keys(), flag.flagged_by);
            Some(flags::open_note(keys, "note", flag.id, flag.channel, writer, &sealed)?.to_string())
        }
        None => None,
    };
    Ok(Flagged {
        id: flag.id,
        reason: flag.reason,
        note,
        flagged_by: flag.flagged_by,
        flagged_by_name: flag.flagged_by_name,
        flagged_at: flag.flagged_at,
        message,
    })
}

/// Decides about every flag of a message that waits.
pub async fn decide(cx: &Cx, message: MessageId, body: Review) -> Result<()> {
    let mut faults = Vec::new();
    let decision = Decision::named(&body.decision);
    if decision.is_none() {
        faults.push(FieldFault { field: "decision", detail: "must be keep or delete".to_owned() });
    }
    let note = match body.note.map(Note::parse).transpose() {
        Ok(note) => note.flatten(),
        Err(detail) => {
            faults.push(FieldFault { field: "note", detail });
            None
        }
    };
    let Some(decision) = decision.filter(|_| faults.is_empty()) else { return Err(Error::fields(faults)) };
    let missing = || Error::missing("message");
    let channel = cx.view(ReviewDeed::Find, move |look| rows::where_is(look, message)).await?.ok_or_else(missing)?;
    let keys_cx = cx.clone();
    let outcome = cx
        .act(ReviewDeed::Decide { channel, message, decision }, move |act| {
            let reviewer = act.user()?;
            let Some(flag) = rows::first_waiting(act, message)? else {
                return Err(Error::conflict("not_flagged", "No flag of this message waits for a decision."));
            };
            if rows::sender(act, message)? == Some(reviewer) {
                return Err(Error::refused("own_message", "Somebody else has to review what you wrote."));
            }
            let sealed = note
                .map(|note| flags::seal_note(keys_cx.keys(), "review_note", flag, channel, reviewer, &note))
                .transpose()?;
            rows::decide(act, message, flag, decision, sealed.as_deref())?;
            if decision == Decision::Delete {
                messages::withdraw(act, message, Withdrawal::Kept)?;
            }
            Ok(())
        })
        .await;
    // A channel that the reviewer may not know of must not show in how a refusal reads.
    outcome.map_err(|error| if error.code() == "not_found" { missing() } else { error })
}
