//! What can be done here.

use crate::gate::{Deed, Need, Permission, Trail};

pub(super) enum DiagnosticsDeed {
    /// See what runs.
    About,
    /// Take the file away.
    Bundle,
}

impl Deed for DiagnosticsDeed {
    fn need(&self) -> Need {
        match self {
            Self::About => Need::SignedIn,
            Self::Bundle => Need::Holds(Permission::SystemMonitor),
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::About => Trail::nothing("system.about"),
            Self::Bundle => Trail::record("system.diagnostics"),
        }
    }
}
