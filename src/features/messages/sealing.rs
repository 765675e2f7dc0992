//! Between a stored message and one that travels: opened for those who may read it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::rows::Stored;
use crate::crypto::{Cell, Keyring, Opener, Purpose};
use crate::error::{Context, Result};
use crate::id::{ChannelId, Id, MessageId, UserId};
use crate::wire::messages::Message;

/// The key under which a sealed metadata column keeps its bytes.
const SEALED: &str = "sealed";

fn cell(column: &'static str, message: MessageId, channel: ChannelId, sender: UserId) -> Cell<'static> {
    Cell { table: "messages", row: message.uuid(), column, channel: Some(channel.uuid()), sender: Some(sender.uuid()) }
}

/// Seals a body to its place: no other row, channel or sender can show it.
pub(super) fn seal(
    keys: &Keyring,
    message: MessageId,
    channel: ChannelId,
    sender: UserId,
    text: &str,
) -> Result<Vec<u8>> {
    keys.seal_text(Purpose::Messages, &cell("encrypted_text", message, channel, sender), text)
}

/// Seals metadata; the column is JSON, so the bytes are wrapped in an object.
pub(super) fn seal_metadata(
    keys: &Keyring,
    message: MessageId,
    channel: ChannelId,
    sender: UserId,
    metadata: &Value,
) -> Result<String> {
    let cell = cell("metadata", message, channel, sender);
    let sealed = keys.seal_text(Purpose::Metadata, &cell, &metadata.to_string())?;
    Ok(json!({ SEALED: BASE64.encode(sealed) }).to_string())
}

/// Opens a great many bodies, one after the other: for searching.
pub struct Bodies {
    texts: Opener,
    metadata: Opener,
}

impl Bodies {
    /// With all the keys there are now.
    pub fn of(keys: &Keyring) -> Self {
        Self { texts: keys.opener(Purpose::Messages), metadata: keys.opener(Purpose::Metadata) }
    }

    /// Opens a sealed body into a buffer that is used again.
    pub fn open(
        &mut self,
        message: MessageId,
        channel: ChannelId,
        sender: UserId,
        sealed: &[u8],
        plain: &mut Vec<u8>,
    ) -> Result<()> {
        self.texts.open_into(&cell("encrypted_text", message, channel, sender), sealed, plain)
    }

    /// Opens sealed metadata as the column keeps it.
    pub fn open_metadata(
        &mut self,
        message: MessageId,
        channel: ChannelId,
        sender: UserId,
        json: &str,
    ) -> Result<Option<Value>> {
        let wrapped: Value = serde_json::from_str(json).context("reading a message's metadata")?;
        let Some(sealed) = wrapped.get(SEALED).and_then(Value::as_str) else { return Ok(Some(wrapped)) };
        let sealed = BASE64.decode(sealed).context("reading a message's sealed metadata")?;
        let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
        self.metadata.open_into(&cell("metadata", message, channel, sender), &sealed, &mut plain)?;
        serde_json::from_slice(&plain).context("reading a message's opened metadata").map(Some)
    }
}

/// What `reader` gets of a stored message. `phi` says whether patient details of others may be shown.
pub(super) fn open(keys: &Keyring, stored: Stored, reader: UserId, phi: bool) -> Result<Message> {
    let withheld = stored.phi && !phi && stored.sender != reader;
    let (id, channel, sender) = (stored.id, stored.channel, stored.sender);
    let text = match &stored.sealed {
        Some(sealed) if !withheld && !stored.deleted => {
            let opened = keys.open_text(Purpose::Messages, &cell("encrypted_text", id, channel, sender), sealed)?;
            Some(opened.to_string())
        }
        _ => None,
    };
    let metadata = match &stored.metadata {
        Some(json) if !withheld && !stored.deleted => open_metadata(keys, id, channel, sender, json)?,
        _ => None,
    };
    Ok(Message {
        id,
        channel_id: channel,
        sender_id: sender,
        sender: stored.username,
        text,
        contains_phi: stored.phi,
        redacted: withheld,
        timestamp: stored.at,
        edited_at: stored.edited,
        deleted: stored.deleted,
        seq: stored.seq,
        rev: stored.rev,
        metadata,
        expires_at: stored.expires,
        mentions: Vec::new(),
        reactions: Vec::new(),
    })
}

fn open_metadata(
    keys: &Keyring,
    message: MessageId,
    channel: ChannelId,
    sender: UserId,
    json: &str,
) -> Result<Option<Value>> {
    let wrapped: Value = serde_json::from_str(json).context("reading a message's metadata")?;
    let Some(sealed) = wrapped.get(SEALED).and_then(Value::as_str) else { return Ok(Some(wrapped)) };
    let sealed = BASE64.decode(sealed).context("reading a message's sealed metadata")?;
    let opened = keys.open_text(Purpose::Metadata, &cell("metadata", message, channel, sender), &sealed)?;
    serde_json::from_str(&opened).context("reading a message's opened metadata").map(Some)
}
