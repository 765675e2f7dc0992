//! What can be done with preferences.

use crate::gate::{Deed, Need, Trail};
use crate::id::UserId;

pub(super) enum PreferenceDeed {
    /// See them.
    Show { user: UserId },
    /// Change some of them.
    Change { user: UserId },
}

impl Deed for PreferenceDeed {
    fn need(&self) -> Need {
        match self {
            Self::Show { user } | Self::Change { user } => Need::OneselfOrManages(*user),
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::Show { .. } => Trail::nothing("preferences.show"),
            Self::Change { user } => Trail::record("preferences.change").with("targetUserId", *user),
        }
    }
}
