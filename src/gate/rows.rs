//! Every SQL text of the gate: facts, sessions, the heads, the audit log, memberships.

use std::collections::HashMap;
use std::sync::Arc;

use super::cells::{Columns, id, opt_id, opt_time, time};
use super::facts::{ChannelFact, ChannelKind, MemberRole, RoleFact, Sanction, Until, UserFact};
use super::keys::Scope;
use super::permission::{Permission, Permissions};
use super::principal::{SessionState, TokenHashes};
use crate::clock::Timestamp;
use crate::crypto::chain::GENESIS;
use crate::error::{Context, Error, Result};
use crate::id::{ApiKeyId, AuditId, ChannelId, Id, PermissionId, RoleId, SessionId, UserId};
use crate::store::{Json, Param, Tx, View};

const USER_FACT: &str = "SELECT username, role_id, status = 'active' AND deleted_at IS NULL, \
     COALESCE(force_password_change, FALSE), COALESCE(two_factor_enabled, FALSE) FROM users WHERE id = $1";
const FACTOR_ROLES: &str = "SELECT value FROM settings WHERE name = 'clinic.security.secondFactorRoles'";
const ROLE_NAME: &str = "SELECT name FROM roles WHERE id = $1";
const ROLE_PERMISSIONS: &str = "SELECT p.name FROM role_permissions rp \
     JOIN permissions p ON p.id = rp.permission_id WHERE rp.role_id = $1";
const CHANNEL_FACT: &str = "SELECT is_private, archived, kind, password_hash IS NOT NULL, slow_mode_seconds \
     FROM channels WHERE id = $1 AND deleted_at IS NULL";
const CHANNEL_MEMBERS: &str = "SELECT user_id, role FROM channel_members WHERE channel_id = $1";

const CHANNEL_SANCTIONS: &str = "SELECT user_id, kind, ends_at FROM channel_sanctions WHERE channel_id = $1";

pub(super) fn user_fact(view: &mut View<'_>, user: UserId) -> Result<Option<UserFact>> {
    let found = view.first(USER_FACT, &[id(user)], |row| {
        let has_factor: bool = row.get(4)?;
        Ok(UserFact {
            username: row.get::<String>(0)?.into(),
            role: row.id(1)?,
            active: row.get(2)?,
            must_change_password: row.get(3)?,
            must_enrol: !has_factor,
        })
    })?;
    let Some(mut fact) = found else { return Ok(None) };
    // Most clinics ask it of nobody, and most who are asked have one.
    if fact.must_enrol {
        let roles = view.first(FACTOR_ROLES, &[], |row| Ok(row.get::<Json>(0)?.0))?;
        let roles: Vec<String> = roles.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
        fact.must_enrol = !roles.is_empty()
            && view
                .first(ROLE_NAME, &[id(fact.role)], |row| row.get::<String>(0))?
                .is_some_and(|name| roles.contains(&name));
    }
    Ok(Some(fact))
}

pub(super) fn role_fact(view: &mut View<'_>, role: RoleId) -> Result<Option<RoleFact>> {
    let Some(name) = view.first(ROLE_NAME, &[id(role)], |row| row.get::<String>(0))? else { return Ok(None) };
    let names = view.all(ROLE_PERMISSIONS, &[id(role)], |row| row.get::<String>(0))?;
    let permissions: Permissions = names.iter().filter_map(|name| Permission::named(name)).collect();
    Ok(Some(RoleFact { name: Arc::from(name), permissions }))
}

pub(super) fn channel_fact(view: &mut View<'_>, channel: ChannelId) -> Result<Option<ChannelFact>> {
    let found = view.first(CHANNEL_FACT, &[id(channel)], |row| {
        Ok(ChannelFact {
            private: row.get(0)?,
            archived: row.get(1)?,
            kind: ChannelKind::named(&row.get::<String>(2)?).unwrap_or(ChannelKind::Direct),
            locked: row.get(3)?,
            slow: u32::try_from(row.get::<i32>(4)?).unwrap_or(0),
            ..ChannelFact::default()
        })
    })?;
    let Some(mut fact) = found else { return Ok(None) };
    let members = view.all(CHANNEL_MEMBERS, &[id(channel)], |row| {
        Ok((row.id(0)?, MemberRole::named(&row.get::<String>(1)?).unwrap_or(MemberRole::Readonly)))
    })?;
    let sanctions = view.all(CHANNEL_SANCTIONS, &[id(channel)], |row| {
        // One that this version does not know is taken for the stricter.
        let sanction = Sanction::named(&row.get::<String>(1)?).unwrap_or(Sanction::Ban);
        Ok(((row.id(0)?, sanction), row.opt_time(2)?))
    })?;
    fact.members = members.into_iter().collect();
    fact.sanctions = sanctions.into_iter().collect();
    Ok(Some(fact))
}

