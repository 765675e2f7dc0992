//! Every SQL text of searching. The scan joins nothing and reads few columns, oldest first within its slice: that
//! way SQLite goes from row to row instead of looking each one up.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::Look;
use crate::gate::cells::{Columns, Json, Param, Row, id};
use crate::id::{ChannelId, MessageId, UserId};

use super::plan::Along;

const NEWEST: &str = "SELECT COALESCE(MAX(rev), 0) FROM messages";
const NEWEST_IN: &str = "SELECT COALESCE(MAX(seq), 0) FROM messages WHERE channel_id = $1";
const OWN_CHANNELS: &str = "SELECT channel_id FROM channel_members WHERE user_id = $1";
const OWN_CHANNEL_NAMES: &str = "SELECT c.id, c.name FROM channel_members m JOIN channels c ON c.id = m.channel_id \
     WHERE m.user_id = $1";
const PERSON: &str = "SELECT id FROM users WHERE username_key = $1";

macro_rules! scan {
    ($order:literal, $metadata:literal, $rest:literal) => {
        concat!(
            "SELECT id, channel_id, sender_id, encrypted_text, contains_phi, timestamp, ",
            $order,
            $metadata,
            " FROM messages WHERE ",
            $rest
        )
    };
}

const ALL: &str = scan!("rev", "", "rev > $1 AND rev <= $2 AND deleted = FALSE ORDER BY rev");
const ALL_WITH_METADATA: &str = scan!("rev", ", metadata", "rev > $1 AND rev <= $2 AND deleted = FALSE ORDER BY rev");
const WITHIN: &str = scan!("seq", "", "channel_id = $3 AND seq > $1 AND seq <= $2 AND deleted = FALSE ORDER BY seq");
const WITHIN_WITH_METADATA: &str =
    scan!("seq", ", metadata", "channel_id = $3 AND seq > $1 AND seq <= $2 AND deleted = FALSE ORDER BY seq");

/// The last place of an order.
pub(super) fn newest(look: &mut Look<'_, '_>, along: Along) -> Result<i64> {
    let number = |row: &Row<'_>| row.get(0);
    Ok(match along {
        Along::All => look.first(NEWEST, &[], number)?,
        Along::Channel(channel) => look.first(NEWEST_IN, &[id(channel)], number)?,
    }
    .unwrap_or(0))
}

/// The channels that somebody is a member of.
pub(super) fn own_channels(look: &mut Look<'_, '_>, reader: UserId) -> Result<Vec<ChannelId>> {
    look.all(OWN_CHANNELS, &[id(reader)], |row| row.id(0))
}

/// The same with their names.
pub(super) fn own_channel_names(look: &mut Look<'_, '_>, reader: UserId) -> Result<Vec<(ChannelId, String)>> {
    look.all(OWN_CHANNEL_NAMES, &[id(reader)], |row| Ok((row.id(0)?, row.get(1)?)))
}

/// Who has this name, in its compared form.
pub(super) fn person(look: &mut Look<'_, '_>, key: &str) -> Result<Option<UserId>> {
    look.first(PERSON, &[Param::Text(key)], |row| row.id(0))
}

/// A message on its way past. Everything is still the engine's: each column that is looked at costs, and there are a
/// million rows.
pub(super) struct Passing<'r, 'q>(&'r Row<'q>);

impl Passing<'_, '_> {
    pub(super) fn id(&self) -> Result<MessageId> {
        self.0.id(0)
    }

    pub(super) fn channel(&self) -> Result<ChannelId> {
        self.0.id(1)
    }

    pub(super) fn sender(&self) -> Result<UserId> {
        self.0.id(2)
    }

    pub(super) fn phi(&self) -> Result<bool> {
        self.0.get(4)
    }

    pub(super) fn at(&self) -> Result<Timestamp> {
        self.0.time(5)
    }

    /// Its place in the order of the walk.
    pub(super) fn place(&self) -> Result<i64> {
        self.0.get(6)
    }

    /// The sealed body.
    pub(super) fn sealed(&self) -> Result<Option<&[u8]>> {
        self.0.bytes(3)
    }

    /// The sealed metadata, if it was asked for.
    pub(super) fn metadata(&self) -> Result<Option<String>> {
        Ok(self.0.get::<Option<Json>>(7)?.map(|json| json.0))
    }
}

/// Shows every message of a part of an order to `visit`, oldest first.
pub(super) fn walk(
    look: &mut Look<'_, '_>,
    along: Along,
    (above, upto): (i64, i64),
    with_metadata: bool,
    mut visit: impl FnMut(&Passing<'_, '_>) -> Result<()>,
) -> Result<()> {
    let map = |row: &Row<'_>| visit(&Passing(row));
    let (above, upto) = (Param::Int(above), Param::Int(upto));
    match along {
        Along::All => look.all(if with_metadata { ALL_WITH_METADATA } else { ALL }, &[above, upto], map),
        Along::Channel(channel) => {
            look.all(if with_metadata { WITHIN_WITH_METADATA } else { WITHIN }, &[above, upto, id(channel)], map)
        }
    }
    .map(drop)
}
