//! Reading: pages, one message, and what changed since.

use crate::error::{Error, Kind, Result};
use crate::features::mentions;
use crate::features::messages::deeds::MessageDeed;
use crate::features::messages::reactions;
use crate::features::messages::rows::{self, Place, Slice, Stored};
use crate::features::messages::sealing;
use crate::features::{Cursor, Means, Paged};
use crate::gate::{Cx, Look};
use crate::hub::Replay;
use crate::id::{ChannelId, MessageId, UserId};
use crate::wire::frames::{Deleted, Frame};
use crate::wire::messages::{Message, Version};

/// Rows of a replay that are read at once.
const REPLAY_SLICE: u32 = 200;
/// Changes of all channels up to which a replay goes along them.
const REPLAY_BY_REV_MAX: i64 = 10_000;

/// A page of a channel, newest first; the cursor is a `seq`.
pub async fn page(cx: &Cx, means: &Means, channel: ChannelId, page: Cursor) -> Result<Paged<Message>> {
    let limit = page.rows(&means.limits)?;
    let slice = slice(&page, limit)?;
    let rows = cx
        .view(MessageDeed::Page { channel }, move |look| {
            let rows = rows::page(look, channel, slice)?;
            let phi = look.grant().phi;
            opened(look, rows, phi)
        })
        .await?;
    Ok(Paged::of(rows, limit, |message| message.seq.to_string()))
}

/// The newest of all own channels; the cursor is a `rev`.
pub async fn recent(cx: &Cx, means: &Means, page: Cursor) -> Result<Paged<Message>> {
    let limit = page.rows(&means.limits)?;
    let slice = slice(&page, limit)?;
    let rows = cx
        .view(MessageDeed::Recent, move |look| {
            let reader = look.user()?;
            let rows = rows::recent(look, reader, slice)?;
            let phi = look.allows(crate::gate::Permission::PhiRead)?;
            opened(look, rows, phi)
        })
        .await?;
    Ok(Paged::of(rows, limit, |message| message.rev.to_string()))
}

/// One message.
pub async fn show(cx: &Cx, message: MessageId) -> Result<Message> {
    shown(cx, message, |channel| MessageDeed::Show { channel, message }).await
}

/// What the caller has just posted, or had posted before under the same client's id.
pub(super) async fn posted(cx: &Cx, message: MessageId) -> Result<Message> {
    shown(cx, message, |channel| MessageDeed::Posted { channel, message }).await
}

async fn shown(cx: &Cx, message: MessageId, deed: impl FnOnce(ChannelId) -> MessageDeed) -> Result<Message> {
    let Place { channel, .. } = find(cx, message).await?;
    let shown = cx
        .view(deed(channel), move |look| {
            let stored = rows::show(look, message)?.ok_or_else(missing)?;
            let phi = look.grant().phi;
            opened(look, vec![stored], phi)?.pop().ok_or_else(missing)
        })
        .await;
    shown.map_err(|error| if error.kind() == Kind::Refused { missing() } else { veiled(error) })
}

/// Where a message is, before it is asked whether the caller may know.
pub(super) async fn find(cx: &Cx, message: MessageId) -> Result<Place> {
    cx.view(MessageDeed::Find, move |look| rows::place(look, message)).await?.ok_or_else(missing)
}

/// Where a message is must not show in how a refusal reads: outside its channel it is not there.
pub(super) fn veiled(error: Error) -> Error {
    if error.kind() == Kind::Missing || error.code() == "not_a_member" { missing() } else { error }
}

pub(super) fn missing() -> Error {
    Error::missing("message")
}

/// What an earlier version said, the latest first; the cursor is a `rev`.
pub async fn history(cx: &Cx, means: &Means, message: MessageId, page: Cursor) -> Result<Paged<Version>> {
    let limit = page.rows(&means.limits)?;
    let slice = slice(&page, limit)?;
    let place = find(cx, message).await?;
    let versions = cx.view(MessageDeed::History { place }, move |look| {
        if rows::show(look, message)?.is_none_or(|stored| stored.deleted) {
            return Err(gone());
        }
        let (reader, phi) = (look.user()?, look.grant().phi);
        let versions = rows::history(look, place, slice)?;
        if phi && place.sender != reader && versions.iter().any(|version| version.phi) {
            look.shows_patient_details();
        }
        let keys = look.keys();
        versions.iter().map(|version| sealing::open_version(keys, place, version, reader, phi)).collect()
    });
    Ok(Paged::of(versions.await.map_err(veiled)?, limit, |version: &Version| version.rev.to_string()))
}

/// A deleted message can neither be changed nor looked into.
pub(super) fn gone() -> Error {
    Error::conflict("message_deleted", "This message was deleted.")
}

