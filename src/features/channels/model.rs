//! Validated values of channels.

use std::time::Duration;

use serde_json::Value;
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::features::users::is_unprintable;
use crate::gate::ChannelKind;
use crate::wire::channels::TAGS_MAX;

/// Characters of a channel's name (the column's width).
pub const NAME_CHARS_MAX: usize = 100;
/// Characters of a channel's description.
pub const DESCRIPTION_CHARS_MAX: usize = 1_000;
/// Characters of a topic (the column's width).
pub const TOPIC_CHARS_MAX: usize = 250;
/// Characters of a category or a tag (the columns' width).
pub const LABEL_CHARS_MAX: usize = 50;
/// Bytes of a channel's metadata as JSON.
pub const METADATA_BYTES_MAX: usize = 8 * 1_024;
/// Seconds that slow mode may ask for between two messages.
pub const SLOW_MODE_SECS_MAX: i64 = 6 * 60 * 60;
/// Characters of a channel's password: it is told to many and tried by few, slowly.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// Bytes of a channel's password.
pub const PASSWORD_BYTES_MAX: usize = 1_024;
/// Members of a group conversation; who needs more makes a channel.
pub const GROUP_MEMBERS_MAX: usize = 25;
/// Members of a group conversation: two are a direct one.
pub const GROUP_MEMBERS_MIN: usize = 3;
/// How far ahead an end may lie: of a channel, a mute, a ban.
pub const ENDS_WITHIN: Duration = Duration::from_hours(24 * 366);
/// How long a deleted channel can be put back.
pub const RESTORED_WITHIN: Duration = Duration::from_hours(24 * 30);
/// How long an invitation is good where nothing else is said.
pub const INVITE_LIVES: Duration = Duration::from_hours(24 * 7);
/// How long an invitation may be good.
pub const INVITE_LIVES_MAX: Duration = Duration::from_hours(24 * 30);
/// People whom one link may bring in.
pub const INVITE_USES_MAX: i64 = 1_000;

type Checked<T> = std::result::Result<T, String>;

/// One line of text with 1 to `MAX` characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<const MAX: usize>(String);

/// A channel's name, not unique.
pub type ChannelName = Line<NAME_CHARS_MAX>;
/// What is being talked about.
pub type Topic = Line<TOPIC_CHARS_MAX>;
/// A heading under which channels are listed, or a word they are found by.
pub type Label = Line<LABEL_CHARS_MAX>;

