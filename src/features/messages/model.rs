//! What may be stored: a message, and a change of one.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::Value;
use zeroize::Zeroizing;

use super::suspicion::Suspicion;
use crate::config::Limits;
use crate::error::{Error, FieldFault, Result};
use crate::features::mentions::Name;
use crate::features::schemas;
use crate::id::{ChannelId, MessageId};
use crate::wire::Change;
use crate::wire::frames::CLIENT_ID_CHARS_MAX;
use crate::wire::messages::{MessageEdit, NewMessage};

/// Bytes of a message's metadata as JSON.
pub const METADATA_BYTES_MAX: usize = 8 * 1_024;

/// How long a message may live that does not live for ever: five seconds to a year.
pub const LIFETIME_SECONDS: RangeInclusive<i64> = 5..=31_536_000;

/// A validated message. It has no `Debug`: the text must not reach a log.
pub struct Draft {
    /// Where to.
    pub channel: ChannelId,
    /// What.
    pub text: Zeroizing<String>,
    /// Marked as patient details.
    pub contains_phi: bool,
    /// Makes sending again harmless.
    pub client_message_id: Option<String>,
    /// Free-form.
    pub metadata: Option<Value>,
    /// How long it lives, if not for ever.
    pub lives: Option<Duration>,
    /// Which message it answers.
    pub reply_to: Option<MessageId>,
    /// Whom the text names.
    pub names: Vec<Name>,
    /// The word filter wants a moderator to look at it.
    pub flagged: bool,
    /// What it looks like, for its sender alone.
    pub(super) suspicion: Suspicion,
}

impl Draft {
    /// Checks length and characters; every fault is told at once.
    pub fn parse(body: NewMessage, limits: &Limits) -> Result<Self> {
        let mut faults = Vec::new();
        let mut fault = |field, detail: String| faults.push(FieldFault { field, detail });
        if let Some(detail) = wrong_text(&body.text, limits) {
            fault("text", detail);
        }
        if let Some(id) = &body.client_message_id
            && (id.is_empty() || id.chars().count() > CLIENT_ID_CHARS_MAX || id.chars().any(char::is_control))
        {
            fault("clientMessageId", format!("must have 1 to {CLIENT_ID_CHARS_MAX} printable characters"));
        }
        if let Some(detail) = body.metadata.as_ref().and_then(wrong_metadata) {
            fault("metadata", detail);
        }
        if body.expires_in_seconds.is_some_and(|seconds| !LIFETIME_SECONDS.contains(&seconds)) {
            fault(
                "expiresInSeconds",
                format!("must be between {} and {}", LIFETIME_SECONDS.start(), LIFETIME_SECONDS.end()),
            );
        }
        if let Some(metadata) = &body.metadata {
            schemas::check(metadata, &mut faults);
        }
        if !faults.is_empty() {
            return Err(Error::fields(faults));
        }
        Ok(Self {
            channel: body.channel,
            text: body.text,
            contains_phi: body.contains_phi,
            client_message_id: body.client_message_id,
            metadata: body.metadata,
            lives: body.expires_in_seconds.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs),
            reply_to: body.reply_to,
            names: Vec::new(),
            flagged: false,
            suspicion: Suspicion::default(),
        })
    }
}

/// What is to become of a message: at least one thing. It has no `Debug`: the text must not reach a log.
pub struct Revision {
    /// The new text.
    pub text: Option<Zeroizing<String>>,
    /// The new mark.
    pub contains_phi: Option<bool>,
    /// The new metadata.
    pub metadata: Change<Value>,
    /// Whom the new text names.
    pub names: Vec<Name>,
    /// The word filter wants a moderator to look at it.
    pub flagged: bool,
    /// What it looks like, for its sender alone.
    pub(super) suspicion: Suspicion,
}

impl Revision {
    /// Holds a change to what a new message has to be.
    pub fn parse(body: MessageEdit, limits: &Limits) -> Result<Self> {
        let MessageEdit { text, contains_phi, metadata } = body;
        let mut faults = Vec::new();
        if text.is_none() && contains_phi.is_none() && !metadata.is_there() {
            let detail = "is missing, and so are containsPHI and metadata: there is nothing to change".to_owned();
            faults.push(FieldFault { field: "text", detail });
        }
        if let Some(detail) = text.as_ref().and_then(|text| wrong_text(text, limits)) {
            faults.push(FieldFault { field: "text", detail });
        }
        if let Change::Set(metadata) = &metadata
            && let Some(detail) = wrong_metadata(metadata)
        {
            faults.push(FieldFault { field: "metadata", detail });
        }
        if let Change::Set(metadata) = &metadata {
            schemas::check(metadata, &mut faults);
        }
        if !faults.is_empty() {
            return Err(Error::fields(faults));
        }
        Ok(Self { text, contains_phi, metadata, names: Vec::new(), flagged: false, suspicion: Suspicion::default() })
    }
}

/// What is wrong with a text, if anything.
fn wrong_text(text: &str, limits: &Limits) -> Option<String> {
    // Counting is needed only when the bytes leave room for doubt.
    let too_long = text.len() > limits.message_chars_max && text.chars().count() > limits.message_chars_max;
    if text.trim().is_empty() {
        Some("is empty".to_owned())
    } else if too_long {
        Some(format!("may have at most {} characters", limits.message_chars_max))
    } else if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        Some("may not have control characters".to_owned())
    } else {
        None
    }
}

/// What is wrong with metadata, if anything.
fn wrong_metadata(metadata: &Value) -> Option<String> {
    let too_long = metadata.to_string().len() > METADATA_BYTES_MAX;
    too_long.then(|| format!("may have at most {METADATA_BYTES_MAX} bytes as JSON"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;

    fn parse(text: &str, client_message_id: Option<&str>) -> Result<Draft> {
        let body = NewMessage {
            channel: ChannelId::from_uuid(uuid::Uuid::nil()),
            text: Zeroizing::new(text.to_owned()),
            contains_phi: false,
            client_message_id: client_message_id.map(str::to_owned),
            metadata: None,
            expires_in_seconds: None,
            reply_to: None,
            command: None,
        };
        Draft::parse(body, &Limits::default())
    }

    #[test]
    fn the_length_is_counted_in_characters() {
        assert!(parse(&"x".repeat(16_000), None).is_ok());
        assert!(parse(&"ü".repeat(16_000), None).is_ok());
        assert!(parse(&"ü".repeat(16_001), None).is_err());
        assert!(parse("a\nb\tc", None).is_ok());
        for bad in ["", "  \n ", "a\u{0}", "a\u{1b}[31m"] {
            assert!(parse(bad, None).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_client_s_id_is_short_and_printable() {
        assert!(parse("x", Some(&"i".repeat(100))).is_ok());
        assert!(parse("x", Some(&"i".repeat(101))).is_err());
        assert!(parse("x", Some("")).is_err());
        assert!(parse("x", Some("a\n")).is_err());
    }
}
