//! Ids. Every kind of thing has its own type, so that a channel's id cannot be handed in where a user's is
//! wanted. Inside is a UUID of version 7 (RFC 9562): its leading bits are the time, so rows that are written
//! together lie together in the database's trees; its 74 random bits make it unguessable enough for an id,
//! which is never a secret and never a permission.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// A new UUID of version 7 from a moment (milliseconds since 1970) and ten random bytes.
pub fn uuid_v7(unix_millis: u64, random: [u8; 10]) -> Uuid {
    uuid::Builder::from_unix_timestamp_millis(unix_millis, &random).into_uuid()
}

/// What every id type can do.
pub trait Id: Copy + Eq + std::hash::Hash + fmt::Display + Send + 'static {
    /// Wraps a UUID that is known to name this kind of thing.
    fn from_uuid(uuid: Uuid) -> Self;
    /// The bare UUID.
    fn uuid(self) -> Uuid;
}

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl Id for $name {
            fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }
            fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(serializer)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn inline_schema() -> bool {
                true
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "format": "uuid" })
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Uuid::deserialize(deserializer).map(Self)
            }
        }
    )*};
}

id! {
    /// A person with an account.
    UserId,
    /// A role: a named set of permissions.
    RoleId,
    /// A permission's row.
    PermissionId,
    /// A channel, private or public, or a direct conversation.
    ChannelId,
    /// A message.
    MessageId,
    /// A version of a message that was replaced.
    EditId,
    /// One person's reaction to a message.
    ReactionId,
    /// A sign-in: what a token stands for.
    SessionId,
    /// A row of the audit log.
    AuditId,
    /// A leave to choose a new password without the old one.
    ResetId,
    /// A leave to make an account.
    InvitationId,
    /// A key for a program that uses the API.
    ApiKeyId,
    /// A word of the filter.
    WordId,
    /// A flag on a message.
    FlagId,
    /// A message that waits for its time.
    ScheduledId,
    /// A reminder.
    ReminderId,
    /// A text template.
    TemplateId,
    /// A bookmark, which orders the list of them.
    BookmarkId,
    /// A draft as it was last kept.
    DraftId,
    /// An export.
    ExportId,
    /// A search, as the audit log tells one from another.
    SearchId,
    /// An invitation to a channel.
    InviteId,
    /// An address that is kept out.
    BlockId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_read_back() {
        let early = UserId::from_uuid(uuid_v7(1_000, [0xff; 10]));
        let late = UserId::from_uuid(uuid_v7(1_001, [0; 10]));
        assert!(early < late);
        assert_eq!(early.to_string().parse::<UserId>().ok(), Some(early));
        assert_eq!(early.uuid().get_version_num(), 7);
        assert!("not-an-id".parse::<UserId>().is_err());
    }
}
