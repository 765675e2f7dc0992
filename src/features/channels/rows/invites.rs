//! Every SQL text of invitations.

use super::Slice;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{Columns, Param, Row, id, opt_id, time};
use crate::gate::{Act, Look};
use crate::id::{ChannelId, InviteId, UserId};
use crate::wire::channels::Invite;

macro_rules! invite_columns {
    ($rest:literal) => {
        concat!(
            "SELECT i.id, i.channel_id, c.name, i.user_id, u.username, i.created_by, i.created_at, i.expires_at, ",
            "i.uses_max, i.uses, i.status FROM channel_invites i JOIN channels c ON c.id = i.channel_id ",
            "LEFT JOIN users u ON u.id = i.user_id WHERE c.deleted_at IS NULL AND ",
            $rest
        )
    };
}

const OF_CHANNEL: &str = invite_columns!("i.channel_id = $1 AND i.id < $2 ORDER BY i.id DESC LIMIT $3");
const OF_CHANNEL_BACK: &str = invite_columns!("i.channel_id = $1 AND i.id > $2 ORDER BY i.id LIMIT $3");
const OF_USER: &str = invite_columns!(
    "i.user_id = $1 AND i.status = 'open' AND i.expires_at > $4 AND i.id < $2 ORDER BY i.id DESC LIMIT $3"
);
const OF_USER_BACK: &str =
    invite_columns!("i.user_id = $1 AND i.status = 'open' AND i.expires_at > $4 AND i.id > $2 ORDER BY i.id LIMIT $3");
const ONE: &str = invite_columns!("i.id = $1");
const OPEN_FOR: &str = "SELECT 1 FROM channel_invites \
     WHERE channel_id = $1 AND user_id = $2 AND status = 'open' AND expires_at > $3";
const BY_TOKEN: &str = "SELECT id, channel_id FROM channel_invites WHERE token_hash = $1";
const MINE: &str = "SELECT id, channel_id FROM channel_invites WHERE id = $1 AND user_id = $2";
/// Whether it is still good: open, in time, and not used up.
const GOOD: &str = "SELECT user_id, uses_max, uses FROM channel_invites WHERE id = $1 AND channel_id = $2 \
     AND status = 'open' AND expires_at > $3 AND (uses_max IS NULL OR uses < uses_max)";
const USE: &str = "UPDATE channel_invites SET uses = uses + 1, status = $2 WHERE id = $1";
const CLOSE: &str = "UPDATE channel_invites SET status = $3 \
     WHERE id = $1 AND channel_id = $2 AND status = 'open'";
const INSERT: &str = "INSERT INTO channel_invites \
     (id, channel_id, user_id, token_hash, created_by, created_at, expires_at, uses_max, uses, status) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 'open')";

fn invite(row: &Row<'_>) -> Result<Invite> {
    Ok(Invite {
        id: row.id(0)?,
        channel_id: row.id(1)?,
        channel_name: row.get(2)?,
        user_id: row.opt_id(3)?,
        username: row.get(4)?,
        invited_by: row.opt_id(5)?,
        created_at: row.time(6)?,
        expires_at: row.time(7)?,
        uses_max: row.get::<Option<i32>>(8)?,
        uses: row.get(9)?,
        status: row.get(10)?,
        token: None,
    })
}

/// A channel's, newest first.
pub(in super::super) fn of_channel(
    look: &mut Look<'_, '_>,
    of: ChannelId,
    slice: &Slice<InviteId>,
) -> Result<Vec<Invite>> {
    let sql = if slice.back { OF_CHANNEL_BACK } else { OF_CHANNEL };
    let rows = look.all(sql, &[id(of), id(slice.from), Param::Int(slice.limit.into())], invite)?;
    Ok(slice.in_order(rows))
}

/// A person's that wait for an answer, newest first.
pub(in super::super) fn of_user(
    look: &mut Look<'_, '_>,
    user: UserId,
    now: Timestamp,
    slice: &Slice<InviteId>,
) -> Result<Vec<Invite>> {
    let sql = if slice.back { OF_USER_BACK } else { OF_USER };
    let rows = look.all(sql, &[id(user), id(slice.from), Param::Int(slice.limit.into()), time(now)], invite)?;
    Ok(slice.in_order(rows))
}

pub(in super::super) fn one(act: &mut Act<'_, '_>, of: InviteId) -> Result<Option<Invite>> {
    act.first(ONE, &[id(of)], invite)
}

/// Whether somebody has one already that waits for an answer.
pub(in super::super) fn is_open_for(act: &mut Act<'_, '_>, of: ChannelId, user: UserId) -> Result<bool> {
    Ok(act.first(OPEN_FOR, &[id(of), id(user), time(act.now())], |_| Ok(()))?.is_some())
}

pub(in super::super) fn by_token(look: &mut Look<'_, '_>, hash: &str) -> Result<Option<(InviteId, ChannelId)>> {
    look.first(BY_TOKEN, &[Param::Text(hash)], |row| Ok((row.id(0)?, row.id(1)?)))
}

pub(in super::super) fn mine(
    look: &mut Look<'_, '_>,
    of: InviteId,
    user: UserId,
) -> Result<Option<(InviteId, ChannelId)>> {
    look.first(MINE, &[id(of), id(user)], |row| Ok((row.id(0)?, row.id(1)?)))
}

/// An invitation that is still good.
pub(in super::super) struct Good {
    /// For whom; nobody in particular for a link.
    pub(in super::super) user: Option<UserId>,
    uses_max: Option<i32>,
    uses: i32,
}

pub(in super::super) fn good(act: &mut Act<'_, '_>, of: InviteId, channel: ChannelId) -> Result<Option<Good>> {
    act.first(GOOD, &[id(of), id(channel), time(act.now())], |row| {
        Ok(Good { user: row.opt_id(0)?, uses_max: row.get(1)?, uses: row.get(2)? })
    })
}

/// Counts a use; the last one closes it.
pub(in super::super) fn used(act: &mut Act<'_, '_>, of: InviteId, good: &Good) -> Result<()> {
    let last = good.user.is_some() || good.uses_max.is_some_and(|max| good.uses + 1 >= max);
    act.execute(USE, &[id(of), Param::Text(if last { "accepted" } else { "open" })]).map(drop)
}

/// Closes an open one; says whether there was one.
pub(in super::super) fn close(
    act: &mut Act<'_, '_>,
    of: InviteId,
    channel: ChannelId,
    status: &'static str,
) -> Result<bool> {
    Ok(act.execute(CLOSE, &[id(of), id(channel), Param::Text(status)])? > 0)
}

/// An invitation about to be made.
pub(in super::super) struct NewRow<'a> {
    pub(in super::super) id: InviteId,
    pub(in super::super) channel: ChannelId,
    pub(in super::super) user: Option<UserId>,
    pub(in super::super) token_hash: Option<&'a str>,
    pub(in super::super) by: Option<UserId>,
    pub(in super::super) expires: Timestamp,
    pub(in super::super) uses_max: Option<i64>,
}

pub(in super::super) fn insert(act: &mut Act<'_, '_>, new: &NewRow<'_>) -> Result<()> {
    let values = [
        id(new.id),
        id(new.channel),
        opt_id(new.user),
        new.token_hash.map_or(Param::Null, Param::Text),
        opt_id(new.by),
        time(act.now()),
        time(new.expires),
        new.uses_max.map_or(Param::Null, Param::Int),
    ];
    act.execute(INSERT, &values).map(drop)
}
