//! Reads incoming JSON field by field. All faults of a body are collected, so that a form is corrected in one
//! round; a fault names the field and what is allowed, never what was sent.

mod asked;

use serde_json::{Map, Value};
use uuid::Uuid;

use asked::Values;
pub use asked::{Asked, Shape};

use crate::clock::Timestamp;
use crate::error::{Error, FieldFault, Result};
use crate::id::Id;

/// A JSON object being read, and the faults found so far.
#[derive(Debug)]
pub struct Fields {
    values: Values,
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
        let mut fields = Fields::of(values);
        for name in Self::REFUSED {
            fields.refuse(name);
        }
        let body = Self::read(&mut fields);
        fields.finish().map(|()| body)
    }

    /// Every field that reading this body asks for: what is published is what is read.
    fn asked() -> Vec<Asked> {
        let mut fields = Fields::describing();
        Self::read(&mut fields);
        fields.into_asked()
    }
}

/// What a body that changes a thing says of one of its fields: a field that is missing stays as it is, `null`
/// empties it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Change<T> {
    /// The field is missing.
    #[default]
    Keep,
    /// The field is `null`.
    Clear,
    /// The field has a value.
    Set(T),
}

impl<T> Change<T> {
    /// Whether the field is there at all.
    pub fn is_there(&self) -> bool {
        !matches!(self, Self::Keep)
    }

    /// The value that was `before`, changed.
    pub fn over(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Keep => before,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// The same with another value.
    pub fn map<U>(self, read: impl FnOnce(T) -> U) -> Change<U> {
        match self {
            Self::Keep => Change::Keep,
            Self::Clear => Change::Clear,
            Self::Set(value) => Change::Set(read(value)),
        }
    }

    /// The same with the value read as something else, if it can be.
    pub fn try_map<U, E>(self, read: impl FnOnce(T) -> std::result::Result<U, E>) -> std::result::Result<Change<U>, E> {
        match self {
            Self::Keep => Ok(Change::Keep),
            Self::Clear => Ok(Change::Clear),
            Self::Set(value) => read(value).map(Change::Set),
        }
    }
}

impl Fields {
    /// Starts reading an object.
    pub fn of(values: Map<String, Value>) -> Self {
        Self { values: Values::of(values), faults: Vec::new() }
    }

    /// Reads nothing and notes what is asked for.
    pub fn describing() -> Self {
        Self { values: Values::describing(), faults: Vec::new() }
    }

    /// What was asked for since [`Fields::describing`].
    pub fn into_asked(self) -> Vec<Asked> {
        self.values.into_asked()
    }

    /// Ends with every fault found, if any.
    pub fn finish(self) -> Result<()> {
        if self.faults.is_empty() { Ok(()) } else { Err(Error::fields(self.faults)) }
    }

    /// Notes a fault if the field is there.
    pub fn refuse(&mut self, field: &'static str) {
        if self.values.has(field) {
            self.fault(field, "cannot be set here");
        }
    }

    /// Notes that `field` is wrong.
    pub fn fault(&mut self, field: &'static str, detail: impl Into<String>) {
        self.faults.push(FieldFault { field, detail: detail.into() });
    }

