//! Reads incoming JSON field by field. All faults of a body are collected, so that a form is corrected in one
//! round; a fault names the field and what is allowed, never what was sent.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::error::{Error, FieldFault, Result};
use crate::id::Id;

/// A JSON object being read, and the faults found so far.
#[derive(Debug)]
pub struct Fields {
    values: Map<String, Value>,
    faults: Vec<FieldFault>,
}

/// A body or message that a client sends.
pub trait Body: Sized {
    /// Fields that matter and that this body may not carry; others that are unknown are ignored.
    const REFUSED: &'static [&'static str];

    /// Reads the fields; a field that is wrong leaves a fault and some value in its place.
    fn read(fields: &mut Fields) -> Self;

    /// Reads a whole body, or says everything that is wrong with it.
    fn parse(values: Map<String, Value>) -> Result<Self> {
        let mut fields = Fields { values, faults: Vec::new() };
        for name in Self::REFUSED {
            if fields.values.contains_key(*name) {
                fields.fault(name, "cannot be set here");
            }
        }
        let body = Self::read(&mut fields);
        fields.finish().map(|()| body)
    }
}

impl Fields {
    /// Starts reading an object.
    pub fn of(values: Map<String, Value>) -> Self {
        Self { values, faults: Vec::new() }
    }

    /// Ends with every fault found, if any.
    pub fn finish(self) -> Result<()> {
        if self.faults.is_empty() { Ok(()) } else { Err(Error::fields(self.faults)) }
    }

    /// Notes that `field` is wrong.
    pub fn fault(&mut self, field: &'static str, detail: impl Into<String>) {
        self.faults.push(FieldFault { field, detail: detail.into() });
    }

    /// A text that may be missing or null.
    pub fn optional_text(&mut self, field: &'static str) -> Option<String> {
        match self.values.remove(field) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(_) => {
                self.fault(field, "must be a text");
                None
            }
        }
    }

    /// A text that must be there; empty when it is wrong.
    pub fn text(&mut self, field: &'static str) -> String {
        if self.absent(field) {
            self.fault(field, "is missing");
            return String::new();
        }
        self.optional_text(field).unwrap_or_default()
    }

    /// True or false, with a value for when it is missing.
    pub fn flag(&mut self, field: &'static str, default: bool) -> bool {
        match self.values.remove(field) {
            None | Some(Value::Null) => default,
            Some(Value::Bool(flag)) => flag,
            Some(_) => {
                self.fault(field, "must be true or false");
                default
            }
        }
    }

    /// A whole number that may be missing.
    pub fn optional_number(&mut self, field: &'static str) -> Option<i64> {
        match self.values.remove(field) {
            None | Some(Value::Null) => None,
            Some(value) => {
                let number = value.as_i64();
                if number.is_none() {
                    self.fault(field, "must be a whole number");
                }
                number
            }
        }
    }

    /// An id that must be there; the nil UUID when it is wrong.
    pub fn id<I: Id>(&mut self, field: &'static str) -> I {
        if self.absent(field) {
            self.fault(field, "is missing");
            return I::from_uuid(Uuid::nil());
        }
        self.optional_id(field).unwrap_or_else(|| I::from_uuid(Uuid::nil()))
    }

    /// An id that may be missing.
    pub fn optional_id<I: Id>(&mut self, field: &'static str) -> Option<I> {
        match self.values.remove(field) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if Uuid::try_parse(&text).is_ok() => {
                Uuid::try_parse(&text).ok().map(I::from_uuid)
            }
            Some(_) => {
                self.fault(field, "must be an id (a UUID)");
                None
            }
        }
    }

    /// A list of ids, empty when missing; `max` is how many are taken.
    pub fn ids<I: Id>(&mut self, field: &'static str, max: usize) -> Vec<I> {
        let list = match self.values.remove(field) {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(list)) => list,
            Some(_) => {
                self.fault(field, "must be a list of ids");
                return Vec::new();
            }
        };
        if list.len() > max {
            self.fault(field, format!("must have at most {max} ids"));
            return Vec::new();
        }
        let ids: Option<Vec<I>> =
            list.iter().map(|v| v.as_str().and_then(|t| Uuid::try_parse(t).ok()).map(I::from_uuid)).collect();
        ids.unwrap_or_else(|| {
            self.fault(field, "must be a list of ids (UUIDs)");
            Vec::new()
        })
    }

    /// A JSON object that may be missing.
    pub fn optional_object(&mut self, field: &'static str) -> Option<Value> {
        match self.values.remove(field) {
            None | Some(Value::Null) => None,
            Some(object @ Value::Object(_)) => Some(object),
            Some(_) => {
                self.fault(field, "must be an object");
                None
            }
        }
    }

    fn absent(&self, field: &str) -> bool {
        matches!(self.values.get(field), None | Some(Value::Null))
    }
}

/// Parses a JSON object of at most `depth_max` levels.
pub fn json_object(bytes: &[u8], depth_max: usize) -> Result<Map<String, Value>> {
    if !within_depth(bytes, depth_max) {
        return Err(Error::invalid("json_too_deep", format!("JSON may be nested at most {depth_max} levels deep.")));
    }
    match serde_json::from_slice::<Value>(bytes) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Error::invalid("json_not_an_object", "A JSON object is expected, as {\"name\": \"value\"}.")),
        Err(fault) => Err(Error::invalid(
            "json_malformed",
            format!("This is not JSON: line {}, column {}.", fault.line(), fault.column()),
        )),
    }
}

/// Whether brackets outside strings nest at most `depth_max` deep: asked before parsing, so that a hostile body
/// costs no recursion.
pub fn within_depth(bytes: &[u8], depth_max: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in bytes {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > depth_max {
                    return false;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::UserId;

    struct Sample {
        name: String,
        owner: UserId,
        loud: bool,
    }

    impl Body for Sample {
        const REFUSED: &'static [&'static str] = &["role"];
        fn read(fields: &mut Fields) -> Self {
            Self { name: fields.text("name"), owner: fields.id("owner"), loud: fields.flag("loud", true) }
        }
    }

    fn parse(text: &str) -> Result<Sample> {
        json_object(text.as_bytes(), 4).and_then(Sample::parse)
    }

    #[test]
    fn all_faults_are_told_at_once_and_none_repeats_the_input() {
        let error = parse(r#"{"name": 7, "owner": "the secret word", "loud": 3, "role": "king"}"#).err().unwrap();
        let fields: Vec<_> = error.faults().iter().map(|f| f.field).collect();
        assert_eq!(fields, ["role", "name", "owner", "loud"]);
        assert!(!error.detail().contains("secret word"));
    }

    #[test]
    fn a_good_body_is_read_and_unknown_fields_are_ignored() {
        let sample =
            parse(r#"{"name": "x", "owner": "0190A0B0-0000-7000-8000-000000000001", "colour": "red"}"#).unwrap();
        assert_eq!((sample.name.as_str(), sample.loud), ("x", true));
        assert_eq!(sample.owner.to_string(), "0190a0b0-0000-7000-8000-000000000001");
    }

    #[test]
    fn depth_is_counted_outside_strings_only() {
        assert!(within_depth(br#"{"a": "[[[[[[[[\"[[["}"#, 1));
        assert!(within_depth(b"[[[]]]", 3));
        assert!(!within_depth(b"[[[[]]]]", 3));
        assert_eq!(parse("[]").err().unwrap().code(), "json_not_an_object");
        assert_eq!(parse("{").err().unwrap().code(), "json_malformed");
    }
}
