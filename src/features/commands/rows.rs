//! Every SQL text of commands.

use crate::error::Result;
use crate::gate::Look;
use crate::gate::cells::{Columns, Param};
use crate::id::UserId;

const PERSON_NAMED: &str = "SELECT id FROM users WHERE username_key = $1 AND deleted_at IS NULL";

pub(super) fn person_named(look: &mut Look<'_, '_>, key: &str) -> Result<Option<UserId>> {
    look.first(PERSON_NAMED, &[Param::Text(key)], |row| row.id(0))
}
