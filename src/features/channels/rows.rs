//! Every SQL text of channels.

use super::model::{Archived, ChannelFilter, ChannelName, Description};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{Columns, Json, Param, Row, id, time};
use crate::gate::{Act, ChannelKind, Look};
use crate::id::{ChannelId, UserId};
use crate::wire::channels::{Channel, Member};

/// Places after the last one read that are looked at one by one; who is further behind is told the distance.
const COUNTED_MAX: i64 = 200;

// `$1` is the reader. The places of a channel have no gaps, so the range is as long as it says.
macro_rules! channel_columns {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.name, c.description, c.is_private, c.created_by, c.created_at, c.last_activity, ",
            "c.archived, c.metadata, c.kind, c.topic, c.category, c.tags, c.slow_mode_seconds, ",
            "c.password_hash IS NOT NULL, c.expires_at, c.version, own.role, own.joined_at, own.last_read_seq, ",
            "(SELECT u.username FROM users u WHERE u.id = $1), ",
            "(SELECT COALESCE(MAX(m.seq), 0) FROM messages m WHERE m.channel_id = c.id), ",
            "(SELECT COUNT(*) FROM messages m WHERE m.channel_id = c.id AND m.seq > own.last_read_seq ",
            "AND m.seq <= own.last_read_seq + 200 AND m.sender_id <> $1 AND m.deleted = FALSE), ",
            "(SELECT COUNT(DISTINCT x.seq) FROM message_mentions x JOIN messages m ON m.id = x.message_id ",
            "JOIN users u ON u.id = $1 WHERE x.channel_id = c.id AND x.seq > own.last_read_seq ",
            "AND x.sender_id <> $1 AND m.deleted = FALSE AND (x.kind = 'here' ",
            "OR (x.kind = 'user' AND x.target = $1) OR (x.kind = 'role' AND x.target = u.role_id) ",
            "OR (x.kind = 'moderators' AND own.role IN ('owner', 'moderator')))) ",
            "FROM channels c LEFT JOIN channel_members own ON own.channel_id = c.id AND own.user_id = $1 ",
            "WHERE c.deleted_at IS NULL AND ",
            $rest
        )
    };
}

const SHOW: &str = channel_columns!("c.id = $2");
/// Own channels and public ones; with `$4`, every channel that is no conversation of others.
const LIST: &str = channel_columns!(
    "c.id > $2 AND (own.user_id IS NOT NULL OR (c.kind = 'channel' AND ($4 OR c.is_private = FALSE))) \
     AND ($5 OR c.archived = $6) AND ($7 OR c.kind = $8) AND ($9 OR c.category = $10) \
     AND ($11 OR EXISTS (SELECT 1 FROM channel_tags t WHERE t.tag = $12 AND t.channel_id = c.id)) \
     ORDER BY c.id LIMIT $3"
);
const LIST_BACK: &str = channel_columns!(
    "c.id < $2 AND (own.user_id IS NOT NULL OR (c.kind = 'channel' AND ($4 OR c.is_private = FALSE))) \
     AND ($5 OR c.archived = $6) AND ($7 OR c.kind = $8) AND ($9 OR c.category = $10) \
     AND ($11 OR EXISTS (SELECT 1 FROM channel_tags t WHERE t.tag = $12 AND t.channel_id = c.id)) \
     ORDER BY c.id DESC LIMIT $3"
);
const INSERT: &str = "INSERT INTO channels \
     (id, name, description, is_private, created_by, created_at, archived, metadata, kind, version) \
     VALUES ($1, $2, $3, $4, $5, $6, FALSE, $7, 'channel', 1)";
const MEMBERS: &str = "SELECT m.user_id, u.username, m.role, m.joined_at FROM channel_members m \
     JOIN users u ON u.id = m.user_id WHERE m.channel_id = $1 ORDER BY u.username_key";
const READ: &str = "UPDATE channel_members SET last_read_seq = $3, last_read_at = $4 \
     WHERE channel_id = $1 AND user_id = $2 AND last_read_seq < $3";
const MEMBER: &str = "SELECT m.user_id, u.username, m.role, m.joined_at FROM channel_members m \
     JOIN users u ON u.id = m.user_id WHERE m.channel_id = $1 AND m.user_id = $2";

