//! How far a member has read.

use super::rows;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::Act;
use crate::id::{ChannelId, UserId};

/// Notes, inside a deed, that a member has read up to a place at a time; says whether that is further than before.
/// A place that was not given yet counts as the last one.
pub fn read_up_to(act: &mut Act<'_, '_>, channel: ChannelId, user: UserId, seq: i64, at: Timestamp) -> Result<bool> {
    let seq = seq.min(act.last_seq(channel)?);
    rows::members::read(act, channel, user, seq, at)
}
