//! What can be done with messages.

use super::rows::Place;
use crate::gate::{ByKey, Deed, Need, Permission, Trail};
use crate::id::{ChannelId, MessageId};

pub(super) enum MessageDeed {
    /// Post.
    Post { channel: ChannelId, message: MessageId, phi: bool },
    /// Read a page of a channel.
    Page { channel: ChannelId },
    /// Read what changed since.
    Replay { channel: ChannelId },
    /// Find out where a message is, before it is read there.
    Find,
    /// Read one message.
    Show { channel: ChannelId, message: MessageId },
    /// Get back what was just posted, which needs no more than posting it.
    Posted { channel: ChannelId, message: MessageId },
    /// Read the newest of all own channels.
    Recent,
    /// Change what a message says.
    Edit { place: Place },
    /// Take a message away.
    Delete { place: Place, own: bool },
    /// Read what a message said before.
    History { place: Place },
    /// React to a message.
    React { place: Place },
    /// Take an own reaction back.
    Unreact { place: Place },
    /// Say that one has read up to a message.
    Read { channel: ChannelId },
    /// Say that a device has received up to a message.
    Receive { channel: ChannelId },
    /// Write down and tell what devices have received.
    KeepDeliveries,
    /// Read the replies to a message.
    Thread { place: Place },
    /// Pin a message.
    Pin { place: Place, by_members: bool },
    /// Take a pin away.
    Unpin { place: Place, by_members: bool },
    /// Read what is pinned in a channel.
    Pins { channel: ChannelId },
    /// Look who has received and read a message.
    Receipts { place: Place },
    /// Have a text looked at that might be sent.
    Check,
    /// Find out where a message is, before its patient details are revealed, and show them when that is recorded.
    FindToReveal,
    /// Reveal the patient details of a message.
    Reveal { channel: ChannelId, message: MessageId, reason: &'static str },
}

impl Deed for MessageDeed {
    fn need(&self) -> Need {
        match self {
            Self::Post { channel, .. } => Need::Writes(*channel, Permission::MessagesSend),
            Self::Page { channel }
            | Self::Replay { channel }
            | Self::Show { channel, .. }
            | Self::Read { channel }
            | Self::Receive { channel }
            | Self::Pins { channel } => Need::Inside(*channel, Permission::MessagesRead),
            Self::Posted { channel, .. } => Need::Inside(*channel, Permission::MessagesSend),
            Self::Find => Need::SignedIn,
            Self::Recent => Need::Holds(Permission::MessagesRead),
            Self::Edit { place } => Need::Authors(place.channel, place.sender),
            Self::Delete { place, .. } => Need::Oversees(place.channel, place.sender, Permission::MessagesDeleteAny),
            Self::History { place } => Need::Oversees(place.channel, place.sender, Permission::MessagesMonitor),
            Self::React { place } => Need::Writes(place.channel, Permission::MessagesReact),
            Self::Unreact { place } => Need::Inside(place.channel, Permission::MessagesReact),
            Self::KeepDeliveries => Need::System,
            Self::Receipts { place } | Self::Thread { place } => Need::Inside(place.channel, Permission::MessagesRead),
            Self::Pin { place, by_members: true } | Self::Unpin { place, by_members: true } => {
                Need::RunsOrWrites(place.channel, Permission::MessagesSend)
            }
            Self::Pin { place, .. } | Self::Unpin { place, .. } => Need::Runs(place.channel),
            Self::Check => Need::Holds(Permission::MessagesSend),
            Self::FindToReveal | Self::Reveal { .. } => Need::Holds(Permission::PhiReveal),
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
            Self::Post { channel, message, phi } => Trail::record("messages.post")
                .with("channelId", *channel)
                .with("messageId", *message)
                .flag("containsPHI", *phi),
            Self::Page { channel } => Trail::reading("messages.page").with("channelId", *channel),
            Self::Replay { channel } => Trail::reading("messages.replay").with("channelId", *channel),
            Self::Find => Trail::nothing("messages.find"),
            Self::Show { channel, message } | Self::Posted { channel, message } => {
                Trail::reading("messages.show").with("channelId", *channel).with("messageId", *message)
            }
            Self::Recent => Trail::reading("messages.recent"),
            Self::Edit { place } => about("messages.edit", *place),
            Self::Delete { place, own } => about("messages.delete", *place).flag("own", *own),
            Self::History { place } => {
                Trail::reading("messages.history").with("channelId", place.channel).with("messageId", place.message)
            }
            Self::React { place } => about("messages.react", *place),
            Self::Unreact { place } => about("messages.unreact", *place),
            Self::Read { .. } => Trail::nothing("messages.read"),
            Self::Receive { .. } => Trail::nothing("messages.receive"),
            Self::KeepDeliveries => Trail::nothing("messages.keep_deliveries"),
            Self::Receipts { .. } => Trail::nothing("messages.receipts"),
            Self::Check => Trail::nothing("phi.check"),
            Self::FindToReveal => Trail::nothing("phi.reveal"),
            Self::Reveal { channel, message, reason } => Trail::record("phi.reveal")
                .with("channelId", *channel)
                .with("messageId", *message)
                .word("reason", reason),
            Self::Thread { place } => {
                Trail::reading("messages.thread").with("channelId", place.channel).with("messageId", place.message)
            }
            Self::Pin { place, .. } => about("messages.pin", *place),
            Self::Unpin { place, .. } => about("messages.unpin", *place),
            Self::Pins { channel } => Trail::reading("messages.pins").with("channelId", *channel),
        }
    }
}

fn about(action: &'static str, place: Place) -> Trail {
    Trail::record(action).with("channelId", place.channel).with("messageId", place.message)
}
