//! What can be done with accounts.

use super::model::Status;
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
    /// Change an account. A role is named when it is given, `administrative` when something changes that is not
    /// one's own to say.
    Change { user: UserId, role: Option<RoleId>, status: Option<Status>, administrative: bool },
    /// Look for accounts.
    Search,
    /// See what somebody's role allows.
    Permissions { user: UserId },
    /// Close an account for good, in thirty days.
    Delete { user: UserId },
    /// Take that back.
    Restore { user: UserId },
    /// Find the accounts whose thirty days are over.
    FindErasable,
    /// Blank what is personal in such an account.
    Erase { user: UserId },
    /// Make an account.
    Create { user: UserId, role: RoleId },
}

impl Deed for UserDeed {
    fn need(&self) -> Need {
        match self {
            Self::Show { user } => Need::OneselfOr(*user, Permission::UsersRead),
            Self::List | Self::Search => Need::Holds(Permission::UsersRead),
            Self::FindErasable | Self::Erase { .. } => Need::System,
            Self::FindRole => Need::SignedIn,
            Self::RoleForSetup => Need::Open,
            Self::Change { user, role: Some(role), .. } => Need::Appoints(*user, *role),
            Self::Change { user, administrative: true, .. } | Self::Delete { user } | Self::Restore { user } => {
                Need::Manages(*user)
            }
            Self::Change { user, .. } | Self::Permissions { user } => Need::OneselfOrManages(*user),
            Self::Create { role, .. } => Need::Grants(Permission::UsersCreate, *role),
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::Show { .. } => Trail::nothing("users.show"),
            Self::List => Trail::nothing("users.list"),
            Self::Search => Trail::nothing("users.search"),
            Self::Permissions { .. } => Trail::nothing("users.permissions"),
            Self::Delete { user } => Trail::record("users.delete").with("targetUserId", *user),
            Self::Restore { user } => Trail::record("users.restore").with("targetUserId", *user),
            Self::FindErasable => Trail::nothing("users.find_erasable"),
            Self::Erase { user } => Trail::record("users.erase").with("targetUserId", *user),
            Self::FindRole => Trail::nothing("users.find_role"),
            Self::RoleForSetup => Trail::nothing("users.role_for_setup"),
            Self::Change { user, role, status, .. } => {
                let mut trail = Trail::record("users.change").with("targetUserId", *user);
                if let Some(role) = role {
                    trail = trail.with("roleId", *role);
                }
                if let Some(status) = status {
                    trail = trail.word("status", status.name());
                }
                trail
            }
            Self::Create { user, role } => {
                Trail::record("users.create").with("targetUserId", *user).with("roleId", *role)
            }
        }
    }
}
