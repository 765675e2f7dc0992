//! Every SQL text of messages.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{Columns, Json, Param, Row, id, time};
use crate::gate::{Act, Look};
use crate::id::{ChannelId, MessageId, UserId};

macro_rules! message_columns {
    ($rest:literal) => {
        concat!(
            "SELECT m.id, m.channel_id, m.sender_id, u.username, m.encrypted_text, m.contains_phi, m.timestamp, ",
            "m.edited_at, m.deleted, m.seq, m.rev, m.metadata FROM messages m JOIN users u ON u.id = m.sender_id ",
            $rest
        )
    };
}

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
const WHERE_IS: &str = "SELECT channel_id FROM messages WHERE id = $1";
const SENT: &str = "SELECT id, seq, rev, timestamp, channel_id FROM messages \
     WHERE sender_id = $1 AND client_message_id = $2";
const INSERT: &str = "INSERT INTO messages \
     (id, channel_id, sender_id, text, encrypted_text, timestamp, deleted, flagged, metadata, contains_phi, \
      seq, rev, client_message_id, key_version) \
     VALUES ($1, $2, $3, '', $4, $5, FALSE, FALSE, $6, $7, $8, $9, $10, $11)";

/// A message as it is stored: sealed.
pub(super) struct Stored {
    pub(super) id: MessageId,
    pub(super) channel: ChannelId,
    pub(super) sender: UserId,
    pub(super) username: String,
    pub(super) sealed: Option<Vec<u8>>,
    pub(super) phi: bool,
    pub(super) at: Timestamp,
    pub(super) edited: Option<Timestamp>,
    pub(super) deleted: bool,
    pub(super) seq: i64,
    pub(super) rev: i64,
    pub(super) metadata: Option<String>,
}

fn stored(row: &Row<'_>) -> Result<Stored> {
    Ok(Stored {
        id: row.id(0)?,
        channel: row.id(1)?,
        sender: row.id(2)?,
        username: row.get(3)?,
        sealed: row.get(4)?,
        phi: row.get(5)?,
        at: row.time(6)?,
        edited: row.opt_time(7)?,
        deleted: row.get(8)?,
        seq: row.get(9)?,
        rev: row.get(10)?,
        metadata: row.get::<Option<Json>>(11)?.map(|json| json.0),
    })
}

/// Which rows of an order: those after `from`, towards older ones or, `back`, towards newer ones.
#[derive(Clone, Copy)]
pub(super) struct Slice {
    pub(super) from: i64,
    pub(super) back: bool,
    pub(super) limit: u32,
}

impl Slice {
    fn rows(
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

/// Newest first; the order is the channel's.
pub(super) fn page(look: &mut Look<'_, '_>, channel: ChannelId, slice: Slice) -> Result<Vec<Stored>> {
    slice.rows(look, PAGE, PAGE_BACK, id(channel))
}

/// Newest change first, over all channels of a reader.
pub(super) fn recent(look: &mut Look<'_, '_>, reader: UserId, slice: Slice) -> Result<Vec<Stored>> {
    slice.rows(look, RECENT, RECENT_BACK, id(reader))
}

/// Oldest change first.
pub(super) fn changed(
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
pub(super) fn changed_in_order(
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

pub(super) fn show(look: &mut Look<'_, '_>, message: MessageId) -> Result<Option<Stored>> {
    look.first(SHOW, &[id(message)], stored)
}

pub(super) fn where_is(look: &mut Look<'_, '_>, message: MessageId) -> Result<Option<ChannelId>> {
    look.first(WHERE_IS, &[id(message)], |row| row.id(0))
}

/// What a sender was told when the message was first sent.
pub(super) struct Sent {
    pub(super) message: MessageId,
    pub(super) seq: i64,
    pub(super) rev: i64,
    pub(super) at: Timestamp,
    pub(super) channel: ChannelId,
}

pub(super) fn sent(act: &mut Act<'_, '_>, sender: UserId, client_id: &str) -> Result<Option<Sent>> {
    act.first(SENT, &[id(sender), Param::Text(client_id)], |row| {
        Ok(Sent { message: row.id(0)?, seq: row.get(1)?, rev: row.get(2)?, at: row.time(3)?, channel: row.id(4)? })
    })
}

/// A message about to be stored.
pub(super) struct NewRow<'a> {
    pub(super) message: MessageId,
    pub(super) channel: ChannelId,
    pub(super) sender: UserId,
    pub(super) sealed: &'a [u8],
    pub(super) metadata: Option<&'a str>,
    pub(super) phi: bool,
    pub(super) seq: i64,
    pub(super) rev: i64,
    pub(super) client_id: Option<&'a str>,
    pub(super) key_version: u32,
}

pub(super) fn insert(act: &mut Act<'_, '_>, new: &NewRow<'_>) -> Result<()> {
    let values = [
        id(new.message),
        id(new.channel),
        id(new.sender),
        Param::Bytes(new.sealed),
        time(act.now()),
        new.metadata.map_or(Param::Null, Param::Json),
        Param::Bool(new.phi),
        Param::Int(new.seq),
        Param::Int(new.rev),
        new.client_id.map_or(Param::Null, Param::Text),
        Param::Int(i64::from(new.key_version)),
    ];
    act.execute(INSERT, &values).map(drop)
}
