//! A word that may be in the filter, and what happens to a message that has it.

use super::filter::folded_words;
use crate::features::users::is_unprintable;

/// Characters of an entry (the column's width).
pub const WORD_CHARS_MAX: usize = 100;
/// Words in a row that one entry may have.
pub const WORDS_IN_A_ROW_MAX: usize = 8;
/// Entries that the filter may have.
pub const WORDS_MAX: i64 = 5_000;

/// What happens to a message that has the word; the later ones are stronger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// It is posted, and waits for a moderator's look.
    Flag,
    /// It is posted with asterisks in the word's place.
    Mask,
    /// It is not posted.
    Block,
}

impl Action {
    /// The stored and shown name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Mask => "mask",
            Self::Block => "block",
        }
    }

    /// The action of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Flag, Self::Mask, Self::Block].into_iter().find(|action| action.name() == name)
    }
}

/// An entry: one word, or a few in a row.
#[derive(Debug)]
pub struct Entry {
    shown: String,
    folded: String,
}

impl Entry {
    /// 1–100 printable characters with 1–8 words in them.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let count = text.chars().count();
        if count == 0 || count > WORD_CHARS_MAX {
            return Err(format!("must have 1 to {WORD_CHARS_MAX} characters"));
        }
        if text.chars().any(is_unprintable) {
            return Err("may not have control characters".to_owned());
        }
        let words = folded_words(text);
        if words.is_empty() || words.len() > WORDS_IN_A_ROW_MAX {
            return Err(format!("must have 1 to {WORDS_IN_A_ROW_MAX} words of letters or digits"));
        }
        Ok(Self { shown: text.to_owned(), folded: words.join(" ") })
    }

    /// As it was written.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// As it is compared: folded words with a space between them.
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_taken_at_the_limits_and_refused_beyond() {
        assert_eq!(Entry::parse("  Naïve Straße ").unwrap().folded(), "naive strasse");
        assert!(Entry::parse(&"x".repeat(100)).is_ok());
        assert!(Entry::parse("a b c d e f g h").is_ok());
        for bad in ["", "  ", "!?", "a b c d e f g h i", "a\u{0}", &"x".repeat(101)] {
            assert!(Entry::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_block_outweighs_a_mask_and_a_mask_a_flag() {
        assert!(Action::Block > Action::Mask && Action::Mask > Action::Flag);
        for action in [Action::Flag, Action::Mask, Action::Block] {
            assert_eq!(Action::named(action.name()), Some(action));
        }
        assert_eq!(Action::named("burn"), None);
    }
}
