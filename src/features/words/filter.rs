//! The compiled list: a trie of folded words. A text is cut into words first, so that only whole words can match.
//!
//! Folding is compatibility decomposition (NFKD) without marks and without case, by way of the upper case, so that
//! "STRASSE" is "straße". Characters that nobody sees are passed over. Scripts without spaces have no words to cut
//! at; there every ideograph and kana counts as a word, and an entry is a row of them.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use zeroize::Zeroizing;

use super::model::Action;

/// What the filter says of a text.
pub enum Verdict {
    /// Nothing in it.
    Clean,
    /// To be posted, perhaps with other words, perhaps to be looked at.
    Found {
        /// The text with asterisks, where a word is masked.
        masked: Option<Zeroizing<String>>,
        /// Whether a moderator has to look at it.
        flagged: bool,
    },
    /// Not to be posted.
    Blocked,
}

/// The filter in use; replaced as a whole.
#[derive(Default)]
pub struct Filter(RwLock<Arc<Node>>);

impl Filter {
    /// Judges a text.
    pub fn judge(&self, text: &str) -> Verdict {
        let root = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        if root.next.is_empty() { Verdict::Clean } else { root.judge(text) }
    }

    /// Whether there is no word in it, so that nothing has to be judged.
    pub fn is_empty(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).next.is_empty()
    }

    /// Takes a new list: folded words with a space between them, and what happens.
    pub(super) fn replace(&self, entries: &[(String, Action)]) {
        let mut root = Node::default();
        for (folded, action) in entries {
            let mut node = &mut root;
            for word in folded.split(' ') {
                node = node.next.entry(word.into()).or_default();
            }
            node.action = Some(*action);
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(root);
    }
}

#[derive(Default)]
struct Node {
    next: HashMap<Box<str>, Node>,
    action: Option<Action>,
}

impl Node {
    fn judge(&self, text: &str) -> Verdict {
        let words = cut(text);
        let (mut flagged, mut masked) = (false, Vec::new());
        for (start, (at, _)) in words.iter().enumerate() {
            let mut node = self;
            for (place, word) in &words[start..] {
                let Some(next) = node.next.get(word.as_str()) else { break };
                node = next;
                match node.action {
                    Some(Action::Block) => return Verdict::Blocked,
                    Some(Action::Mask) => masked.push(at.start..place.end),
                    Some(Action::Flag) => flagged = true,
                    None => {}
                }
            }
        }
        if masked.is_empty() && !flagged {
            return Verdict::Clean;
        }
        let masked = (!masked.is_empty()).then(|| mask(text, &masked));
        Verdict::Found { masked, flagged }
    }
}

/// The folded words of a text, in order.
pub(super) fn folded_words(text: &str) -> Vec<String> {
    cut(text).into_iter().map(|(_, word)| word).collect()
}

/// The words of a text: where they stand, and folded.
fn cut(text: &str) -> Vec<(Range<usize>, String)> {
    let mut words: Vec<(Range<usize>, String)> = Vec::new();
    let mut open = false;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        if is_unseen(c) || is_combining_mark(c) {
            if open && let Some((place, _)) = words.last_mut() {
                place.end = end;
            }
            continue;
        }
        let alone = stands_alone(c);
        if !alone && !c.is_alphanumeric() {
            open = false;
            continue;
        }
        if alone || !open {
            words.push((at..end, String::new()));
        }
        if let Some((place, word)) = words.last_mut() {
            place.end = end;
            fold_into(word, c);
        }
        open = !alone;
    }
    words
}

fn fold_into(word: &mut String, c: char) {
    let decomposed = std::iter::once(c).nfkd().filter(|c| !is_combining_mark(*c));
    word.extend(decomposed.flat_map(char::to_uppercase).flat_map(char::to_lowercase));
}

