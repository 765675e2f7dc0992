//! What can be done with channels.

use crate::gate::{Deed, MemberRole, Need, Permission, Trail};
use crate::id::{ChannelId, UserId};

pub(super) enum ChannelDeed {
    /// Look at one channel.
    Show { channel: ChannelId },
    /// Look through the channels one may see.
    List,
    /// Look at who is in it.
    Members { channel: ChannelId },
    /// Make a channel.
    Create { channel: ChannelId, private: bool, members: usize },
    /// Become a member of a public channel, or listen to one's own.
    Join { channel: ChannelId },
    /// Add somebody.
    AddMember { channel: ChannelId, user: UserId, role: MemberRole },
    /// Change somebody's standing.
    ChangeMember { channel: ChannelId, user: UserId, role: MemberRole },
    /// End a membership, one's own or another's.
    RemoveMember { channel: ChannelId, user: UserId },
}

impl Deed for ChannelDeed {
    fn need(&self) -> Need {
        match self {
            Self::Show { channel } | Self::Members { channel } => Need::Sees(*channel),
            Self::List => Need::SignedIn,
            Self::Create { .. } => Need::Holds(Permission::ChannelsCreate),
            Self::Join { channel } => Need::Joins(*channel),
            Self::AddMember { channel, .. } => Need::Runs(*channel),
            Self::ChangeMember { channel, user, .. } => Need::RunsOther(*channel, *user),
            Self::RemoveMember { channel, user } => Need::RunsMember(*channel, *user),
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::Show { .. } => Trail::nothing("channels.show"),
            Self::List => Trail::nothing("channels.list"),
            Self::Members { .. } => Trail::nothing("channels.members"),
            Self::Create { channel, private, members } => Trail::record("channels.create")
                .with("channelId", *channel)
                .flag("isPrivate", *private)
                .count("members", i64::try_from(*members).unwrap_or(i64::MAX)),
            Self::Join { channel } => Trail::record("channels.join").with("channelId", *channel),
            Self::AddMember { channel, user, role } => Trail::record("channels.add_member")
                .with("channelId", *channel)
                .with("targetUserId", *user)
                .word("role", role.name()),
            Self::ChangeMember { channel, user, role } => Trail::record("channels.change_member")
                .with("channelId", *channel)
                .with("targetUserId", *user)
                .word("role", role.name()),
            Self::RemoveMember { channel, user } => {
                Trail::record("channels.remove_member").with("channelId", *channel).with("targetUserId", *user)
            }
        }
    }
}
