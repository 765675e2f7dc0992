//! Every SQL text of roles.

use crate::error::Result;
use crate::gate::cells::{Columns, Param, Row, id, time};
use crate::gate::{Act, Look, Permission, Permissions};
use crate::id::{Id, RoleId, UserId};

const ALL: &str = "SELECT id, name, description, COALESCE(is_default, FALSE), created_at, version, \
     (SELECT COUNT(*) FROM users u WHERE u.role_id = roles.id AND u.deleted_at IS NULL) \
     FROM roles ORDER BY name, id LIMIT 1000";
const ALLOWED: &str =
    "SELECT rp.role_id, p.name FROM role_permissions rp JOIN permissions p ON p.id = rp.permission_id";
const PEOPLE: &str = "SELECT u.id, u.username, u.role_id FROM users u \
     WHERE u.role_id = $1 AND u.deleted_at IS NULL ORDER BY u.username LIMIT $2";
const HOLDERS: &str = "SELECT id FROM users WHERE role_id = $1";
const INSERT: &str = "INSERT INTO roles (id, name, description, is_default, created_at, version) \
     VALUES ($1, $2, $3, FALSE, $4, 1)";
const UPDATE: &str = "UPDATE roles SET name = $2, description = $3, version = version + 1 WHERE id = $1";
const TOUCH: &str = "UPDATE roles SET version = version + 1 WHERE id = $1";
const NO_DEFAULT: &str = "UPDATE roles SET is_default = FALSE, version = version + 1 WHERE is_default AND id <> $1";
const DEFAULT: &str = "UPDATE roles SET is_default = TRUE WHERE id = $1";
const FORBID_ALL: &str = "DELETE FROM role_permissions WHERE role_id = $1";
const ALLOW: &str = "INSERT INTO role_permissions (role_id, permission_id) \
     SELECT r.id, p.id FROM roles r, permissions p WHERE r.id = $1 AND p.name = $2";
const REASSIGN: &str = "UPDATE users SET role_id = $2, version = version + 1, updated_at = $3 WHERE role_id = $1";
const REASSIGN_INVITED: &str = "UPDATE invitations SET role_id = $2 WHERE role_id = $1";
const OPEN_INVITATIONS: &str = "SELECT COUNT(*) FROM invitations \
     WHERE role_id = $1 AND revoked_at IS NULL AND uses < uses_max AND expires_at > $2";
const FORGET_INVITATIONS: &str = "DELETE FROM invitations WHERE role_id = $1";
const DELETE: &str = "DELETE FROM roles WHERE id = $1";
const WHO_CAN: &str = "SELECT COUNT(*) FROM users u JOIN role_permissions rp ON rp.role_id = u.role_id \
     JOIN permissions p ON p.id = rp.permission_id \
     WHERE p.name = $1 AND u.status = 'active' AND u.deleted_at IS NULL";
const STANDINGS: &str = "SELECT c.id, c.name, m.role FROM channel_members m JOIN channels c ON c.id = m.channel_id \
     WHERE m.user_id = $1 AND m.role <> 'member' AND c.kind = 'channel' AND c.deleted_at IS NULL \
     ORDER BY c.name, c.id LIMIT 200";
const ROLE_OF: &str = "SELECT role_id, status = 'active' FROM users WHERE id = $1 AND deleted_at IS NULL";

/// A role as it is stored.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) id: RoleId,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) is_default: bool,
    pub(super) created_at: Option<crate::clock::Timestamp>,
    pub(super) version: i64,
    pub(super) people: i64,
    pub(super) allows: Permissions,
}

fn stored(row: &Row<'_>) -> Result<Stored> {
    Ok(Stored {
        id: row.id(0)?,
        name: row.get(1)?,
        description: row.get(2)?,
        is_default: row.get(3)?,
        created_at: row.opt_time(4)?,
        version: row.get(5)?,
        people: row.get(6)?,
        allows: Permissions::NONE,
    })
}

fn allowed(row: &Row<'_>) -> Result<(RoleId, String)> {
    Ok((row.id(0)?, row.get(1)?))
}

fn joined(mut roles: Vec<Stored>, allowed: &[(RoleId, String)]) -> Vec<Stored> {
    for role in &mut roles {
        let names = allowed.iter().filter(|(of, _)| *of == role.id);
        role.allows = names.filter_map(|(_, name)| Permission::named(name)).collect();
    }
    roles
}

pub(super) fn all(look: &mut Look<'_, '_>) -> Result<Vec<Stored>> {
    Ok(joined(look.all(ALL, &[], stored)?, &look.all(ALLOWED, &[], allowed)?))
}

