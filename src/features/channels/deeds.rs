//! What can be done with channels.

use crate::gate::{Deed, MemberRole, Need, Permission, Sanction, Trail};
use crate::id::{ChannelId, InviteId, UserId};

pub(super) enum ChannelDeed {
    /// Look at one channel.
    Show { channel: ChannelId },
    /// Look through the channels one may see.
    List,
    /// Look through those that were deleted and can be put back.
    ListDeleted,
    /// Look at who is in it.
    Members { channel: ChannelId },
    /// Make a channel or a group.
    Create { channel: ChannelId, private: bool, kind: &'static str, members: usize },
    /// Talk to somebody, for the first time or again.
    OpenDirect { channel: ChannelId, user: UserId },
    /// See whether one talks to somebody already.
    FindDirect,
    /// Become a member of a public channel, or listen to one's own.
    Join { channel: ChannelId },
    /// Change what it is called, says of itself, or asks of those who write.
    Update { channel: ChannelId, changed: Changed },
    /// Take it away from everybody.
    Delete { channel: ChannelId },
    /// The same, at the time that was set for it.
    Expire { channel: ChannelId },
    /// Look for those whose time has come.
    FindExpired,
    /// Put it back.
    Restore { channel: ChannelId },
    /// Add somebody.
    AddMember { channel: ChannelId, user: UserId, role: MemberRole },
    /// Change somebody's standing.
    ChangeMember { channel: ChannelId, user: UserId, role: MemberRole },
    /// End a membership, one's own or another's.
    RemoveMember { channel: ChannelId, user: UserId },
    /// Silence somebody or put them out.
    Sanction { channel: ChannelId, user: UserId, sanction: Sanction, ends: bool },
    /// Lift that.
    Lift { channel: ChannelId, user: UserId, sanction: Sanction },
    /// Look at who is silenced or out.
    Sanctions { channel: ChannelId },
    /// Invite somebody, or whoever has the link.
    Invite { channel: ChannelId, invite: InviteId, user: Option<UserId> },
    /// Look at a channel's invitations.
    Invites { channel: ChannelId },
    /// Take an invitation back.
    RevokeInvite { channel: ChannelId, invite: InviteId },
    /// Look at one's own invitations.
    OwnInvites,
    /// Find out where an invitation leads.
    FindInvite,
    /// Follow it.
    AcceptInvite { channel: ChannelId, invite: InviteId },
    /// Do not.
    DeclineInvite { channel: ChannelId, invite: InviteId },
}

/// What of a channel is changed, for the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "one for each field of the record")]
pub(super) struct Changed {
    pub(super) name: bool,
    pub(super) description: bool,
    pub(super) topic: bool,
    pub(super) category: bool,
    pub(super) tags: bool,
    pub(super) metadata: bool,
    pub(super) slow_mode: bool,
    pub(super) private: Option<bool>,
    pub(super) archived: Option<bool>,
    pub(super) password: bool,
    pub(super) expires: bool,
}

impl Changed {
    /// Who may come in, and how long there is something to come into, is the owners' to say.
    fn is_the_owners(&self) -> bool {
        self.private.is_some() || self.password || self.expires
    }

    /// The fields by their names.
    pub(super) fn names(self) -> Vec<&'static str> {
        [
            (self.name, "name"),
            (self.description, "description"),
            (self.topic, "topic"),
            (self.category, "category"),
            (self.tags, "tags"),
            (self.metadata, "metadata"),
            (self.slow_mode, "slowModeSeconds"),
            (self.private.is_some(), "isPrivate"),
            (self.archived.is_some(), "archived"),
            (self.password, "password"),
            (self.expires, "expiresAt"),
        ]
        .into_iter()
        .filter_map(|(changed, name)| changed.then_some(name))
        .collect()
    }
}

