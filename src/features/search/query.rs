//! What a person typed, understood: words, "phrases" and operators.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::fold::{Needle, folded, words};
use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// Characters of a query.
pub(super) const QUERY_CHARS_MAX: usize = 500;
/// Words, phrases and operators of a query.
pub(super) const TERMS_MAX: usize = 20;
const FIELD: &str = "q";

/// A kind of thing that a message has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Has {
    /// Attachments in its metadata.
    File,
    /// An attachment that is a picture.
    Image,
    /// A web address in its text.
    Link,
    /// The mark for patient details.
    Phi,
}

/// A query. It has no `Debug`: people search for patients.
pub(super) struct Query {
    pub(super) needles: Vec<Needle>,
    /// Names or ids of senders, any of which will do.
    pub(super) from: Vec<String>,
    /// Names or ids of channels, any of which will do.
    pub(super) within: Vec<String>,
    /// Sent before this.
    pub(super) before: Option<Timestamp>,
    /// Sent at this or later.
    pub(super) after: Option<Timestamp>,
    pub(super) has: Vec<Has>,
    /// Stands for the query in a cursor.
    pub(super) digest: [u8; 32],
}

/// A piece of the text between spaces; what stood in quotes keeps its spaces.
struct Term {
    operator: Option<String>,
    text: Zeroizing<String>,
    quoted: bool,
}

impl Query {
    /// Understands a query, or says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let fault = |detail: String| Error::field(FIELD, detail);
        if text.chars().count() > QUERY_CHARS_MAX {
            return Err(fault(format!("may have at most {QUERY_CHARS_MAX} characters")));
        }
        if text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
            return Err(fault("may not have control characters".into()));
        }
        let terms = terms(text);
        if terms.len() > TERMS_MAX {
            return Err(fault(format!("may have at most {TERMS_MAX} words, phrases and operators")));
        }
        let mut query = Self {
            needles: Vec::new(),
            from: Vec::new(),
            within: Vec::new(),
            before: None,
            after: None,
            has: Vec::new(),
            digest: Sha256::digest(text.as_bytes()).into(),
        };
        let mut longest = 0;
        for term in &terms {
            if let Some(operator) = &term.operator {
                query.narrow(operator, &term.text)?;
                continue;
            }
            let words = words(&term.text);
            // A single letter is in every message; a single sign of another script can be a word.
            longest = longest.max(words.iter().map(String::len).sum::<usize>());
            query.needles.extend(Needle::of(&words, term.quoted));
        }
        if query.needles.is_empty() && !query.is_narrowed() {
            return Err(fault("must have a word, a \"phrase\" or an operator such as from: or in:".into()));
        }
        if longest < 2 && !query.needles.is_empty() {
            return Err(fault("must have a word of at least 2 letters".into()));
        }
        Ok(query)
    }

    fn is_narrowed(&self) -> bool {
        let times = self.before.is_some() || self.after.is_some();
        times || !(self.from.is_empty() && self.within.is_empty() && self.has.is_empty())
    }

    fn narrow(&mut self, operator: &str, value: &str) -> Result<()> {
        let value = value.trim();
        if value.is_empty() {
            return Err(Error::field(FIELD, "an operator needs a value behind its colon, as in from:alice"));
        }
        match operator {
            "from" => self.from.push(value.to_owned()),
            "in" => self.within.push(value.trim_start_matches('#').to_owned()),
            "before" => self.before = Some(day(value)?),
            "after" => self.after = Some(day(value)?),
            _ => self.has.push(match folded(value).as_str() {
                "file" => Has::File,
                "image" => Has::Image,
                "link" => Has::Link,
                "phi" => Has::Phi,
                _ => return Err(Error::field(FIELD, "has: is followed by file, image, link or phi")),
            }),
        }
        Ok(())
    }
}

