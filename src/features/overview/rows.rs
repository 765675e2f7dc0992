//! Every SQL text of the overview.

use crate::error::Result;
use crate::gate::Look;

const RECOVERY_SLOTS: &str = "SELECT COUNT(*) FROM key_slots WHERE slot = 'recovery'";
const ACCOUNTS: &str = "SELECT COUNT(*) FROM users WHERE status = 'active' AND deleted_at IS NULL";
const WITHOUT_SECOND_FACTOR: &str = "SELECT COUNT(*) FROM users u WHERE u.status = 'active' AND u.deleted_at IS NULL \
     AND NOT COALESCE(u.two_factor_enabled, FALSE) AND EXISTS (SELECT 1 FROM role_permissions rp \
     JOIN permissions p ON p.id = rp.permission_id WHERE rp.role_id = u.role_id \
     AND p.name IN ('users.manage', 'roles.manage', 'settings.manage', 'system.manage'))";

/// What the database knows.
pub(super) struct Known {
    pub(super) recovery_key: bool,
    pub(super) accounts: i64,
    pub(super) without_second_factor: i64,
}

pub(super) fn known(look: &mut Look<'_, '_>) -> Result<Known> {
    let mut count = |sql| Ok(look.first(sql, &[], |row| row.get::<i64>(0))?.unwrap_or_default());
    let known = Known {
        recovery_key: count(RECOVERY_SLOTS)? > 0,
        accounts: count(ACCOUNTS)?,
        without_second_factor: count(WITHOUT_SECOND_FACTOR)?,
    };
    Ok(known)
}
