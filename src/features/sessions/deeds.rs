//! What can be done with sign-ins.

use crate::gate::{ByKey, Deed, Need, Trail};
use crate::id::UserId;

pub(super) enum SessionDeed {
    /// See where an account is signed in.
    List { user: UserId },
    /// End some of its sign-ins, or all.
    Terminate { user: UserId, except_current: bool, all: bool },
}

impl Deed for SessionDeed {
    fn need(&self) -> Need {
        match self {
            Self::List { user } | Self::Terminate { user, .. } => Need::OneselfOrManages(*user),
        }
    }

    fn by_key(&self) -> ByKey {
        ByKey::Never
    }

    fn trail(&self) -> Trail {
        match self {
            Self::List { .. } => Trail::nothing("sessions.list"),
            Self::Terminate { user, except_current, all } => Trail::record("sessions.terminate")
                .with("targetUserId", *user)
                .flag("exceptCurrent", *except_current)
                .flag("all", *all),
        }
    }
}
