//! A query whose names are looked up: which people, which channels, along which order.

use std::collections::HashSet;

use super::fold::folded;
use super::query::Query;
use super::rows;
use crate::error::Result;
use crate::gate::Look;
use crate::id::{ChannelId, Id, UserId};

/// The order that a search goes along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Along {
    /// Every change of any message, by `rev`.
    All,
    /// The messages of one channel, by `seq`.
    Channel(ChannelId),
}

/// What to look for, where.
pub(super) struct Plan {
    pub(super) query: Query,
    pub(super) along: Along,
    /// Senders, if the query names any.
    pub(super) from: Option<Vec<UserId>>,
    /// Channels, if the query names any.
    pub(super) within: Option<Vec<ChannelId>>,
    /// The last place of the order when the search began.
    pub(super) newest: i64,
}

impl Plan {
    /// Looks up the names. A name of nobody, and of a channel that the caller is not in, is a name without messages.
    pub(super) fn of(look: &mut Look<'_, '_>, query: Query) -> Result<Self> {
        let reader = look.user()?;
        let from = query.from.iter().map(|name| person(look, reader, name)).collect::<Result<Vec<_>>>()?;
        let from = (!from.is_empty()).then(|| from.into_iter().flatten().collect());
        let within = if query.within.is_empty() {
            None
        } else {
            let own = readable(look, reader)?;
            let wanted: HashSet<String> = query.within.iter().map(|name| folded(name)).collect();
            let named = rows::own_channel_names(look, reader)?.into_iter().filter(|(channel, name)| {
                own.contains(channel) && (wanted.contains(&folded(name)) || wanted.contains(&channel.to_string()))
            });
            Some(named.map(|(channel, _)| channel).collect::<Vec<_>>())
        };
        let along = match within.as_deref() {
            Some([channel]) => Along::Channel(*channel),
            _ => Along::All,
        };
        let newest = rows::newest(look, along)?;
        Ok(Self { query, along, from, within, newest })
    }

    /// Whether nothing can be found, because a name is nobody's.
    pub(super) fn is_void(&self) -> bool {
        self.from.as_ref().is_some_and(Vec::is_empty) || self.within.as_ref().is_some_and(Vec::is_empty)
    }
}

fn person(look: &mut Look<'_, '_>, reader: UserId, name: &str) -> Result<Option<UserId>> {
    let name = name.trim_start_matches('@');
    if name.eq_ignore_ascii_case("me") {
        return Ok(Some(reader));
    }
    match uuid::Uuid::try_parse(name) {
        Ok(id) => Ok(Some(UserId::from_uuid(id))),
        Err(_) => rows::person(look, &name.to_lowercase()),
    }
}

/// The channels whose messages the caller may read at this moment.
pub(super) fn readable(look: &mut Look<'_, '_>, reader: UserId) -> Result<HashSet<ChannelId>> {
    let mut readable = HashSet::new();
    for channel in rows::own_channels(look, reader)? {
        if look.channel_fact(channel)?.is_some_and(|fact| fact.members.contains_key(&reader)) {
            readable.insert(channel);
        }
    }
    Ok(readable)
}
