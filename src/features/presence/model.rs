//! What can be said of somebody's presence.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::error::{Error, FieldFault, Result};
use crate::features::users::is_unprintable;
use crate::wire::presence::PresenceChange;

/// Characters of what somebody says beside their status.
pub const TEXT_CHARS_MAX: usize = 100;
/// How far ahead a chosen status may end.
pub const LASTS_MAX: Duration = Duration::from_hours(24 * 30);

/// How reachable somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Status {
    /// No device is connected.
    #[default]
    Offline,
    /// There.
    Online,
    /// Connected, and nothing was done for a while; or so chosen.
    Away,
    /// Chosen: there and occupied.
    Busy,
    /// Chosen: not to be disturbed.
    Dnd,
}

impl Status {
    /// The name in frames and bodies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Online => "online",
            Self::Away => "away",
            Self::Busy => "busy",
            Self::Dnd => "dnd",
        }
    }
}

/// What somebody chose, for as long as it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The status; `Online` leaves it to what the person does.
    pub status: Status,
    /// A few words.
    pub text: Option<Arc<str>>,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
}

impl Choice {
    /// Checks what a client chose; every fault is told at once.
    pub fn parse(body: PresenceChange, now: Timestamp) -> Result<Self> {
        let mut faults = Vec::new();
        let mut fault = |field, detail: String| faults.push(FieldFault { field, detail });
        let status = match body.status.as_str() {
            "online" => Status::Online,
            "away" => Status::Away,
            "busy" => Status::Busy,
            "dnd" => Status::Dnd,
            _ => {
                fault("status", "must be online, away, busy or dnd".to_owned());
                Status::Online
            }
        };
        let text = body.text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        if let Some(text) = &text {
            if text.chars().count() > TEXT_CHARS_MAX {
                fault("text", format!("may have at most {TEXT_CHARS_MAX} characters"));
            } else if text.chars().any(is_unprintable) {
                fault("text", "may not have control characters".to_owned());
            }
        }
        let until = body.until.as_deref().map(Timestamp::parse);
        match until {
            Some(None) => fault("until", "must be a time, as 2026-11-20T22:15:41Z".to_owned()),
            Some(Some(until)) if until <= now || until > now.plus(LASTS_MAX) => {
                fault("until", format!("must be in the next {} days", LASTS_MAX.as_secs() / 86_400));
            }
            _ => {}
        }
        if !faults.is_empty() {
            return Err(Error::fields(faults));
        }
        Ok(Self { status, text: text.map(Into::into), until: until.flatten() })
    }
}

/// What others are shown of somebody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    /// How reachable.
    pub status: Status,
    /// What the person says beside it.
    pub text: Option<Arc<str>>,
    /// When that ends.
    pub until: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(status: &str, text: Option<&str>, until: Option<&str>) -> Result<Choice> {
        let body = PresenceChange {
            status: status.to_owned(),
            text: text.map(str::to_owned),
            until: until.map(str::to_owned),
        };
        Choice::parse(body, Timestamp::parse("2026-11-20T12:00:00Z").unwrap())
    }

    #[test]
    fn a_choice_has_a_known_status_a_short_text_and_an_end_that_is_near() {
        assert!(parse("dnd", Some(&"ü".repeat(100)), Some("2026-12-20T12:00:00Z")).is_ok());
        assert_eq!(parse("online", Some("  "), None).unwrap().text, None);
        for (status, text, until) in [
            ("offline", None, None),
            ("Busy", None, None),
            ("", None, None),
            ("busy", Some("ü".repeat(101)), None),
            ("busy", Some("a\u{202e}b".to_owned()), None),
            ("busy", Some("a\nb".to_owned()), None),
            ("busy", None, Some("tomorrow")),
            ("busy", None, Some("2026-11-20T12:00:00Z")),
            ("busy", None, Some("2026-12-20T12:00:01Z")),
        ] {
            assert!(parse(status, text.as_deref(), until).is_err(), "{status:?} {text:?} {until:?}");
        }
    }
}
