//! Every SQL text of channels; of members, sanctions and invitations in the files beside.

pub(super) mod invites;
pub(super) mod members;
pub(super) mod sanctions;

use super::model::{Archived, ChannelFilter};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{Columns, Json, Param, Row, id, opt_id, opt_time, time};
use crate::gate::{Act, ChannelKind, Look};
use crate::id::{ChannelId, UserId};
use crate::wire::channels::{Channel, DeletedChannel, Member};

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
     (id, created_by, created_at, kind, pair_key, version, name, description, is_private, archived, metadata, \
      topic, category, tags, slow_mode_seconds, password_hash, expires_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
const SETTINGS: &str = "SELECT kind, version, name, description, is_private, archived, metadata, topic, category, \
     tags, slow_mode_seconds, password_hash, expires_at FROM channels WHERE id = $1 AND deleted_at IS NULL";
const UPDATE: &str = "UPDATE channels SET version = $2, name = $3, description = $4, is_private = $5, archived = $6, \
     metadata = $7, topic = $8, category = $9, tags = $10, slow_mode_seconds = $11, password_hash = $12, \
     expires_at = $13 WHERE id = $1";
const FIND_PAIR: &str = "SELECT id FROM channels WHERE pair_key = $1 AND deleted_at IS NULL";
const PASSWORD: &str = "SELECT password_hash FROM channels WHERE id = $1 AND deleted_at IS NULL";
const UNTAG: &str = "DELETE FROM channel_tags WHERE channel_id = $1";
const TAG: &str = "INSERT INTO channel_tags (tag, channel_id) VALUES ($1, $2)";
const DELETE: &str =
    "UPDATE channels SET deleted_at = $2, deleted_by = $3, version = version + 1 WHERE id = $1 AND deleted_at IS NULL";
const RESTORE: &str = "UPDATE channels SET deleted_at = NULL, deleted_by = NULL, expires_at = $2, \
     version = version + 1 WHERE id = $1";
const GONE: &str = "SELECT deleted_at, expires_at FROM channels WHERE id = $1 AND deleted_at IS NOT NULL";
const DUE: &str = "SELECT id FROM channels WHERE expires_at <= $1 AND deleted_at IS NULL ORDER BY expires_at LIMIT $2";
const STILL_DUE: &str = "SELECT 1 FROM channels WHERE id = $1 AND expires_at <= $2 AND deleted_at IS NULL";
const DELETED: &str = "SELECT id, name, kind, deleted_at, deleted_by FROM channels \
     WHERE deleted_at > $1 AND id > $2 AND kind = 'channel' ORDER BY id LIMIT $3";
const DELETED_BACK: &str = "SELECT id, name, kind, deleted_at, deleted_by FROM channels \
     WHERE deleted_at > $1 AND id < $2 AND kind = 'channel' ORDER BY id DESC LIMIT $3";

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

pub(super) fn show(look: &mut Look<'_, '_>, of: ChannelId, reader: UserId) -> Result<Option<Channel>> {
    look.first(SHOW, &[id(reader), id(of)], |row| channel(row, reader))
}

pub(super) fn show_in(act: &mut Act<'_, '_>, of: ChannelId, reader: UserId) -> Result<Option<Channel>> {
    act.first(SHOW, &[id(reader), id(of)], |row| channel(row, reader))
}

/// Which rows of a list: those after `from` in its order, or, `back`, before it.
pub(super) struct Slice<I> {
    pub(super) from: I,
    pub(super) back: bool,
    pub(super) limit: u32,
}

impl<I> Slice<I> {
    /// Turns what was read backwards.
    fn in_order<T>(&self, mut rows: Vec<T>) -> Vec<T> {
        if self.back {
            rows.reverse();
        }
        rows
    }
}

/// With `every`, private channels of others too.
pub(super) fn list(
    look: &mut Look<'_, '_>,
    reader: UserId,
    slice: &Slice<ChannelId>,
    filter: &ChannelFilter,
    every: bool,
) -> Result<Vec<Channel>> {
    let values = [
        id(reader),
        id(slice.from),
        Param::Int(i64::from(slice.limit)),
        Param::Bool(every),
        Param::Bool(filter.archived == Archived::All),
        Param::Bool(filter.archived == Archived::Only),
        Param::Bool(filter.kind.is_none()),
        Param::Text(filter.kind.map_or("", ChannelKind::name)),
        Param::Bool(filter.category.is_none()),
        Param::Text(filter.category.as_deref().unwrap_or_default()),
        Param::Bool(filter.tag.is_none()),
        Param::Text(filter.tag.as_deref().unwrap_or_default()),
    ];
    let sql = if slice.back { LIST_BACK } else { LIST };
    look.all(sql, &values, |row| channel(row, reader)).map(|rows| slice.in_order(rows))
}

/// What can be changed of a channel, as it is stored. It has no `Debug`: it carries a hash.
#[derive(Clone, PartialEq, Eq, Default)]
pub(super) struct Settings {
    pub(super) kind: ChannelKind,
    pub(super) version: i64,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) private: bool,
    pub(super) archived: bool,
    pub(super) metadata: Option<String>,
    pub(super) topic: Option<String>,
    pub(super) category: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) slow: i32,
    pub(super) password: Option<String>,
    pub(super) expires: Option<Timestamp>,
}

