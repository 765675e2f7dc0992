//! What can be done with the policies.

use crate::gate::{Deed, Need, Permission, Trail};

pub(super) enum SettingDeed {
    /// Look through them.
    List,
    /// Change one.
    Change { name: &'static str },
    /// Put one back to its default.
    Reset { name: &'static str },
    /// Read what is in force, to act by it; nobody is told.
    Load,
}

impl Deed for SettingDeed {
    fn need(&self) -> Need {
        match self {
            Self::List => Need::Holds(Permission::SettingsRead),
            Self::Change { .. } | Self::Reset { .. } => Need::Holds(Permission::SettingsManage),
            Self::Load => Need::Open,
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::List => Trail::nothing("settings.list"),
            Self::Change { name } => Trail::record("settings.change").word("name", name),
            Self::Reset { name } => Trail::record("settings.reset").word("name", name),
            Self::Load => Trail::nothing("settings.load"),
        }
    }
}
