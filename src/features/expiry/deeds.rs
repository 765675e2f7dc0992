//! What can be done about the life of messages.

use crate::gate::{Deed, Need, Trail};
use crate::id::ChannelId;

pub(super) enum ExpiryDeed {
    /// See how long messages live in a channel.
    Show { channel: ChannelId },
    /// Change it; 0 is for ever.
    Set { channel: ChannelId, seconds: i64 },
    /// Look for what has expired.
    Look,
    /// Erase it.
    Erase { messages: usize },
}

impl Deed for ExpiryDeed {
    fn need(&self) -> Need {
        match self {
            Self::Show { channel } => Need::Sees(*channel),
            Self::Set { channel, .. } => Need::Runs(*channel),
            Self::Look | Self::Erase { .. } => Need::System,
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::Show { .. } => Trail::nothing("channels.lifetime"),
            Self::Set { channel, seconds } => {
                Trail::record("channels.set_lifetime").with("channelId", *channel).count("seconds", *seconds)
            }
            Self::Look => Trail::nothing("messages.expired"),
            Self::Erase { messages } => {
                Trail::record("messages.expire").count("messages", i64::try_from(*messages).unwrap_or(i64::MAX))
            }
        }
    }
}
