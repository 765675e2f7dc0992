//! A message that may be stored.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::Value;
use zeroize::Zeroizing;

use crate::config::Limits;
use crate::error::{Error, FieldFault, Result};
use crate::features::mentions::Name;
use crate::id::ChannelId;
use crate::wire::frames::CLIENT_ID_CHARS_MAX;
use crate::wire::messages::NewMessage;

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
    /// Whom the text names.
    pub names: Vec<Name>,
    /// The word filter wants a moderator to look at it.
    pub flagged: bool,
}

impl Draft {
    /// Checks length and characters; every fault is told at once.
    pub fn parse(body: NewMessage, limits: &Limits) -> Result<Self> {
        let mut faults = Vec::new();
        let mut fault = |field, detail: String| faults.push(FieldFault { field, detail });
        // Counting is needed only when the bytes leave room for doubt.
        let too_long =
            body.text.len() > limits.message_chars_max && body.text.chars().count() > limits.message_chars_max;
        if body.text.trim().is_empty() {
            fault("text", "is empty".to_owned());
        } else if too_long {
            fault("text", format!("may have at most {} characters", limits.message_chars_max));
        } else if body.text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            fault("text", "may not have control characters".to_owned());
        }
        if let Some(id) = &body.client_message_id
            && (id.is_empty() || id.chars().count() > CLIENT_ID_CHARS_MAX || id.chars().any(char::is_control))
        {
            fault("clientMessageId", format!("must have 1 to {CLIENT_ID_CHARS_MAX} printable characters"));
        }
        if body.metadata.as_ref().is_some_and(|m| m.to_string().len() > METADATA_BYTES_MAX) {
            fault("metadata", format!("may have at most {METADATA_BYTES_MAX} bytes as JSON"));
        }
        if body.expires_in_seconds.is_some_and(|seconds| !LIFETIME_SECONDS.contains(&seconds)) {
            fault(
                "expiresInSeconds",
                format!("must be between {} and {}", LIFETIME_SECONDS.start(), LIFETIME_SECONDS.end()),
            );
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
            names: Vec::new(),
            flagged: false,
        })
    }
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
