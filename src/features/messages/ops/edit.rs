//! Changing what a message says. What it said before is kept, sealed anew to its own place.

use super::change::{Prepared, paced};
use super::read::{find, gone, missing, veiled};
use super::{Receipt, show};
use crate::crypto::Keyring;
use crate::error::Result;
use crate::features::flags::{self, Reason};
use crate::features::mentions;
use crate::features::messages::deeds::MessageDeed;
use crate::features::messages::model::Revision;
use crate::features::messages::reactions;
use crate::features::messages::rows::{self, NewText, OldVersion, Place, Stored};
use crate::features::messages::screening;
use crate::features::messages::sealing::{self, Leaf};
use crate::features::messages::suspicion::{Suspicion, suspect};
use crate::features::{Expected, Means};
use crate::gate::{Act, Cx};
use crate::id::MessageId;
use crate::wire::Change;
use crate::wire::messages::{Message, MessageEdit};
use crate::wire::phi::Posted;

/// Edits an own message, whose version is its `rev`. The answer is the message.
pub async fn edit(cx: &Cx, means: &Means, message: MessageId, body: MessageEdit, expected: Expected) -> Result<Posted> {
    let Prepared { deed, work } = prepare(cx, means, message, body, expected).await?;
    let receipt = cx.act(deed, work).await.map_err(veiled)?;
    Ok(Posted::of(show(cx, message).await?, receipt.phi))
}

/// A change, sealed already where it says something new: there is one writer and many who edit.
struct Sealed {
    text: Option<Vec<u8>>,
    metadata: Option<String>,
}

pub(super) async fn prepare(
    cx: &Cx,
    means: &Means,
    message: MessageId,
    body: MessageEdit,
    expected: Expected,
) -> Result<Prepared<impl FnOnce(&mut Act<'_, '_>) -> Result<Receipt> + Send + 'static>> {
    let revision = Revision::parse(body, &means.limits)?;
    paced(cx, means)?;
    let mut revision = screening::screen_revision(cx, means, revision)?;
    let place = find(cx, message).await?;
    if revision.contains_phi == Some(false) && revision.text.is_none() {
        // Taking the mark away is looked at like sending without it.
        let now = show(cx, message).await?;
        let metadata = revision.metadata.clone().over(now.metadata);
        revision.suspicion = suspect(cx, means, now.text.as_deref().unwrap_or_default(), metadata.as_ref());
    }
    let (leaf, keys) = (Leaf::message(message, place.channel, place.sender), cx.keys());
    let sealed = Sealed {
        text: revision.text.as_ref().map(|text| leaf.seal(keys, text)).transpose()?,
        metadata: match &revision.metadata {
            Change::Set(metadata) => Some(leaf.seal_metadata(keys, metadata)?),
            Change::Keep | Change::Clear => None,
        },
    };
    let work = move |act: &mut Act<'_, '_>| write(act, place, &revision, sealed, &expected);
    Ok(Prepared { deed: MessageDeed::Edit { place }, work })
}

fn write(
    act: &mut Act<'_, '_>,
    place: Place,
    revision: &Revision,
    sealed: Sealed,
    expected: &Expected,
) -> Result<Receipt> {
    let stored = rows::current(act, place.message)?.ok_or_else(missing)?;
    if stored.deleted {
        return Err(gone());
    }
    expected.check(stored.rev)?;
    let (before, at) = (stored.clone(), act.now());
    let mut message = sealing::open(act.keys(), stored, place.sender, true)?;
    let text = revision.text.as_ref().filter(|text| message.text.as_ref() != Some(text));
    let metadata = revision.metadata.clone().over(message.metadata.clone());
    let other_metadata = metadata != message.metadata;
    let asked = revision.contains_phi.unwrap_or(before.phi);
    let suspicion = (!asked).then_some(revision.suspicion);
    let phi = suspicion.map_or(Ok(true), Suspicion::marks)?;
    act.note("containsPHI", phi);
    if text.is_none() && !other_metadata && phi == before.phi {
        // An edit whose answer was lost is asked again: it is done, and there is nothing to tell.
        act.note("unchanged", true);
        return Ok(Receipt {
            message: place.message,
            seq: before.seq,
            rev: before.rev,
            at: before.edited.unwrap_or(at),
            phi: None,
        });
    }
    keep(act, place, &before, &message)?;
    let rev = act.next_rev();
    let new_text = if text.is_some() { sealed.text } else { before.sealed };
    let new_metadata = if other_metadata { sealed.metadata } else { before.metadata };
    let key_version = new_text.as_deref().map_or(Ok(0), Keyring::version_of)?;
    rows::edit(
        act,
        place.message,
        &NewText { sealed: new_text.as_deref(), metadata: new_metadata.as_deref(), phi, rev, key_version },
    )?;
    if revision.flagged {
        flags::mark(act, place.message, Reason::WordFilter)?;
        act.note("flagged", true);
    }
    if let Some(text) = text {
        let at =
            mentions::Place { message: place.message, channel: place.channel, seq: before.seq, sender: place.sender };
        message.mentions = mentions::replace(act, at, &revision.names)?;
        message.text = Some(text.to_string());
    } else {
        message.mentions = mentions::kept(act, place.message)?;
    }
    message.metadata = metadata;
    if before.reactions > 0 {
        message.reactions =
            reactions::grouped(rows::reactions_to(act, place.message)?).remove(&place.message).unwrap_or_default();
    }
    (message.contains_phi, message.edited_at, message.rev) = (phi, Some(at), rev);
    act.tell_edited(message);
    Ok(Receipt { message: place.message, seq: before.seq, rev, at, phi: suspicion.and_then(Suspicion::hint) })
}

/// Keeps what the message said until now.
fn keep(act: &mut Act<'_, '_>, place: Place, before: &Stored, opened: &Message) -> Result<()> {
    let (id, replaced_by) = (act.new_id(), act.user()?);
    let leaf = Leaf::version(id, place);
    let sealed = opened.text.as_ref().map(|text| leaf.seal(act.keys(), text)).transpose()?;
    let metadata = opened.metadata.as_ref().map(|metadata| leaf.seal_metadata(act.keys(), metadata)).transpose()?;
    let key_version = sealed.as_deref().map_or(Ok(0), Keyring::version_of)?;
    let old =
        OldVersion { id, rev: before.rev, sealed, metadata, phi: before.phi, replaced_at: act.now(), replaced_by };
    rows::keep_version(act, place.message, &old, key_version)
}
