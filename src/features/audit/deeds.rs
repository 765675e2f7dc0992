//! What can be done with the audit log.

use super::export::Format;
use crate::gate::{Deed, Need, Permission, Trail};
use crate::id::UserId;

pub(super) enum AuditDeed {
    /// Look through it.
    List,
    /// Look through what one person did.
    OfUser { user: UserId },
    /// Look at one row.
    Show,
    /// Take it away.
    Export { format: Format, filtered: bool },
    /// Follow its chain.
    Verify,
    /// See how that stands.
    Verification,
    /// The next rows of what is being taken away.
    ExportSlice,
}

impl Deed for AuditDeed {
    fn need(&self) -> Need {
        match self {
            Self::List | Self::Show | Self::Export { .. } | Self::ExportSlice | Self::Verify | Self::Verification => {
                Need::Holds(Permission::AuditRead)
            }
            Self::OfUser { user } => Need::OneselfOr(*user, Permission::AuditRead),
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::List => Trail::reading("audit.list"),
            Self::OfUser { user } => Trail::reading("audit.of_user").with("targetUserId", *user),
            Self::Show => Trail::reading("audit.show"),
            Self::Export { format, filtered } => {
                Trail::record("audit.export").word("format", format.name()).flag("filtered", *filtered)
            }
            Self::Verify => Trail::record("audit.verify"),
            Self::Verification => Trail::nothing("audit.verification"),
            Self::ExportSlice => Trail::nothing("audit.export_slice"),
        }
    }
}
