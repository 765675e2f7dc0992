//! What can be done with announcements.

use crate::gate::{Deed, Need, Permission, Trail};

pub(super) enum AnnouncementDeed {
    /// Look at what holds.
    Show,
    /// Tell everybody.
    Announce { level: &'static str },
    /// Take it back.
    Withdraw,
    /// Read what holds, to tell it.
    Load,
}

impl Deed for AnnouncementDeed {
    fn need(&self) -> Need {
        match self {
            Self::Show => Need::SignedIn,
            Self::Announce { .. } | Self::Withdraw => Need::Holds(Permission::SettingsManage),
            Self::Load => Need::Open,
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::Show => Trail::nothing("announcements.show"),
            Self::Announce { level } => Trail::record("announcements.announce").word("level", level),
            Self::Withdraw => Trail::record("announcements.withdraw"),
            Self::Load => Trail::nothing("announcements.load"),
        }
    }
}