fn text(value: Option<&str>) -> Param<'_> {
    value.map_or(Param::Null, Param::Text)
}

fn tags_json(tags: &[String]) -> Option<String> {
    (!tags.is_empty()).then(|| serde_json::Value::from(tags).to_string())
}

/// A channel about to be made.
pub(super) struct NewRow<'a> {
    pub(super) id: ChannelId,
    pub(super) maker: UserId,
    pub(super) settings: &'a Settings,
    pub(super) pair: Option<&'a str>,
}

pub(super) fn insert(act: &mut Act<'_, '_>, new: &NewRow<'_>) -> Result<()> {
    let (settings, tags) = (new.settings, tags_json(&new.settings.tags));
    let values = [
        id(new.id),
        id(new.maker),
        time(act.now()),
        Param::Text(settings.kind.name()),
        text(new.pair),
        Param::Int(settings.version),
        Param::Text(&settings.name),
        text(settings.description.as_deref()),
        Param::Bool(settings.private),
        Param::Bool(settings.archived),
        settings.metadata.as_deref().map_or(Param::Null, Param::Json),
        text(settings.topic.as_deref()),
        text(settings.category.as_deref()),
        tags.as_deref().map_or(Param::Null, Param::Json),
        Param::Int(settings.slow.into()),
        text(settings.password.as_deref()),
        opt_time(settings.expires),
    ];
    act.execute(INSERT, &values)?;
    tag(act, new.id, &settings.tags)
}

pub(super) fn settings(act: &mut Act<'_, '_>, of: ChannelId) -> Result<Option<Settings>> {
    act.first(SETTINGS, &[id(of)], |row| {
        Ok(Settings {
            kind: ChannelKind::named(&row.get::<String>(0)?).unwrap_or(ChannelKind::Direct),
            version: row.get(1)?,
            name: row.get(2)?,
            description: row.get(3)?,
            private: row.get(4)?,
            archived: row.get(5)?,
            metadata: row.get::<Option<Json>>(6)?.map(|json| json.0),
            topic: row.get(7)?,
            category: row.get(8)?,
            tags: row.get::<Option<Json>>(9)?.and_then(|json| serde_json::from_str(&json.0).ok()).unwrap_or_default(),
            slow: row.get(10)?,
            password: row.get(11)?,
            expires: row.opt_time(12)?,
        })
    })
}

