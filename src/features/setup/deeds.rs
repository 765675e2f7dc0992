//! What can be done before anyone is there to do it.

use crate::gate::{Deed, Need, Trail};
use crate::id::UserId;

pub(super) enum SetupDeed {
    /// Find out whether there is an administrator.
    Look,
    /// Make the first one, with the code.
    WithCode { user: UserId },
    /// Make the first one, because the configuration says so.
    Unattended { user: UserId },
    /// A wrong code.
    WrongCode,
}

impl Deed for SetupDeed {
    fn need(&self) -> Need {
        match self {
            Self::Look | Self::Unattended { .. } => Need::System,
            // The code is the permission; it was checked, and the deed itself checks that nobody was faster.
            Self::WithCode { .. } | Self::WrongCode => Need::Open,
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::Look => Trail::nothing("setup.look"),
            Self::WithCode { user } => {
                Trail::record("setup.first_admin").with("targetUserId", *user).word("by", "code")
            }
            Self::Unattended { user } => {
                Trail::record("setup.first_admin").with("targetUserId", *user).word("by", "configuration")
            }
            Self::WrongCode => Trail::record("setup.wrong_code"),
        }
    }
}
