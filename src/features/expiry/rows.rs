//! Every SQL text of the life of messages.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{Columns, Param, id, time};
use crate::gate::{Act, Look};
use crate::id::{ChannelId, MessageId};

const LIFETIME: &str = "SELECT seconds FROM channel_lifetimes WHERE channel_id = $1";
const LIFETIMES: &str = "SELECT channel_id, seconds FROM channel_lifetimes";
const SET_LIFETIME: &str = "INSERT INTO channel_lifetimes (channel_id, seconds, swept_seq) VALUES ($1, $2, 0) \
     ON CONFLICT (channel_id) DO UPDATE SET seconds = excluded.seconds";
const DROP_LIFETIME: &str = "DELETE FROM channel_lifetimes WHERE channel_id = $1";
const SWEPT: &str = "UPDATE channel_lifetimes SET swept_seq = $2 WHERE channel_id = $1";
const DUE: &str = "SELECT message_id FROM message_expiries WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2";
const FORGET: &str = "DELETE FROM message_expiries WHERE message_id = $1";
const OLDEST: &str = "SELECT m.id, m.seq, m.timestamp FROM channel_lifetimes l \
     JOIN messages m ON m.channel_id = l.channel_id AND m.seq > l.swept_seq \
     WHERE l.channel_id = $1 ORDER BY m.seq LIMIT $2";

pub(super) fn lifetime(look: &mut Look<'_, '_>, channel: ChannelId) -> Result<Option<i64>> {
    look.first(LIFETIME, &[id(channel)], |row| row.get(0))
}

pub(super) fn lifetimes(look: &mut Look<'_, '_>) -> Result<Vec<(ChannelId, i64)>> {
    look.all(LIFETIMES, &[], |row| Ok((row.id(0)?, row.get(1)?)))
}

pub(super) fn set_lifetime(act: &mut Act<'_, '_>, channel: ChannelId, seconds: i64) -> Result<()> {
    act.execute(SET_LIFETIME, &[id(channel), Param::Int(seconds)]).map(drop)
}

pub(super) fn drop_lifetime(act: &mut Act<'_, '_>, channel: ChannelId) -> Result<()> {
    act.execute(DROP_LIFETIME, &[id(channel)]).map(drop)
}

pub(super) fn swept(act: &mut Act<'_, '_>, channel: ChannelId, seq: i64) -> Result<()> {
    act.execute(SWEPT, &[id(channel), Param::Int(seq)]).map(drop)
}

pub(super) fn due(look: &mut Look<'_, '_>, now: Timestamp, limit: u32) -> Result<Vec<MessageId>> {
    look.all(DUE, &[time(now), Param::Int(i64::from(limit))], |row| row.id(0))
}

pub(super) fn forget(act: &mut Act<'_, '_>, message: MessageId) -> Result<()> {
    act.execute(FORGET, &[id(message)]).map(drop)
}

/// A message that a channel's lifetime has not been held against yet.
pub(super) struct Aged {
    pub(super) message: MessageId,
    pub(super) seq: i64,
    pub(super) at: Timestamp,
}

pub(super) fn oldest(look: &mut Look<'_, '_>, channel: ChannelId, limit: u32) -> Result<Vec<Aged>> {
    look.all(OLDEST, &[id(channel), Param::Int(i64::from(limit))], |row| {
        Ok(Aged { message: row.id(0)?, seq: row.get(1)?, at: row.time(2)? })
    })
}
