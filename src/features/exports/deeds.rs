//! What can be done with exports.

use super::model::Subject;
use crate::gate::{Deed, Need, Permission, Trail};
use crate::id::ExportId;

pub(super) enum ExportDeed {
    /// Ask for one.
    Ask { export: ExportId, subject: Subject },
    /// Read a slice for it, in the name of the one who asked.
    Read { subject: Subject },
    /// Note how far it is.
    Step,
    /// Note how it ended.
    Finish { export: ExportId, subject: Subject, rows: i64, bytes: i64, outcome: &'static str },
    /// Look through one's own.
    List,
    /// Fetch the file of one's own.
    Fetch { export: ExportId },
    /// Throw one's own away.
    Remove { export: ExportId },
    /// Remove those whose time is over, and what an interrupted server left.
    Purge,
}

impl Deed for ExportDeed {
    fn need(&self) -> Need {
        match self {
            Self::Ask { subject, .. } | Self::Read { subject } => match subject {
                Subject::Channel(channel) => Need::Owns(*channel),
                Subject::Person(person) => Need::OneselfOr(*person, Permission::UsersManage),
                Subject::Audit => Need::Holds(Permission::AuditRead),
            },
            Self::Step | Self::Finish { .. } | Self::Purge => Need::System,
            Self::List | Self::Fetch { .. } | Self::Remove { .. } => Need::SignedIn,
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::Ask { export, subject } => about(Trail::record("exports.ask").with("exportId", *export), *subject),
            Self::Read { subject } => about(Trail::reading("exports.read"), *subject),
            Self::Step => Trail::nothing("exports.step"),
            Self::Finish { export, subject, rows, bytes, outcome } => {
                about(Trail::record("exports.finish").with("exportId", *export), *subject)
                    .count("rows", *rows)
                    .count("bytes", *bytes)
                    .word("outcome", outcome)
            }
            Self::List => Trail::nothing("exports.list"),
            Self::Fetch { export } => Trail::record("exports.fetch").with("exportId", *export),
            Self::Remove { export } => Trail::record("exports.remove").with("exportId", *export),
            Self::Purge => Trail::nothing("exports.purge"),
        }
    }
}

fn about(trail: Trail, subject: Subject) -> Trail {
    let trail = trail.word("kind", subject.kind());
    match subject {
        Subject::Channel(channel) => trail.with("channelId", channel),
        Subject::Person(person) => trail.with("targetUserId", person),
        Subject::Audit => trail,
    }
}
