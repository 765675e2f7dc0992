//! Pages, one message, and what changed since.

use super::{Stored, message_columns, stored};
use crate::error::Result;
use crate::gate::cells::{Columns, Param, id};
use crate::gate::{Act, Look};
use crate::id::{ChannelId, MessageId, UserId};

const PAGE: &str = message_columns!("WHERE m.channel_id = $1 AND m.seq < $2 ORDER BY m.seq DESC LIMIT $3");
const PAGE_BACK: &str = message_columns!("WHERE m.channel_id = $1 AND m.seq > $2 ORDER BY m.seq LIMIT $3");
/// COALESCE keeps both engines from choosing the channel's index, which would sort the whole channel.
const CHANGED: &str = message_columns!(
    "WHERE COALESCE(m.channel_id, m.channel_id) = $1 AND m.rev > $2 AND m.rev <= $3 ORDER BY m.rev LIMIT $4"
);
const CHANGED_IN_ORDER: &str =
    message_columns!("WHERE m.channel_id = $1 AND m.seq > $5 AND m.rev > $2 AND m.rev <= $3 ORDER BY m.seq LIMIT $4");
const SHOW: &str = message_columns!("WHERE m.id = $1");
const RECENT: &str = message_columns!(
    "WHERE m.rev < $2 AND EXISTS (SELECT 1 FROM channel_members c WHERE c.channel_id = m.channel_id AND \
     c.user_id = $1) ORDER BY m.rev DESC LIMIT $3"
);
const RECENT_BACK: &str = message_columns!(
    "WHERE m.rev > $2 AND EXISTS (SELECT 1 FROM channel_members c WHERE c.channel_id = m.channel_id AND \
     c.user_id = $1) ORDER BY m.rev LIMIT $3"
);
/// There is no index by sender, so a person's export goes once over all rows. The order of changes bounds each slice on
/// both sides: a reading of everything at once would keep the log from being moved into the file. COALESCE keeps both
/// engines from choosing the index of who sent what under which id.
const WRITTEN_BY: &str =
    message_columns!("WHERE COALESCE(m.sender_id, m.sender_id) = $1 AND m.rev > $2 AND m.rev <= $3 ORDER BY m.rev");
const NEWEST_REV: &str = "SELECT COALESCE(MAX(rev), 0) FROM messages";
const WHERE_IS: &str = "SELECT channel_id, sender_id FROM messages WHERE id = $1";

/// Which rows of an order: those after `from`, towards older ones or, `back`, towards newer ones.
#[derive(Clone, Copy)]
pub(in crate::features::messages) struct Slice {
    pub(in crate::features::messages) from: i64,
    pub(in crate::features::messages) back: bool,
    pub(in crate::features::messages) limit: u32,
}

impl Slice {
    pub(super) fn rows(
        self,
        look: &mut Look<'_, '_>,
        forth: &'static str,
        back: &'static str,
        of: Param<'_>,
    ) -> Result<Vec<Stored>> {
        let values = [of, Param::Int(self.from), Param::Int(i64::from(self.limit))];
        let mut rows = look.all(if self.back { back } else { forth }, &values, stored)?;
        if self.back {
            rows.reverse();
        }
        Ok(rows)
    }
}

/// The number of the last change anywhere.
pub(in crate::features::messages) fn newest_rev(look: &mut Look<'_, '_>) -> Result<i64> {
    Ok(look.first(NEWEST_REV, &[], |row| row.get(0))?.unwrap_or(0))
}

/// Oldest change first, of one sender.
pub(in crate::features::messages) fn written_by(
    look: &mut Look<'_, '_>,
    sender: UserId,
    above: i64,
    upto: i64,
) -> Result<Vec<Stored>> {
    look.all(WRITTEN_BY, &[id(sender), Param::Int(above), Param::Int(upto)], stored)
}

/// Newest first; the order is the channel's.
pub(in crate::features::messages) fn page(
    look: &mut Look<'_, '_>,
    channel: ChannelId,
    slice: Slice,
) -> Result<Vec<Stored>> {
    slice.rows(look, PAGE, PAGE_BACK, id(channel))
}

/// Newest change first, over all channels of a reader.
pub(in crate::features::messages) fn recent(
    look: &mut Look<'_, '_>,
    reader: UserId,
    slice: Slice,
) -> Result<Vec<Stored>> {
    slice.rows(look, RECENT, RECENT_BACK, id(reader))
}

/// Oldest change first.
pub(in crate::features::messages) fn changed(
    look: &mut Look<'_, '_>,
    channel: ChannelId,
    since: i64,
    upto: i64,
    limit: u32,
) -> Result<Vec<Stored>> {
    let values = [id(channel), Param::Int(since), Param::Int(upto), Param::Int(i64::from(limit))];
    look.all(CHANGED, &values, stored)
}

/// The same changes, in the channel's order, after `seq`.
pub(in crate::features::messages) fn changed_in_order(
    look: &mut Look<'_, '_>,
    channel: ChannelId,
    since: i64,
    upto: i64,
    seq: i64,
    limit: u32,
) -> Result<Vec<Stored>> {
    let values = [id(channel), Param::Int(since), Param::Int(upto), Param::Int(i64::from(limit)), Param::Int(seq)];
    look.all(CHANGED_IN_ORDER, &values, stored)
}

pub(in crate::features::messages) fn show(look: &mut Look<'_, '_>, message: MessageId) -> Result<Option<Stored>> {
    look.first(SHOW, &[id(message)], stored)
}

/// The same, where it is to be changed.
pub(in crate::features::messages) fn current(act: &mut Act<'_, '_>, message: MessageId) -> Result<Option<Stored>> {
    act.first(SHOW, &[id(message)], stored)
}

/// Where a message is, and whose: what has to be known before anything can be decided about it.
#[derive(Clone, Copy)]
pub(in crate::features::messages) struct Place {
    pub(in crate::features::messages) message: MessageId,
    pub(in crate::features::messages) channel: ChannelId,
    pub(in crate::features::messages) sender: UserId,
}

pub(in crate::features::messages) fn place(look: &mut Look<'_, '_>, message: MessageId) -> Result<Option<Place>> {
    look.first(WHERE_IS, &[id(message)], |row| Ok(Place { message, channel: row.id(0)?, sender: row.id(1)? }))
}
