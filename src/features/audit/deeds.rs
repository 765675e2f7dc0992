//! What can be done with the audit log.

use crate::gate::{Deed, Need, Permission, Trail};

pub(super) enum AuditDeed {
    /// Look through it.
    List,
    /// Look at one row.
    Show,
}

impl Deed for AuditDeed {
    fn need(&self) -> Need {
        match self {
            Self::List | Self::Show => Need::Holds(Permission::AuditRead),
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::List => Trail::reading("audit.list"),
            Self::Show => Trail::reading("audit.show"),
        }
    }
}
