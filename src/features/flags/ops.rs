//! Flagging.

use super::deeds::FlagDeed;
use super::model::{Note, Reason};
use super::{rows, sealing};
use crate::error::{Error, FieldFault, Kind, Result};
use crate::gate::{Act, Cx};
use crate::id::{FlagId, MessageId};
use crate::wire::flags::NewFlag;

/// Flags a message for review. Flagging one's flag again changes nothing and is told nothing.
pub async fn flag(cx: &Cx, message: MessageId, body: NewFlag) -> Result<()> {
    let mut faults = Vec::new();
    let reason = Reason::given(&body.reason);
    if reason.is_none() {
        faults.push(FieldFault { field: "reason", detail: format!("must be {}", Reason::GIVEN) });
    }
    let note = match body.note.map(Note::parse).transpose() {
        Ok(note) => note.flatten(),
        Err(detail) => {
            faults.push(FieldFault { field: "note", detail });
            None
        }
    };
    let Some(reason) = reason.filter(|_| faults.is_empty()) else { return Err(Error::fields(faults)) };
    let missing = || Error::missing("message");
    let channel = cx.view(FlagDeed::Find, move |look| rows::where_is(look, message)).await?.ok_or_else(missing)?;
    let (id, keys_cx) = (cx.new_id(), cx.clone());
    let outcome = cx
        .act(FlagDeed::Flag { channel, message, reason }, move |act| {
            let reporter = act.user()?;
            if rows::is_deleted(act, message)? {
                return Err(missing());
            }
            if rows::waits(act, message, reporter)? {
                act.note("repeated", true);
                return Ok(());
            }
            let sealed = note
                .map(|note| sealing::seal_note(keys_cx.keys(), "note", id, channel, reporter, &note))
                .transpose()?;
            keep(act, id, message, reason, sealed.as_deref())
        })
        .await;
    // Where a message is must not show in how its refusal reads: outside its channel it is not there.
    outcome.map_err(|error| match (error.kind(), error.code()) {
        (Kind::Missing, _) | (_, "not_a_member") => missing(),
        _ => error,
    })
}

/// Flags a message inside the deed that posts or edits it.
pub fn mark(act: &mut Act<'_, '_>, message: MessageId, reason: Reason) -> Result<()> {
    let id = act.new_id();
    keep(act, id, message, reason, None)
}

fn keep(act: &mut Act<'_, '_>, id: FlagId, message: MessageId, reason: Reason, note: Option<&[u8]>) -> Result<()> {
    let reporter = if reason == Reason::WordFilter { None } else { act.maybe_user() };
    rows::insert(act, id, message, reason, note, reporter)?;
    rows::set_flagged(act, message, reason, reporter)
}