impl Deed for ChannelDeed {
    fn need(&self) -> Need {
        match self {
            Self::Show { channel } | Self::Members { channel } => Need::Sees(*channel),
            Self::List | Self::OwnInvites | Self::FindInvite | Self::DeclineInvite { .. } => Need::SignedIn,
            Self::ListDeleted | Self::Restore { .. } => Need::Holds(Permission::ChannelsManage),
            Self::Create { .. } => Need::Holds(Permission::ChannelsCreate),
            Self::OpenDirect { .. } | Self::FindDirect => Need::Holds(Permission::MessagesSend),
            Self::Join { channel } => Need::Joins(*channel),
            Self::Update { channel, changed } if changed.is_the_owners() => Need::Owns(*channel),
            Self::Update { channel, .. }
            | Self::AddMember { channel, .. }
            | Self::Sanctions { channel }
            | Self::Invite { channel, .. }
            | Self::Invites { channel }
            | Self::RevokeInvite { channel, .. } => Need::Runs(*channel),
            Self::Delete { channel } => Need::Owns(*channel),
            Self::Expire { .. } | Self::FindExpired => Need::System,
            Self::ChangeMember { channel, user, .. } => Need::RunsOther(*channel, *user),
            Self::RemoveMember { channel, user } => Need::RunsMember(*channel, *user),
            Self::Sanction { channel, user, sanction, .. } | Self::Lift { channel, user, sanction } => match sanction {
                Sanction::Mute => Need::Mutes(*channel, *user),
                Sanction::Ban => Need::RunsOther(*channel, *user),
            },
            Self::AcceptInvite { .. } => Need::Holds(Permission::ChannelsJoin),
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::Show { .. } => Trail::nothing("channels.show"),
            Self::List => Trail::nothing("channels.list"),
            Self::ListDeleted => Trail::nothing("channels.list_deleted"),
            Self::Members { .. } => Trail::nothing("channels.members"),
            Self::Sanctions { .. } => Trail::nothing("channels.sanctions"),
            Self::Invites { .. } => Trail::nothing("channels.invites"),
            Self::OwnInvites => Trail::nothing("channels.own_invites"),
            Self::FindInvite => Trail::nothing("channels.find_invite"),
            Self::FindExpired => Trail::nothing("channels.find_expired"),
            Self::Create { channel, private, kind, members } => Trail::record("channels.create")
                .with("channelId", *channel)
                .flag("isPrivate", *private)
                .word("kind", kind)
                .count("members", i64::try_from(*members).unwrap_or(i64::MAX)),
            Self::FindDirect => Trail::nothing("channels.find_direct"),
            Self::OpenDirect { channel, user } => {
                Trail::record("channels.open_direct").with("channelId", *channel).with("targetUserId", *user)
            }
            Self::Join { channel } => Trail::record("channels.join").with("channelId", *channel),
            Self::Update { channel, changed } => update(*channel, *changed),
            Self::Delete { channel } => Trail::record("channels.delete").with("channelId", *channel),
            Self::Expire { channel } => Trail::record("channels.expire").with("channelId", *channel),
            Self::Restore { channel } => Trail::record("channels.restore").with("channelId", *channel),
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
            Self::Sanction { channel, user, sanction, ends } => {
                let action = match sanction {
                    Sanction::Mute => "channels.mute",
                    Sanction::Ban => "channels.ban",
                };
                Trail::record(action).with("channelId", *channel).with("targetUserId", *user).flag("ends", *ends)
            }
            Self::Lift { channel, user, sanction } => {
                let action = match sanction {
                    Sanction::Mute => "channels.unmute",
                    Sanction::Ban => "channels.unban",
                };
                Trail::record(action).with("channelId", *channel).with("targetUserId", *user)
            }
            Self::Invite { channel, invite, user } => {
                let trail = Trail::record("channels.invite").with("channelId", *channel).with("inviteId", *invite);
                match user {
                    Some(user) => trail.with("targetUserId", *user),
                    None => trail.flag("link", true),
                }
            }
            Self::RevokeInvite { channel, invite } => answered("channels.revoke_invite", *channel, *invite),
            Self::AcceptInvite { channel, invite } => answered("channels.accept_invite", *channel, *invite),
            Self::DeclineInvite { channel, invite } => answered("channels.decline_invite", *channel, *invite),
        }
    }
}

fn answered(action: &'static str, channel: ChannelId, invite: InviteId) -> Trail {
    Trail::record(action).with("channelId", channel).with("inviteId", invite)
}

/// Which fields, and of those that say who may come in and write, how they were set.
fn update(channel: ChannelId, changed: Changed) -> Trail {
    let mut trail = Trail::record("channels.update").with("channelId", channel);
    for name in changed.names() {
        trail = trail.flag(name, true);
    }
    for (name, set) in [("isPrivate", changed.private), ("archived", changed.archived)] {
        if let Some(set) = set {
            trail = trail.flag(name, set);
        }
    }
    trail
}