/// Where every sequence stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Head {
    pub(super) rev: i64,
    pub(super) audit_number: i64,
    pub(super) audit_mac: [u8; 32],
}

const HEAD: &str = "SELECT rev, audit_number, audit_mac, node FROM heads WHERE id = 1";
const KEEP_HEAD: &str = "UPDATE heads SET rev = $1, audit_number = $2, audit_mac = $3, node = $4 WHERE id = 1";

/// The head, and the node that wrote it.
pub(super) fn head(view: &mut View<'_>) -> Result<Option<(Head, String)>> {
    view.first(HEAD, &[], |row| {
        let mac: Vec<u8> = row.get(2)?;
        // The schema starts the row with an empty signature: nothing was signed yet.
        let audit_mac = if mac.is_empty() { Ok(GENESIS) } else { mac.try_into() };
        let head = Head {
            rev: row.get(0)?,
            audit_number: row.get(1)?,
            audit_mac: audit_mac.map_err(|_| Error::internal("the audit head has a wrong length"))?,
        };
        Ok((head, row.get::<Option<String>>(3)?.unwrap_or_default()))
    })
}

pub(super) fn keep_head(tx: &mut Tx<'_>, head: &Head, node: &str) -> Result<()> {
    let values =
        [Param::Int(head.rev), Param::Int(head.audit_number), Param::Bytes(&head.audit_mac), Param::Text(node)];
    tx.execute(KEEP_HEAD, &values).map(drop)
}

const LAST_SEQ: &str = "SELECT COALESCE(MAX(seq), 0) FROM messages WHERE channel_id = $1";
const TOUCH_CHANNEL: &str = "UPDATE channels SET last_activity = $2 WHERE id = $1";

pub(super) fn last_seq(view: &mut View<'_>, channel: ChannelId) -> Result<i64> {
    view.one(LAST_SEQ, &[id(channel)], |row| row.get(0))
}

pub(super) fn touch_channel(tx: &mut Tx<'_>, channel: ChannelId, at: Timestamp) -> Result<()> {
    tx.execute(TOUCH_CHANNEL, &[id(channel), time(at)]).map(drop)
}

const APPEND_AUDIT: &str = "INSERT INTO audit_logs \
     (id, user_id, action, details, ip_address, user_agent, timestamp, number, mac) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// A row of the audit log as it is written.
pub(super) struct AuditRow<'a> {
    pub(super) id: AuditId,
    pub(super) user: Option<UserId>,
    pub(super) action: &'a str,
    pub(super) details: &'a str,
    pub(super) ip: Option<std::net::IpAddr>,
    pub(super) agent: Option<&'a str>,
    pub(super) at: Timestamp,
    pub(super) number: i64,
    pub(super) mac: &'a [u8; 32],
}

pub(super) fn append_audit(tx: &mut Tx<'_>, row: &AuditRow<'_>) -> Result<()> {
    let values = [
        id(row.id),
        opt_id(row.user),
        Param::Text(row.action),
        Param::Json(row.details),
        row.ip.map_or(Param::Null, Param::Addr),
        row.agent.map_or(Param::Null, Param::Text),
        time(row.at),
        Param::Int(row.number),
        Param::Bytes(row.mac),
    ];
    tx.execute(APPEND_AUDIT, &values).map(drop)
}

const SESSION: &str = "SELECT user_id, token_hash, previous_token_hash, previous_until, expires_at, last_seen \
     FROM sessions WHERE id = $1 AND is_valid";
const NEW_SESSION: &str = "INSERT INTO sessions \
     (id, user_id, token_hash, created_at, expires_at, ip_address, user_agent, is_valid, last_seen) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, TRUE, $4)";
const RENEW_SESSION: &str = "UPDATE sessions \
     SET previous_token_hash = token_hash, previous_until = $3, token_hash = $2, expires_at = $4 WHERE id = $1";
const END_SESSION: &str = "UPDATE sessions SET is_valid = FALSE WHERE id = $1";
const SESSIONS_OF: &str = "SELECT id FROM sessions WHERE user_id = $1 AND is_valid";
const SEEN: &str = "UPDATE sessions SET last_seen = $2 WHERE id = $1";

pub(super) fn session(view: &mut View<'_>, session: SessionId) -> Result<Option<SessionState>> {
    view.first(SESSION, &[id(session)], |row| {
        let previous = row.get::<Option<String>>(2)?.zip(row.opt_time(3)?);
        let hashes = TokenHashes { current: row.get(1)?, previous };
        let seen = row.opt_time(5)?.unwrap_or_default();
        Ok(SessionState::new(session, row.id(0)?, row.time(4)?, seen, hashes))
    })
}

