//! What a deed has to say of itself before it is done: who may, and what is recorded.
//!
//! Each feature has an enum with one variant a deed and answers both questions by an exhaustive match. A deed
//! that cannot say who may do it and what is recorded does not compile.

use std::net::IpAddr;

use serde::{Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

use super::permission::{Permission, Permissions};
use crate::id::{ChannelId, Id, RoleId, UserId};

/// Something a feature can do.
pub trait Deed: Send + 'static {
    /// Who may.
    fn need(&self) -> Need;
    /// What is recorded.
    fn trail(&self) -> Trail;
    /// Whether an API key may do it at all; what a person has to do themselves says [`ByKey::Never`].
    fn by_key(&self) -> ByKey {
        ByKey::AsNeeded
    }
}

/// What an API key can do with a deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ByKey {
    /// What its scope allows of it; with a key that is limited to channels, only what names one.
    #[default]
    AsNeeded,
    /// It only finds out which channel the next deed is about.
    Finds,
    /// Nothing: passwords, sign-ins and keys are for people who signed in.
    Never,
}

/// Who may do a deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Anyone whom the network let in.
    Open,
    /// Only the server itself: its start, its jobs, its command line.
    System,
    /// Anyone who is signed in, also before a new password was chosen that has to be: one's own account.
    OwnAccount,
    /// Anyone who is signed in.
    SignedIn,
    /// Whose role allows it.
    Holds(Permission),
    /// Oneself; for others, whose role allows it.
    OneselfOr(UserId, Permission),
    /// Whoever makes API keys, for oneself or an account that one manages, and only with what one may oneself.
    Lends(UserId, Permissions),
    /// Whose role allows it, and allows all that the role being given away allows.
    Grants(Permission, RoleId),
    /// Whose role manages roles, and allows all that the role allows that is changed and all that it is to allow.
    Reshapes(Option<RoleId>, Permissions),
    /// Whose role manages accounts and allows all that the role of that account allows: nobody gets at an account
    /// above their own by setting its password.
    Manages(UserId),
    /// Oneself; for others as [`Need::Manages`].
    OneselfOrManages(UserId),
    /// As [`Need::Manages`], and the role being given allows no more than one's own.
    Appoints(UserId, RoleId),
    /// Members of the channel whose role allows it.
    Inside(ChannelId, Permission),
    /// As [`Need::Inside`]; for other channels, whose role monitors messages besides.
    Reviews(ChannelId, Permission),
    /// As [`Need::Inside`], in a channel that is open for writing, and not for members who only read or are muted.
    Writes(ChannelId, Permission),
    /// The sender of a message of the channel, as long as [`Need::Writes`] holds for them.
    Authors(ChannelId, UserId),
    /// The sender of a message of the channel, while a member; the channel's owners and moderators; of a channel that
    /// one sees, whose role allows it for the messages of others.
    Oversees(ChannelId, UserId, Permission),
    /// Members; of a public channel anyone who is signed in; of others, whose role may list channels.
    Sees(ChannelId),
    /// Members; of a public channel, whose role allows joining and who is not banned there.
    Joins(ChannelId),
    /// Owners and moderators of the channel; whose role manages channels, unless it is a conversation.
    Runs(ChannelId),
    /// As [`Need::Runs`], or as [`Need::Writes`].
    RunsOrWrites(ChannelId, Permission),
    /// Owners of the channel; whose role manages channels, unless it is a conversation.
    Owns(ChannelId),
    /// As [`Need::RunsOther`], or whose role mutes members.
    Mutes(ChannelId, UserId),
    /// As [`Need::RunsMember`], and not for oneself.
    RunsOther(ChannelId, UserId),
    /// As [`Need::Runs`], or oneself; and to change that member's standing: nobody touches the owner but an owner.
    RunsMember(ChannelId, UserId),
}

/// What the audit log keeps of a deed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trail {
    /// A row, in the same transaction.
    Record {
        /// What was done, as `messages.post`.
        action: &'static str,
        /// About what.
        details: Details,
    },
    /// A reading: a row only if patient details were shown, and one a minute for the same reader and thing.
    Reading {
        /// What was read, as `messages.page`.
        action: &'static str,
        /// About what.
        details: Details,
    },
    /// No row when it is done; a refusal is recorded under this name all the same.
    Nothing {
        /// What is refused, as `users.list`.
        action: &'static str,
    },
}

impl Trail {
    /// A row with details to be added.
    pub fn record(action: &'static str) -> Self {
        Self::Record { action, details: Details::default() }
    }

    /// A reading with details to be added.
    pub fn reading(action: &'static str) -> Self {
        Self::Reading { action, details: Details::default() }
    }

    /// No row.
    pub fn nothing(action: &'static str) -> Self {
        Self::Nothing { action }
    }

