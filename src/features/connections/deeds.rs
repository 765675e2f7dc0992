//! What can be done with connections.

use crate::gate::{Deed, Need, Permission, Trail};
use crate::id::UserId;

pub(super) enum ConnectionDeed {
    /// Look through them.
    List,
    /// End one.
    Disconnect { user: UserId },
}

impl Deed for ConnectionDeed {
    fn need(&self) -> Need {
        match self {
            Self::List | Self::Disconnect { .. } => Need::Holds(Permission::UsersManage),
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::List => Trail::nothing("connections.list"),
            Self::Disconnect { user } => Trail::record("connections.disconnect").with("targetUserId", *user),
        }
    }
}
