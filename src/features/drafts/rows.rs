//! Every SQL text of drafts.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{Columns, Param, id, time};
use crate::gate::{Act, Look};
use crate::id::{ChannelId, DraftId, UserId};

const SHOW: &str = "SELECT id, sealed, updated_at FROM drafts WHERE user_id = $1 AND channel_id = $2";
const KEEP: &str = "INSERT INTO drafts (user_id, channel_id, id, sealed, updated_at) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (user_id, channel_id) DO UPDATE SET \
     id = excluded.id, sealed = excluded.sealed, updated_at = excluded.updated_at";
const DISCARD: &str = "DELETE FROM drafts WHERE user_id = $1 AND channel_id = $2";

/// A draft as it is stored: sealed.
pub(super) struct Stored {
    pub(super) id: DraftId,
    pub(super) sealed: Vec<u8>,
    pub(super) updated: Timestamp,
}

pub(super) fn show(look: &mut Look<'_, '_>, user: UserId, channel: ChannelId) -> Result<Option<Stored>> {
    look.first(SHOW, &[id(user), id(channel)], |row| {
        Ok(Stored { id: row.id(0)?, sealed: row.get(1)?, updated: row.time(2)? })
    })
}

pub(super) fn keep(
    act: &mut Act<'_, '_>,
    user: UserId,
    channel: ChannelId,
    draft: DraftId,
    sealed: &[u8],
) -> Result<()> {
    let values = [id(user), id(channel), id(draft), Param::Bytes(sealed), time(act.now())];
    act.execute(KEEP, &values).map(drop)
}

pub(super) fn discard(act: &mut Act<'_, '_>, user: UserId, channel: ChannelId) -> Result<u64> {
    act.execute(DISCARD, &[id(user), id(channel)])
}