const API_KEY: &str = "SELECT user_id, token_hash, previous_token_hash, previous_until, expires_at, last_used_at, \
     permissions, channels FROM api_keys WHERE id = $1 AND revoked_at IS NULL";
const API_KEYS_OF: &str = "SELECT id FROM api_keys WHERE user_id = $1 AND revoked_at IS NULL";
const USED: &str = "UPDATE api_keys SET last_used_at = $2 WHERE id = $1";

pub(super) fn api_key(view: &mut View<'_>, key: ApiKeyId) -> Result<Option<SessionState>> {
    view.first(API_KEY, &[id(key)], |row| {
        let previous = row.get::<Option<String>>(2)?.zip(row.opt_time(3)?);
        let hashes = TokenHashes { current: row.get(1)?, previous };
        let names: Vec<String> = serde_json::from_str(&row.get::<Json>(6)?.0).context("reading a key's permissions")?;
        let channels = row.get::<Option<Json>>(7)?;
        let channels = channels.map(|list| serde_json::from_str(&list.0).context("reading a key's channels"));
        let scope = Scope {
            permissions: names.iter().filter_map(|name| Permission::named(name)).collect(),
            channels: channels.transpose()?,
        };
        let session = SessionId::from_uuid(key.uuid());
        let seen = row.opt_time(5)?.unwrap_or_default();
        Ok(SessionState::new(session, row.id(0)?, row.time(4)?, seen, hashes).scoped(scope))
    })
}

pub(super) fn api_keys_of(view: &mut View<'_>, user: UserId) -> Result<Vec<ApiKeyId>> {
    view.all(API_KEYS_OF, &[id(user)], |row| row.id(0))
}

pub(super) fn keep_last_use(tx: &mut Tx<'_>, key: ApiKeyId, at: Timestamp) -> Result<()> {
    tx.execute(USED, &[id(key), opt_time(Some(at))]).map(drop)
}

/// A sign-in or a key, as it is known under.
pub(super) fn principal(view: &mut View<'_>, known: &SessionState) -> Result<Option<SessionState>> {
    match known.key() {
        Some(key) => api_key(view, key),
        None => session(view, known.id),
    }
}

/// A session as it is opened.
pub(super) struct NewSession<'a> {
    pub(super) id: SessionId,
    pub(super) user: UserId,
    pub(super) token_hash: &'a str,
    pub(super) now: Timestamp,
    pub(super) expires: Timestamp,
    pub(super) ip: Option<std::net::IpAddr>,
    pub(super) agent: Option<&'a str>,
}

pub(super) fn new_session(tx: &mut Tx<'_>, new: &NewSession<'_>) -> Result<()> {
    let values = [
        id(new.id),
        id(new.user),
        Param::Text(new.token_hash),
        time(new.now),
        time(new.expires),
        new.ip.map_or(Param::Null, Param::Addr),
        new.agent.map_or(Param::Null, Param::Text),
    ];
    tx.execute(NEW_SESSION, &values).map(drop)
}

pub(super) fn renew_session(
    tx: &mut Tx<'_>,
    session: SessionId,
    hash: &str,
    old_until: Timestamp,
    expires: Timestamp,
) -> Result<()> {
    tx.execute(RENEW_SESSION, &[id(session), Param::Text(hash), time(old_until), time(expires)]).map(drop)
}

pub(super) fn end_session(tx: &mut Tx<'_>, session: SessionId) -> Result<()> {
    tx.execute(END_SESSION, &[id(session)]).map(drop)
}

pub(super) fn sessions_of(view: &mut View<'_>, user: UserId) -> Result<Vec<SessionId>> {
    view.all(SESSIONS_OF, &[id(user)], |row| row.id(0))
}

pub(super) fn keep_last_seen(tx: &mut Tx<'_>, session: SessionId, at: Timestamp) -> Result<()> {
    tx.execute(SEEN, &[id(session), opt_time(Some(at))]).map(drop)
}

const SET_MEMBER: &str = "INSERT INTO channel_members (channel_id, user_id, role, joined_at, last_read_seq) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (channel_id, user_id) DO UPDATE SET role = excluded.role";
const DROP_MEMBER: &str = "DELETE FROM channel_members WHERE channel_id = $1 AND user_id = $2";

/// `read` is the place up to which a new member counts as having read.
pub(super) fn set_member(
    tx: &mut Tx<'_>,
    channel: ChannelId,
    user: UserId,
    role: MemberRole,
    now: Timestamp,
    read: i64,
) -> Result<()> {
    let values = [id(channel), id(user), Param::Text(role.name()), time(now), Param::Int(read)];
    tx.execute(SET_MEMBER, &values).map(drop)
}

