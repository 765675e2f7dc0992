//! What can be done with accounts.

use crate::gate::{Deed, Need, Permission, Trail};
use crate::id::{RoleId, UserId};

pub(super) enum UserDeed {
    /// Look at one account.
    Show { user: UserId },
    /// Look through the accounts.
    List,
    /// Find out which role a name means, before the deed that gives it.
    FindRole,
    /// The same while nobody can sign in yet.
    RoleForSetup,
    /// Make an account.
    Create { user: UserId, role: RoleId },
}

impl Deed for UserDeed {
    fn need(&self) -> Need {
        match self {
            Self::Show { user } => Need::OneselfOr(*user, Permission::UsersRead),
            Self::List => Need::Holds(Permission::UsersRead),
            Self::FindRole => Need::SignedIn,
            Self::RoleForSetup => Need::Open,
            Self::Create { role, .. } => Need::Grants(Permission::UsersCreate, *role),
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::Show { .. } => Trail::nothing("users.show"),
            Self::List => Trail::nothing("users.list"),
            Self::FindRole => Trail::nothing("users.find_role"),
            Self::RoleForSetup => Trail::nothing("users.role_for_setup"),
            Self::Create { user, role } => {
                Trail::record("users.create").with("targetUserId", *user).with("roleId", *role)
            }
        }
    }
}