impl<const MAX: usize> Line<MAX> {
    /// Anything printable that is not all spaces.
    pub fn parse(text: &str) -> Checked<Self> {
        let text = text.trim();
        let count = text.chars().count();
        if count == 0 || count > MAX {
            return Err(format!("must have 1 to {MAX} characters"));
        }
        if text.chars().any(is_unprintable) {
            return Err("may not have control characters".to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn shown(&self) -> &str {
        &self.0
    }

    /// The text, to be kept.
    pub fn into_text(self) -> String {
        self.0
    }
}

/// What a channel is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description(String);

impl Description {
    /// At most 1,000 printable characters; line breaks are allowed.
    pub fn parse(text: &str) -> Checked<Self> {
        if text.chars().count() > DESCRIPTION_CHARS_MAX {
            return Err(format!("may have at most {DESCRIPTION_CHARS_MAX} characters"));
        }
        if text.chars().any(|c| is_unprintable(c) && c != '\n') {
            return Err("may not have control characters".to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    /// The text, to be kept.
    pub fn into_text(self) -> String {
        self.0
    }
}

/// What a channel is found by: in lower case, each once, in order.
pub fn tags(texts: &[String]) -> Checked<Vec<String>> {
    if texts.len() > TAGS_MAX {
        return Err(format!("may have at most {TAGS_MAX} tags"));
    }
    let mut tags = texts
        .iter()
        .map(|text| Label::parse(&text.to_lowercase()).map(Label::into_text))
        .collect::<Checked<Vec<_>>>()
        .map_err(|fault| format!("each tag {fault}"))?;
    tags.sort_unstable();
    tags.dedup();
    Ok(tags)
}

/// Free-form, as it is stored.
pub fn metadata(value: &Value) -> Checked<String> {
    let json = value.to_string();
    if json.len() > METADATA_BYTES_MAX {
        return Err(format!("may have at most {METADATA_BYTES_MAX} bytes as JSON"));
    }
    Ok(json)
}

/// Seconds between two messages of one member.
pub fn slow_mode(seconds: i64) -> Checked<i32> {
    let allowed = (0..=SLOW_MODE_SECS_MAX).contains(&seconds).then(|| i32::try_from(seconds).ok()).flatten();
    allowed.ok_or_else(|| format!("must be 0 to {SLOW_MODE_SECS_MAX} seconds"))
}

/// A password that may be set.
pub fn password(text: Zeroizing<String>) -> Checked<Zeroizing<String>> {
    if text.chars().count() < PASSWORD_CHARS_MIN || text.len() > PASSWORD_BYTES_MAX {
        return Err(format!(
            "must have at least {PASSWORD_CHARS_MIN} characters and at most {PASSWORD_BYTES_MAX} bytes"
        ));
    }
    Ok(text)
}

/// A moment that lies ahead, and not further than `within`.
pub fn ahead(text: &str, now: Timestamp, within: Duration) -> Checked<Timestamp> {
    let at = Timestamp::parse(text).ok_or("must be a time as 2026-01-31T08:30:00Z")?;
    if at <= now || at > now.plus(within) {
        return Err(format!("must lie ahead, by at most {} days", within.as_secs() / (24 * 60 * 60)));
    }
    Ok(at)
}

/// Which channels of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChannelFilter {
    /// Those under this heading.
    pub category: Option<String>,
    /// Those with this tag.
    pub tag: Option<String>,
    /// Whether those that are closed.
    pub archived: Archived,
    /// Those of this kind.
    pub kind: Option<ChannelKind>,
}

/// Whether a list shows channels that are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Archived {
    /// It does not.
    #[default]
    No,
    /// It shows nothing else.
    Only,
    /// It shows both.
    All,
}

impl ChannelFilter {
    /// What `?category=&tag=&archived=&kind=` asks for.
    pub fn parse(
        category: Option<String>,
        tag: Option<String>,
        archived: Option<&str>,
        kind: Option<&str>,
    ) -> Result<Self> {
        let archived = match archived {
            None | Some("false") => Archived::No,
            Some("true") => Archived::Only,
            Some("all") => Archived::All,
            Some(_) => return Err(Error::field("archived", "must be true, false or all")),
        };
        let kind = kind
            .map(|name| {
                ChannelKind::named(name).ok_or_else(|| Error::field("kind", "must be channel, direct or group"))
            })
            .transpose()?;
        let tag = tag.map(|tag| tag.to_lowercase());
        Ok(Self { category, tag, archived, kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_at_the_limits_and_refused_beyond() {
        assert_eq!(ChannelName::parse(" Ward 3 ").unwrap().shown(), "Ward 3");
        assert!(ChannelName::parse(&"ü".repeat(100)).is_ok());
        assert!(Topic::parse(&"ü".repeat(250)).is_ok() && Topic::parse(&"x".repeat(251)).is_err());
        for bad in ["", "   ", "a\u{0}b", "a\u{202e}b", "a\nb", &"x".repeat(101)] {
            assert!(ChannelName::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Description::parse("two\nlines").is_ok());
        assert!(Description::parse(&"x".repeat(1_000)).is_ok());
        assert!(Description::parse(&"x".repeat(1_001)).is_err());
        assert!(Description::parse("a\u{2066}b").is_err());
    }

    #[test]
    fn tags_are_folded_sorted_and_counted() {
        let tags_of = |list: &[&str]| tags(&list.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>());
        assert_eq!(tags_of(&["Nursing", " ward ", "nursing"]).unwrap(), ["nursing", "ward"]);
        assert!(tags_of(&[&"t".repeat(50)]).is_ok() && tags_of(&[&"t".repeat(51)]).is_err());
        assert!(tags_of(&[""]).is_err() && tags_of(&["a\u{202e}"]).is_err());
        let many: Vec<String> = (0..=TAGS_MAX).map(|n| n.to_string()).collect();
        assert!(tags(&many).is_err() && tags(&many[1..]).is_ok());
    }

    #[test]
    fn numbers_passwords_and_times_have_limits() {
        assert_eq!((slow_mode(0).ok(), slow_mode(21_600).ok()), (Some(0), Some(21_600)));
        assert!(slow_mode(-1).is_err() && slow_mode(21_601).is_err() && slow_mode(i64::MAX).is_err());
        let word = |n: usize| password(Zeroizing::new("p".repeat(n))).is_ok();
        assert_eq!((word(7), word(8), word(1_024), word(1_025)), (false, true, true, false));
        let now = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
        let day = Duration::from_hours(24);
        assert!(ahead("2026-01-02T00:00:00Z", now, day).is_ok());
        for bad in ["2026-01-02T00:00:01Z", "2026-01-01T00:00:00Z", "2025-01-01T00:00:00Z", "soon", ""] {
            assert!(ahead(bad, now, day).is_err(), "{bad}");
        }
    }
}
