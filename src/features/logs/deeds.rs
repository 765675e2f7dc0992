//! What can be done with the logs.

use crate::gate::{Deed, Need, Permission, Trail};
use crate::logging::Kind;

pub(super) enum LogDeed {
    /// Look a log through.
    Read { kind: Kind },
    /// See how it is kept.
    State,
    /// Change how talkative it is.
    Level { level: &'static str },
}

impl Deed for LogDeed {
    fn need(&self) -> Need {
        match self {
            Self::Read { kind: Kind::System } | Self::State => Need::Holds(Permission::SystemMonitor),
            Self::Read { kind: Kind::Admin | Kind::Access } => Need::Holds(Permission::AuditRead),
            Self::Level { .. } => Need::Holds(Permission::SettingsManage),
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::Read { .. } => Trail::nothing("logs.read"),
            Self::State => Trail::nothing("logs.state"),
            Self::Level { level } => Trail::record("logs.level").word("level", level),
        }
    }
}
