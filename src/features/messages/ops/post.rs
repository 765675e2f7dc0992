//! Posting: sealed before the writer sees it, acknowledged after the commit.

use std::sync::Arc;

use super::read::posted;
use super::{Receipt, threads};
use crate::crypto::Keyring;
use crate::error::{Error, Result};
use crate::features::Means;
use crate::features::flags::{self, Reason};
use crate::features::mentions::{self, Place};
use crate::features::messages::deeds::MessageDeed;
use crate::features::messages::model::Draft;
use crate::features::messages::sealing::Leaf;
use crate::features::messages::{rows, screening};
use crate::gate::{Act, Cx, Who};
use crate::hub::Outbox;
use crate::id::{MessageId, UserId};
use crate::wire::messages::{Message, NewMessage};
use crate::wire::phi::Posted;

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
pub async fn post(cx: &Cx, means: &Means, body: NewMessage) -> Result<Posted> {
    let stopwatch = cx.stopwatch();
    let letter = prepare(cx, means, body)?;
    let receipt = cx.act(letter.deed(), move |act| write(act, &letter)).await?;
    stopwatch.acknowledged();
    Ok(Posted::of(posted(cx, receipt.message).await?, receipt.phi))
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
    let stopwatch = cx.stopwatch();
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
            act.answer(&socket, receipt.ack(asked.as_deref(), client_message_id));
        }
        Ok(())
    };
    cx.submit_repeatable(deed, work, move |outcome| match outcome {
        Ok(()) => stopwatch.acknowledged(),
        Err(error) => failed(error, request_id.as_deref()),
    });
}

/// Checks, counts and seals a message.
fn prepare(cx: &Cx, means: &Means, body: NewMessage) -> Result<Letter> {
    let draft = Draft::parse(body, &means.limits)?;
    let Who::Person(session) = cx.who() else {
        return Err(Error::unauthenticated("not_signed_in", "Sign in first."));
    };
    let sender = session.user;
    means.pace.take(cx)?;
    let draft = screening::screen(cx, means, draft)?;
    let (message, channel, keys) = (cx.new_id(), draft.channel, cx.keys());
    let leaf = Leaf::message(message, channel, sender);
    let sealed = leaf.seal(keys, &draft.text)?;
    let metadata = draft.metadata.as_ref().map(|metadata| leaf.seal_metadata(keys, metadata)).transpose()?;
    let key_version = Keyring::version_of(&sealed)?;
    Ok(Letter { message, sender, draft, sealed, metadata, key_version })
}

/// Stores a message and tells of it; one that was sent before is only acknowledged again.
fn write(act: &mut Act<'_, '_>, letter: &Letter) -> Result<Receipt> {
    let Letter { message, sender, draft, .. } = letter;
    let (message, sender, channel) = (*message, *sender, draft.channel);
    let place = act.next_place(channel)?;
    let (seq, rev, at) = (place.seq, place.rev, act.now());
    let new = rows::insert(
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
    if !new {
        return sent_before(act, letter);
    }
    act.keep_slow(channel)?;
    act.take_place(&place);
    if draft.flagged {
        flags::mark(act, message, Reason::WordFilter)?;
        act.note("flagged", true);
    }
    let expires_at = draft.lives.map(|lives| at.plus(lives));
    if let Some(expires_at) = expires_at {
        rows::expire(act, message, expires_at)?;
    }
    let mentions = mentions::keep(act, Place { message, channel, seq, sender }, &draft.names)?;
    let username = act.user_fact(sender)?.map_or_else(String::new, |fact| fact.username.to_string());
    let root = draft.reply_to.map(|parent| threads::begin(act, channel, parent)).transpose()?;
    if let Some(root) = root {
        rows::reply(act, root, message, seq)?;
    }
    act.tell_message(Message {
        id: message,
        channel_id: channel,
        sender_id: sender,
        sender: username,
        text: Some(draft.text.to_string()),
        html: None,
        contains_phi: draft.contains_phi,
        redacted: false,
        timestamp: at,
        edited_at: None,
        deleted: false,
        deleted_at: None,
        deleted_by: None,
        seq,
        rev,
        metadata: draft.metadata.clone(),
        expires_at,
        mentions,
        reactions: Vec::new(),
        reply_to: root,
        replies: 0,
        pinned: false,
    });
    if let Some(root) = root {
        threads::count(act, channel, root, 1, sender)?;
    }
    Ok(Receipt { message, seq, rev, at, phi: draft.suspicion.hint() })
}

/// What is said of a message that the same sender has sent before under the same id: what was said then.
fn sent_before(act: &mut Act<'_, '_>, letter: &Letter) -> Result<Receipt> {
    let client_id = letter.draft.client_message_id.as_deref().unwrap_or_default();
    let sent = rows::sent(act, letter.sender, client_id)?
        .ok_or_else(|| Error::internal("a message clashed with one that is not there"))?;
    if sent.channel != letter.draft.channel {
        return Err(Error::conflict(
            "client_message_id_used",
            "That clientMessageId was used for a message in another channel.",
        ));
    }
    act.note("repeated", true);
    Ok(Receipt { message: sent.message, seq: sent.seq, rev: sent.rev, at: sent.at, phi: letter.draft.suspicion.hint() })
}
