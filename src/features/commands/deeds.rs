//! What commands need besides the deeds that they stand for.

use crate::gate::{Deed, Need, Permission, Trail};
use crate::id::ChannelId;

pub(super) enum CommandDeed {
    /// See which there are.
    Offer { channel: ChannelId },
    /// Find out who is meant.
    FindPerson,
}

impl Deed for CommandDeed {
    fn need(&self) -> Need {
        match self {
            Self::Offer { channel } => Need::Sees(*channel),
            Self::FindPerson => Need::Holds(Permission::UsersRead),
        }
    }

    fn trail(&self) -> Trail {
        Trail::nothing(match self {
            Self::Offer { .. } => "commands.list",
            Self::FindPerson => "commands.find_person",
        })
    }
}
