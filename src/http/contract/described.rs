//! What a route says of itself. A row names the types that its operation decodes and encodes; their schemas are made
//! from the types themselves.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use super::bodies;
use crate::wire::Body;

/// Routes that belong together.
pub(in crate::http) struct Tag {
    /// Shown as a heading.
    pub(in crate::http) name: &'static str,
    /// What they are about.
    pub(in crate::http) about: &'static str,
    /// The rows.
    pub(in crate::http) rows: fn() -> Vec<Described>,
}

/// What a parameter of the query has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "a vocabulary: not every word is in use at every time")]
pub(in crate::http) enum Query {
    /// An id.
    Id,
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// A time, RFC 3339.
    Time,
    /// `true` or `false`.
    Flag,
    /// One of these words.
    OneOf(&'static [&'static str]),
}

/// A parameter of the query; none has to be there.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) shape: Query,
    pub(super) about: &'static str,
}

/// What comes back when all is well.
pub(super) enum Gives {
    /// JSON of a type.
    Json(fn(&mut SchemaGenerator) -> Schema),
    /// A page of a list: a bare array with `Link` headers.
    Pages(fn(&mut SchemaGenerator) -> Schema),
    /// Something else, of this media type.
    File(&'static str),
}

/// The name and schema of a body.
pub(super) type Takes = fn() -> (String, Value);

/// One row.
pub(in crate::http) struct Described {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    pub(super) query: Vec<Parameter>,
    pub(super) takes: Option<Takes>,
    pub(super) gives: Vec<(u16, Gives)>,
    pub(super) fails: &'static [u16],
    pub(super) versioned: bool,
}

/// Describes a GET.
pub(in crate::http) fn get(path: &'static str, summary: &'static str) -> Described {
    row("GET", path, summary)
}

/// Describes a POST.
pub(in crate::http) fn post(path: &'static str, summary: &'static str) -> Described {
    row("POST", path, summary)
}

/// Describes a PUT.
pub(in crate::http) fn put(path: &'static str, summary: &'static str) -> Described {
    row("PUT", path, summary)
}

/// Describes a DELETE.
pub(in crate::http) fn delete(path: &'static str, summary: &'static str) -> Described {
    row("DELETE", path, summary)
}

fn row(method: &'static str, path: &'static str, summary: &'static str) -> Described {
    Described { method, path, summary, query: Vec::new(), takes: None, gives: Vec::new(), fails: &[], versioned: false }
}

impl Described {
    /// Reads this parameter of the query.
    pub(in crate::http) fn query(mut self, name: &'static str, shape: Query, about: &'static str) -> Self {
        self.query.push(Parameter { name, shape, about });
        self
    }

    /// Reads a body.
    pub(in crate::http) fn takes<B: Body>(mut self) -> Self {
        self.takes = Some(|| (bodies::name::<B>(), bodies::schema(&B::asked(), B::REFUSED)));
        self
    }

    /// Answers 200 with a `T`.
    pub(in crate::http) fn gives<T: JsonSchema>(self) -> Self {
        self.with(200, Gives::Json(SchemaGenerator::subschema_for::<T>))
    }

    /// Answers 201 with a `T`.
    pub(in crate::http) fn makes<T: JsonSchema>(self) -> Self {
        self.with(201, Gives::Json(SchemaGenerator::subschema_for::<T>))
    }

    /// Answers 200 with a page of a list, by `limit`, `before` and `after`.
    pub(in crate::http) fn pages_of<T: JsonSchema>(self) -> Self {
        self.query("limit", Query::Number, "Rows at most: 50 when missing, 200 at most.")
            .query("before", Query::Text, "The rows behind this cursor; taken from the `Link` header.")
            .query("after", Query::Text, "The rows in front of this cursor; taken from the `Link` header.")
            .with(200, Gives::Pages(SchemaGenerator::subschema_for::<Vec<T>>))
    }

    /// Answers 200 with something that is not JSON.
    pub(in crate::http) fn file(self, media_type: &'static str) -> Self {
        self.with(200, Gives::File(media_type))
    }

    /// Gives the version of the thing as its `ETag`; a change may name the one it expects by `If-Match`.
    pub(in crate::http) fn versioned(mut self) -> Self {
        self.versioned = true;
        self
    }

    /// Answers these statuses too, besides those that go without saying (see [`super::failures`]).
    pub(in crate::http) fn fails(mut self, statuses: &'static [u16]) -> Self {
        self.fails = statuses;
        self
    }

    fn with(mut self, status: u16, gives: Gives) -> Self {
        self.gives.push((status, gives));
        self
    }
}
