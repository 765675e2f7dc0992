//! Every SQL text of accounts.

use super::ops::{Account, NewAccount};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::features::Versioned;
use crate::gate::cells::{Columns, Param, Row, id, time};
use crate::gate::{Act, Look};
use crate::id::{RoleId, UserId};

use crate::wire::users::User;

macro_rules! user_columns {
    ($rest:literal) => {
        concat!(
            "SELECT u.id, u.username, u.email, u.first_name, u.last_name, r.name, u.status, u.last_login, ",
            "u.created_at, u.updated_at, u.two_factor_enabled, u.force_password_change, u.version ",
            "FROM users u JOIN roles r ON r.id = u.role_id ",
            $rest
        )
    };
}

const SHOW: &str = user_columns!("WHERE u.id = $1 AND u.deleted_at IS NULL");
const LIST: &str = user_columns!("WHERE u.deleted_at IS NULL AND u.username_key > $1 ORDER BY u.username_key LIMIT $2");
const LIST_BACK: &str =
    user_columns!("WHERE u.deleted_at IS NULL AND u.username_key < $1 ORDER BY u.username_key DESC LIMIT $2");
const BY_KEY: &str = "SELECT id, username, password_hash, salt, status = 'active' AND deleted_at IS NULL, \
     COALESCE(two_factor_enabled, FALSE) FROM users WHERE username_key = $1 AND erased_at IS NULL";
const INSERT: &str = "INSERT INTO users \
     (id, username, username_key, email, email_key, password_hash, salt, first_name, last_name, role_id, status, \
      created_at, updated_at, two_factor_enabled, failed_login_attempts, force_password_change, \
      password_last_changed, password_hash_type, version) \
     VALUES ($1, $2, $3, $4, $5, $6, '', $7, $8, $9, 'active', $10, $10, FALSE, 0, $11, $10, 'argon2id', 1)";
const KEY_TAKEN: &str = "SELECT 1 FROM users WHERE username_key = $2 AND id <> $1";
const EMAIL_TAKEN: &str = "SELECT 1 FROM users WHERE email_key = $2 AND id <> $1";
const ROLE_NAMED: &str = "SELECT id FROM roles WHERE name = $1";
const DEFAULT_ROLE: &str = "SELECT id FROM roles WHERE is_default ORDER BY name LIMIT 1";
const DEFAULT_ROLE_NAME: &str = "SELECT name FROM roles WHERE is_default ORDER BY name LIMIT 1";
const SUPER_ADMINS: &str = "SELECT COUNT(*) FROM users u JOIN roles r ON r.id = u.role_id \
     WHERE r.name = 'super_admin' AND u.status = 'active' AND u.deleted_at IS NULL";

const SCAN: &str = user_columns!("WHERE u.username_key > $1 AND u.deleted_at IS NULL ORDER BY u.username_key LIMIT $2");
const SCAN_DELETED: &str = user_columns!(
    "WHERE u.username_key > $1 AND u.deleted_at IS NOT NULL AND u.erased_at IS NULL ORDER BY u.username_key LIMIT $2"
);
const EXISTS: &str = "SELECT 1 FROM users WHERE id = $1";
const DELETION: &str = "SELECT deleted_at, erased_at, version FROM users WHERE id = $1";
const DELETE: &str = "UPDATE users SET deleted_at = $2, updated_at = $2, version = version + 1 WHERE id = $1";
const RESTORE: &str = "UPDATE users SET deleted_at = NULL, updated_at = $2, version = version + 1 WHERE id = $1";
const ERASABLE: &str = "SELECT id FROM users WHERE deleted_at IS NOT NULL AND erased_at IS NULL \
     AND deleted_at <= $1 ORDER BY deleted_at LIMIT $2";
const ERASE: &str = "UPDATE users SET email = NULL, email_key = NULL, first_name = NULL, last_name = NULL, \
     password_hash = '', salt = '', two_factor_enabled = FALSE, two_factor_secret = NULL, erased_at = $2, \
     version = version + 1 WHERE id = $1 AND deleted_at <= $3 AND erased_at IS NULL";
const ERASE_SESSIONS: &str = "UPDATE sessions SET ip_address = NULL, user_agent = NULL WHERE user_id = $1";
const ERASE_PREFERENCES: &str = "DELETE FROM notification_preferences WHERE user_id = $1";

