//! What can be done with one's own reminders.

use crate::gate::{Deed, Need, Permission, Trail};
use crate::id::{ChannelId, ReminderId};

pub(super) enum ReminderDeed {
    /// Ask for one.
    Ask { reminder: ReminderId, channel: Option<ChannelId> },
    /// Look through one's own.
    List,
    /// Strike one off.
    Remove { reminder: ReminderId },
    /// Look for what is due.
    Due,
    /// Tell.
    Tell,
    /// Not tell what an API key asked for that may no longer.
    Withhold { reminder: ReminderId },
}

impl Deed for ReminderDeed {
    fn need(&self) -> Need {
        match self {
            Self::Ask { channel: Some(channel), .. } => Need::Inside(*channel, Permission::MessagesRead),
            Self::Ask { channel: None, .. } | Self::List | Self::Remove { .. } => Need::SignedIn,
            Self::Due | Self::Tell | Self::Withhold { .. } => Need::System,
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::Ask { reminder, .. } => Trail::record("reminders.ask").with("reminderId", *reminder),
            Self::List => Trail::nothing("reminders.list"),
            Self::Remove { reminder } => Trail::record("reminders.remove").with("reminderId", *reminder),
            Self::Due => Trail::nothing("reminders.due"),
            Self::Tell => Trail::nothing("reminders.tell"),
            Self::Withhold { reminder } => Trail::record("reminders.withhold").with("reminderId", *reminder),
        }
    }
}