pub(super) fn all_in(act: &mut Act<'_, '_>) -> Result<Vec<Stored>> {
    Ok(joined(act.all(ALL, &[], stored)?, &act.all(ALLOWED, &[], allowed)?))
}

pub(super) fn people(look: &mut Look<'_, '_>, role: RoleId, limit: i64) -> Result<Vec<(UserId, String)>> {
    look.all(PEOPLE, &[id(role), Param::Int(limit)], |row| Ok((row.id(0)?, row.get(1)?)))
}

/// Everybody who has the role, those whose accounts are closed or deleted too.
pub(super) fn holders(act: &mut Act<'_, '_>, role: RoleId) -> Result<Vec<UserId>> {
    act.all(HOLDERS, &[id(role)], |row| row.id(0))
}

pub(super) fn insert(act: &mut Act<'_, '_>, role: RoleId, name: &str, description: Option<&str>) -> Result<()> {
    let now = act.now();
    let description = description.map_or(Param::Null, Param::Text);
    act.execute(INSERT, &[id(role), Param::Text(name), description, time(now)]).map(drop)
}

pub(super) fn update(act: &mut Act<'_, '_>, role: RoleId, name: &str, description: Option<&str>) -> Result<()> {
    act.execute(UPDATE, &[id(role), Param::Text(name), description.map_or(Param::Null, Param::Text)]).map(drop)
}

pub(super) fn make_default(act: &mut Act<'_, '_>, role: RoleId) -> Result<()> {
    act.execute(NO_DEFAULT, &[id(role)])?;
    act.execute(DEFAULT, &[id(role)]).map(drop)
}

pub(super) fn allow(act: &mut Act<'_, '_>, role: RoleId, allows: Permissions) -> Result<()> {
    act.execute(FORBID_ALL, &[id(role)])?;
    for permission in allows.iter() {
        act.execute(ALLOW, &[id(role), Param::Text(permission.name())])?;
    }
    Ok(())
}

pub(super) fn touch(act: &mut Act<'_, '_>, role: RoleId) -> Result<()> {
    act.execute(TOUCH, &[id(role)]).map(drop)
}

pub(super) fn delete(act: &mut Act<'_, '_>, role: RoleId) -> Result<()> {
    act.execute(FORBID_ALL, &[id(role)])?;
    act.execute(DELETE, &[id(role)]).map(drop)
}

/// How many invitations can still be used that give the role.
pub(super) fn open_invitations(act: &mut Act<'_, '_>, role: RoleId) -> Result<i64> {
    let now = act.now();
    Ok(act.first(OPEN_INVITATIONS, &[id(role), time(now)], |row| row.get(0))?.unwrap_or_default())
}

/// Those that are used up or over say nothing any more that the audit log does not say.
pub(super) fn forget_invitations(act: &mut Act<'_, '_>, role: RoleId) -> Result<()> {
    act.execute(FORGET_INVITATIONS, &[id(role)]).map(drop)
}

pub(super) fn reassign(act: &mut Act<'_, '_>, role: RoleId, to: RoleId) -> Result<()> {
    let now = act.now();
    act.execute(REASSIGN, &[id(role), id(to), time(now)])?;
    act.execute(REASSIGN_INVITED, &[id(role), id(to)]).map(drop)
}

/// How many people can do it who can sign in.
pub(super) fn who_can(act: &mut Act<'_, '_>, permission: Permission) -> Result<i64> {
    Ok(act.first(WHO_CAN, &[Param::Text(permission.name())], |row| row.get(0))?.unwrap_or_default())
}

pub(super) fn role_of(look: &mut Look<'_, '_>, user: UserId) -> Result<Option<(RoleId, bool)>> {
    look.first(ROLE_OF, &[id(user)], |row| Ok((row.id(0)?, row.get(1)?)))
}

pub(super) fn standings(look: &mut Look<'_, '_>, user: UserId) -> Result<Vec<(uuid::Uuid, String, String)>> {
    look.all(STANDINGS, &[id(user)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
}

/// A number that another set of roles, or the same with another content, does not have.
pub(super) fn version_of(roles: &[Stored]) -> i64 {
    // FNV-1a: it has to tell versions apart, not to keep anybody from making two that are alike.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut add =
        |bytes: &[u8]| bytes.iter().for_each(|byte| hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    for role in roles {
        add(role.id.uuid().as_bytes());
        add(&role.version.to_be_bytes());
    }
    i64::try_from(hash >> 1).unwrap_or(0)
}