/// A channel as its reader sees it; of the members, the reader alone.
fn channel(row: &Row<'_>, reader: UserId) -> Result<Channel> {
    let json = |index| row.get::<Option<Json>>(index);
    let (read, head, counted) = (row.get::<Option<i64>>(19)?, row.get::<i64>(21)?, row.get::<i64>(22)?);
    let own = match (row.get::<Option<String>>(17)?, row.get::<Option<String>>(20)?) {
        (Some(role), Some(username)) => {
            Some(Member { user_id: reader, username, role, joined_at: row.opt_time(18)?.unwrap_or_default() })
        }
        _ => None,
    };
    let behind = read.map_or(0, |read| head - read);
    Ok(Channel {
        id: row.id(0)?,
        name: row.get(1)?,
        description: row.get(2)?,
        is_private: row.get(3)?,
        created_by: row.opt_id(4)?,
        created_at: row.time(5)?,
        last_activity: row.opt_time(6)?,
        archived: row.get(7)?,
        metadata: json(8)?.and_then(|json| serde_json::from_str(&json.0).ok()),
        kind: row.get(9)?,
        topic: row.get(10)?,
        category: row.get(11)?,
        tags: json(12)?.and_then(|json| serde_json::from_str(&json.0).ok()).unwrap_or_default(),
        slow_mode_seconds: row.get::<i32>(13)?.into(),
        has_password: row.get(14)?,
        expires_at: row.opt_time(15)?,
        unread_count: if behind > COUNTED_MAX { behind } else { counted },
        mention_count: row.get(23)?,
        last_read_seq: read,
        members: own.into_iter().collect(),
        version: row.get(16)?,
    })
}

fn member(row: &Row<'_>) -> Result<Member> {
    Ok(Member { user_id: row.id(0)?, username: row.get(1)?, role: row.get(2)?, joined_at: row.time(3)? })
}

pub(super) fn show(look: &mut Look<'_, '_>, of: ChannelId, reader: UserId) -> Result<Option<Channel>> {
    look.first(SHOW, &[id(reader), id(of)], |row| channel(row, reader))
}

pub(super) fn show_in(act: &mut Act<'_, '_>, of: ChannelId, reader: UserId) -> Result<Option<Channel>> {
    act.first(SHOW, &[id(reader), id(of)], |row| channel(row, reader))
}

/// Which rows of the list of channels.
pub(super) struct Slice {
    pub(super) from: ChannelId,
    pub(super) back: bool,
    pub(super) limit: u32,
    /// Private channels of others too.
    pub(super) every: bool,
}

pub(super) fn list(
    look: &mut Look<'_, '_>,
    reader: UserId,
    slice: &Slice,
    filter: &ChannelFilter,
) -> Result<Vec<Channel>> {
    let values = [
        id(reader),
        id(slice.from),
        Param::Int(i64::from(slice.limit)),
        Param::Bool(slice.every),
        Param::Bool(filter.archived == Archived::All),
        Param::Bool(filter.archived == Archived::Only),
        Param::Bool(filter.kind.is_none()),
        Param::Text(filter.kind.map_or("", ChannelKind::name)),
        Param::Bool(filter.category.is_none()),
        Param::Text(filter.category.as_deref().unwrap_or_default()),
        Param::Bool(filter.tag.is_none()),
        Param::Text(filter.tag.as_deref().unwrap_or_default()),
    ];
    let mut channels = look.all(if slice.back { LIST_BACK } else { LIST }, &values, |row| channel(row, reader))?;
    if slice.back {
        channels.reverse();
    }
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

pub(super) fn member_in(act: &mut Act<'_, '_>, of: ChannelId, user: UserId) -> Result<Option<Member>> {
    act.first(MEMBER, &[id(of), id(user)], member)
}

/// Says whether that is further than before.
pub(super) fn read(act: &mut Act<'_, '_>, of: ChannelId, user: UserId, seq: i64, at: Timestamp) -> Result<bool> {
    Ok(act.execute(READ, &[id(of), id(user), Param::Int(seq), time(at)])? > 0)
}
