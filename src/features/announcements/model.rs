//! What may be announced.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::error::{Error, FieldFault, Result};
use crate::features::users::is_unprintable;
use crate::wire::announcements::NewAnnouncement;

/// Characters of an announcement.
pub const TEXT_CHARS_MAX: usize = 500;
/// How long it holds when nobody says.
const HOLDS: Duration = Duration::from_hours(24);
/// How long it may hold.
const HOLDS_MAX: Duration = Duration::from_hours(24 * 30);

/// How much it matters.
pub const LEVELS: [&str; 3] = ["info", "warning", "critical"];

/// A validated announcement.
pub struct Draft {
    /// What.
    pub text: String,
    /// One of [`LEVELS`].
    pub level: &'static str,
    /// Until when.
    pub until: Timestamp,
}

impl Draft {
    /// Checks it; every fault is told at once.
    pub fn parse(body: &NewAnnouncement, now: Timestamp) -> Result<Self> {
        let mut faults = Vec::new();
        let mut fault = |field, detail: String| faults.push(FieldFault { field, detail });
        let text = body.text.trim().to_owned();
        if text.is_empty() || text.chars().count() > TEXT_CHARS_MAX {
            fault("text", format!("must have 1 to {TEXT_CHARS_MAX} characters"));
        } else if text.chars().any(|c| c != '\n' && is_unprintable(c)) {
            fault("text", "may not have control characters".to_owned());
        }
        let asked = body.level.as_deref().unwrap_or(LEVELS[0]);
        let level = level(asked);
        if level.is_none() {
            fault("level", format!("must be one of {}", LEVELS.join(", ")));
        }
        let until = match body.until.as_deref().map(Timestamp::parse) {
            None => now.plus(HOLDS),
            Some(Some(until)) if until > now && until <= now.plus(HOLDS_MAX) => until,
            Some(_) => {
                fault("until", format!("must be a time in the next {} days", HOLDS_MAX.as_secs() / 86_400));
                now
            }
        };
        match level {
            Some(level) if faults.is_empty() => Ok(Self { text, level, until }),
            _ => Err(Error::fields(faults)),
        }
    }
}

/// The level of that name.
pub fn level(name: &str) -> Option<&'static str> {
    LEVELS.into_iter().find(|level| *level == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announcement_is_short_printable_and_ends() {
        let now = Timestamp::parse("2026-11-20T12:00:00Z").unwrap();
        let parse = |text: &str, level: Option<&str>, until: Option<&str>| {
            let body = NewAnnouncement {
                text: text.to_owned(),
                level: level.map(str::to_owned),
                until: until.map(str::to_owned),
            };
            Draft::parse(&body, now)
        };
        let plain = parse("The server stops at six.\nSave your work.", None, None).ok().unwrap();
        assert_eq!((plain.level, plain.until), ("info", now.plus(HOLDS)));
        assert!(parse(&"ü".repeat(500), Some("critical"), Some("2026-12-20T12:00:00Z")).is_ok());
        for (text, level, until) in [
            ("", None, None),
            (" \n", None, None),
            (&*"ü".repeat(501), None, None),
            ("a\u{202e}b", None, None),
            ("a", Some("Info"), None),
            ("a", None, Some("soon")),
            ("a", None, Some("2026-11-20T12:00:00Z")),
            ("a", None, Some("2026-12-20T12:00:01Z")),
        ] {
            assert!(parse(text, level, until).is_err(), "{text:.20} {level:?} {until:?}");
        }
    }
}