/// Soft hyphens, joiners, zero-width spaces: they are in a word and nobody sees them.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Kana and ideographs are written without spaces.
fn stands_alone(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// The text with an asterisk for each visible character in `places`, spaces kept.
fn mask(text: &str, places: &[Range<usize>]) -> Zeroizing<String> {
    let mut masked = Zeroizing::new(String::with_capacity(text.len()));
    for (at, c) in text.char_indices() {
        let hidden = !c.is_whitespace() && places.iter().any(|place| place.contains(&at));
        masked.push(if hidden { '*' } else { c });
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::super::model::Entry;
    use super::*;

    fn filter(entries: &[(&str, Action)]) -> Filter {
        let filter = Filter::default();
        let folded: Vec<_> =
            entries.iter().map(|(word, action)| (Entry::parse(word).unwrap().folded().to_owned(), *action)).collect();
        filter.replace(&folded);
        filter
    }

    fn verdict(filter: &Filter, text: &str) -> String {
        match filter.judge(text) {
            Verdict::Clean => "clean".to_owned(),
            Verdict::Blocked => "blocked".to_owned(),
            Verdict::Found { masked, flagged } => {
                format!(
                    "{}{}",
                    if flagged { "flagged " } else { "" },
                    masked.map_or_else(String::new, |m| m.to_string())
                )
            }
        }
    }

    #[test]
    fn whole_words_match_whatever_their_case_and_accents() {
        let filter = filter(&[("ass", Action::Block), ("Straße", Action::Block), ("go away", Action::Block)]);
        for hit in [
            "ass",
            "ASS!",
            "you (ass)",
            "kick-ass",
            "Äss",
            "a\u{301}ss",
            "ａｓｓ",
            "a\u{ad}ss",
            "a\u{200d}s\u{200b}s",
            "strasse",
            "STRASSE",
            "go  away",
            "Go, away.",
            "go\naway",
        ] {
            assert_eq!(verdict(&filter, hit), "blocked", "{hit:?}");
        }
        for miss in [
            "class",
            "Scunthorpe",
            "asses",
            "assess",
            "bass",
            "passage",
            "ass1",
            "strassen",
            "go far away",
            "goaway",
            "away go",
            "",
            "go",
        ] {
            assert_eq!(verdict(&filter, miss), "clean", "{miss:?}");
        }
    }

    #[test]
    fn a_mask_hides_the_word_and_nothing_else() {
        let filter = filter(&[("damn", Action::Mask), ("very bad", Action::Mask), ("odd", Action::Flag)]);
        assert_eq!(verdict(&filter, "Damn it, dämn!"), "**** it, ****!");
        assert_eq!(verdict(&filter, "a very\tbad day"), "a ****\t*** day");
        assert_eq!(verdict(&filter, "very odd"), "flagged ");
        assert_eq!(verdict(&filter, "odd, damn"), "flagged odd, ****");
        assert_eq!(verdict(&filter, "damnation"), "clean");
    }

    #[test]
    fn a_shorter_entry_is_found_within_a_longer_one() {
        let filter = filter(&[("foo bar baz", Action::Mask), ("foo", Action::Flag), ("bar", Action::Block)]);
        assert_eq!(verdict(&filter, "foo fighters"), "flagged ");
        assert_eq!(verdict(&filter, "foo bar"), "blocked");
    }

    #[test]
    fn scripts_without_spaces_are_compared_character_by_character() {
        let filter = filter(&[("馬鹿", Action::Block)]);
        assert_eq!(verdict(&filter, "あなたは馬鹿です"), "blocked");
        assert_eq!(verdict(&filter, "馬と鹿"), "clean");
    }

    #[test]
    fn an_empty_filter_says_nothing_and_a_replaced_one_forgets() {
        let filter = filter(&[("ass", Action::Block)]);
        assert!(!filter.is_empty());
        filter.replace(&[]);
        assert!(filter.is_empty());
        assert_eq!(verdict(&filter, "ass"), "clean");
    }
}
