//! What can be done with messages that wait.

use crate::gate::{Deed, Need, Permission, Trail};
use crate::id::{ChannelId, ScheduledId};

pub(super) enum ScheduleDeed {
    /// Let a message wait.
    Plan { channel: ChannelId, scheduled: ScheduledId, phi: bool },
    /// Look through one's own.
    List,
    /// Change one of one's own.
    Change { scheduled: ScheduledId },
    /// Strike one of one's own off.
    Cancel { scheduled: ScheduledId },
    /// Look for what is due.
    Due,
    /// Strike off what was posted.
    Settle,
    /// Note why one could not be posted.
    Fail { scheduled: ScheduledId, channel: ChannelId, code: &'static str },
}

impl Deed for ScheduleDeed {
    fn need(&self) -> Need {
        match self {
            Self::Plan { channel, .. } => Need::Writes(*channel, Permission::MessagesSend),
            Self::List | Self::Change { .. } | Self::Cancel { .. } => Need::SignedIn,
            Self::Due | Self::Settle | Self::Fail { .. } => Need::System,
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::Plan { channel, scheduled, phi } => Trail::record("messages.schedule")
                .with("channelId", *channel)
                .with("scheduledId", *scheduled)
                .flag("containsPHI", *phi),
            Self::List => Trail::nothing("messages.scheduled"),
            Self::Change { scheduled } => Trail::record("messages.reschedule").with("scheduledId", *scheduled),
            Self::Cancel { scheduled } => Trail::record("messages.unschedule").with("scheduledId", *scheduled),
            Self::Due => Trail::nothing("messages.due"),
            Self::Settle => Trail::nothing("messages.settle"),
            Self::Fail { scheduled, channel, code } => Trail::record("messages.schedule_failed")
                .with("scheduledId", *scheduled)
                .with("channelId", *channel)
                .word("code", code),
        }
    }
}