pub(super) fn drop_member(tx: &mut Tx<'_>, channel: ChannelId, user: UserId) -> Result<()> {
    tx.execute(DROP_MEMBER, &[id(channel), id(user)]).map(drop)
}

const SET_SANCTION: &str = "INSERT INTO channel_sanctions (channel_id, kind, user_id, ends_at, created_by, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (channel_id, kind, user_id) \
     DO UPDATE SET ends_at = excluded.ends_at, created_by = excluded.created_by, created_at = excluded.created_at";
const LIFT_SANCTION: &str = "DELETE FROM channel_sanctions WHERE channel_id = $1 AND kind = $2 AND user_id = $3";

/// A sanction as it is set.
pub(super) struct NewSanction {
    pub(super) channel: ChannelId,
    pub(super) user: UserId,
    pub(super) sanction: Sanction,
    pub(super) until: Until,
    pub(super) by: Option<UserId>,
    pub(super) now: Timestamp,
}

pub(super) fn set_sanction(tx: &mut Tx<'_>, new: &NewSanction) -> Result<()> {
    let values = [
        id(new.channel),
        Param::Text(new.sanction.name()),
        id(new.user),
        opt_time(new.until),
        opt_id(new.by),
        time(new.now),
    ];
    tx.execute(SET_SANCTION, &values).map(drop)
}

pub(super) fn lift_sanction(tx: &mut Tx<'_>, channel: ChannelId, user: UserId, sanction: Sanction) -> Result<bool> {
    Ok(tx.execute(LIFT_SANCTION, &[id(channel), Param::Text(sanction.name()), id(user)])? > 0)
}

const LAST_POSTED: &str = "SELECT last_posted_at FROM channel_members WHERE channel_id = $1 AND user_id = $2";
const POSTED: &str = "UPDATE channel_members SET last_posted_at = $3 WHERE channel_id = $1 AND user_id = $2";

pub(super) fn last_posted(view: &mut View<'_>, channel: ChannelId, user: UserId) -> Result<Option<Timestamp>> {
    Ok(view.first(LAST_POSTED, &[id(channel), id(user)], |row| row.opt_time(0))?.flatten())
}

pub(super) fn posted(tx: &mut Tx<'_>, channel: ChannelId, user: UserId, at: Timestamp) -> Result<()> {
    tx.execute(POSTED, &[id(channel), id(user), time(at)]).map(drop)
}

const PERMISSIONS_KNOWN: &str = "SELECT id, name FROM permissions";
const NEW_PERMISSION: &str = "INSERT INTO permissions (id, name, description, category) VALUES ($1, $2, $3, $4)";
const ROLES_KNOWN: &str = "SELECT id, name FROM roles";
const NEW_ROLE: &str =
    "INSERT INTO roles (id, name, description, is_default, created_at, version) VALUES ($1, $2, $3, $4, $5, 1)";
const ALLOW: &str = "INSERT INTO role_permissions (role_id, permission_id) VALUES ($1, $2) \
     ON CONFLICT (role_id, permission_id) DO NOTHING";

pub(super) fn permissions_known(view: &mut View<'_>) -> Result<HashMap<String, PermissionId>> {
    Ok(view.all(PERMISSIONS_KNOWN, &[], |row| Ok((row.get(1)?, row.id(0)?)))?.into_iter().collect())
}

pub(super) fn new_permission(tx: &mut Tx<'_>, new: PermissionId, permission: Permission) -> Result<()> {
    let values = [
        id(new),
        Param::Text(permission.name()),
        Param::Text(permission.description()),
        Param::Text(permission.category()),
    ];
    tx.execute(NEW_PERMISSION, &values).map(drop)
}

pub(super) fn roles_known(view: &mut View<'_>) -> Result<HashMap<String, RoleId>> {
    Ok(view.all(ROLES_KNOWN, &[], |row| Ok((row.get(1)?, row.id(0)?)))?.into_iter().collect())
}

pub(super) fn new_role(tx: &mut Tx<'_>, new: RoleId, seed: &super::permission::SeedRole, now: Timestamp) -> Result<()> {
    let values =
        [id(new), Param::Text(seed.name), Param::Text(seed.description), Param::Bool(seed.is_default), time(now)];
    tx.execute(NEW_ROLE, &values).map(drop)
}

pub(super) fn allow(tx: &mut Tx<'_>, role: RoleId, permission: PermissionId) -> Result<()> {
    tx.execute(ALLOW, &[id(role), id(permission)]).map(drop)
}
