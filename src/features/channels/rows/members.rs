//! Every SQL text of memberships; making and ending one is the gate's.

use super::Slice;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{Columns, Param, Row, id, time};
use crate::gate::{Act, Look};
use crate::id::{ChannelId, UserId};
use crate::wire::channels::Member;

const ALL: &str = "SELECT m.user_id, u.username, m.role, m.joined_at FROM channel_members m \
     JOIN users u ON u.id = m.user_id WHERE m.channel_id = $1 ORDER BY u.username_key";
const FIRST: &str = "SELECT m.user_id, u.username, m.role, m.joined_at FROM channel_members m \
     JOIN users u ON u.id = m.user_id WHERE m.channel_id = $1 ORDER BY u.username_key LIMIT $2";
const NEXT: &str = "SELECT m.user_id, u.username, m.role, m.joined_at FROM channel_members m \
     JOIN users u ON u.id = m.user_id WHERE m.channel_id = $1 \
     AND u.username_key > (SELECT k.username_key FROM users k WHERE k.id = $3) ORDER BY u.username_key LIMIT $2";
const BACK: &str = "SELECT m.user_id, u.username, m.role, m.joined_at FROM channel_members m \
     JOIN users u ON u.id = m.user_id WHERE m.channel_id = $1 \
     AND u.username_key < (SELECT k.username_key FROM users k WHERE k.id = $3) ORDER BY u.username_key DESC LIMIT $2";
const ONE: &str = "SELECT m.user_id, u.username, m.role, m.joined_at FROM channel_members m \
     JOIN users u ON u.id = m.user_id WHERE m.channel_id = $1 AND m.user_id = $2";
const READ: &str = "UPDATE channel_members SET last_read_seq = $3, last_read_at = $4 \
     WHERE channel_id = $1 AND user_id = $2 AND last_read_seq < $3";
const SET_ASIDE: &str = "INSERT INTO deleted_channel_members \
     (channel_id, user_id, role, joined_at, last_read_at, last_read_seq) \
     SELECT channel_id, user_id, COALESCE(role, 'member'), joined_at, last_read_at, last_read_seq \
     FROM channel_members WHERE channel_id = $1";
const EMPTY: &str = "DELETE FROM channel_members WHERE channel_id = $1";
const BRING_BACK: &str = "INSERT INTO channel_members \
     (channel_id, user_id, role, joined_at, last_read_at, last_read_seq) \
     SELECT channel_id, user_id, role, joined_at, last_read_at, last_read_seq \
     FROM deleted_channel_members WHERE channel_id = $1";
const FORGET_ASIDE: &str = "DELETE FROM deleted_channel_members WHERE channel_id = $1";

fn member(row: &Row<'_>) -> Result<Member> {
    Ok(Member { user_id: row.id(0)?, username: row.get(1)?, role: row.get(2)?, joined_at: row.time(3)? })
}

pub(in super::super) fn all(look: &mut Look<'_, '_>, of: ChannelId) -> Result<Vec<Member>> {
    look.all(ALL, &[id(of)], member)
}

pub(in super::super) fn all_in(act: &mut Act<'_, '_>, of: ChannelId) -> Result<Vec<Member>> {
    act.all(ALL, &[id(of)], member)
}

/// By name; the cursor is a person.
pub(in super::super) fn page(
    look: &mut Look<'_, '_>,
    of: ChannelId,
    slice: &Slice<Option<UserId>>,
) -> Result<Vec<Member>> {
    let limit = Param::Int(slice.limit.into());
    let Some(from) = slice.from else { return look.all(FIRST, &[id(of), limit], member) };
    let rows = look.all(if slice.back { BACK } else { NEXT }, &[id(of), limit, id(from)], member)?;
    Ok(slice.in_order(rows))
}

pub(in super::super) fn one(act: &mut Act<'_, '_>, of: ChannelId, user: UserId) -> Result<Option<Member>> {
    act.first(ONE, &[id(of), id(user)], member)
}

/// Says whether that is further than before.
pub(in super::super) fn read(
    act: &mut Act<'_, '_>,
    of: ChannelId,
    user: UserId,
    seq: i64,
    at: Timestamp,
) -> Result<bool> {
    Ok(act.execute(READ, &[id(of), id(user), Param::Int(seq), time(at)])? > 0)
}

/// Ends every membership, to be brought back with the channel.
pub(in super::super) fn set_aside(act: &mut Act<'_, '_>, of: ChannelId) -> Result<()> {
    act.execute(SET_ASIDE, &[id(of)])?;
    act.execute(EMPTY, &[id(of)]).map(drop)
}

pub(in super::super) fn bring_back(act: &mut Act<'_, '_>, of: ChannelId) -> Result<()> {
    act.execute(BRING_BACK, &[id(of)])?;
    act.execute(FORGET_ASIDE, &[id(of)]).map(drop)
}
