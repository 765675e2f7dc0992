//! The older server's database: what it must look like, and its rows.

pub(super) mod rows;

use sha2::{Digest as _, Sha256};

use crate::crypto::token::hex;
use crate::error::{Error, Result};
use crate::store::{Address, Foreign};

/// The tables and columns of the older server that are read.
const WANTED: &[(&str, &str)] = &[
    ("roles", "id name description created_at"),
    ("permissions", "id name"),
    ("role_permissions", "role_id permission_id"),
    (
        "users",
        "id username email password_hash salt first_name last_name role_id status last_login created_at updated_at \
         two_factor_enabled force_password_change password_last_changed password_hash_type",
    ),
    ("channels", "id name description is_private created_by created_at last_activity archived metadata"),
    ("channel_members", "channel_id user_id role joined_at last_read_at"),
    (
        "messages",
        "id channel_id sender_id text encrypted_text timestamp edited_at deleted deleted_at deleted_by flagged \
         flag_reason flagged_by flagged_at metadata contains_phi",
    ),
    ("message_reactions", "id message_id user_id reaction created_at"),
    ("audit_logs", "id user_id action details ip_address user_agent timestamp"),
    ("sessions", "id"),
    ("password_reset_requests", "id"),
];

/// Opens the database and checks that it is the older server's.
///
/// # Errors
/// Those of [`Foreign::open`]; Conflict `source_not_older` with what is missing.
pub(super) fn open(address: Address<'_>) -> Result<Foreign> {
    let mut source = Foreign::open(address)?;
    let found = rows::columns(&mut source.view())?;
    let has = |table: &str, column: &str| found.iter().any(|(t, c)| t == table && c == column);
    if has("schema_migrations", "applied_by") {
        return Err(Error::conflict(
            "source_not_older",
            "That database belongs to this server already: start it with DB_ENGINE=postgres.",
        ));
    }
    let missing: Vec<String> = WANTED
        .iter()
        .flat_map(|(table, columns)| columns.split_whitespace().map(move |column| (*table, column)))
        .filter(|(table, column)| !has(table, column))
        .map(|(table, column)| format!("{table}.{column}"))
        .collect();
    if missing.is_empty() {
        return Ok(source);
    }
    let more = missing.len().saturating_sub(8);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    Err(Error::conflict(
        "source_not_older",
        format!(
            "That database is not one of the older server: it has no {}{more}. Look at the name of the database.",
            missing[..missing.len().min(8)].join(", ")
        ),
    ))
}

/// What tells one source from another, and from itself at another time.
pub(super) fn fingerprint(source: &mut Foreign, counts: &[i64; 9]) -> Result<String> {
    let identity = rows::identity(&mut source.view())?;
    Ok(hex(&Sha256::digest(format!("{identity} {counts:?}").as_bytes())))
}
