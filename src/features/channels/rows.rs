//! Every SQL text of channels.

use super::model::{ChannelName, Description};
use crate::error::Result;
use crate::gate::cells::{Columns, Json, Param, Row, id, time};
use crate::gate::{Act, Look};
use crate::id::{ChannelId, UserId};
use crate::wire::channels::{Channel, Member};

macro_rules! channel_columns {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.name, c.description, c.is_private, c.created_by, c.created_at, c.last_activity, ",
            "c.archived, c.metadata FROM channels c ",
            $rest
        )
    };
}

const SHOW: &str = channel_columns!("WHERE c.id = $1");
/// Own channels and public ones; with `$4`, every channel.
const LIST: &str = channel_columns!(
    "WHERE c.id > $2 AND ($4 OR c.is_private = FALSE OR EXISTS \
     (SELECT 1 FROM channel_members m WHERE m.channel_id = c.id AND m.user_id = $1)) ORDER BY c.id LIMIT $3"
);
const LIST_BACK: &str = channel_columns!(
    "WHERE c.id < $2 AND ($4 OR c.is_private = FALSE OR EXISTS \
     (SELECT 1 FROM channel_members m WHERE m.channel_id = c.id AND m.user_id = $1)) ORDER BY c.id DESC LIMIT $3"
);
const INSERT: &str = "INSERT INTO channels \
     (id, name, description, is_private, created_by, created_at, archived, metadata, kind, version) \
     VALUES ($1, $2, $3, $4, $5, $6, FALSE, $7, 'channel', 1)";
const MEMBERS: &str = "SELECT m.user_id, u.username, m.role, m.joined_at FROM channel_members m \
     JOIN users u ON u.id = m.user_id WHERE m.channel_id = $1 ORDER BY u.username_key";
const MEMBER: &str = "SELECT m.user_id, u.username, m.role, m.joined_at FROM channel_members m \
     JOIN users u ON u.id = m.user_id WHERE m.channel_id = $1 AND m.user_id = $2";

fn channel(row: &Row<'_>) -> Result<Channel> {
    let metadata = row.get::<Option<Json>>(8)?;
    Ok(Channel {
        id: row.id(0)?,
        name: row.get(1)?,
        description: row.get(2)?,
        is_private: row.get(3)?,
        created_by: row.opt_id(4)?,
        created_at: row.time(5)?,
        last_activity: row.opt_time(6)?,
        archived: row.get(7)?,
        metadata: metadata.and_then(|json| serde_json::from_str(&json.0).ok()),
        members: Vec::new(),
    })
}

fn member(row: &Row<'_>) -> Result<Member> {
    Ok(Member { user_id: row.id(0)?, username: row.get(1)?, role: row.get(2)?, joined_at: row.time(3)? })
}

pub(super) fn show(look: &mut Look<'_, '_>, of: ChannelId) -> Result<Option<Channel>> {
    look.first(SHOW, &[id(of)], channel)
}

pub(super) fn show_in(act: &mut Act<'_, '_>, of: ChannelId) -> Result<Option<Channel>> {
    act.first(SHOW, &[id(of)], channel)
}

pub(super) fn list(
    look: &mut Look<'_, '_>,
    reader: UserId,
    after: ChannelId,
    limit: u32,
    every: bool,
    back: bool,
) -> Result<Vec<Channel>> {
    let values = [id(reader), id(after), Param::Int(i64::from(limit)), Param::Bool(every)];
    if !back {
        return look.all(LIST, &values, channel);
    }
    let mut channels = look.all(LIST_BACK, &values, channel)?;
    channels.reverse();
    Ok(channels)
}

/// A channel about to be made.
pub(super) struct NewRow<'a> {
    pub(super) id: ChannelId,
    pub(super) name: &'a ChannelName,
    pub(super) description: Option<&'a Description>,
    pub(super) private: bool,
    pub(super) owner: UserId,
    pub(super) metadata: Option<&'a str>,
}

pub(super) fn insert(act: &mut Act<'_, '_>, new: &NewRow<'_>) -> Result<()> {
    let values = [
        id(new.id),
        Param::Text(new.name.shown()),
        new.description.map_or(Param::Null, |d| Param::Text(d.shown())),
        Param::Bool(new.private),
        id(new.owner),
        time(act.now()),
        new.metadata.map_or(Param::Null, Param::Json),
    ];
    act.execute(INSERT, &values).map(drop)
}

pub(super) fn members(look: &mut Look<'_, '_>, of: ChannelId) -> Result<Vec<Member>> {
    look.all(MEMBERS, &[id(of)], member)
}

pub(super) fn members_in(act: &mut Act<'_, '_>, of: ChannelId) -> Result<Vec<Member>> {
    act.all(MEMBERS, &[id(of)], member)
}

pub(super) fn own_membership(look: &mut Look<'_, '_>, of: ChannelId, reader: UserId) -> Result<Option<Member>> {
    look.first(MEMBER, &[id(of), id(reader)], member)
}

pub(super) fn member_in(act: &mut Act<'_, '_>, of: ChannelId, user: UserId) -> Result<Option<Member>> {
    act.first(MEMBER, &[id(of), id(user)], member)
}
