//! What can be done here: looking.

use crate::gate::{Deed, Need, Permission, Trail};

pub(super) enum OverviewDeed {
    /// Look.
    Show,
}

impl Deed for OverviewDeed {
    fn need(&self) -> Need {
        match self {
            Self::Show => Need::Holds(Permission::SystemMonitor),
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::Show => Trail::nothing("system.overview"),
        }
    }
}