pub(super) fn update(act: &mut Act<'_, '_>, of: ChannelId, settings: &Settings, retag: bool) -> Result<()> {
    let tags = tags_json(&settings.tags);
    let values = [
        id(of),
        Param::Int(settings.version),
        Param::Text(&settings.name),
        text(settings.description.as_deref()),
        Param::Bool(settings.private),
        Param::Bool(settings.archived),
        settings.metadata.as_deref().map_or(Param::Null, Param::Json),
        text(settings.topic.as_deref()),
        text(settings.category.as_deref()),
        tags.as_deref().map_or(Param::Null, Param::Json),
        Param::Int(settings.slow.into()),
        text(settings.password.as_deref()),
        opt_time(settings.expires),
    ];
    act.execute(UPDATE, &values)?;
    if retag {
        act.execute(UNTAG, &[id(of)])?;
        tag(act, of, &settings.tags)?;
    }
    Ok(())
}

fn tag(act: &mut Act<'_, '_>, of: ChannelId, tags: &[String]) -> Result<()> {
    tags.iter().try_for_each(|tag| act.execute(TAG, &[Param::Text(tag), id(of)]).map(drop))
}

pub(super) fn pair(look: &mut Look<'_, '_>, key: &str) -> Result<Option<ChannelId>> {
    look.first(FIND_PAIR, &[Param::Text(key)], |row| row.id(0))
}

pub(super) fn pair_in(act: &mut Act<'_, '_>, key: &str) -> Result<Option<ChannelId>> {
    act.first(FIND_PAIR, &[Param::Text(key)], |row| row.id(0))
}

pub(super) fn password(look: &mut Look<'_, '_>, of: ChannelId) -> Result<Option<String>> {
    Ok(look.first(PASSWORD, &[id(of)], |row| row.get(0))?.flatten())
}

pub(super) fn password_in(act: &mut Act<'_, '_>, of: ChannelId) -> Result<Option<String>> {
    Ok(act.first(PASSWORD, &[id(of)], |row| row.get(0))?.flatten())
}

pub(super) fn delete(act: &mut Act<'_, '_>, of: ChannelId, by: Option<UserId>) -> Result<()> {
    act.execute(DELETE, &[id(of), time(act.now()), opt_id(by)]).map(drop)
}

/// Puts it back; `expires` is the end that it has from now on.
pub(super) fn restore(act: &mut Act<'_, '_>, of: ChannelId, expires: Option<Timestamp>) -> Result<()> {
    act.execute(RESTORE, &[id(of), opt_time(expires)]).map(drop)
}

/// When a channel was deleted, and the end that had been set for it.
pub(super) fn gone(act: &mut Act<'_, '_>, of: ChannelId) -> Result<Option<(Timestamp, Option<Timestamp>)>> {
    act.first(GONE, &[id(of)], |row| Ok((row.time(0)?, row.opt_time(1)?)))
}

/// Channels whose time has come, the first ones first.
pub(super) fn due(look: &mut Look<'_, '_>, now: Timestamp, limit: u32) -> Result<Vec<ChannelId>> {
    look.all(DUE, &[time(now), Param::Int(limit.into())], |row| row.id(0))
}

pub(super) fn still_due(act: &mut Act<'_, '_>, of: ChannelId) -> Result<bool> {
    Ok(act.first(STILL_DUE, &[id(of), time(act.now())], |_| Ok(()))?.is_some())
}

/// Those that were deleted after `since`.
pub(super) fn deleted(
    look: &mut Look<'_, '_>,
    since: Timestamp,
    slice: &Slice<ChannelId>,
) -> Result<Vec<DeletedChannel>> {
    let sql = if slice.back { DELETED_BACK } else { DELETED };
    let rows = look.all(sql, &[time(since), id(slice.from), Param::Int(slice.limit.into())], |row| {
        Ok(DeletedChannel {
            id: row.id(0)?,
            name: row.get(1)?,
            kind: row.get(2)?,
            deleted_at: row.time(3)?,
            deleted_by: row.opt_id(4)?,
        })
    })?;
    Ok(slice.in_order(rows))
}
