//! Every SQL text of signing in.

pub(super) mod factor;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{Columns, Param, id, time};
use crate::gate::{Act, Look};
use crate::id::{ResetId, UserId};

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
const OWN: &str = "SELECT username, password_hash, salt, COALESCE(two_factor_enabled, FALSE) FROM users \
     WHERE id = $1 AND deleted_at IS NULL";
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

const CANCEL_RESETS: &str = "UPDATE password_reset_requests SET used = TRUE, used_at = $2 \
     WHERE user_id = $1 AND used = FALSE";
const ISSUE_RESET: &str = "INSERT INTO password_reset_requests \
     (id, user_id, token_hash, created_at, expires_at, used) VALUES ($1, $2, $3, $4, $5, FALSE)";
const FIND_RESET: &str = "SELECT r.id, r.user_id, u.username, COALESCE(u.two_factor_enabled, FALSE) FROM password_reset_requests r \
     JOIN users u ON u.id = r.user_id WHERE r.token_hash = $1 AND r.used = FALSE AND r.expires_at > $2 \
     AND u.status = 'active' AND u.deleted_at IS NULL";
const USE_RESET: &str = "UPDATE password_reset_requests SET used = TRUE, used_at = $2 \
     WHERE id = $1 AND used = FALSE AND expires_at > $2";

/// A leave to choose a new password, as it is found by its token.
pub(super) struct Reset {
    pub(super) id: ResetId,
    pub(super) user: UserId,
    pub(super) username: String,
    pub(super) second_factor: bool,
}

/// Makes the earlier ones of an account worthless.
pub(super) fn cancel_resets(act: &mut Act<'_, '_>, user: UserId) -> Result<()> {
    let now = act.now();
    act.execute(CANCEL_RESETS, &[id(user), time(now)]).map(drop)
}

pub(super) fn issue_reset(act: &mut Act<'_, '_>, user: UserId, token_hash: &str, expires: Timestamp) -> Result<()> {
    let now = act.now();
    let new: ResetId = act.new_id();
    act.execute(ISSUE_RESET, &[id(new), id(user), Param::Text(token_hash), time(now), time(expires)]).map(drop)
}

pub(super) fn find_reset(look: &mut Look<'_, '_>, token_hash: &str, now: Timestamp) -> Result<Option<Reset>> {
    look.first(FIND_RESET, &[Param::Text(token_hash), time(now)], |row| {
        Ok(Reset { id: row.id(0)?, user: row.id(1)?, username: row.get(2)?, second_factor: row.get(3)? })
    })
}

/// Uses one up; says whether it could still be.
pub(super) fn use_reset(act: &mut Act<'_, '_>, reset: ResetId) -> Result<bool> {
    let now = act.now();
    Ok(act.execute(USE_RESET, &[id(reset), time(now)])? == 1)
}

/// Sets a password that somebody else made; says whether there is such an account.
pub(super) fn set(act: &mut Act<'_, '_>, user: UserId, hash: &str, force_change: bool) -> Result<bool> {
    let now = act.now();
    Ok(act.execute(SET, &[id(user), Param::Text(hash), time(now), Param::Bool(force_change)])? == 1)
}

/// What a change of a password needs to know of an account.
pub(super) struct Own {
    pub(super) username: String,
    pub(super) hash: String,
    /// What the hash is of, where that is not the password itself.
    pub(super) salt: String,
    pub(super) second_factor: bool,
}

pub(super) fn own(look: &mut Look<'_, '_>, user: UserId) -> Result<Option<Own>> {
    look.first(OWN, &[id(user)], |row| {
        Ok(Own { username: row.get(0)?, hash: row.get(1)?, salt: row.get(2)?, second_factor: row.get(3)? })
    })
}

/// The parameters of some hash that was taken over and not replaced yet.
pub(super) fn older_salt(act: &mut Act<'_, '_>) -> Result<Option<String>> {
    act.first(OLDER_SALT, &[], |row| row.get(0))
}

/// The hash of an account that may be used.
pub(super) fn hash(act: &mut Act<'_, '_>, user: UserId) -> Result<Option<String>> {
    act.first(HASH, &[id(user)], |row| row.get(0))
}
