//! What can be done with backups.

use crate::gate::{Deed, Need, Permission, Trail};

pub(super) enum BackupDeed {
    /// See how they do.
    Look,
    /// Look through them and the plan.
    List,
    /// Make one now.
    Make,
    /// Note how the making ended.
    Finish { kind: &'static str, outcome: &'static str, bytes: i64 },
    /// Change when and where they are made.
    ChangePlan,
    /// Read the plan, to act by it.
    LoadPlan,
    /// Try whether a folder can be written to.
    TestFolder,
    /// Throw one away.
    Remove,
    /// Note how the rehearsal ended.
    Rehearse { outcome: &'static str },
}

impl Deed for BackupDeed {
    fn need(&self) -> Need {
        match self {
            Self::Look => Need::Holds(Permission::SettingsRead),
            Self::List | Self::Make | Self::ChangePlan | Self::TestFolder | Self::Remove => {
                Need::Holds(Permission::SystemManage)
            }
            Self::Finish { .. } | Self::LoadPlan | Self::Rehearse { .. } => Need::System,
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::Look => Trail::nothing("backups.look"),
            Self::List => Trail::nothing("backups.list"),
            Self::Make => Trail::record("backups.make"),
            Self::Finish { kind, outcome, bytes } => {
                Trail::record("backups.finish").word("kind", kind).word("outcome", outcome).count("bytes", *bytes)
            }
            Self::ChangePlan => Trail::record("backups.change_plan"),
            Self::LoadPlan => Trail::nothing("backups.load_plan"),
            Self::TestFolder => Trail::record("backups.test_folder"),
            Self::Remove => Trail::record("backups.remove"),
            Self::Rehearse { outcome } => Trail::record("backups.rehearse").word("outcome", outcome),
        }
    }
}