    /// Adds an id.
    #[must_use]
    pub fn with(mut self, name: &'static str, id: impl Id) -> Self {
        if let Self::Record { details, .. } | Self::Reading { details, .. } = &mut self {
            details.id(name, id);
        }
        self
    }

    /// Adds a yes or no.
    #[must_use]
    pub fn flag(mut self, name: &'static str, flag: bool) -> Self {
        if let Self::Record { details, .. } | Self::Reading { details, .. } = &mut self {
            details.flag(name, flag);
        }
        self
    }

    /// Adds one of a fixed set of words.
    #[must_use]
    pub fn word(mut self, name: &'static str, word: &'static str) -> Self {
        if let Self::Record { details, .. } | Self::Reading { details, .. } = &mut self {
            details.word(name, word);
        }
        self
    }

    /// Adds a network address.
    #[must_use]
    pub fn address(mut self, name: &'static str, address: IpAddr) -> Self {
        if let Self::Record { details, .. } | Self::Reading { details, .. } = &mut self {
            details.address(name, address);
        }
        self
    }

    /// Adds a number.
    #[must_use]
    pub fn count(mut self, name: &'static str, count: i64) -> Self {
        if let Self::Record { details, .. } | Self::Reading { details, .. } = &mut self {
            details.count(name, count);
        }
        self
    }

    /// What is done.
    pub fn action(&self) -> &'static str {
        match self {
            Self::Record { action, .. } | Self::Reading { action, .. } | Self::Nothing { action } => action,
        }
    }
}

/// What a row says of a deed: ids, numbers, flags, addresses and words of the program. There is no way to put
/// text in that a person wrote, so no patient detail can get into the audit log.
///
/// Sorted by name, which is the order in which they are signed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Details(Vec<(&'static str, Point)>);

/// One thing that a row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Point {
    Id(Uuid),
    Flag(bool),
    Word(&'static str),
    Count(i64),
    Address(IpAddr),
    #[serde(serialize_with = "in_hex")]
    Digest([u8; 32]),
}

fn in_hex<S: Serializer>(digest: &[u8; 32], serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(&crate::crypto::token::hex(digest))
}

impl Details {
    /// An id.
    pub fn id(&mut self, name: &'static str, id: impl Id) {
        self.set(name, Point::Id(id.uuid()));
    }

    /// A yes or no.
    pub fn flag(&mut self, name: &'static str, flag: bool) {
        self.set(name, Point::Flag(flag));
    }

    /// One of a fixed set of words.
    pub fn word(&mut self, name: &'static str, word: &'static str) {
        self.set(name, Point::Word(word));
    }

    /// A number.
    pub fn count(&mut self, name: &'static str, count: i64) {
        self.set(name, Point::Count(count));
    }

    /// A digest.
    pub fn digest(&mut self, name: &'static str, digest: &[u8; 32]) {
        self.set(name, Point::Digest(*digest));
    }

    /// A network address.
    pub fn address(&mut self, name: &'static str, address: IpAddr) {
        self.set(name, Point::Address(address));
    }

    /// These details with `more` added.
    #[must_use]
    pub fn with_all(&self, more: Self) -> Self {
        let mut all = self.clone();
        more.0.into_iter().for_each(|(name, point)| all.set(name, point));
        all
    }

    /// Compact JSON with sorted keys: the form that the chain signs, whatever a database makes of the column.
    pub fn canonical(&self) -> String {
        // Serialising plain values to memory cannot fail; an empty object is the harmless rest.
        serde_json::to_string(self).unwrap_or_else(|_| String::from("{}"))
    }

    fn set(&mut self, name: &'static str, point: Point) {
        match self.0.binary_search_by_key(&name, |(known, _)| *known) {
            Ok(place) => self.0[place].1 = point,
            Err(place) => self.0.insert(place, (name, point)),
        }
    }
}

impl Serialize for Details {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, point)| (name, point)))
    }
}

/// JSON in the one form that is signed: no spaces, keys in order.
pub fn canonical(value: &Value) -> String {
    // serde_json keeps objects sorted by key as long as its `preserve_order` feature is off.
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_signed_in_the_order_of_their_names_and_the_last_word_counts() {
        let mut details = Details::default();
        details.word("word", "a");
        details.count("times", -2);
        details.address("address", "fe80::1".parse().unwrap());
        details.id("messageId", crate::id::MessageId::from_uuid(Uuid::nil()));
        details.flag("containsPHI", false);
        let mut notes = Details::default();
        notes.flag("containsPHI", true);
        notes.word("about", "\"");
        let text = details.with_all(notes).canonical();
        let expected = r#"{"about":"\"","address":"fe80::1","containsPHI":true,"messageId":"00000000-0000-0000-0000-000000000000","times":-2,"word":"a"}"#;
        assert_eq!(text, expected);
        // What was signed is what a database gives back, however it spells it.
        assert_eq!(canonical(&serde_json::from_str(&text).unwrap()), text);
    }
}
