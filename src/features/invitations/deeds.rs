//! What can be done with invitations.

use crate::gate::{Deed, Need, Permission, Trail};
use crate::id::{InvitationId, RoleId, UserId};

pub(super) enum InvitationDeed {
    /// Find out which role a name means, before the deed that gives it.
    FindRole,
    /// Make one.
    Create { invitation: InvitationId, role: RoleId, uses: i64 },
    /// Look through them.
    List,
    /// Make one worthless.
    Revoke { invitation: InvitationId },
    /// Find the one of a token.
    Find,
    /// A token that is none.
    WrongToken,
    /// Come without one where that is not allowed.
    TurnedAway,
    /// Make an account for oneself.
    Register { user: UserId, role: RoleId, invitation: Option<InvitationId> },
}

impl Deed for InvitationDeed {
    fn need(&self) -> Need {
        match self {
            Self::FindRole => Need::SignedIn,
            Self::Create { role, .. } => Need::Grants(Permission::UsersCreate, *role),
            Self::List | Self::Revoke { .. } => Need::Holds(Permission::UsersCreate),
            // The token is the permission, or the clinic's choice that none is needed: both are checked, and the
            // deed itself uses the token up.
            Self::Find | Self::WrongToken | Self::TurnedAway | Self::Register { .. } => Need::Open,
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::FindRole => Trail::nothing("invitations.find_role"),
            Self::Create { invitation, role, uses } => Trail::record("invitations.create")
                .with("invitationId", *invitation)
                .with("roleId", *role)
                .count("usesMax", *uses),
            Self::List => Trail::nothing("invitations.list"),
            Self::Revoke { invitation } => Trail::record("invitations.revoke").with("invitationId", *invitation),
            Self::Find => Trail::nothing("invitations.find"),
            Self::WrongToken => Trail::record("invitations.wrong_token"),
            Self::TurnedAway => Trail::nothing("auth.register"),
            Self::Register { user, role, invitation } => {
                let trail = Trail::record("auth.register").with("targetUserId", *user).with("roleId", *role);
                match invitation {
                    Some(invitation) => trail.with("invitationId", *invitation),
                    None => trail,
                }
            }
        }
    }
}
