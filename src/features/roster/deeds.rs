//! What can be done with a list.

use crate::gate::{ByKey, Deed, Need, Permission, Trail};
use crate::id::{RoleId, UserId};

pub(super) enum RosterDeed {
    /// Look what could become of it.
    Judge,
    /// Make accounts of it; which roles may be given is decided for each of them.
    Import { accounts: usize },
}

impl Deed for RosterDeed {
    fn need(&self) -> Need {
        match self {
            Self::Judge | Self::Import { .. } => Need::Holds(Permission::UsersCreate),
        }
    }

    fn by_key(&self) -> ByKey {
        ByKey::Never
    }

    fn trail(&self) -> Trail {
        match self {
            Self::Judge => Trail::nothing("users.import"),
            Self::Import { accounts } => {
                Trail::record("users.import").count("accounts", i64::try_from(*accounts).unwrap_or(i64::MAX))
            }
        }
    }
}

/// The row for one of the accounts, as if it had been made by itself.
pub(super) fn created(user: UserId, role: RoleId) -> Trail {
    Trail::record("users.create").with("targetUserId", user).with("roleId", role).flag("imported", true)
}