    /// A text that may be missing or null.
    pub fn optional_text(&mut self, field: &'static str) -> Option<String> {
        match self.values.take(field, Shape::Text) {
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
        if self.absent(field, Shape::Text) {
            return String::new();
        }
        self.optional_text(field).unwrap_or_default()
    }

    /// True or false, with a value for when it is missing.
    pub fn flag(&mut self, field: &'static str, default: bool) -> bool {
        match self.values.take(field, Shape::Flag(Some(default))) {
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
        match self.values.take(field, Shape::Number) {
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
        if self.absent(field, Shape::Id) {
            return I::from_uuid(Uuid::nil());
        }
        self.optional_id(field).unwrap_or_else(|| I::from_uuid(Uuid::nil()))
    }

    /// An id that may be missing.
    pub fn optional_id<I: Id>(&mut self, field: &'static str) -> Option<I> {
        match self.values.take(field, Shape::Id) {
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
        self.optional_ids(field, max).unwrap_or_default()
    }

    /// A list of ids that may be missing.
    pub fn optional_ids<I: Id>(&mut self, field: &'static str, max: usize) -> Option<Vec<I>> {
        let read = |value: Value| value.as_str().and_then(|text| Uuid::try_parse(text).ok()).map(I::from_uuid);
        let value = self.values.take(field, Shape::Ids(max)).filter(|value| !value.is_null())?;
        self.list(field, value, max, "must be a list of ids (UUIDs)", read)
    }

    /// A list of ids to be changed.
    pub fn changed_ids<I: Id>(&mut self, field: &'static str, max: usize) -> Change<Vec<I>> {
        let read = |value: Value| value.as_str().and_then(|text| Uuid::try_parse(text).ok()).map(I::from_uuid);
        match self.values.take(field, Shape::Ids(max)) {
            None => Change::Keep,
            Some(Value::Null) => Change::Clear,
            Some(value) => {
                self.list(field, value, max, "must be a list of ids (UUIDs)", read).map_or(Change::Keep, Change::Set)
            }
        }
    }

    /// As [`Fields::ids`], with a difference between an empty list and none; null is a fault.
    pub fn given_ids<I: Id>(&mut self, field: &'static str, max: usize) -> Option<Vec<I>> {
        let change = self.changed_ids(field, max);
        self.given(field, change)
    }

    /// A list of texts that must be there; empty when it is wrong.
    pub fn texts(&mut self, field: &'static str, max: usize) -> Vec<String> {
        if self.absent(field, Shape::Texts(max)) {
            return Vec::new();
        }
        self.optional_texts(field, max).unwrap_or_default()
    }

    /// A list of texts that may be missing.
    pub fn optional_texts(&mut self, field: &'static str, max: usize) -> Option<Vec<String>> {
        let value = self.values.take(field, Shape::Texts(max)).filter(|value| !value.is_null())?;
        self.list(field, value, max, "must be a list of texts", |value| match value {
            Value::String(text) => Some(text),
            _ => None,
        })
    }

    fn list<T>(
        &mut self,
        field: &'static str,
        value: Value,
        max: usize,
        allowed: &'static str,
        read: impl FnMut(Value) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Value::Array(list) = value else {
            self.fault(field, allowed);
            return None;
        };
        if list.len() > max {
            self.fault(field, format!("must have at most {max} entries"));
            return None;
        }
        let read: Option<Vec<T>> = list.into_iter().map(read).collect();
        if read.is_none() {
            self.fault(field, allowed);
        }
        read
    }

    /// Any JSON value but null; null when it is missing.
    pub fn any(&mut self, field: &'static str) -> Value {
        self.absent(field, Shape::Any);
        self.values.take(field, Shape::Any).unwrap_or_default()
    }

    /// A time that may be missing.
    pub fn optional_time(&mut self, field: &'static str) -> Option<Timestamp> {
        let text = self.optional_text(field)?;
        let time = Timestamp::parse(&text);
        if time.is_none() {
            self.fault(field, "must be a time as RFC 3339 has it, as 2026-01-31T08:30:00Z");
        }
        time
    }

    /// A time that must be there; 1970 when it is wrong.
    pub fn time(&mut self, field: &'static str) -> Timestamp {
        self.absent(field, Shape::Text);
        self.optional_time(field).unwrap_or_default()
    }

    /// A JSON object that may be missing.
    pub fn optional_object(&mut self, field: &'static str) -> Option<Value> {
        match self.values.take(field, Shape::Object) {
            None | Some(Value::Null) => None,
            Some(object @ Value::Object(_)) => Some(object),
            Some(_) => {
                self.fault(field, "must be an object");
                None
            }
        }
    }

    /// True or false, if it is there.
    pub fn optional_flag(&mut self, field: &'static str) -> Option<bool> {
        match self.change(field, Shape::Flag(None), "must be true or false", |value| value.as_bool()) {
            Change::Set(flag) => Some(flag),
            Change::Keep | Change::Clear => None,
        }
    }

    /// A list of texts to be changed.
    pub fn changed_texts(&mut self, field: &'static str, max: usize) -> Change<Vec<String>> {
        self.change(field, Shape::Texts(max), "must be a list of texts or null", |value| match value {
            Value::Array(list) => {
                list.into_iter().map(|v| if let Value::String(t) = v { Some(t) } else { None }).collect()
            }
            _ => None,
        })
    }

    /// A text to be changed: missing, null and a value are three things.
    pub fn changed_text(&mut self, field: &'static str) -> Change<String> {
        self.change(field, Shape::Text, "must be a text or null", |value| match value {
            Value::String(text) => Some(text),
            _ => None,
        })
    }

    /// A whole number to be changed.
    pub fn changed_number(&mut self, field: &'static str) -> Change<i64> {
        self.change(field, Shape::Number, "must be a whole number or null", |value| value.as_i64())
    }

    /// An id to be changed.
    pub fn changed_id<I: Id>(&mut self, field: &'static str) -> Change<I> {
        self.change(field, Shape::Id, "must be an id (a UUID) or null", |value| {
            value.as_str().and_then(|text| Uuid::try_parse(text).ok()).map(I::from_uuid)
        })
    }

    /// A JSON object to be changed.
    pub fn changed_object(&mut self, field: &'static str) -> Change<Value> {
        self.change(field, Shape::Object, "must be an object or null", |value| value.is_object().then_some(value))
    }

    /// A text to be changed that cannot be emptied: `None` when it is missing, a fault when it is null.
    pub fn given_text(&mut self, field: &'static str) -> Option<String> {
        let change = self.changed_text(field);
        self.given(field, change)
    }

    /// True or false to be changed: `None` when it is missing, a fault when it is null.
    pub fn changed_flag(&mut self, field: &'static str) -> Option<bool> {
        let change = self.change(field, Shape::Flag(None), "must be true or false", |value| value.as_bool());
        self.given(field, change)
    }

    fn change<T>(
        &mut self,
        field: &'static str,
        shape: Shape,
        allowed: &'static str,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Change<T> {
        match self.values.take(field, shape) {
            None => Change::Keep,
            Some(Value::Null) => Change::Clear,
            Some(value) => read(value).map_or_else(
                || {
                    self.fault(field, allowed);
                    Change::Keep
                },
                Change::Set,
            ),
        }
    }

    fn given<T>(&mut self, field: &'static str, change: Change<T>) -> Option<T> {
        self.values.never_null(field);
        match change {
            Change::Keep => None,
            Change::Set(value) => Some(value),
            Change::Clear => {
                self.fault(field, "cannot be null");
                None
            }
        }
    }

    /// Whether a field that has to be there is not; the fault is noted.
    fn absent(&mut self, field: &'static str, shape: Shape) -> bool {
        let absent = self.values.absent(field, shape);
        if absent {
            self.fault(field, "is missing");
        }
        absent
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
    fn missing_null_and_a_value_are_three_things_to_a_change() {
        let fields = |text: &str| Fields::of(json_object(text.as_bytes(), 4).unwrap());
        for (text, change) in [
            ("{}", Change::Keep),
            (r#"{"name": null}"#, Change::Clear),
            (r#"{"name": ""}"#, Change::Set(String::new())),
        ] {
            let mut fields = fields(text);
            assert_eq!(fields.changed_text("name"), change, "{text}");
            assert!(fields.finish().is_ok(), "{text}");
        }
        let before = || Some("old".to_owned());
        assert_eq!(Change::Keep.over(before()), before());
        assert_eq!(Change::Clear.over(before()), None);
        assert_eq!(Change::Set("new".to_owned()).over(before()).as_deref(), Some("new"));

        let mut wrong = fields(r#"{"a": 1, "b": 1.5, "c": "me", "d": [], "e": null, "f": null, "g": "yes"}"#);
        let ids = (wrong.changed_id::<UserId>("c"), wrong.changed_id::<UserId>("nothing"));
        assert_eq!((wrong.changed_text("a"), wrong.changed_number("b"), ids.0), Default::default());
        assert_eq!((wrong.changed_object("d"), ids.1), Default::default());
        assert_eq!((wrong.given_text("e"), wrong.changed_flag("f"), wrong.changed_flag("g")), (None, None, None));
        let error = wrong.finish().unwrap_err();
        assert_eq!(error.faults().iter().map(|f| f.field).collect::<Vec<_>>(), ["c", "a", "b", "d", "e", "f", "g"]);

        let mut right = fields(r#"{"b": -3, "c": "0190a0b0-0000-7000-8000-000000000001", "d": {"x": 1}, "g": false}"#);
        assert_eq!(right.changed_number("b"), Change::Set(-3));
        assert!(matches!(right.changed_id::<UserId>("c"), Change::Set(_)));
        assert!(right.changed_object("d").is_there());
        assert_eq!(
            (right.changed_flag("g"), right.changed_flag("b"), right.given_text("b")),
            (Some(false), None, None)
        );
        assert!(right.finish().is_ok());
    }

    #[test]
    fn what_a_body_asks_for_is_known_without_a_body() {
        let asked = |name, shape, needed| Asked { name, shape, needed, null: !needed };
        let expected = [
            asked("name", Shape::Text, true),
            asked("owner", Shape::Id, true),
            asked("loud", Shape::Flag(Some(true)), false),
        ];
        assert_eq!(Sample::asked(), expected);
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
