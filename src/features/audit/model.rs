//! What can be looked for.

use std::net::IpAddr;
use std::time::Duration;

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::error::{Error, FieldFault, Result};
use crate::id::UserId;

/// Characters of an action (the column's width).
const ACTION_CHARS_MAX: usize = 100;

/// What a time does not say that names a millisecond.
const REST_OF_A_MILLISECOND: Duration = Duration::from_micros(999);

/// What is asked for, as it was sent.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Only what this person did.
    pub user: Option<UserId>,
    /// Only this action.
    pub action: Option<String>,
    /// Only what is about this thing, or of this kind.
    pub resource: Option<String>,
    /// Not before this moment.
    pub from: Option<String>,
    /// Not after this moment.
    pub to: Option<String>,
    /// Only from this address.
    pub ip: Option<String>,
}

/// Which rows; those that fit all that is named.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only what this person did.
    pub user: Option<UserId>,
    /// Only this action, as `messages.post`.
    pub action: Option<String>,
    /// Only rows whose details name this id.
    pub thing: Option<Uuid>,
    /// Only actions of this kind, as `messages`.
    pub kind: Option<String>,
    /// Not before this moment.
    pub from: Option<Timestamp>,
    /// Not after this moment.
    pub to: Option<Timestamp>,
    /// Only from this address.
    pub ip: Option<IpAddr>,
}

impl Filter {
    /// Reads what was asked for, or says everything that is wrong with it.
    pub fn parse(asked: Asked) -> Result<Self> {
        let mut faults = Vec::new();
        let mut fault = |field, detail: &str| faults.push(FieldFault { field, detail: detail.to_owned() });
        let is_name = |text: &str, dots: bool| {
            let fits = |c: char| c.is_ascii_lowercase() || c == '_' || (dots && c == '.');
            text.chars().count() <= ACTION_CHARS_MAX && text.chars().all(fits)
        };
        let action = asked.action;
        if action.as_deref().is_some_and(|action| !is_name(action, true)) {
            fault("action", "must be an action, as messages.post");
        }
        let thing = asked.resource.as_deref().and_then(|text| Uuid::try_parse(text).ok());
        let kind = asked.resource.filter(|_| thing.is_none());
        if kind.as_deref().is_some_and(|kind| !is_name(kind, false)) {
            fault("resource", "must be an id (a UUID) or a kind of action, as messages");
        }
        let mut moment = |field, text: Option<String>| {
            let read = text.as_deref().map(Timestamp::parse);
            if read == Some(None) {
                fault(field, "must be a time as 2026-11-20T22:15:41Z");
            }
            read.flatten()
        };
        let (from, to) = (moment("from", asked.from), moment("to", asked.to));
        // Rows are shown with milliseconds and kept with microseconds: what is named is the whole millisecond.
        let to = to.map(|to| to.plus(REST_OF_A_MILLISECOND));
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            fault("to", "must not be before from");
        }
        let ip = asked.ip.as_deref().map(str::parse::<IpAddr>);
        if matches!(ip, Some(Err(_))) {
            fault("ipAddress", "must be one address, as 192.168.1.20");
        }
        if !faults.is_empty() {
            return Err(Error::fields(faults));
        }
        let ip = ip.and_then(std::result::Result::ok).map(|ip| ip.to_canonical());
        Ok(Self { user: asked.user, action, thing, kind, from, to, ip })
    }
}
