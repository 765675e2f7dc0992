//! A message that waits, as it is kept: one sealed cell with everything that its author wrote.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::rows::Stored;
use crate::crypto::{Cell, Keyring, Purpose};
use crate::error::{Context, Result};
use crate::id::{ChannelId, Id, ScheduledId, UserId};
use crate::wire::messages::NewMessage;

fn cell(scheduled: ScheduledId, channel: ChannelId, author: UserId) -> Cell<'static> {
    let (channel, sender) = (Some(channel.uuid()), Some(author.uuid()));
    Cell { table: "scheduled_messages", row: scheduled.uuid(), column: "sealed", channel, sender }
}

pub(super) fn seal(keys: &Keyring, scheduled: ScheduledId, author: UserId, message: &NewMessage) -> Result<Vec<u8>> {
    let plain = json!({
        "text": message.text.as_str(), "metadata": message.metadata, "expires": message.expires_in_seconds,
        "replyTo": message.reply_to, "command": message.command,
    });
    let plain = Zeroizing::new(plain.to_string());
    keys.seal_text(Purpose::Messages, &cell(scheduled, message.channel, author), &plain)
}

pub(super) fn open(keys: &Keyring, stored: &Stored) -> Result<NewMessage> {
    let cell = cell(stored.id, stored.channel, stored.author);
    let opened = keys.open_text(Purpose::Messages, &cell, &stored.sealed)?;
    let mut plain: Value = serde_json::from_str(&opened).context("reading an opened message that waits")?;
    Ok(NewMessage {
        channel: stored.channel,
        text: Zeroizing::new(plain["text"].as_str().unwrap_or_default().to_owned()),
        contains_phi: stored.phi,
        client_message_id: Some(format!("scheduled-{}", stored.id)),
        metadata: Some(plain["metadata"].take()).filter(|metadata| !metadata.is_null()),
        expires_in_seconds: plain["expires"].as_i64(),
        reply_to: plain["replyTo"].as_str().and_then(|text| text.parse().ok()),
        command: plain["command"].as_bool(),
    })
}
