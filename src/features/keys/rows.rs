//! Every SQL text of keys, but what the gate asks at the door.

use std::collections::BTreeSet;

use crate::clock::Timestamp;
use crate::error::{Context, Result};
use crate::gate::cells::{Columns, Json, Param, Row, id, opt_id, time};
use crate::gate::{Act, Look, Permission, Permissions};
use crate::id::{ApiKeyId, ChannelId, UserId};
use crate::wire::keys::ApiKey;

macro_rules! shown {
    ($rest:literal) => {
        concat!(
            "SELECT k.id, k.name, k.user_id, u.username, k.permissions, k.channels, k.created_by, k.created_at, ",
            "k.expires_at, k.last_used_at, k.previous_until, k.revoked_at ",
            "FROM api_keys k JOIN users u ON u.id = k.user_id ",
            $rest
        )
    };
}

const LIST: &str = shown!("WHERE k.id > $1 ORDER BY k.id LIMIT $2");
const LIST_BACK: &str = shown!("WHERE k.id < $1 ORDER BY k.id DESC LIMIT $2");
const SHOW: &str = shown!("WHERE k.id = $1");
const STORED: &str = "SELECT user_id, name, permissions, channels, expires_at FROM api_keys \
     WHERE id = $1 AND revoked_at IS NULL";
const COUNT: &str = "SELECT COUNT(*) FROM api_keys WHERE revoked_at IS NULL";
const INSERT: &str = "INSERT INTO api_keys \
     (id, name, user_id, permissions, channels, token_hash, created_by, created_at, expires_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const UPDATE: &str = "UPDATE api_keys SET name = $2, permissions = $3, channels = $4, expires_at = $5 WHERE id = $1";
const ROTATE: &str = "UPDATE api_keys SET previous_token_hash = token_hash, previous_until = $3, token_hash = $2 \
     WHERE id = $1";
const REVOKE: &str = "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";

/// A key as it can be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) key: ApiKeyId,
    pub(super) user: UserId,
    pub(super) name: String,
    pub(super) permissions: Permissions,
    pub(super) channels: Option<BTreeSet<ChannelId>>,
    pub(super) expires: Timestamp,
}

/// A new token, and how long the old one works on.
pub(super) struct Token<'a> {
    pub(super) hash: &'a str,
    pub(super) old_until: Timestamp,
}

fn names(row: &Row<'_>, index: usize) -> Result<Vec<String>> {
    serde_json::from_str(&row.get::<Json>(index)?.0).context("reading a key's permissions")
}

fn channels(row: &Row<'_>, index: usize) -> Result<Option<BTreeSet<ChannelId>>> {
    let list = row.get::<Option<Json>>(index)?;
    list.map(|json| serde_json::from_str(&json.0)).transpose().context("reading a key's channels")
}

fn key(row: &Row<'_>) -> Result<ApiKey> {
    Ok(ApiKey {
        id: row.id(0)?,
        name: row.get(1)?,
        user_id: row.id(2)?,
        username: row.get(3)?,
        permissions: names(row, 4)?,
        channels: channels(row, 5)?.map(|channels| channels.into_iter().collect()),
        created_by: row.opt_id(6)?,
        created_at: row.time(7)?,
        expires_at: row.time(8)?,
        last_used_at: row.opt_time(9)?,
        previous_token_until: row.opt_time(10)?,
        revoked_at: row.opt_time(11)?,
    })
}

fn stored_row(of: ApiKeyId, row: &Row<'_>) -> Result<Stored> {
    let permissions = names(row, 2)?.iter().filter_map(|name| Permission::named(name)).collect();
    Ok(Stored {
        key: of,
        user: row.id(0)?,
        name: row.get(1)?,
        permissions,
        channels: channels(row, 3)?,
        expires: row.time(4)?,
    })
}

pub(super) fn list(look: &mut Look<'_, '_>, from: ApiKeyId, back: bool, limit: u32) -> Result<Vec<ApiKey>> {
    let values = [id(from), Param::Int(i64::from(limit))];
    let mut keys = look.all(if back { LIST_BACK } else { LIST }, &values, key)?;
    if back {
        keys.reverse();
    }
    Ok(keys)
}

pub(super) fn show(act: &mut Act<'_, '_>, of: ApiKeyId) -> Result<Option<ApiKey>> {
    act.first(SHOW, &[id(of)], key)
}

pub(super) fn stored(look: &mut Look<'_, '_>, of: ApiKeyId) -> Result<Option<Stored>> {
    look.first(STORED, &[id(of)], |row| stored_row(of, row))
}

pub(super) fn stored_in(act: &mut Act<'_, '_>, of: ApiKeyId) -> Result<Option<Stored>> {
    act.first(STORED, &[id(of)], |row| stored_row(of, row))
}

pub(super) fn count(act: &mut Act<'_, '_>) -> Result<i64> {
    Ok(act.first(COUNT, &[], |row| row.get(0))?.unwrap_or(0))
}

fn permissions_json(permissions: Permissions) -> Result<String> {
    let names: Vec<&str> = permissions.iter().map(Permission::name).collect();
    serde_json::to_string(&names).context("writing a key's permissions")
}

fn channels_json(channels: Option<&BTreeSet<ChannelId>>) -> Result<Option<String>> {
    channels.map(serde_json::to_string).transpose().context("writing a key's channels")
}

pub(super) fn insert(act: &mut Act<'_, '_>, new: &Stored, hash: &str) -> Result<()> {
    let (permissions, channels) = (permissions_json(new.permissions)?, channels_json(new.channels.as_ref())?);
    let values = [
        id(new.key),
        Param::Text(&new.name),
        id(new.user),
        Param::Json(&permissions),
        channels.as_deref().map_or(Param::Null, Param::Json),
        Param::Text(hash),
        opt_id(act.maybe_user()),
        time(act.now()),
        time(new.expires),
    ];
    act.execute(INSERT, &values).map(drop)
}

pub(super) fn update(act: &mut Act<'_, '_>, to: &Stored) -> Result<()> {
    let (permissions, channels) = (permissions_json(to.permissions)?, channels_json(to.channels.as_ref())?);
    let values = [
        id(to.key),
        Param::Text(&to.name),
        Param::Json(&permissions),
        channels.as_deref().map_or(Param::Null, Param::Json),
        time(to.expires),
    ];
    act.execute(UPDATE, &values).map(drop)
}

pub(super) fn rotate(act: &mut Act<'_, '_>, of: ApiKeyId, token: &Token<'_>) -> Result<()> {
    act.execute(ROTATE, &[id(of), Param::Text(token.hash), time(token.old_until)]).map(drop)
}

pub(super) fn revoke(act: &mut Act<'_, '_>, of: ApiKeyId) -> Result<u64> {
    act.execute(REVOKE, &[id(of), time(act.now())])
}
