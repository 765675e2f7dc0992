//! Between a stored message and one that travels: opened for those who may read it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::rows::{OldVersion, Place, Stored};
use crate::crypto::{Cell, Keyring, Opener, Purpose};
use crate::error::{Context, Result};
use crate::id::{ChannelId, EditId, Id, MessageId, UserId};
use crate::wire::messages::{Message, Version};

/// The key under which a sealed metadata column keeps its bytes.
const SEALED: &str = "sealed";

/// What is sealed to its place, so that no other row, channel or sender can show it: a message, or what it said
/// before it was edited.
#[derive(Clone, Copy)]
pub(super) struct Leaf {
    table: &'static str,
    row: Uuid,
    channel: ChannelId,
    sender: UserId,
}

impl Leaf {
    /// A message as it is.
    pub(super) fn message(message: MessageId, channel: ChannelId, sender: UserId) -> Self {
        Self { table: "messages", row: message.uuid(), channel, sender }
    }

    /// A version of a message that was replaced.
    pub(super) fn version(edit: EditId, of: Place) -> Self {
        Self { table: "message_edits", row: edit.uuid(), channel: of.channel, sender: of.sender }
    }

    fn cell(self, column: &'static str) -> Cell<'static> {
        let (channel, sender) = (Some(self.channel.uuid()), Some(self.sender.uuid()));
        Cell { table: self.table, row: self.row, column, channel, sender }
    }

    /// Seals a body.
    pub(super) fn seal(self, keys: &Keyring, text: &str) -> Result<Vec<u8>> {
        keys.seal_text(Purpose::Messages, &self.cell("encrypted_text"), text)
    }

    /// Seals metadata; the column is JSON, so the bytes are wrapped in an object.
    pub(super) fn seal_metadata(self, keys: &Keyring, metadata: &Value) -> Result<String> {
        let sealed = keys.seal_text(Purpose::Metadata, &self.cell("metadata"), &metadata.to_string())?;
        Ok(json!({ SEALED: BASE64.encode(sealed) }).to_string())
    }

    fn open(self, keys: &Keyring, sealed: &[u8]) -> Result<String> {
        Ok(keys.open_text(Purpose::Messages, &self.cell("encrypted_text"), sealed)?.to_string())
    }

    fn open_metadata(self, keys: &Keyring, json: &str) -> Result<Option<Value>> {
        let wrapped: Value = serde_json::from_str(json).context("reading a message's metadata")?;
        let Some(sealed) = wrapped.get(SEALED).and_then(Value::as_str) else { return Ok(Some(wrapped)) };
        let sealed = BASE64.decode(sealed).context("reading a message's sealed metadata")?;
        let opened = keys.open_text(Purpose::Metadata, &self.cell("metadata"), &sealed)?;
        serde_json::from_str(&opened).context("reading a message's opened metadata").map(Some)
    }
}

/// Seals the body of a message that comes from elsewhere.
pub fn seal(keys: &Keyring, message: MessageId, channel: ChannelId, sender: UserId, text: &str) -> Result<Vec<u8>> {
    Leaf::message(message, channel, sender).seal(keys, text)
}

/// Seals its metadata, as the column keeps it.
pub fn seal_metadata(
    keys: &Keyring,
    message: MessageId,
    channel: ChannelId,
    sender: UserId,
    metadata: &Value,
) -> Result<String> {
    Leaf::message(message, channel, sender).seal_metadata(keys, metadata)
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
        self.texts.open_into(&Leaf::message(message, channel, sender).cell("encrypted_text"), sealed, plain)
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
        self.metadata.open_into(&Leaf::message(message, channel, sender).cell("metadata"), &sealed, &mut plain)?;
        serde_json::from_slice(&plain).context("reading a message's opened metadata").map(Some)
    }
}

/// What `reader` gets of a stored message. `phi` says whether patient details of others may be shown.
pub(super) fn open(keys: &Keyring, stored: Stored, reader: UserId, phi: bool) -> Result<Message> {
    let withheld = stored.phi && !phi && !stored.deleted && stored.sender != reader;
    let leaf = Leaf::message(stored.id, stored.channel, stored.sender);
    let text = match &stored.sealed {
        Some(sealed) if !withheld && !stored.deleted => Some(leaf.open(keys, sealed)?),
        _ => None,
    };
    let metadata = match &stored.metadata {
        Some(json) if !withheld && !stored.deleted => leaf.open_metadata(keys, json)?,
        _ => None,
    };
    Ok(Message {
        id: stored.id,
        channel_id: stored.channel,
        sender_id: stored.sender,
        sender: stored.username,
        text,
        html: None,
        contains_phi: stored.phi,
        redacted: withheld,
        timestamp: stored.at,
        edited_at: stored.edited,
        deleted: stored.deleted,
        deleted_at: stored.deleted_at,
        deleted_by: stored.deleted_by,
        seq: stored.seq,
        rev: stored.rev,
        metadata,
        expires_at: stored.expires,
        mentions: Vec::new(),
        reactions: Vec::new(),
        reply_to: stored.reply_to,
        replies: stored.replies,
        pinned: stored.pinned,
    })
}

/// What `reader` gets of an earlier version.
pub(super) fn open_version(keys: &Keyring, of: Place, old: &OldVersion, reader: UserId, phi: bool) -> Result<Version> {
    let withheld = old.phi && !phi && of.sender != reader;
    let leaf = Leaf::version(old.id, of);
    let text = match &old.sealed {
        Some(sealed) if !withheld => Some(leaf.open(keys, sealed)?),
        _ => None,
    };
    let metadata = match &old.metadata {
        Some(json) if !withheld => leaf.open_metadata(keys, json)?,
        _ => None,
    };
    Ok(Version {
        message_id: of.message,
        text,
        contains_phi: old.phi,
        redacted: withheld,
        metadata,
        rev: old.rev,
        replaced_at: old.replaced_at,
        replaced_by: old.replaced_by,
    })
}
