//! What can be done with roles.

use crate::gate::{ByKey, Deed, Need, Permission, Permissions, Trail};
use crate::id::{RoleId, UserId};

pub(super) enum RoleDeed {
    /// Look at roles and permissions.
    List,
    /// Try a change out.
    Preview,
    /// See what somebody may, and why.
    Effective { user: UserId },
    /// Make one that allows this.
    Create { role: RoleId, allows: Permissions },
    /// Change one, so that it allows this if anything else than before.
    Change { role: RoleId, allows: Option<Permissions> },
    /// Change what several allow; each of them is decided by itself.
    Reshape { roles: usize },
    /// Give those who have one another one, and delete it.
    Delete { role: RoleId, to: Option<RoleId> },
}

impl Deed for RoleDeed {
    fn need(&self) -> Need {
        match self {
            Self::List => Need::Holds(Permission::RolesRead),
            Self::Preview | Self::Reshape { .. } => Need::Holds(Permission::RolesManage),
            Self::Effective { user } => Need::OneselfOrManages(*user),
            Self::Create { allows, .. } => Need::Reshapes(None, *allows),
            Self::Change { role, allows } => Need::Reshapes(Some(*role), allows.unwrap_or(Permissions::NONE)),
            Self::Delete { role, .. } => Need::Reshapes(Some(*role), Permissions::NONE),
        }
    }

    fn by_key(&self) -> ByKey {
        match self {
            Self::List | Self::Preview | Self::Effective { .. } => ByKey::AsNeeded,
            Self::Create { .. } | Self::Change { .. } | Self::Reshape { .. } | Self::Delete { .. } => ByKey::Never,
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::List => Trail::nothing("roles.list"),
            Self::Preview => Trail::nothing("roles.preview"),
            Self::Effective { .. } => Trail::nothing("users.permissions"),
            Self::Create { role, .. } => Trail::record("roles.create").with("roleId", *role),
            Self::Change { role, .. } => Trail::record("roles.change").with("roleId", *role),
            Self::Reshape { roles } => {
                Trail::record("roles.reshape").count("roles", i64::try_from(*roles).unwrap_or(i64::MAX))
            }
            Self::Delete { role, to } => {
                let trail = Trail::record("roles.delete").with("roleId", *role);
                match to {
                    Some(to) => trail.with("reassignedTo", *to),
                    None => trail,
                }
            }
        }
    }
}
