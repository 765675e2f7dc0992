//! One error type for the whole program.
//!
//! A room names the *kind* of what went wrong and a stable `code` that clients can match on; `http` and `ws`
//! translate the kind into a status or an error frame. Kinds are few on purpose: whoever handles an error acts
//! on the kind, whoever reads it reads the detail.
//!
//! `detail` is shown to clients and written to logs, so it never carries what a person typed: no message text,
//! no names, no tokens. The cause (`source`) is for the log alone.

use std::fmt;
use std::time::Duration;

/// What the program returns everywhere.
pub type Result<T> = std::result::Result<T, Error>;

/// The nine ways in which a deed can fail, with the HTTP status each becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 400: the input is wrong, and the detail says where.
    Invalid,
    /// 401: nobody is signed in, or no longer.
    Unauthenticated,
    /// 403: the caller may see the thing and may not do this to it.
    Refused,
    /// 404: the thing is not there, or the caller may not know that it is.
    Missing,
    /// 409: it clashes with what is stored.
    Conflict,
    /// 412: the caller's copy is older than the stored one.
    Stale,
    /// 413: longer than a limit.
    TooLarge,
    /// 429: more often than a limit.
    TooMany,
    /// 503: not now; nothing was changed; try again.
    Busy,
    /// 500: ours. The client is told nothing, the log is told once.
    Internal,
}

/// One field of the input that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFault {
    /// The field's name as the client spells it.
    pub field: &'static str,
    /// What is wrong and what is allowed.
    pub detail: String,
}

/// Something that went wrong; see [`Kind`] for what it means to a client.
///
/// It is a box, so that a result that went well is no bigger for what could have gone wrong: a walk over a million
/// rows makes several of them for each.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    code: &'static str,
    detail: String,
    fields: Vec<FieldFault>,
    retry_after: Option<Duration>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of `kind` with a stable machine-readable `code` and a sentence for a person.
    pub fn new(kind: Kind, code: &'static str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self(Box::new(Inner { kind, code, detail, fields: Vec::new(), retry_after: None, source: None }))
    }

    /// The input is wrong (400).
    pub fn invalid(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, code, detail)
    }

    /// One named field of the input is wrong (400, `invalid_field`).
    pub fn field(field: &'static str, detail: impl Into<String>) -> Self {
        Self::fields(vec![FieldFault { field, detail: detail.into() }])
    }

    /// Several fields are wrong; all are reported together (400, `invalid_field`).
    pub fn fields(faults: Vec<FieldFault>) -> Self {
        let detail = faults.iter().map(|f| format!("{}: {}", f.field, f.detail)).collect::<Vec<_>>().join("; ");
        let mut error = Self::new(Kind::Invalid, "invalid_field", detail);
        error.0.fields = faults;
        error
    }

    /// Nobody is signed in (401).
    pub fn unauthenticated(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Kind::Unauthenticated, code, detail)
    }

    /// The caller may not do this (403).
    pub fn refused(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Kind::Refused, code, detail)
    }

    /// Not there, or not for this caller (404). Both read the same, so that ids cannot be probed.
    pub fn missing(what: &'static str) -> Self {
        Self::new(Kind::Missing, "not_found", format!("There is no such {what}."))
    }

    /// It clashes with what is stored (409).
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, code, detail)
    }

    /// Longer than a limit (413).
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(Kind::TooLarge, "too_large", detail)
    }

    /// More often than a limit (429), with the time after which it is worth trying again.
    pub fn too_many(code: &'static str, detail: impl Into<String>, retry_after: Duration) -> Self {
        let mut error = Self::new(Kind::TooMany, code, detail);
        error.0.retry_after = Some(retry_after);
        error
    }

    /// Not now (503): nothing was changed and the caller may repeat it.
    pub fn busy(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Kind::Busy, code, detail)
    }

    /// A fault of ours (500). `context` says what was being done; it reaches the log, never a client.
    pub fn internal(context: impl Into<String>) -> Self {
        Self::new(Kind::Internal, "internal", context)
    }

    /// The same error with the cause that the log should show.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(cause.into());
        self
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The stable code, as listed in `docs/errors.md`.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// The sentence for a person; for [`Kind::Internal`] it is for the log only.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The fields that are wrong, empty unless the code is `invalid_field`.
    pub fn faults(&self) -> &[FieldFault] {
        &self.0.fields
    }

    /// When to try again, for [`Kind::TooMany`].
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The whole chain of causes in one line, for the log and for a terminal.
    pub fn chain(&self) -> String {
        let mut line = self.0.detail.clone();
        let mut cause = self.0.source.as_deref().map(|s| s as &dyn std::error::Error);
        while let Some(error) = cause {
            line.push_str(": ");
            line.push_str(&error.to_string());
            cause = error.source();
        }
        line
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}: {}", self.0.kind, self.0.code, self.chain())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.detail)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|s| s as &(dyn std::error::Error + 'static))
    }
}

/// Gives a foreign error a place and a kind: `file.read(..).context("reading the key file")?`.
pub trait Context<T> {
    /// Turns any error into [`Kind::Internal`] with `what` was being done and the cause kept for the log.
    fn context(self, what: impl Into<String>) -> Result<T>;
}

impl<T, E: Into<Box<dyn std::error::Error + Send + Sync>>> Context<T> for std::result::Result<T, E> {
    #[inline]
    fn context(self, what: impl Into<String>) -> Result<T> {
        self.map_err(|cause| Error::internal(what).because(cause))
    }
}
