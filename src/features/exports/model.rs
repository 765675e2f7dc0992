//! What is to be exported.

use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::error::{Error, FieldFault, Result};
use crate::id::{ChannelId, Id, UserId};
use crate::wire::exports::NewExport;

/// Bytes of a passphrase at most.
pub const PASSPHRASE_BYTES_MAX: usize = 1_024;

/// About what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Channel(ChannelId),
    Person(UserId),
    Audit,
}

impl Subject {
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Channel(_) => "channel",
            Self::Person(_) => "user",
            Self::Audit => "audit",
        }
    }

    pub(super) fn id(self) -> Option<UserId> {
        match self {
            Self::Channel(channel) => Some(UserId::from_uuid(channel.uuid())),
            Self::Person(person) => Some(person),
            Self::Audit => None,
        }
    }
}

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Jsonl,
    Html,
    Both,
}

impl Format {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Html => "html",
            Self::Both => "both",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Jsonl, Self::Html, Self::Both].into_iter().find(|format| format.name() == name)
    }

    pub(super) fn has_lines(self) -> bool {
        self != Self::Html
    }

    pub(super) fn has_pages(self) -> bool {
        self != Self::Jsonl
    }
}

/// From when to when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
}

impl Span {
    pub(super) fn holds(self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }
}

/// A checked order. It has no `Debug`: it carries a passphrase.
pub(super) struct Order {
    pub(super) subject: Subject,
    pub(super) format: Format,
    pub(super) span: Span,
    pub(super) passphrase: Zeroizing<String>,
}

impl Order {
    /// Everything that is wrong is told at once.
    pub(super) fn parse(body: NewExport, own: UserId, chars_min: usize) -> Result<Self> {
        let mut faults = Vec::new();
        let mut fault = |field, detail: String| faults.push(FieldFault { field, detail });
        let subject = match (body.kind.as_str(), body.id) {
            ("channel", Some(id)) => Some(Subject::Channel(ChannelId::from_uuid(id.uuid()))),
            ("user", id) => Some(Subject::Person(id.unwrap_or(own))),
            ("audit", None) => Some(Subject::Audit),
            ("channel", None) => {
                fault("id", "is missing: which channel?".to_owned());
                None
            }
            ("audit", Some(_)) => {
                fault("id", "has no meaning for the audit log".to_owned());
                None
            }
            _ => {
                fault("kind", "must be channel, user or audit".to_owned());
                None
            }
        };
        let format = body.format.as_deref().map_or(Some(Format::Both), Format::named);
        if format.is_none() {
            fault("format", "must be jsonl, html or both".to_owned());
        }
        let mut time = |field, text: Option<&str>| {
            let parsed = text.map(Timestamp::parse);
            if parsed == Some(None) {
                fault(field, "must be a time as 2026-01-31T08:00:00Z".to_owned());
            }
            parsed.flatten()
        };
        let span = Span { from: time("from", body.from.as_deref()), to: time("to", body.to.as_deref()) };
        if span.from.zip(span.to).is_some_and(|(from, to)| from >= to) {
            fault("to", "must be after from".to_owned());
        }
        if body.passphrase.chars().count() < chars_min {
            fault("passphrase", format!("must have at least {chars_min} characters; a few words in a row are good"));
        } else if body.passphrase.len() > PASSPHRASE_BYTES_MAX {
            fault("passphrase", format!("may have at most {PASSPHRASE_BYTES_MAX} bytes"));
        }
        match (subject, format) {
            (Some(subject), Some(format)) if faults.is_empty() => {
                Ok(Self { subject, format, span, passphrase: body.passphrase })
            }
            _ => Err(Error::fields(faults)),
        }
    }
}