/// One message inside a list of another feature; `phi` says whether the reader may see its patient details.
pub fn look_at(look: &mut Look<'_, '_>, message: MessageId, phi: bool) -> Result<Option<Message>> {
    let Some(stored) = rows::show(look, message)? else { return Ok(None) };
    Ok(opened(look, vec![stored], phi)?.pop())
}

/// The next frames of a replay, and where to go on from; `None` ends it.
///
/// A short absence is replayed along the changes of all channels, a long one along the channel: each costs what was
/// missed, not what is stored.
pub async fn replay(cx: &Cx, replay: &Replay, from: Option<i64>) -> Result<(Vec<String>, Option<i64>)> {
    let (channel, since, upto) = (replay.channel, replay.since, replay.upto);
    cx.view(MessageDeed::Replay { channel }, move |look| {
        let short = upto.saturating_sub(since) <= REPLAY_BY_REV_MAX;
        let rows = if short {
            rows::changed(look, channel, from.unwrap_or(since), upto, REPLAY_SLICE)?
        } else {
            rows::changed_in_order(look, channel, since, upto, from.unwrap_or(0), REPLAY_SLICE)?
        };
        let full = rows.len() >= REPLAY_SLICE as usize;
        let next = rows.last().filter(|_| full).map(|row| if short { row.rev } else { row.seq });
        let phi = look.grant().phi;
        let frames = opened(look, rows, phi)?
            .iter()
            .map(|message| {
                if message.deleted {
                    Frame::MessageDeleted { data: Deleted::of(message) }.encode()
                } else if message.edited_at.is_some() {
                    Frame::MessageUpdated { data: message }.encode()
                } else {
                    Frame::NewMessage { data: message }.encode()
                }
            })
            .collect();
        Ok((frames, next))
    })
    .await
}

/// These messages as a page would show them, in this order; one that is gone is left out. Whether the reader may see
/// their channels is for the caller to find out.
pub fn open_all(look: &mut Look<'_, '_>, ids: &[MessageId], phi: bool) -> Result<Vec<Message>> {
    let mut rows = Vec::with_capacity(ids.len());
    for message in ids {
        rows.extend(rows::show(look, *message)?);
    }
    opened(look, rows, phi)
}

/// The messages of a channel after the place `from`, oldest first, as a deed's own reading shows them.
pub fn ahead_in(look: &mut Look<'_, '_>, channel: ChannelId, from: i64, limit: u32, phi: bool) -> Result<Vec<Message>> {
    let mut rows = rows::page(look, channel, Slice { from, back: true, limit })?;
    rows.reverse();
    opened(look, rows, phi)
}

/// What a person wrote among the `changes` after `from`, in the order of changes, and the last change looked at; that
/// is `from` at the end. Patient details are shown to that person alone.
pub fn ahead_of(look: &mut Look<'_, '_>, person: UserId, from: i64, changes: i64) -> Result<(Vec<Message>, i64)> {
    let upto = from.saturating_add(changes).min(rows::newest_rev(look)?).max(from);
    let rows = rows::written_by(look, person, from, upto)?;
    Ok((opened(look, rows, false)?, upto))
}

/// How many changes there were anywhere.
pub fn changes(look: &mut Look<'_, '_>) -> Result<i64> {
    rows::newest_rev(look)
}

pub(super) fn slice(page: &Cursor, limit: u32) -> Result<Slice> {
    Ok(match page.after_number()? {
        Some(from) => Slice { from, back: true, limit },
        None => Slice { from: page.before_number()?.unwrap_or(i64::MAX), back: false, limit },
    })
}

pub(super) fn opened(look: &mut Look<'_, '_>, rows: Vec<Stored>, phi: bool) -> Result<Vec<Message>> {
    let reader: UserId = look.user()?;
    let shows = phi && rows.iter().any(|row| row.phi && !row.deleted && row.sender != reader);
    if shows {
        look.shows_patient_details();
    }
    let with_reactions: Vec<_> =
        rows.iter().filter(|row| row.reactions > 0 && !row.deleted).map(|row| row.id).collect();
    let mut groups = reactions::grouped(rows::reactions(look, &with_reactions)?);
    let keys = look.keys();
    let mut messages =
        rows.into_iter().map(|row| sealing::open(keys, row, reader, phi)).collect::<Result<Vec<Message>>>()?;
    for message in &mut messages {
        message.reactions = groups.remove(&message.id).unwrap_or_default();
        if message.text.as_ref().is_some_and(|text| text.contains('@')) {
            message.mentions = mentions::of(look, message.id)?;
        }
    }
    Ok(messages)
}
