//! Reactions: short texts, mostly an emoji, that people put under a message.

use std::collections::HashMap;

use super::rows::OneReaction;
use crate::error::{Error, Result};
use crate::features::users::is_unprintable;
use crate::id::MessageId;
use crate::wire::messages::Reaction;

/// Characters of a reaction (the column's width): enough for an emoji of several parts and for `:words:`.
pub const REACTION_CHARS_MAX: usize = 20;
/// Different reactions that a message can have.
pub const REACTIONS_DISTINCT_MAX: usize = 20;
/// Reactions that a message can have in all.
pub const REACTIONS_MAX: usize = 1_000;

/// A reaction that may be stored.
pub(super) struct ReactionText(String);

impl ReactionText {
    /// Something printable without spaces. An emoji may be joined of several, so joiners are allowed among others.
    pub(super) fn parse(text: String) -> Result<Self> {
        let wrong = |detail: String| Err(Error::field("reaction", detail));
        let count = text.chars().count();
        if count == 0 || count > REACTION_CHARS_MAX {
            return wrong(format!("must have 1 to {REACTION_CHARS_MAX} characters"));
        }
        if text.chars().any(|c| is_unprintable(c) || c.is_whitespace()) {
            return wrong("may not have spaces or control characters".to_owned());
        }
        if text.chars().all(is_invisible) {
            return wrong("must have a character that can be seen".to_owned());
        }
        Ok(Self(text))
    }

    pub(super) fn shown(&self) -> &str {
        &self.0
    }
}

/// Joiners, marks of direction, and what chooses how the character before looks.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Reactions as clients see them. Their order is that of the characters and ids, on every engine, so that a client
/// that adds one itself has what a fetch gives.
pub(super) fn grouped(mut all: Vec<OneReaction>) -> HashMap<MessageId, Vec<Reaction>> {
    all.sort_unstable_by(|a, b| (a.message, &a.reaction, a.user).cmp(&(b.message, &b.reaction, b.user)));
    let mut messages: HashMap<MessageId, Vec<Reaction>> = HashMap::new();
    for OneReaction { message, reaction, user } in all {
        let groups = messages.entry(message).or_default();
        match groups.last_mut() {
            Some(group) if group.reaction == reaction => {
                group.user_ids.push(user);
                group.count += 1;
            }
            _ => groups.push(Reaction { reaction, count: 1, user_ids: vec![user] }),
        }
    }
    messages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{Id, UserId};

    #[test]
    fn a_reaction_is_short_and_can_be_seen() {
        let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}";
        for good in ["+1", "\u{1f44d}", "\u{2764}\u{fe0f}", family, ":white_check_mark:", &"x".repeat(20)] {
            assert!(ReactionText::parse(good.to_owned()).is_ok(), "{good}");
        }
        for bad in ["", " ", "a b", "a\n", "\u{202e}x", "\u{2066}x", "\u{200d}", "\u{fe0f}\u{200b}", &"x".repeat(21)] {
            assert!(ReactionText::parse(bad.to_owned()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn reactions_are_grouped_in_one_order() {
        let one = |message: u128, reaction: &str, user: u128| OneReaction {
            message: MessageId::from_uuid(uuid::Uuid::from_u128(message)),
            reaction: reaction.to_owned(),
            user: UserId::from_uuid(uuid::Uuid::from_u128(user)),
        };
        let all = vec![one(1, "b", 2), one(2, "b", 1), one(1, "a", 3), one(1, "b", 1)];
        let groups = grouped(all).remove(&MessageId::from_uuid(uuid::Uuid::from_u128(1))).unwrap();
        let told: Vec<_> = groups.iter().map(|g| (g.reaction.as_str(), g.count, g.user_ids.len())).collect();
        assert_eq!(told, [("a", 1, 1), ("b", 2, 2)]);
        assert!(groups[1].user_ids.is_sorted());
    }
}
