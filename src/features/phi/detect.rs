//! Finding what identifies a patient in a text, before it is sent.
//!
//! The text is cut into words and numbers once (`text`); then each kind of identifier walks over them by its own
//! rules, one file a kind. Nothing backtracks and every look around is a fixed number of words, so the time is
//! proportional to the length of the text. Kinds that are certain by their form come first and keep what they
//! found: the digits of an e-mail address are no telephone number.
//!
//! It is a hint to people and no proof: `table.txt` says what is found and what is not, and a test measures it.

mod birth;
mod cues;
mod dates;
mod email;
mod mbi;
mod mrn;
mod name;
mod npi;
mod phone;
mod ssn;
mod text;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use regex::Regex;

use self::text::Text;
use super::model::{Kind, Kinds};

/// One identifier in a text; bytes from `start` to before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub struct Detector {
    kinds: Kinds,
    record_numbers: Arc<[Regex]>,
}

impl Detector {
    /// Looks for `kinds`; `record_numbers` are the clinic's own forms of a medical record number, found without any
    /// word beside them.
    pub fn new(kinds: Kinds, record_numbers: Arc<[Regex]>) -> Self {
        Self { kinds, record_numbers }
    }

    /// Everything found, in the order of the text. `this_year` is the last year in which someone can be born.
    pub fn find(&self, text: &str, this_year: i64) -> Vec<Finding> {
        let mut text = Text::of(text);
        // Names are found beside other identifiers, so these are looked for even where they are not wanted.
        email::find(&mut text);
        mbi::find(&mut text);
        ssn::find(&mut text);
        npi::find(&mut text);
        birth::find(&mut text, this_year);
        mrn::find(&mut text, &self.record_numbers);
        phone::find(&mut text);
        name::find(&mut text);
        let mut found = text.found;
        found.retain(|finding| self.kinds.has(finding.kind));
        found.sort_unstable_by_key(|finding| finding.start);
        found
    }

    /// Which kinds there are.
    pub fn kinds(&self, text: &str, this_year: i64) -> Kinds {
        self.find(text, this_year).into_iter().map(|finding| finding.kind).collect()
    }
}
