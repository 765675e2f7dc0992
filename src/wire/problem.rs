//! Error bodies: RFC 9457 `application/problem+json`, and the same facts as a WebSocket frame.

use schemars::JsonSchema;
use serde::Serialize;

use crate::error::{Error, Kind};

/// What a REST client gets when something went wrong.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem<'a> {
    /// Always `about:blank`: the `code` says which error it is (RFC 9457, section 4.2.1).
    pub r#type: &'static str,
    /// The status in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The stable code, as in `docs/errors.md`.
    pub code: &'a str,
    /// A sentence for a person.
    pub detail: &'a str,
    /// Names this request in the server's log.
    pub request_id: &'a str,
    /// Which fields are wrong; empty for other errors.
    pub errors: Vec<FieldProblem<'a>>,
}

/// One field that is wrong.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FieldProblem<'a> {
    /// The field's name.
    pub field: &'a str,
    /// What is wrong with it.
    pub detail: &'a str,
}

/// The status and title of a kind of error.
pub fn status_of(kind: Kind) -> (u16, &'static str) {
    match kind {
        Kind::Invalid => (400, "Bad Request"),
        Kind::Unauthenticated => (401, "Unauthorized"),
        Kind::Refused => (403, "Forbidden"),
        Kind::Missing => (404, "Not Found"),
        Kind::Conflict => (409, "Conflict"),
        Kind::Stale => (412, "Precondition Failed"),
        Kind::TooLarge => (413, "Content Too Large"),
        Kind::TooMany => (429, "Too Many Requests"),
        Kind::Busy => (503, "Service Unavailable"),
        Kind::Internal => (500, "Internal Server Error"),
    }
}

/// What a client is told of an error: of our own faults only that there was one.
pub fn told(error: &Error) -> &str {
    match error.kind() {
        Kind::Internal => "Something went wrong on the server. It has been logged; try again.",
        _ => error.detail(),
    }
}

impl<'a> Problem<'a> {
    /// The body for `error`.
    pub fn of(error: &'a Error, request_id: &'a str) -> Self {
        let (status, title) = status_of(error.kind());
        let errors =
            error.faults().iter().map(|f| FieldProblem { field: f.field, detail: f.detail.as_str() }).collect();
        Self { r#type: "about:blank", title, status, code: error.code(), detail: told(error), request_id, errors }
    }
}
