//! Every SQL text that reads the older server's database.
//!
//! Texts are read as bytes (`textsend`): a database that was made without an encoding may hold anything, and one bad
//! row must not hide the others. Times outside of 1970 to 9998, `infinity` among them, are read as none. Orders are
//! complete, so that two readings of the same rows number them alike.

use std::net::IpAddr;

use uuid::Uuid;

use crate::error::Result;
use crate::store::{Foreign, Micros, Row, View};

const COLUMNS: &str = "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT) FROM information_schema.columns \
     WHERE table_schema = current_schema()";
const IDENTITY: &str = "SELECT CAST(current_database() AS TEXT) || '/' || current_schema()";
const COUNTS: &str = "SELECT (SELECT COUNT(*) FROM roles), (SELECT COUNT(*) FROM users), \
     (SELECT COUNT(*) FROM channels), (SELECT COUNT(*) FROM channel_members), (SELECT COUNT(*) FROM messages), \
     (SELECT COUNT(*) FROM message_reactions), (SELECT COUNT(*) FROM audit_logs), \
     (SELECT COUNT(*) FROM sessions), (SELECT COUNT(*) FROM password_reset_requests)";
const ROLES: &str = "SELECT id, textsend(CAST(name AS TEXT)), textsend(description), created_at FROM roles \
     ORDER BY name, id";
const ALLOWED: &str = "SELECT textsend(CAST(p.name AS TEXT)) FROM role_permissions rp \
     JOIN permissions p ON p.id = rp.permission_id WHERE rp.role_id = $1 ORDER BY p.name";

macro_rules! time {
    ($column:literal) => {
        concat!("CASE WHEN ", $column, " >= '1970-01-01' AND ", $column, " < '9999-01-01' THEN ", $column, " END")
    };
}

const USERS: &str = concat!(
    "DECLARE users_from_before NO SCROLL CURSOR FOR SELECT id, textsend(CAST(username AS TEXT)), ",
    "textsend(CAST(email AS TEXT)), textsend(CAST(password_hash AS TEXT)), textsend(CAST(salt AS TEXT)), ",
    "textsend(CAST(first_name AS TEXT)), textsend(CAST(last_name AS TEXT)), role_id, ",
    "textsend(CAST(status AS TEXT)), ",
    time!("last_login"),
    ", ",
    time!("created_at"),
    ", ",
    time!("updated_at"),
    ", COALESCE(two_factor_enabled, FALSE), COALESCE(force_password_change, FALSE), ",
    time!("password_last_changed"),
    ", textsend(CAST(password_hash_type AS TEXT)) FROM users ORDER BY created_at NULLS FIRST, id"
);
const CHANNELS: &str = concat!(
    "DECLARE channels_from_before NO SCROLL CURSOR FOR SELECT id, textsend(CAST(name AS TEXT)), ",
    "textsend(description), COALESCE(is_private, FALSE), created_by, ",
    time!("created_at"),
    ", ",
    time!("last_activity"),
    ", COALESCE(archived, FALSE), textsend(CAST(metadata AS TEXT)) FROM channels ",
    "ORDER BY created_at NULLS FIRST, id"
);
const MEMBERS: &str = concat!(
    "DECLARE members_from_before NO SCROLL CURSOR FOR SELECT channel_id, user_id, textsend(CAST(role AS TEXT)), ",
    time!("joined_at"),
    ", ",
    time!("last_read_at"),
    " FROM channel_members ORDER BY channel_id, user_id"
);
const MESSAGES: &str = concat!(
    "DECLARE messages_from_before NO SCROLL CURSOR FOR SELECT id, channel_id, sender_id, textsend(text), ",
    "encrypted_text, ",
    time!("timestamp"),
    ", ",
    time!("edited_at"),
    ", COALESCE(deleted, FALSE), ",
    time!("deleted_at"),
    ", deleted_by, COALESCE(flagged, FALSE), textsend(flag_reason), flagged_by, ",
    time!("flagged_at"),
    ", textsend(CAST(metadata AS TEXT)), COALESCE(contains_phi, FALSE) FROM messages ORDER BY ",
    time!("timestamp"),
    " NULLS FIRST, id"
);
const REACTIONS: &str = concat!(
    "DECLARE reactions_from_before NO SCROLL CURSOR FOR SELECT id, message_id, user_id, ",
    "textsend(CAST(reaction AS TEXT)), ",
    time!("created_at"),
    " FROM message_reactions ORDER BY message_id, id"
);
const AUDIT: &str = concat!(
    "DECLARE audit_from_before NO SCROLL CURSOR FOR SELECT id, user_id, textsend(CAST(action AS TEXT)), ",
    "textsend(CAST(details AS TEXT)), host(ip_address), textsend(user_agent), ",
    time!("timestamp"),
    " FROM audit_logs ORDER BY ",
    time!("timestamp"),
    " NULLS FIRST, id"
);

