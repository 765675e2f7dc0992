//! What can be done with one's own drafts.

use crate::gate::{Deed, Need, Permission, Trail};
use crate::id::ChannelId;

pub(super) enum DraftDeed {
    /// Read it.
    Show { channel: ChannelId },
    /// Keep it.
    Keep { channel: ChannelId },
    /// Throw it away.
    Discard { channel: ChannelId },
}

impl Deed for DraftDeed {
    fn need(&self) -> Need {
        match self {
            Self::Show { channel } | Self::Discard { channel } => Need::Inside(*channel, Permission::MessagesRead),
            Self::Keep { channel } => Need::Inside(*channel, Permission::MessagesSend),
        }
    }

    fn trail(&self) -> Trail {
        Trail::nothing(match self {
            Self::Show { .. } => "drafts.show",
            Self::Keep { .. } => "drafts.keep",
            Self::Discard { .. } => "drafts.discard",
        })
    }
}
