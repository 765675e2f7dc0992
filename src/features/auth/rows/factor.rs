//! Every SQL text of second factors.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{Columns, Param, Row, id, time};
use crate::gate::{Act, Look};
use crate::id::UserId;

const FACTOR: &str = "SELECT pending_secret, secret, last_step, confirmed_at FROM second_factors WHERE user_id = $1";
const BEGIN: &str = "INSERT INTO second_factors (user_id, pending_secret, last_step) VALUES ($1, $2, 0) \
     ON CONFLICT (user_id) DO UPDATE SET pending_secret = excluded.pending_secret";
const TURN_ON: &str = "UPDATE second_factors SET secret = $2, pending_secret = NULL, last_step = $3, confirmed_at = $4 \
     WHERE user_id = $1";
const MARK: &str = "UPDATE users SET two_factor_enabled = $2, updated_at = $3, \
     force_password_change = COALESCE(force_password_change, FALSE) OR $4, version = version + 1 WHERE id = $1";
const FORGET: &str = "DELETE FROM second_factors WHERE user_id = $1";
const USE_STEP: &str = "UPDATE second_factors SET last_step = $2 WHERE user_id = $1 AND last_step < $2";
const FORGET_CODES: &str = "DELETE FROM recovery_codes WHERE user_id = $1";
const KEEP_CODE: &str = "INSERT INTO recovery_codes (user_id, code_hash) VALUES ($1, $2)";
const USE_CODE: &str =
    "UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND code_hash = $2 AND used_at IS NULL";
const CODES_LEFT: &str = "SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL";

/// As it is stored: sealed.
pub(in crate::features::auth) struct Factor {
    pub(in crate::features::auth) pending: Option<Vec<u8>>,
    pub(in crate::features::auth) secret: Option<Vec<u8>>,
    pub(in crate::features::auth) last_step: i64,
    pub(in crate::features::auth) confirmed: Option<Timestamp>,
}

fn read(row: &Row<'_>) -> Result<Factor> {
    Ok(Factor { pending: row.get(0)?, secret: row.get(1)?, last_step: row.get(2)?, confirmed: row.opt_time(3)? })
}

pub(in crate::features::auth) fn factor(look: &mut Look<'_, '_>, user: UserId) -> Result<Option<Factor>> {
    look.first(FACTOR, &[id(user)], read)
}

pub(in crate::features::auth) fn factor_in(act: &mut Act<'_, '_>, user: UserId) -> Result<Option<Factor>> {
    act.first(FACTOR, &[id(user)], read)
}

pub(in crate::features::auth) fn begin(act: &mut Act<'_, '_>, user: UserId, sealed: &[u8]) -> Result<()> {
    act.execute(BEGIN, &[id(user), Param::Bytes(sealed)]).map(drop)
}

pub(in crate::features::auth) fn turn_on(act: &mut Act<'_, '_>, user: UserId, sealed: &[u8], step: i64) -> Result<()> {
    let now = act.now();
    act.execute(TURN_ON, &[id(user), Param::Bytes(sealed), Param::Int(step), time(now)])?;
    act.execute(MARK, &[id(user), Param::Bool(true), time(now), Param::Bool(false)]).map(drop)
}

pub(in crate::features::auth) fn turn_off(act: &mut Act<'_, '_>, user: UserId, force_change: bool) -> Result<()> {
    let now = act.now();
    act.execute(FORGET, &[id(user)])?;
    act.execute(FORGET_CODES, &[id(user)])?;
    act.execute(MARK, &[id(user), Param::Bool(false), time(now), Param::Bool(force_change)]).map(drop)
}

/// Uses a step up; says whether nobody was faster.
pub(in crate::features::auth) fn use_step(act: &mut Act<'_, '_>, user: UserId, step: i64) -> Result<bool> {
    Ok(act.execute(USE_STEP, &[id(user), Param::Int(step)])? == 1)
}

pub(in crate::features::auth) fn keep_codes(act: &mut Act<'_, '_>, user: UserId, hashes: &[String]) -> Result<()> {
    act.execute(FORGET_CODES, &[id(user)])?;
    hashes.iter().try_for_each(|hash| act.execute(KEEP_CODE, &[id(user), Param::Text(hash)]).map(drop))
}

/// Uses a recovery code up; says whether it could still be.
pub(in crate::features::auth) fn use_code(act: &mut Act<'_, '_>, user: UserId, hash: &str) -> Result<bool> {
    let now = act.now();
    Ok(act.execute(USE_CODE, &[id(user), Param::Text(hash), time(now)])? == 1)
}

pub(in crate::features::auth) fn codes_left(look: &mut Look<'_, '_>, user: UserId) -> Result<i64> {
    Ok(look.first(CODES_LEFT, &[id(user)], |row| row.get(0))?.unwrap_or(0))
}