/// The next accounts by name, for a search; those that are deleted and can come back if `deleted`.
pub(super) fn scan(look: &mut Look<'_, '_>, after: &str, limit: u32, deleted: bool) -> Result<Vec<User>> {
    let sql = if deleted { SCAN_DELETED } else { SCAN };
    look.all(sql, &[Param::Text(after), Param::Int(i64::from(limit))], user)
}

/// Whether there is or was such an account.
pub(super) fn exists(look: &mut Look<'_, '_>, of: UserId) -> Result<bool> {
    Ok(look.first(EXISTS, &[id(of)], |row| row.get::<i64>(0))?.is_some())
}

/// How far an account is deleted.
pub(super) struct Deletion {
    pub(super) deleted: Option<Timestamp>,
    pub(super) erased: Option<Timestamp>,
    pub(super) version: i64,
}

pub(super) fn deletion(act: &mut Act<'_, '_>, of: UserId) -> Result<Option<Deletion>> {
    act.first(DELETION, &[id(of)], |row| {
        Ok(Deletion { deleted: row.opt_time(0)?, erased: row.opt_time(1)?, version: row.get(2)? })
    })
}

pub(super) fn delete(act: &mut Act<'_, '_>, of: UserId) -> Result<()> {
    let now = act.now();
    act.execute(DELETE, &[id(of), time(now)]).map(drop)
}

pub(super) fn restore(act: &mut Act<'_, '_>, of: UserId) -> Result<()> {
    let now = act.now();
    act.execute(RESTORE, &[id(of), time(now)]).map(drop)
}

/// Accounts that were deleted at `until` or before.
pub(super) fn erasable(look: &mut Look<'_, '_>, until: Timestamp, limit: i64) -> Result<Vec<UserId>> {
    look.all(ERASABLE, &[time(until), Param::Int(limit)], |row| row.id(0))
}

/// Blanks an account if it is still to be; says whether it was.
pub(super) fn erase(act: &mut Act<'_, '_>, of: UserId, until: Timestamp) -> Result<bool> {
    let now = act.now();
    if act.execute(ERASE, &[id(of), time(now), time(until)])? == 0 {
        return Ok(false);
    }
    act.execute(ERASE_SESSIONS, &[id(of)])?;
    act.execute(ERASE_PREFERENCES, &[id(of)])?;
    Ok(true)
}

pub(super) fn default_role_name(look: &mut Look<'_, '_>) -> Result<Option<String>> {
    look.first(DEFAULT_ROLE_NAME, &[], |row| row.get(0))
}

fn user(row: &Row<'_>) -> Result<User> {
    Ok(User {
        id: row.id(0)?,
        username: row.get(1)?,
        email: row.get(2)?,
        first_name: row.get(3)?,
        last_name: row.get(4)?,
        role: row.get(5)?,
        status: row.get(6)?,
        last_login: row.opt_time(7)?,
        created_at: row.time(8)?,
        updated_at: row.time(9)?,
        two_factor_enabled: row.get::<Option<bool>>(10)?.unwrap_or(false),
        force_password_change: row.get::<Option<bool>>(11)?.unwrap_or(false),
    })
}

fn versioned(row: &Row<'_>) -> Result<Versioned<User>> {
    Ok(Versioned { value: user(row)?, version: row.get(12)? })
}

pub(super) fn show(look: &mut Look<'_, '_>, of: UserId) -> Result<Option<Versioned<User>>> {
    look.first(SHOW, &[id(of)], versioned)
}

pub(super) fn show_in(act: &mut Act<'_, '_>, of: UserId) -> Result<Option<Versioned<User>>> {
    act.first(SHOW, &[id(of)], versioned)
}

pub(super) fn list(look: &mut Look<'_, '_>, after: &str, limit: u32) -> Result<Vec<User>> {
    look.all(LIST, &[Param::Text(after), Param::Int(i64::from(limit))], user)
}

pub(super) fn list_back(look: &mut Look<'_, '_>, before: &str, limit: u32) -> Result<Vec<User>> {
    let mut users = look.all(LIST_BACK, &[Param::Text(before), Param::Int(i64::from(limit))], user)?;
    users.reverse();
    Ok(users)
}