/// A text as it came.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::takeover) enum Words {
    /// Good text.
    Whole(String),
    /// What was not UTF-8, or was NUL, stands as U+FFFD.
    Mended(String),
}

impl Words {
    fn of(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => Self::Whole(text),
            Ok(text) => Self::Mended(text.replace('\0', "\u{fffd}")),
            Err(bad) => Self::Mended(String::from_utf8_lossy(bad.as_bytes()).replace('\0', "\u{fffd}")),
        }
    }

    pub(in crate::takeover) fn opened(bytes: &[u8]) -> Self {
        Self::of(bytes.to_vec())
    }

    pub(in crate::takeover) fn text(&self) -> &str {
        match self {
            Self::Whole(text) | Self::Mended(text) => text,
        }
    }

    pub(in crate::takeover) fn is_mended(&self) -> bool {
        matches!(self, Self::Mended(_))
    }
}

fn words(row: &Row<'_>, index: usize) -> Result<Words> {
    Ok(Words::of(row.get::<Option<Vec<u8>>>(index)?.unwrap_or_default()))
}

fn maybe_words(row: &Row<'_>, index: usize) -> Result<Option<Words>> {
    Ok(row.get::<Option<Vec<u8>>>(index)?.map(Words::of))
}

fn time(row: &Row<'_>, index: usize) -> Result<Option<i64>> {
    Ok(row.get::<Option<Micros>>(index)?.map(|micros| micros.0))
}

