//! What a clinic wants done about patient details that nobody marked as such.

use std::sync::Arc;

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::kinds::{Kind, choice};
use crate::features::phi;

/// Patterns of record numbers that a clinic may have.
const PATTERNS_MAX: usize = 20;
/// Characters of a pattern.
const PATTERN_CHARS_MAX: usize = 200;
/// Bytes of a compiled pattern: a text is looked through in time proportional to its length and to this.
const COMPILED_BYTES_MAX: usize = 256 * 1024;

choice! {
    /// What happens to a message that looks like patient details and is not marked.
    PhiPolicy {
        /// Nothing; it is not even looked at.
        Off = "off",
        /// The sender is told, and nobody else.
        Suggest = "suggest",
        /// It is marked, and the sender is told.
        Mark = "mark",
        /// It is refused until the sender marks it or writes something else.
        Refuse = "refuse",
    }
}

/// A list of the kinds' names.
impl Kind for phi::Kinds {
    fn allowed() -> String {
        format!("a list of {}", phi::Kinds::all().names().join(" "))
    }

    fn read(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(|name| name.as_str().and_then(phi::Kind::named)).collect()
    }

    fn show(&self) -> Value {
        self.names().into()
    }
}

/// A clinic's own forms of a medical record number, compiled once.
#[derive(Debug, Clone, Default)]
pub struct RecordNumbers(Arc<[Regex]>);

impl RecordNumbers {
    /// The patterns, for a detector.
    pub fn patterns(&self) -> Arc<[Regex]> {
        self.0.clone()
    }
}

impl PartialEq for RecordNumbers {
    fn eq(&self, other: &Self) -> bool {
        self.0.iter().map(Regex::as_str).eq(other.0.iter().map(Regex::as_str))
    }
}

impl Kind for RecordNumbers {
    fn allowed() -> String {
        format!(
            "a list of at most {PATTERNS_MAX} regular expressions of at most {PATTERN_CHARS_MAX} characters each, \
             which match no single character"
        )
    }

    fn read(value: &Value) -> Option<Self> {
        let patterns = value.as_array().filter(|patterns| patterns.len() <= PATTERNS_MAX)?;
        patterns
            .iter()
            .map(|pattern| pattern.as_str().and_then(compiled))
            .collect::<Option<Vec<_>>>()
            .map(|all| Self(all.into()))
    }

    fn show(&self) -> Value {
        self.0.iter().map(Regex::as_str).collect::<Vec<_>>().into()
    }
}

fn compiled(pattern: &str) -> Option<Regex> {
    if pattern.is_empty() || pattern.chars().count() > PATTERN_CHARS_MAX {
        return None;
    }
    let regex = RegexBuilder::new(pattern).size_limit(COMPILED_BYTES_MAX).build().ok()?;
    // What is found in everything says nothing.
    let careless = ["", " ", "0", "a", "A"].iter().any(|single| regex.is_match(single));
    (!careless).then_some(regex)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn record_numbers_are_patterns_that_find_something_and_not_everything() {
        let read = |value: Value| RecordNumbers::read(&value);
        let good = read(json!([r"NW-?\d{7}", "[A-Z]{2}[0-9]{2}/[0-9]{5}"])).unwrap();
        assert_eq!(good.show(), json!([r"NW-?\d{7}", "[A-Z]{2}[0-9]{2}/[0-9]{5}"]));
        assert_eq!(Some(good), read(json!([r"NW-?\d{7}", "[A-Z]{2}[0-9]{2}/[0-9]{5}"])));
        assert_eq!(read(json!([])), Some(RecordNumbers::default()));
        assert!(read(json!(vec!["x1x"; 20])).is_some() && read(json!(vec!["x1x"; 21])).is_none());
        assert!(read(json!(["x".repeat(200)])).is_some() && read(json!(["x".repeat(201)])).is_none());
        for bad in ["", "(", ".*", ".", r"\d+", "x?", r"(\w{100}){100}{100}", "(?:x{1000}){1000}"] {
            assert_eq!(read(json!([bad])), None, "{bad}");
        }
        for bad in [json!("x1x"), json!([1]), json!(null), json!({ "a": "x1x" })] {
            assert_eq!(read(bad.clone()), None, "{bad}");
        }
    }

    #[test]
    fn kinds_are_named() {
        let read = |value: Value| phi::Kinds::read(&value);
        assert_eq!(read(json!(["ssn", "dob", "ssn"])).unwrap().show(), json!(["ssn", "dob"]));
        assert_eq!(read(json!([])), Some(phi::Kinds::NONE));
        assert_eq!((read(json!(["SSN"])), read(json!("ssn")), read(json!([7]))), (None, None, None));
        assert_eq!(phi::Kinds::allowed(), "a list of ssn mrn dob phone email npi mbi name");
    }
}
