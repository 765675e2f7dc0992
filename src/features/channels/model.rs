//! Validated names of channels.

use crate::error::{Error, Result};
use crate::features::users::is_unprintable;
use crate::gate::ChannelKind;

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
        let kind = match kind {
            None => None,
            Some(name) => {
                Some(ChannelKind::named(name).ok_or_else(|| Error::field("kind", "must be channel, direct or group"))?)
            }
        };
        let tag = tag.map(|tag| tag.to_lowercase());
        Ok(Self { category, tag, archived, kind })
    }
}

/// Characters of a channel's name (the column's width).
pub const NAME_CHARS_MAX: usize = 100;
/// Characters of a channel's description.
pub const DESCRIPTION_CHARS_MAX: usize = 1_000;
/// Bytes of a channel's metadata as JSON.
pub const METADATA_BYTES_MAX: usize = 8 * 1_024;

/// A channel's name, 1–100 characters, not unique.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelName(String);

impl ChannelName {
    /// Anything printable that is not all spaces.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let text = text.trim();
        let count = text.chars().count();
        if count == 0 || count > NAME_CHARS_MAX {
            return Err(format!("must have 1 to {NAME_CHARS_MAX} characters"));
        }
        if text.chars().any(is_unprintable) {
            return Err("may not have control characters".to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    pub fn shown(&self) -> &str {
        &self.0
    }
}

/// What a channel is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description(String);

impl Description {
    /// At most 1,000 printable characters; line breaks are allowed.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        if text.chars().count() > DESCRIPTION_CHARS_MAX {
            return Err(format!("may have at most {DESCRIPTION_CHARS_MAX} characters"));
        }
        if text.chars().any(|c| is_unprintable(c) && c != '\n') {
            return Err("may not have control characters".to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn shown(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_at_the_limits_and_refused_beyond() {
        assert_eq!(ChannelName::parse(" Ward 3 ").unwrap().shown(), "Ward 3");
        assert!(ChannelName::parse(&"ü".repeat(100)).is_ok());
        for bad in ["", "   ", "a\u{0}b", "a\u{202e}b", &"x".repeat(101)] {
            assert!(ChannelName::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Description::parse("two\nlines").is_ok());
        assert!(Description::parse(&"x".repeat(1_000)).is_ok());
        assert!(Description::parse(&"x".repeat(1_001)).is_err());
    }
}