/// Every table and column of the schema in use.
pub(in crate::takeover) fn columns(view: &mut View<'_>) -> Result<Vec<(String, String)>> {
    view.all(COLUMNS, &[], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Which database it is.
pub(in crate::takeover) fn identity(view: &mut View<'_>) -> Result<String> {
    view.one(IDENTITY, &[], |row| row.get(0))
}

/// Rows by table, in the order of [`Table`](crate::takeover::report::Table).
pub(in crate::takeover) fn counts(view: &mut View<'_>) -> Result<[i64; 9]> {
    view.one(COUNTS, &[], |row| {
        let mut counts = [0; 9];
        for (index, count) in counts.iter_mut().enumerate() {
            *count = row.get(index)?;
        }
        Ok(counts)
    })
}

pub(in crate::takeover) struct OldRole {
    pub(in crate::takeover) id: Uuid,
    pub(in crate::takeover) name: Words,
    pub(in crate::takeover) description: Option<Words>,
    pub(in crate::takeover) allows: Vec<Words>,
}

pub(in crate::takeover) fn roles(view: &mut View<'_>) -> Result<Vec<OldRole>> {
    let mut roles = view.all(ROLES, &[], |row| {
        let (name, description) = (words(row, 1)?, maybe_words(row, 2)?);
        Ok(OldRole { id: row.get(0)?, name, description, allows: Vec::new() })
    })?;
    for role in &mut roles {
        role.allows = view.all(ALLOWED, &[role.id.into()], |row| words(row, 0))?;
    }
    Ok(roles)
}

/// A table that is read through a cursor.
pub(in crate::takeover) trait Stream: Sized {
    /// Opens the cursor.
    const DECLARE: &'static str;
    /// Takes the next slice of 500 rows. A takeover that goes on after a break counts on slices that stay the same.
    const FETCH: &'static str;
    /// Closes it.
    const CLOSE: &'static str;
    fn read(row: &Row<'_>) -> Result<Self>;
}

pub(in crate::takeover) fn open<T: Stream>(source: &mut Foreign) -> Result<()> {
    source.declare(T::DECLARE)
}

/// The next rows; none at the end.
pub(in crate::takeover) fn next<T: Stream>(source: &mut Foreign) -> Result<Vec<T>> {
    source.view().all(T::FETCH, &[], T::read)
}

pub(in crate::takeover) fn close<T: Stream>(source: &mut Foreign) -> Result<()> {
    source.declare(T::CLOSE)
}

pub(in crate::takeover) struct OldUser {
    pub(in crate::takeover) id: Uuid,
    pub(in crate::takeover) username: Words,
    pub(in crate::takeover) email: Option<Words>,
    pub(in crate::takeover) hash: Words,
    pub(in crate::takeover) salt: Words,
    pub(in crate::takeover) first_name: Option<Words>,
    pub(in crate::takeover) last_name: Option<Words>,
    pub(in crate::takeover) role: Option<Uuid>,
    pub(in crate::takeover) status: Option<Words>,
    pub(in crate::takeover) last_login: Option<i64>,
    pub(in crate::takeover) created: Option<i64>,
    pub(in crate::takeover) updated: Option<i64>,
    pub(in crate::takeover) second_factor: bool,
    pub(in crate::takeover) must_change: bool,
    pub(in crate::takeover) password_changed: Option<i64>,
    pub(in crate::takeover) hash_type: Option<Words>,
}

impl Stream for OldUser {
    const DECLARE: &'static str = USERS;
    const FETCH: &'static str = "FETCH 500 FROM users_from_before";
    const CLOSE: &'static str = "CLOSE users_from_before";

    fn read(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            username: words(row, 1)?,
            email: maybe_words(row, 2)?,
            hash: words(row, 3)?,
            salt: words(row, 4)?,
            first_name: maybe_words(row, 5)?,
            last_name: maybe_words(row, 6)?,
            role: row.get(7)?,
            status: maybe_words(row, 8)?,
            last_login: time(row, 9)?,
            created: time(row, 10)?,
            updated: time(row, 11)?,
            second_factor: row.get(12)?,
            must_change: row.get(13)?,
            password_changed: time(row, 14)?,
            hash_type: maybe_words(row, 15)?,
        })
    }
}

pub(in crate::takeover) struct OldChannel {
    pub(in crate::takeover) id: Uuid,
    pub(in crate::takeover) name: Words,
    pub(in crate::takeover) description: Option<Words>,
    pub(in crate::takeover) private: bool,
    pub(in crate::takeover) created_by: Option<Uuid>,
    pub(in crate::takeover) created: Option<i64>,
    pub(in crate::takeover) active: Option<i64>,
    pub(in crate::takeover) archived: bool,
    pub(in crate::takeover) metadata: Option<Words>,
}

impl Stream for OldChannel {
    const DECLARE: &'static str = CHANNELS;
    const FETCH: &'static str = "FETCH 500 FROM channels_from_before";
    const CLOSE: &'static str = "CLOSE channels_from_before";

    fn read(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            name: words(row, 1)?,
            description: maybe_words(row, 2)?,
            private: row.get(3)?,
            created_by: row.get(4)?,
            created: time(row, 5)?,
            active: time(row, 6)?,
            archived: row.get(7)?,
            metadata: maybe_words(row, 8)?,
        })
    }
}

pub(in crate::takeover) struct OldMember {
    pub(in crate::takeover) channel: Uuid,
    pub(in crate::takeover) user: Uuid,
    pub(in crate::takeover) role: Option<Words>,
    pub(in crate::takeover) joined: Option<i64>,
    pub(in crate::takeover) last_read: Option<i64>,
}

