//! What can be done with keys; never by a key.

use crate::gate::{ByKey, Deed, Need, Permission, Permissions, Trail};
use crate::id::{ApiKeyId, UserId};

/// A key as it is given: for whom, and what with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lent {
    pub(super) key: ApiKeyId,
    pub(super) user: UserId,
    pub(super) permissions: Permissions,
    /// Whether it is limited to channels.
    pub(super) limited: bool,
}

pub(super) enum KeyDeed {
    /// Look through the keys.
    List,
    /// Find one, before the deed that changes it.
    Find,
    /// Make one.
    Make(Lent),
    /// Change its name, its end or what it may.
    Change(Lent),
    /// Give it a new token.
    Rotate(Lent),
    /// End it.
    Revoke { key: ApiKeyId },
}

impl Deed for KeyDeed {
    fn need(&self) -> Need {
        match self {
            Self::List | Self::Find | Self::Revoke { .. } => Need::Holds(Permission::SystemIntegrate),
            Self::Make(lent) | Self::Change(lent) | Self::Rotate(lent) => Need::Lends(lent.user, lent.permissions),
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::List => Trail::nothing("api_keys.list"),
            Self::Find => Trail::nothing("api_keys.find"),
            Self::Make(lent) => recorded("api_keys.make", lent),
            Self::Change(lent) => recorded("api_keys.change", lent),
            Self::Rotate(lent) => recorded("api_keys.rotate", lent),
            Self::Revoke { key } => Trail::record("api_keys.revoke").with("targetKeyId", *key),
        }
    }

    fn by_key(&self) -> ByKey {
        ByKey::Never
    }
}

fn recorded(action: &'static str, lent: &Lent) -> Trail {
    Trail::record(action)
        .with("targetKeyId", lent.key)
        .with("targetUserId", lent.user)
        .count("permissions", i64::try_from(lent.permissions.iter().count()).unwrap_or(i64::MAX))
        .flag("limitedToChannels", lent.limited)
}
