//! Every SQL text of signing in.

use crate::error::Result;
use crate::gate::cells::{Param, id, time};
use crate::gate::{Act, Look};
use crate::id::UserId;

const SIGNED_IN: &str = "UPDATE users SET last_login = $2, failed_login_attempts = 0 WHERE id = $1";
const FAILED: &str = "UPDATE users SET failed_login_attempts = COALESCE(failed_login_attempts, 0) + 1 WHERE id = $1";
const REHASH: &str = "UPDATE users SET password_hash = $3, password_hash_type = 'argon2id', salt = '' \
     WHERE id = $1 AND password_hash = $2";
const CHANGE: &str = "UPDATE users SET password_hash = $3, password_hash_type = 'argon2id', salt = '', \
     password_last_changed = $4, updated_at = $4, force_password_change = FALSE, version = version + 1 \
     WHERE id = $1 AND password_hash = $2";
const SET: &str = "UPDATE users SET password_hash = $2, password_hash_type = 'argon2id', salt = '', \
     password_last_changed = $3, updated_at = $3, force_password_change = $4, failed_login_attempts = 0, \
     version = version + 1 WHERE id = $1 AND deleted_at IS NULL";
const OWN: &str = "SELECT username, password_hash, salt FROM users WHERE id = $1 AND deleted_at IS NULL";
const OLDER_SALT: &str = "SELECT salt FROM users WHERE password_hash_type = 'pbkdf2+argon2id' LIMIT 1";
const HASH: &str = "SELECT password_hash FROM users WHERE id = $1 AND status = 'active' AND deleted_at IS NULL";

pub(super) fn signed_in(act: &mut Act<'_, '_>, user: UserId) -> Result<()> {
    let now = act.now();
    act.execute(SIGNED_IN, &[id(user), time(now)]).map(drop)
}

pub(super) fn failed(act: &mut Act<'_, '_>, user: UserId) -> Result<()> {
    act.execute(FAILED, &[id(user)]).map(drop)
}

/// Replaces the hash only if it is still the one that was checked.
pub(super) fn rehash(act: &mut Act<'_, '_>, user: UserId, old: &str, new: &str) -> Result<()> {
    act.execute(REHASH, &[id(user), Param::Text(old), Param::Text(new)]).map(drop)
}

/// Sets a new password if the old one is still the one that was checked; says whether it was.
pub(super) fn change(act: &mut Act<'_, '_>, user: UserId, old: &str, new: &str) -> Result<bool> {
    let now = act.now();
    Ok(act.execute(CHANGE, &[id(user), Param::Text(old), Param::Text(new), time(now)])? == 1)
}

/// Sets a password that somebody else made; says whether there is such an account.
pub(super) fn set(act: &mut Act<'_, '_>, user: UserId, hash: &str, force_change: bool) -> Result<bool> {
    let now = act.now();
    Ok(act.execute(SET, &[id(user), Param::Text(hash), time(now), Param::Bool(force_change)])? == 1)
}

/// One's own name, hash and what the hash is of.
pub(super) fn own(look: &mut Look<'_, '_>, user: UserId) -> Result<Option<(String, String, String)>> {
    look.first(OWN, &[id(user)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
}

/// The parameters of some hash that was taken over and not replaced yet.
pub(super) fn older_salt(act: &mut Act<'_, '_>) -> Result<Option<String>> {
    act.first(OLDER_SALT, &[], |row| row.get(0))
}

/// The hash of an account that may be used.
pub(super) fn hash(act: &mut Act<'_, '_>, user: UserId) -> Result<Option<String>> {
    act.first(HASH, &[id(user)], |row| row.get(0))
}