pub(super) fn by_key(look: &mut Look<'_, '_>, key: &str) -> Result<Option<Account>> {
    look.first(BY_KEY, &[Param::Text(key)], |row| {
        Ok(Account {
            id: row.id(0)?,
            username: row.get(1)?,
            password_hash: row.get(2)?,
            salt: row.get(3)?,
            active: row.get(4)?,
            second_factor: row.get(5)?,
        })
    })
}

pub(super) fn insert(act: &mut Act<'_, '_>, new: &NewAccount, now: Timestamp) -> Result<()> {
    let email_key = new.email.as_ref().map(super::Email::key);
    let values = [
        id(new.id),
        Param::Text(new.username.shown()),
        Param::Text(new.username.key()),
        new.email.as_ref().map_or(Param::Null, |e| Param::Text(e.shown())),
        email_key.as_deref().map_or(Param::Null, Param::Text),
        Param::Text(&new.password_hash),
        new.first_name.as_ref().map_or(Param::Null, |n| Param::Text(n.shown())),
        new.last_name.as_ref().map_or(Param::Null, |n| Param::Text(n.shown())),
        id(new.role),
        time(now),
        Param::Bool(new.force_password_change),
    ];
    act.execute(INSERT, &values).map(drop)
}

/// Whether an account other than `of` has the name.
pub(super) fn key_taken(act: &mut Act<'_, '_>, of: UserId, key: &str) -> Result<bool> {
    Ok(act.first(KEY_TAKEN, &[id(of), Param::Text(key)], |row| row.get::<i64>(0))?.is_some())
}

/// Whether an account other than `of` has the address.
pub(super) fn email_taken(act: &mut Act<'_, '_>, of: UserId, key: &str) -> Result<bool> {
    Ok(act.first(EMAIL_TAKEN, &[id(of), Param::Text(key)], |row| row.get::<i64>(0))?.is_some())
}

/// What of an account can be changed, as it is stored.
pub(super) struct Stored {
    pub(super) username: String,
    /// None where an older account clashes with an earlier one.
    pub(super) username_key: Option<String>,
    pub(super) email: Option<String>,
    pub(super) email_key: Option<String>,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) role: RoleId,
    pub(super) status: String,
    pub(super) force_password_change: bool,
    pub(super) version: i64,
}

const STORED: &str = "SELECT username, username_key, email, email_key, first_name, last_name, role_id, status, \
     COALESCE(force_password_change, FALSE), version FROM users WHERE id = $1 AND deleted_at IS NULL";
const UPDATE: &str = "UPDATE users SET username = $2, username_key = $3, email = $4, email_key = $5, \
     first_name = $6, last_name = $7, role_id = $8, status = $9, force_password_change = $10, updated_at = $11, \
     version = version + 1 WHERE id = $1";

pub(super) fn stored(act: &mut Act<'_, '_>, of: UserId) -> Result<Option<Stored>> {
    act.first(STORED, &[id(of)], |row| {
        Ok(Stored {
            username: row.get(0)?,
            username_key: row.get(1)?,
            email: row.get(2)?,
            email_key: row.get(3)?,
            first_name: row.get(4)?,
            last_name: row.get(5)?,
            role: row.id(6)?,
            status: row.get(7)?,
            force_password_change: row.get(8)?,
            version: row.get(9)?,
        })
    })
}

pub(super) fn update(act: &mut Act<'_, '_>, of: UserId, new: &Stored) -> Result<()> {
    let now = act.now();
    let values = [
        id(of),
        Param::Text(&new.username),
        new.username_key.as_ref().into(),
        new.email.as_ref().into(),
        new.email_key.as_ref().into(),
        new.first_name.as_ref().into(),
        new.last_name.as_ref().into(),
        id(new.role),
        Param::Text(&new.status),
        Param::Bool(new.force_password_change),
        time(now),
    ];
    act.execute(UPDATE, &values).map(drop)
}

pub(super) fn role_named(look: &mut Look<'_, '_>, name: Option<&str>) -> Result<Option<RoleId>> {
    match name {
        Some(name) => look.first(ROLE_NAMED, &[Param::Text(name)], |row| row.id(0)),
        None => look.first(DEFAULT_ROLE, &[], |row| row.id(0)),
    }
}

pub(super) fn super_admins(act: &mut Act<'_, '_>) -> Result<i64> {
    Ok(act.first(SUPER_ADMINS, &[], |row| row.get(0))?.unwrap_or(0))
}
