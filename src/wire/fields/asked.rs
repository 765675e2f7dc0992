//! What a reader asks of an object. The values can be reached only by saying what is expected of them, so reading
//! nothing at all tells the shape of the whole body: the published schema cannot say anything else than the code.

use serde_json::{Map, Value};

/// What a field has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A text.
    Text,
    /// True or false, and what it is when it is missing, if that is fixed.
    Flag(Option<bool>),
    /// A whole number.
    Number,
    /// A UUID.
    Id,
    /// A list of UUIDs, and how many are taken.
    Ids(usize),
    /// A list of texts, and how many are taken.
    Texts(usize),
    /// An object of the client's own making.
    Object,
    /// Whatever another rule allows.
    Any,
}

/// A field that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Its name.
    pub name: &'static str,
    /// What it has to be.
    pub shape: Shape,
    /// Whether it has to be there.
    pub needed: bool,
    /// Whether it may be null.
    pub null: bool,
}

/// The values of an object, or the record of what was asked of one.
#[derive(Debug)]
pub(super) struct Values {
    given: Map<String, Value>,
    /// Only when describing: reading a real body costs nothing for it.
    asked: Option<Vec<Asked>>,
}

impl Values {
    pub(super) fn of(given: Map<String, Value>) -> Self {
        Self { given, asked: None }
    }

    pub(super) fn describing() -> Self {
        Self { given: Map::new(), asked: Some(Vec::new()) }
    }

    /// Whether there is such a field, null or not: for fields that nobody reads.
    pub(super) fn has(&self, field: &str) -> bool {
        self.given.contains_key(field)
    }

    /// Whether a field that has to be there is missing or null.
    pub(super) fn absent(&mut self, field: &'static str, shape: Shape) -> bool {
        self.note(field, shape, true);
        matches!(self.given.get(field), None | Some(Value::Null))
    }

    /// The field's value, if there is one.
    pub(super) fn take(&mut self, field: &'static str, shape: Shape) -> Option<Value> {
        self.note(field, shape, false);
        self.given.remove(field)
    }

    /// The field that was just asked for may be missing and may not be null.
    pub(super) fn never_null(&mut self, field: &str) {
        for asked in self.asked.iter_mut().flatten().filter(|a| a.name == field) {
            asked.null = false;
        }
    }

    pub(super) fn into_asked(self) -> Vec<Asked> {
        self.asked.unwrap_or_default()
    }

    fn note(&mut self, name: &'static str, shape: Shape, needed: bool) {
        let Some(asked) = &mut self.asked else { return };
        match asked.iter_mut().find(|a| a.name == name) {
            Some(known) => {
                known.needed |= needed;
                known.null &= !needed;
            }
            None => asked.push(Asked { name, shape, needed, null: !needed }),
        }
    }
}
