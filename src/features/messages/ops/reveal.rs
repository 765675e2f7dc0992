//! Showing patient details to somebody who is no member of the channel, or may not read them there: once, for a
//! reason, and with the record of it on the disk before a word is shown (45 CFR 164.312(b)).

use super::read::{look_at, missing};
use crate::error::{Error, Result};
use crate::features::messages::deeds::MessageDeed;
use crate::features::messages::rows;
use crate::gate::Cx;
use crate::id::MessageId;
use crate::wire::messages::{Message, Reveal};

/// Why patient details may be revealed. Words of the program alone: what a person would write here is about a patient.
const REASONS: [&str; 8] =
    ["treatment", "payment", "operations", "emergency", "patient_request", "legal", "investigation", "technical"];

/// Records the reveal, then shows the message.
pub async fn reveal(cx: &Cx, message: MessageId, body: Reveal) -> Result<Message> {
    let reason = REASONS
        .into_iter()
        .find(|reason| *reason == body.reason)
        .ok_or_else(|| Error::field("reason", format!("must be one of {}", REASONS.join(", "))))?;
    let place =
        cx.view(MessageDeed::FindToReveal, move |look| rows::place(look, message)).await?.ok_or_else(missing)?;
    cx.act(MessageDeed::Reveal { channel: place.channel, message, reason }, |_| Ok(())).await?;
    cx.view(MessageDeed::FindToReveal, move |look| look_at(look, message, true)?.ok_or_else(missing)).await
}