/// The beginning of a day in UTC, or a moment.
fn day(value: &str) -> Result<Timestamp> {
    let whole = if value.len() == 10 { format!("{value}T00:00:00Z") } else { value.to_owned() };
    let wrong = || Error::field(FIELD, "before: and after: are followed by a day, as in before:2026-11-20");
    Timestamp::parse(&whole).ok_or_else(wrong)
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}')
}

/// Cuts a query up. A quote that is not closed is closed by the end; an operator that is not known is a word.
fn terms(text: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let operator = ["from", "in", "before", "after", "has"].into_iter().find(|name| {
            let head = rest.split_at_checked(name.len());
            head.is_some_and(|(head, tail)| head.eq_ignore_ascii_case(name) && tail.starts_with(':'))
        });
        if let Some(name) = operator {
            rest = &rest[name.len() + 1..];
        }
        let quoted = rest.starts_with(is_quote);
        let (term, tail) = if quoted {
            let inside = rest.trim_start_matches(is_quote);
            inside.split_once(is_quote).unwrap_or((inside, ""))
        } else {
            let end =
                rest.find(|c: char| c.is_whitespace() || (operator.is_none() && is_quote(c))).unwrap_or(rest.len());
            rest.split_at(end)
        };
        terms.push(Term { operator: operator.map(str::to_owned), text: Zeroizing::new(term.to_owned()), quoted });
        rest = tail.trim_start();
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn detail(text: &str) -> String {
        Query::parse(text).err().map_or_else(|| "none".into(), |error| error.detail().to_owned())
    }

    #[test]
    fn words_phrases_and_operators_are_told_apart() {
        let query =
            Query::parse(r##"potas "blood  pressure" FROM:alice in:"#Ward 3" in:x before:2026-11-20 has:Link"##);
        let query = query.unwrap();
        assert_eq!(query.needles.len(), 2);
        assert_eq!(
            (query.from.as_slice(), query.within.as_slice()),
            (&["alice".into()][..], &["Ward 3".into(), "x".into()][..])
        );
        assert_eq!(query.before, Timestamp::parse("2026-11-20T00:00:00Z"));
        assert_eq!((query.after, query.has.as_slice()), (None, &[Has::Link][..]));
        assert_eq!(Query::parse("after:2026-11-20T10:00:00Z").unwrap().after, Timestamp::parse("2026-11-20T10:00:00Z"));
    }

    #[test]
    fn what_is_odd_is_taken_as_it_stands() {
        for (text, needles) in [
            ("\"not closed", 1),
            ("a\"b c\"d", 3),
            ("colour:red", 1),
            ("http://example.org", 1),
            (".* [a-z]+ (", 3),
            ("“smart quotes”", 1),
            ("\u{202e}bidi", 1),
            ("bed 4", 2),
            ("京", 1),
            ("from: alice x", 0),
        ] {
            match Query::parse(text) {
                Ok(query) => assert_eq!(query.needles.len(), needles, "{text}"),
                Err(_) => assert_eq!(needles, 0, "{text}"),
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_repeating_it() {
        for text in
            ["", "  ", "\"\"", "x", "x \"y\"", "from:", "before:soon", "after:2026-13-01", "has:zebra", "a\u{7}b"]
        {
            let detail = detail(text);
            assert!(detail.starts_with("q: "), "{text:?}: {detail}");
            assert!(!detail.contains("zebra") && !detail.contains("soon"));
        }
        assert_eq!(detail(&"x".repeat(500)), "none");
        assert!(detail(&"x".repeat(501)).contains("500"));
        assert_eq!(detail(&"ab ".repeat(20)), "none");
        assert!(detail(&"ab ".repeat(21)).contains("20"));
    }

    proptest! {
        #[test]
        fn nothing_that_is_typed_upsets_it(text in any::<String>(), quoted in r#"[a-z":# “”]{0,40}"#) {
            for text in [text, quoted] {
                if let Ok(query) = Query::parse(&text) {
                    for needle in &query.needles {
                        needle.is_in(&folded(&text));
                    }
                }
            }
        }
    }
}
