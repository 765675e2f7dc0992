//! What can be done with one's own bookmarks.

use crate::gate::{ByKey, Deed, Need, Permission, Trail};
use crate::id::ChannelId;

pub(super) enum BookmarkDeed {
    /// Look through them.
    List,
    /// Find out where a message is.
    Find,
    /// Set one.
    Set { channel: ChannelId },
    /// Take one away.
    Remove,
}

impl Deed for BookmarkDeed {
    fn need(&self) -> Need {
        match self {
            Self::List => Need::Holds(Permission::MessagesRead),
            Self::Find | Self::Remove => Need::SignedIn,
            Self::Set { channel } => Need::Inside(*channel, Permission::MessagesRead),
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
            Self::List => Trail::reading("messages.bookmarks"),
            Self::Find => Trail::nothing("messages.find"),
            Self::Set { .. } => Trail::nothing("bookmarks.set"),
            Self::Remove => Trail::nothing("bookmarks.remove"),
        }
    }
}
