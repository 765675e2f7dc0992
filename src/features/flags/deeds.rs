//! What can be done with flags.

use super::model::Reason;
use crate::gate::{ByKey, Deed, Need, Permission, Trail};
use crate::id::{ChannelId, MessageId};

pub(super) enum FlagDeed {
    /// Find out where a message is, before it is flagged there.
    Find,
    /// Flag it.
    Flag { channel: ChannelId, message: MessageId, reason: Reason },
}

impl Deed for FlagDeed {
    fn need(&self) -> Need {
        match self {
            Self::Find => Need::SignedIn,
            Self::Flag { channel, .. } => Need::Inside(*channel, Permission::MessagesFlag),
        }
    }

    fn by_key(&self) -> ByKey {
        match self {
            Self::Find => ByKey::Finds,
            Self::Flag { .. } => ByKey::AsNeeded,
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::Find => Trail::nothing("messages.find"),
            Self::Flag { channel, message, reason } => Trail::record("messages.flag")
                .with("channelId", *channel)
                .with("messageId", *message)
                .word("reason", reason.name()),
        }
    }
}
