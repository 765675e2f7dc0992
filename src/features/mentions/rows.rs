//! Every SQL text of mentions.

use super::ops::Place;
use crate::error::Result;
use crate::gate::cells::{Columns, Param, Row, id};
use crate::gate::{Act, Look};
use crate::id::{ChannelId, MessageId, RoleId, UserId};
use crate::wire::messages::Mention;

const PERSON_NAMED: &str = "SELECT id, username FROM users WHERE username_key = $1 AND deleted_at IS NULL";
const ROLE_NAMED: &str = "SELECT id, name FROM roles WHERE lower(name) = $1";
const MEMBERS_WITH: &str = "SELECT m.user_id FROM channel_members m JOIN users u ON u.id = m.user_id \
     WHERE m.channel_id = $1 AND u.role_id = $2";
const INSERT: &str = "INSERT INTO message_mentions (message_id, place, channel_id, seq, sender_id, kind, target) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)";
const FORGET: &str = "DELETE FROM message_mentions WHERE message_id = $1";
const IN_MESSAGE: &str = "SELECT x.kind, x.target, u.username, r.name FROM message_mentions x \
     LEFT JOIN users u ON u.id = x.target LEFT JOIN roles r ON r.id = x.target \
     WHERE x.message_id = $1 ORDER BY x.place";

/// Whom a mention means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Person(UserId),
    Role(RoleId),
    Here,
    Moderators,
}

impl Target {
    fn kind(self) -> &'static str {
        match self {
            Self::Person(_) => "user",
            Self::Role(_) => "role",
            Self::Here => "here",
            Self::Moderators => "moderators",
        }
    }
}

/// A mention, and as clients see it.
pub(super) struct Kept {
    pub(super) target: Target,
    pub(super) shown: Mention,
}

impl Kept {
    pub(super) fn group(target: Target) -> Self {
        Self { target, shown: Mention { kind: target.kind(), user_id: None, name: None } }
    }

    fn person(user: UserId, name: String) -> Self {
        Self { target: Target::Person(user), shown: Mention { kind: "user", user_id: Some(user), name: Some(name) } }
    }

    fn role(role: RoleId, name: String) -> Self {
        Self { target: Target::Role(role), shown: Mention { kind: "role", user_id: None, name: Some(name) } }
    }
}

fn kept(row: &Row<'_>) -> Result<Kept> {
    Ok(match row.get::<String>(0)?.as_str() {
        "user" => Kept::person(row.id(1)?, row.get::<Option<String>>(2)?.unwrap_or_default()),
        "role" => Kept::role(row.id(1)?, row.get::<Option<String>>(3)?.unwrap_or_default()),
        "moderators" => Kept::group(Target::Moderators),
        _ => Kept::group(Target::Here),
    })
}

pub(super) fn person_named(act: &mut Act<'_, '_>, key: &str) -> Result<Option<(UserId, Kept)>> {
    act.first(PERSON_NAMED, &[Param::Text(key)], |row| {
        let user = row.id(0)?;
        Ok((user, Kept::person(user, row.get(1)?)))
    })
}

pub(super) fn role_named(act: &mut Act<'_, '_>, name: &str) -> Result<Option<Kept>> {
    act.first(ROLE_NAMED, &[Param::Text(name)], |row| Ok(Kept::role(row.id(0)?, row.get(1)?)))
}

pub(super) fn members_with(act: &mut Act<'_, '_>, channel: ChannelId, role: RoleId) -> Result<Vec<UserId>> {
    act.all(MEMBERS_WITH, &[id(channel), id(role)], |row| row.id(0))
}

pub(super) fn insert(act: &mut Act<'_, '_>, place: Place, number: usize, kept: &Kept) -> Result<()> {
    let target = match kept.target {
        Target::Person(user) => id(user),
        Target::Role(role) => id(role),
        Target::Here | Target::Moderators => Param::Null,
    };
    let values = [
        id(place.message),
        Param::Int(i64::try_from(number).unwrap_or(i64::MAX)),
        id(place.channel),
        Param::Int(place.seq),
        id(place.sender),
        Param::Text(kept.target.kind()),
        target,
    ];
    act.execute(INSERT, &values).map(drop)
}

pub(super) fn forget(act: &mut Act<'_, '_>, message: MessageId) -> Result<()> {
    act.execute(FORGET, &[id(message)]).map(drop)
}

pub(super) fn in_message(look: &mut Look<'_, '_>, message: MessageId) -> Result<Vec<Kept>> {
    look.all(IN_MESSAGE, &[id(message)], kept)
}

pub(super) fn in_message_of(act: &mut Act<'_, '_>, message: MessageId) -> Result<Vec<Kept>> {
    act.all(IN_MESSAGE, &[id(message)], kept)
}
