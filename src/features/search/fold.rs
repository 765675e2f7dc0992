//! Texts as they are compared: without case, without accents, without characters that cannot be seen.
//!
//! Query and body go through the same door, so what a keyboard or a word processor made of a word does not matter:
//! "Muller" finds "Müller", "ﬁt" is "fit". Almost every body is plain ASCII, which costs one pass over its bytes.

use memchr::memmem::Finder;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// Folds `text` into `out`, which is emptied first.
pub(super) fn fold(text: &str, out: &mut String) {
    out.clear();
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c.to_ascii_lowercase());
        } else {
            std::iter::once(c).nfkd().flat_map(char::to_lowercase).for_each(|part| push(part, out));
        }
    }
}

/// Adds one letter that was taken apart and made small.
fn push(c: char, out: &mut String) {
    match c {
        // Letters that Unicode does not take apart and keyboards do.
        'ß' => out.push_str("ss"),
        'æ' => out.push_str("ae"),
        'œ' => out.push_str("oe"),
        'þ' => out.push_str("th"),
        'ø' => out.push('o'),
        'ł' => out.push('l'),
        'đ' | 'ð' => out.push('d'),
        'ı' => out.push('i'),
        'ς' => out.push('σ'),
        c if is_unseen(c) || canonical_combining_class(c) != 0 => {}
        c => out.push(c),
    }
}

/// The folded words of `text`. Some characters fold to a space (a free-standing accent does), so it is folded first.
pub(super) fn words(text: &str) -> Vec<String> {
    folded(text).split_whitespace().map(str::to_owned).collect()
}

/// A folded copy.
pub(super) fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold(text, &mut out);
    out
}

/// Soft hyphens, joiners, marks of direction: they are in texts and nobody types them into a search.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        | '\u{fe00}'..='\u{fe0f}')
}

/// Whether a word of the text ends only where such characters end. Scripts without spaces have no such ends.
fn is_of_word(c: char) -> bool {
    let spaceless = matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{11ff}' | '\u{3040}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}' | '\u{20000}'..='\u{3ffff}');
    c.is_alphanumeric() && !spaceless
}

/// A word or a phrase to be found.
///
/// A word is found at the beginning of a word: "potas" finds "potassium", not "hypopotassemia". A phrase is found
/// whole, whatever space is between its words. Everything else stands for itself: there are no patterns.
pub(super) struct Needle {
    first: Finder<'static>,
    rest: Vec<String>,
    whole: bool,
}

impl Needle {
    /// `words` are folded and not empty.
    pub(super) fn of(words: &[String], whole: bool) -> Option<Self> {
        let (first, rest) = words.split_first()?;
        Some(Self { first: Finder::new(first.as_bytes()).into_owned(), rest: rest.to_vec(), whole })
    }

    /// Whether it is in a folded text.
    pub(super) fn is_in(&self, text: &str) -> bool {
        let (bytes, needle) = (text.as_bytes(), self.first.needle());
        let opens_word = std::str::from_utf8(needle).ok().and_then(|n| n.chars().next()).is_some_and(is_of_word);
        let mut from = 0;
        // Searching on from the next byte would find the same bytes of one long character again.
        while let Some(at) = self.first.find(&bytes[from..]).map(|found| from + found) {
            let begins = !opens_word || !text[..at].chars().next_back().is_some_and(is_of_word);
            if begins && self.goes_on(text, at + needle.len()) {
                return true;
            }
            from = at + text[at..].chars().next().map_or(1, char::len_utf8);
        }
        false
    }

    fn goes_on(&self, text: &str, mut end: usize) -> bool {
        for word in &self.rest {
            let after = text[end..].trim_start();
            if after.len() == text.len() - end || !after.starts_with(word.as_str()) {
                return false;
            }
            end = text.len() - after.len() + word.len();
        }
        let ends = || {
            let (before, after) = text.split_at(end);
            let last = before.chars().next_back().is_some_and(is_of_word);
            !(last && after.chars().next().is_some_and(is_of_word))
        };
        !self.whole || ends()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn finds(needle: &str, whole: bool, text: &str) -> bool {
        Needle::of(&words(needle), whole).unwrap().is_in(&folded(text))
    }

    #[test]
    fn case_accents_and_unseen_characters_do_not_matter() {
        for (a, b) in [
            ("MÜLLER", "muller"),
            ("Mu\u{308}ller", "müller"),
            ("Straße", "STRASSE"),
            ("Ǆemal", "džemal"),
            ("ﬁt", "FIT"),
            ("Ōsaka", "osaka"),
            ("Łódź", "lodz"),
            ("ΣΊΣΥΦΟΣ", "σισυφος"),
            ("İstanbul", "istanbul"),
            ("so\u{ad}ft\u{202e}\u{200b}", "soft"),
            ("ＭＲＮ", "mrn"),
            ("𐞃gir", "ÆGIR"),
        ] {
            assert_eq!(folded(a), folded(b), "{a} {b}");
        }
        assert_ne!(folded("कि"), folded("का"), "vowel signs are no accents");
    }

    #[test]
    fn a_word_is_found_where_a_word_begins() {
        assert!(finds("potas", false, "K: Potassium 6.1"));
        assert!(!finds("potas", false, "hypopotassemia"));
        assert!(finds("potas", false, "hypopotassemia, potassium"), "further on");
        assert!(finds("6.1", false, "is 6.1") && !finds("6.1", false, "is 6,1 or 16.1"));
        assert!(finds(".*", false, "a .* b") && !finds(".*", false, "anything"));
        assert!(finds("c++", false, "C++ code") && finds("(a|b)", false, "x (A|B)"));
        assert!(finds("京", false, "東京都"), "there are no spaces between these words");
        assert!(finds("é", false, "e") && !finds("muller", false, "xmüller"));
    }

    #[test]
    fn a_phrase_is_found_whole_over_any_space() {
        assert!(finds("blood pressure", true, "Blood\n  PRESSURE."));
        assert!(!finds("blood pressure", true, "blood pressures"));
        assert!(!finds("blood pressure", true, "bloodpressure") && !finds("blood pressure", true, "blood, pressure"));
        assert!(finds("a b", true, "a a b"), "the first try is not the last");
    }

    proptest! {
        #[test]
        fn every_text_has_its_own_words(text in any::<String>(), other in any::<String>()) {
            for word in words(&text) {
                prop_assert!(Needle::of(&[word], false).unwrap().is_in(&folded(&text)));
            }
            let words = words(&other);
            if let Some(needle) = Needle::of(&words, true) {
                needle.is_in(&folded(&text));
                prop_assert!(needle.is_in(&words.join(" \n ")));
            }
            prop_assert_eq!(folded(&folded(&text)), folded(&text));
        }
    }
}
