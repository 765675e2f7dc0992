//! What can be done with flagged messages.

use crate::gate::{ByKey, Deed, Need, Permission, Trail};
use crate::id::{ChannelId, MessageId};

/// What is decided about a flagged message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// It stays.
    Keep,
    /// It goes.
    Delete,
}

impl Decision {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Delete => "delete",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Keep, Self::Delete].into_iter().find(|decision| decision.name() == name)
    }
}

pub(super) enum ReviewDeed {
    /// Look through the queue.
    List,
    /// Find out where a message is.
    Find,
    /// Decide.
    Decide { channel: ChannelId, message: MessageId, decision: Decision },
}

impl Deed for ReviewDeed {
    fn need(&self) -> Need {
        match self {
            Self::List => Need::Holds(Permission::MessagesFlag),
            Self::Find => Need::SignedIn,
            Self::Decide { channel, decision, .. } => Need::Reviews(
                *channel,
                match decision {
                    Decision::Keep => Permission::MessagesFlag,
                    Decision::Delete => Permission::MessagesDeleteAny,
                },
            ),
        }
    }

    fn by_key(&self) -> ByKey {
        match self {
            Self::Find => ByKey::Finds,
            _ => ByKey::AsNeeded,
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::List => Trail::reading("messages.flagged"),
            Self::Find => Trail::nothing("messages.find"),
            Self::Decide { channel, message, decision } => Trail::record("messages.review")
                .with("channelId", *channel)
                .with("messageId", *message)
                .word("decision", decision.name()),
        }
    }
}