impl Stream for OldMember {
    const DECLARE: &'static str = MEMBERS;
    const FETCH: &'static str = "FETCH 500 FROM members_from_before";
    const CLOSE: &'static str = "CLOSE members_from_before";

    fn read(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            channel: row.get(0)?,
            user: row.get(1)?,
            role: maybe_words(row, 2)?,
            joined: time(row, 3)?,
            last_read: time(row, 4)?,
        })
    }
}

pub(in crate::takeover) struct OldMessage {
    pub(in crate::takeover) id: Uuid,
    pub(in crate::takeover) channel: Option<Uuid>,
    pub(in crate::takeover) sender: Option<Uuid>,
    pub(in crate::takeover) text: Words,
    pub(in crate::takeover) sealed: Option<Vec<u8>>,
    pub(in crate::takeover) at: Option<i64>,
    pub(in crate::takeover) edited: Option<i64>,
    pub(in crate::takeover) deleted: bool,
    pub(in crate::takeover) deleted_at: Option<i64>,
    pub(in crate::takeover) deleted_by: Option<Uuid>,
    pub(in crate::takeover) flagged: bool,
    pub(in crate::takeover) flag_reason: Option<Words>,
    pub(in crate::takeover) flagged_by: Option<Uuid>,
    pub(in crate::takeover) flagged_at: Option<i64>,
    pub(in crate::takeover) metadata: Option<Words>,
    pub(in crate::takeover) phi: bool,
}

impl Stream for OldMessage {
    const DECLARE: &'static str = MESSAGES;
    const FETCH: &'static str = "FETCH 500 FROM messages_from_before";
    const CLOSE: &'static str = "CLOSE messages_from_before";

    fn read(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            channel: row.get(1)?,
            sender: row.get(2)?,
            text: words(row, 3)?,
            sealed: row.get::<Option<Vec<u8>>>(4)?.filter(|bytes| !bytes.is_empty()),
            at: time(row, 5)?,
            edited: time(row, 6)?,
            deleted: row.get(7)?,
            deleted_at: time(row, 8)?,
            deleted_by: row.get(9)?,
            flagged: row.get(10)?,
            flag_reason: maybe_words(row, 11)?,
            flagged_by: row.get(12)?,
            flagged_at: time(row, 13)?,
            metadata: maybe_words(row, 14)?,
            phi: row.get(15)?,
        })
    }
}

pub(in crate::takeover) struct OldReaction {
    pub(in crate::takeover) id: Uuid,
    pub(in crate::takeover) message: Option<Uuid>,
    pub(in crate::takeover) user: Option<Uuid>,
    pub(in crate::takeover) reaction: Words,
    pub(in crate::takeover) created: Option<i64>,
}

impl Stream for OldReaction {
    const DECLARE: &'static str = REACTIONS;
    const FETCH: &'static str = "FETCH 500 FROM reactions_from_before";
    const CLOSE: &'static str = "CLOSE reactions_from_before";

    fn read(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            message: row.get(1)?,
            user: row.get(2)?,
            reaction: words(row, 3)?,
            created: time(row, 4)?,
        })
    }
}

pub(in crate::takeover) struct OldEntry {
    pub(in crate::takeover) id: Uuid,
    pub(in crate::takeover) user: Option<Uuid>,
    pub(in crate::takeover) action: Words,
    pub(in crate::takeover) details: Option<Words>,
    pub(in crate::takeover) ip: Option<IpAddr>,
    pub(in crate::takeover) agent: Option<Words>,
    pub(in crate::takeover) at: Option<i64>,
}

impl Stream for OldEntry {
    const DECLARE: &'static str = AUDIT;
    const FETCH: &'static str = "FETCH 500 FROM audit_from_before";
    const CLOSE: &'static str = "CLOSE audit_from_before";

    fn read(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            user: row.get(1)?,
            action: words(row, 2)?,
            details: maybe_words(row, 3)?,
            ip: row.get(4)?,
            agent: maybe_words(row, 5)?,
            at: time(row, 6)?,
        })
    }
}
