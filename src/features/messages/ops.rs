//! Posting and reading.

use std::sync::Arc;

use super::deeds::MessageDeed;
use super::model::Draft;
use super::rows::{self, Slice, Stored};
use super::sealing;
use crate::crypto::Keyring;
use crate::error::{Error, Kind, Result};
use crate::features::{Cursor, Means, Paged};
use crate::gate::{Act, Cx, Look, Who};
use crate::hub::{Outbox, Replay};
use crate::id::{ChannelId, MessageId, UserId};
use crate::wire::frames::{Deleted, Frame};
use crate::wire::messages::{Message, NewMessage};

/// Rows of a replay that are read at once.
const REPLAY_SLICE: u32 = 200;
/// Changes of all channels up to which a replay goes along them.
const REPLAY_BY_REV_MAX: i64 = 10_000;

/// What a sender is told: durable.
struct Receipt {
    message: MessageId,
    seq: i64,
    rev: i64,
    at: crate::clock::Timestamp,
}

/// A message on its way to the writer: sealed already, because there is one writer and many who send.
struct Letter {
    message: MessageId,
    sender: UserId,
    draft: Draft,
    sealed: Vec<u8>,
    metadata: Option<String>,
    key_version: u32,
}

impl Letter {
    fn deed(&self) -> MessageDeed {
        MessageDeed::Post { channel: self.draft.channel, message: self.message, phi: self.draft.contains_phi }
    }
}

/// Posts by REST; the answer is the message.
pub async fn post(cx: &Cx, means: &Means, body: NewMessage) -> Result<Message> {
    let letter = prepare(cx, means, body)?;
    let receipt = cx.act(letter.deed(), move |act| write(act, &letter)).await?;
    show(cx, receipt.message).await
}

/// Posts over a socket, without waiting: the `ack` goes out after the commit, if the client gave an id to
/// acknowledge; `failed` is called when nothing was stored.
pub fn send(
    cx: &Cx,
    means: &Means,
    socket: &Arc<Outbox>,
    body: NewMessage,
    request_id: Option<String>,
    failed: impl FnOnce(Error, Option<&str>) + Send + 'static,
) {
    let letter = match prepare(cx, means, body) {
        Ok(letter) => letter,
        Err(error) => return failed(error, request_id.as_deref()),
    };
    let socket = socket.clone();
    let deed = letter.deed();
    let asked = request_id.clone();
    let work = move |act: &mut Act<'_, '_>| {
        let receipt = write(act, &letter)?;
        let client_message_id = letter.draft.client_message_id.as_deref();
        if asked.is_some() || client_message_id.is_some() {
            let ack = Frame::Ack {
                request_id: asked.as_deref(),
                client_message_id,
                message_id: Some(receipt.message),
                seq: Some(receipt.seq),
                rev: Some(receipt.rev),
                timestamp: Some(receipt.at),
            };
            act.answer(&socket, ack.encode());
        }
        Ok(())
    };
    cx.submit_repeatable(deed, work, move |outcome| {
        if let Err(error) = outcome {
            failed(error, request_id.as_deref());
        }
    });
}

/// Checks, counts and seals a message.
fn prepare(cx: &Cx, means: &Means, body: NewMessage) -> Result<Letter> {
    let draft = Draft::parse(body, &means.limits)?;
    let Who::Person(session) = cx.who() else {
        return Err(Error::unauthenticated("not_signed_in", "Sign in first."));
    };
    let sender = session.user;
    means.pace.take(sender, cx.monotonic())?;
    let (message, channel, keys) = (cx.new_id(), draft.channel, cx.keys());
    let sealed = sealing::seal(keys, message, channel, sender, &draft.text)?;
    let metadata = draft
        .metadata
        .as_ref()
        .map(|metadata| sealing::seal_metadata(keys, message, channel, sender, metadata))
        .transpose()?;
    let key_version = Keyring::version_of(&sealed)?;
    Ok(Letter { message, sender, draft, sealed, metadata, key_version })
}

/// Stores a message and tells of it; one that was sent before is only acknowledged again.
fn write(act: &mut Act<'_, '_>, letter: &Letter) -> Result<Receipt> {
    let Letter { message, sender, draft, .. } = letter;
    let (message, sender, channel) = (*message, *sender, draft.channel);
    if let Some(client_id) = draft.client_message_id.as_deref()
        && let Some(sent) = rows::sent(act, sender, client_id)?
    {
        if sent.channel != channel {
            return Err(Error::conflict(
                "client_message_id_used",
                "That clientMessageId was used for a message in another channel.",
            ));
        }
        act.note("repeated", true);
        return Ok(Receipt { message: sent.message, seq: sent.seq, rev: sent.rev, at: sent.at });
    }
    let (seq, rev, at) = (act.next_seq(channel)?, act.next_rev(), act.now());
    rows::insert(
        act,
        &rows::NewRow {
            message,
            channel,
            sender,
            sealed: &letter.sealed,
            metadata: letter.metadata.as_deref(),
            phi: draft.contains_phi,
            seq,
            rev,
            client_id: draft.client_message_id.as_deref(),
            key_version: letter.key_version,
        },
    )?;
    let username = act.user_fact(sender)?.map_or_else(String::new, |fact| fact.username.to_string());
    act.tell_message(Message {
        id: message,
        channel_id: channel,
        sender_id: sender,
        sender: username,
        text: Some(draft.text.to_string()),
        contains_phi: draft.contains_phi,
        redacted: false,
        timestamp: at,
        edited_at: None,
        deleted: false,
        seq,
        rev,
        metadata: draft.metadata.clone(),
        reactions: Vec::new(),
    });
    Ok(Receipt { message, seq, rev, at })
}

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
    let missing = || Error::missing("message");
    let channel = cx.view(MessageDeed::Find, move |look| rows::where_is(look, message)).await?.ok_or_else(missing)?;
    let shown = cx
        .view(MessageDeed::Show { channel, message }, move |look| {
            let stored = rows::show(look, message)?.ok_or_else(missing)?;
            let phi = look.grant().phi;
            opened(look, vec![stored], phi)?.pop().ok_or_else(missing)
        })
        .await;
    // Where a message is must not show in how its refusal reads: outside its channel it is not there.
    shown.map_err(|error| match error.kind() {
        Kind::Missing | Kind::Refused => missing(),
        _ => error,
    })
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
                    let (message_id, channel_id) = (message.id, message.channel_id);
                    let data = Deleted { message_id, channel_id, seq: message.seq, rev: message.rev };
                    Frame::MessageDeleted { data }.encode()
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

fn slice(page: &Cursor, limit: u32) -> Result<Slice> {
    Ok(match page.after_number()? {
        Some(from) => Slice { from, back: true, limit },
        None => Slice { from: page.before_number()?.unwrap_or(i64::MAX), back: false, limit },
    })
}

fn opened(look: &mut Look<'_, '_>, rows: Vec<Stored>, phi: bool) -> Result<Vec<Message>> {
    let reader: UserId = look.user()?;
    let shows = phi && rows.iter().any(|row| row.phi && !row.deleted && row.sender != reader);
    if shows {
        look.shows_patient_details();
    }
    let keys = look.keys();
    rows.into_iter().map(|row| sealing::open(keys, row, reader, phi)).collect()
}
