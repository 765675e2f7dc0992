//! What can be done about presence. None of it is recorded: it says nothing of any patient and is gone at once.

use crate::gate::{Deed, Need, Permission, Trail};
use crate::id::ChannelId;

pub(super) enum PresenceDeed {
    /// Say that one is typing.
    Type { channel: ChannelId },
    /// Hear who of a channel is there.
    Watch { channel: ChannelId },
    /// Choose how to be shown, or look at it.
    Own,
    /// Tell those who watch.
    Tell,
}

impl Deed for PresenceDeed {
    fn need(&self) -> Need {
        match self {
            Self::Type { channel } => Need::Writes(*channel, Permission::MessagesSend),
            Self::Watch { channel } => Need::Inside(*channel, Permission::MessagesRead),
            Self::Own => Need::SignedIn,
            Self::Tell => Need::System,
        }
    }

    fn trail(&self) -> Trail {
        Trail::nothing(match self {
            Self::Type { .. } => "presence.type",
            Self::Watch { .. } => "presence.watch",
            Self::Own => "presence.own",
            Self::Tell => "presence.tell",
        })
    }
}
