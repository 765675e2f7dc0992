//! Every SQL text of lists.

use crate::error::Result;
use crate::gate::Look;
use crate::gate::cells::Param;

const KEY_TAKEN: &str = "SELECT 1 FROM users WHERE username_key = $1";
const EMAIL_TAKEN: &str = "SELECT 1 FROM users WHERE email_key = $1";

/// Whether an account has that name; deleted ones keep theirs.
pub(super) fn key_taken(look: &mut Look<'_, '_>, key: &str) -> Result<bool> {
    Ok(look.first(KEY_TAKEN, &[Param::Text(key)], |row| row.get::<i64>(0))?.is_some())
}

/// Whether an account has that address.
pub(super) fn email_taken(look: &mut Look<'_, '_>, key: &str) -> Result<bool> {
    Ok(look.first(EMAIL_TAKEN, &[Param::Text(key)], |row| row.get::<i64>(0))?.is_some())
}
