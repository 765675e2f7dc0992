//! A template that may be kept.

/// Characters of a name.
pub const NAME_CHARS_MAX: usize = 32;
/// Characters of a text.
pub const TEXT_CHARS_MAX: usize = 4_000;
/// Templates that a clinic may have.
pub const TEMPLATES_MAX: i64 = 500;
/// Names of commands that are there without templates.
pub const RESERVED: [&str; 5] = ["topic", "invite", "mute", "remind", "me"];

/// A template's name, as it is typed after the slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// 1–32 small letters, digits, `-` and `_`, and no command's name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
        if text.is_empty() || text.len() > NAME_CHARS_MAX || !text.chars().all(fits) {
            return Err(format!("must have 1 to {NAME_CHARS_MAX} of a–z, 0–9, - and _"));
        }
        if RESERVED.contains(&text) {
            return Err("is a command already".to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    pub fn shown(&self) -> &str {
        &self.0
    }
}

/// What is wrong with a text, if anything.
pub fn wrong_text(text: &str) -> Option<String> {
    if text.trim().is_empty() || text.chars().count() > TEXT_CHARS_MAX {
        Some(format!("must have 1 to {TEXT_CHARS_MAX} characters"))
    } else if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        Some("may not have control characters".to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_at_the_limits_and_refused_beyond() {
        assert!(Name::parse("hand-over_2").is_ok());
        assert!(Name::parse(&"x".repeat(32)).is_ok());
        for bad in ["", "Hand", "a b", "ä", "/x", "me", "topic", &"x".repeat(33)] {
            assert!(Name::parse(bad).is_err(), "{bad:?}");
        }
        assert!(wrong_text(&"ü".repeat(4_000)).is_none());
        assert!(wrong_text(&"ü".repeat(4_001)).is_some());
    }
}
