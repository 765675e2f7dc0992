//! What decisions are made from: who has which role, what a role allows, who is in which channel.
//!
//! Facts are read from the database once and then kept; a commit that changes one replaces it here, in commit
//! order, before anyone is told of the commit. So a decision costs no query, and is never older than the last
//! commit.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::permission::{Permission, Permissions};
use super::rows;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{ChannelId, RoleId, UserId};
use crate::store::View;

/// A person, as far as decisions go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserFact {
    /// The name, for frames.
    pub username: Arc<str>,
    /// The role.
    pub role: RoleId,
    /// Whether the account may be used.
    pub active: bool,
    /// Whether a new password has to be chosen before anything else.
    pub must_change_password: bool,
    /// Whether a second factor has to be set up before anything else: the clinic asks it of the role, and there is none.
    pub must_enrol: bool,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleFact {
    /// Its name.
    pub name: Arc<str>,
    /// What it allows.
    pub permissions: Permissions,
}

/// A member's standing in a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MemberRole {
    /// Reads only.
    Readonly,
    /// Reads and writes.
    Member,
    /// Manages members too.
    Moderator,
    /// Everything in the channel.
    Owner,
}

impl MemberRole {
    /// The stored and shown name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Readonly => "readonly",
            Self::Member => "member",
            Self::Moderator => "moderator",
            Self::Owner => "owner",
        }
    }

    /// The standing of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Readonly, Self::Member, Self::Moderator, Self::Owner].into_iter().find(|r| r.name() == name)
    }
}

/// What a channel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChannelKind {
    /// A place with a name.
    #[default]
    Channel,
    /// A conversation of exactly two.
    Direct,
    /// A conversation of a few.
    Group,
}

impl ChannelKind {
    /// The stored and shown name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Direct => "direct",
            Self::Group => "group",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Channel, Self::Direct, Self::Group].into_iter().find(|kind| kind.name() == name)
    }
}

/// What keeps a person from writing in a channel, or from being there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sanction {
    /// Reads, and neither posts nor reacts.
    Mute,
    /// Is not let in.
    Ban,
}

impl Sanction {
    /// The stored name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mute => "mute",
            Self::Ban => "ban",
        }
    }

    /// The sanction of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Mute, Self::Ban].into_iter().find(|sanction| sanction.name() == name)
    }
}

/// When a sanction ends; `None` is when it is lifted.
pub type Until = Option<Timestamp>;

/// A channel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChannelFact {
    /// What it is. A conversation is shown to nobody outside, whatever their role.
    pub kind: ChannelKind,
    /// Whether one must be added to see it.
    pub private: bool,
    /// Whether it is closed for writing.
    pub archived: bool,
    /// Whether those who join by themselves are asked for a password.
    pub locked: bool,
    /// Seconds between two messages of one member; 0 is no limit.
    pub slow: u32,
    /// Who is in it.
    pub members: HashMap<UserId, MemberRole>,
    /// Who is muted or banned there, and until when; some of it may be over.
    pub sanctions: HashMap<(UserId, Sanction), Until>,
}

impl ChannelFact {
    /// Whether a sanction stands at `now`.
    pub fn is_under(&self, sanction: Sanction, user: UserId, now: Timestamp) -> bool {
        self.sanctions.get(&(user, sanction)).is_some_and(|until| until.is_none_or(|until| now < until))
    }
}

/// One kind of fact, shared between readers; the writer alone replaces entries.
#[derive(Debug)]
pub(super) struct Kept<K, F>(RwLock<HashMap<K, Arc<F>>>);

impl<K: Eq + Hash + Copy, F> Kept<K, F> {
    fn new() -> Self {
        Self(RwLock::new(HashMap::new()))
    }

    pub(super) fn known(&self, key: K) -> Option<Arc<F>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()
    }

    pub(super) fn replace(&self, changes: impl Iterator<Item = (K, Option<Arc<F>>)>) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (key, fact) in changes {
            match fact {
                Some(fact) => kept.insert(key, fact),
                None => kept.remove(&key),
            };
        }
    }

    fn clear(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// All facts.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) users: Kept<UserId, UserFact>,
    pub(super) roles: Kept<RoleId, RoleFact>,
    pub(super) channels: Kept<ChannelId, ChannelFact>,
    /// Grows with every change: what was read from the database before a change is not kept after it.
    epoch: AtomicU64,
}

impl Facts {
    pub(super) fn new() -> Self {
        Self { users: Kept::new(), roles: Kept::new(), channels: Kept::new(), epoch: AtomicU64::new(0) }
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// To be called before the entries are replaced.
    pub(super) fn changing(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }

    /// Another node wrote: nothing here can be trusted.
    pub(super) fn forget_all(&self) {
        self.changing();
        self.users.clear();
        self.roles.clear();
        self.channels.clear();
    }

    fn keep<K: Eq + Hash + Copy, F>(&self, kept: &Kept<K, F>, epoch: u64, key: K, fact: &Arc<F>) {
        let mut kept = kept.0.write().unwrap_or_else(PoisonError::into_inner);
        if self.epoch() == epoch {
            kept.insert(key, fact.clone());
        }
    }
}

/// Where a decision finds its facts: the writer sees its own uncommitted changes, a reader what is committed.
pub(super) trait FactSource {
    fn user(&mut self, id: UserId) -> Result<Option<Arc<UserFact>>>;
    fn role(&mut self, id: RoleId) -> Result<Option<Arc<RoleFact>>>;
    fn channel(&mut self, id: ChannelId) -> Result<Option<Arc<ChannelFact>>>;

    /// Whether `user` is active and the role allows `permission`.
    fn allows(&mut self, user: UserId, permission: Permission) -> Result<bool> {
        Ok(self.permissions(user)?.has(permission))
    }

    /// All that the role of `user` allows; nothing when the account is not active.
    fn permissions(&mut self, user: UserId) -> Result<Permissions> {
        let Some(fact) = self.user(user)?.filter(|u| u.active) else { return Ok(Permissions::NONE) };
        Ok(self.role(fact.role)?.map_or(Permissions::NONE, |role| role.permissions))
    }
}

/// Facts that are in memory, for a decision that may not wait.
pub(super) struct Remembered<'a> {
    pub(super) facts: &'a Facts,
    /// Whether one was asked for that is not: then the decision does not count.
    pub(super) unknown: bool,
}

impl Remembered<'_> {
    fn noting<F>(&mut self, fact: Option<Arc<F>>) -> Option<Arc<F>> {
        self.unknown |= fact.is_none();
        fact
    }
}

impl FactSource for Remembered<'_> {
    fn user(&mut self, id: UserId) -> Result<Option<Arc<UserFact>>> {
        let fact = self.facts.users.known(id);
        Ok(self.noting(fact))
    }

    fn role(&mut self, id: RoleId) -> Result<Option<Arc<RoleFact>>> {
        let fact = self.facts.roles.known(id);
        Ok(self.noting(fact))
    }

    fn channel(&mut self, id: ChannelId) -> Result<Option<Arc<ChannelFact>>> {
        let fact = self.facts.channels.known(id);
        Ok(self.noting(fact))
    }
}

/// Facts for a reader. `epoch` was taken before the reader's transaction began.
pub(super) struct Committed<'a, 'v, 'c> {
    pub(super) facts: &'a Facts,
    pub(super) view: &'v mut View<'c>,
    pub(super) epoch: u64,
}

impl FactSource for Committed<'_, '_, '_> {
    fn user(&mut self, id: UserId) -> Result<Option<Arc<UserFact>>> {
        if let Some(fact) = self.facts.users.known(id) {
            return Ok(Some(fact));
        }
        let fact = rows::user_fact(self.view, id)?.map(Arc::new);
        if let Some(fact) = &fact {
            self.facts.keep(&self.facts.users, self.epoch, id, fact);
        }
        Ok(fact)
    }

    fn role(&mut self, id: RoleId) -> Result<Option<Arc<RoleFact>>> {
        if let Some(fact) = self.facts.roles.known(id) {
            return Ok(Some(fact));
        }
        let fact = rows::role_fact(self.view, id)?.map(Arc::new);
        if let Some(fact) = &fact {
            self.facts.keep(&self.facts.roles, self.epoch, id, fact);
        }
        Ok(fact)
    }

    fn channel(&mut self, id: ChannelId) -> Result<Option<Arc<ChannelFact>>> {
        if let Some(fact) = self.facts.channels.known(id) {
            return Ok(Some(fact));
        }
        let fact = rows::channel_fact(self.view, id)?.map(Arc::new);
        if let Some(fact) = &fact {
            self.facts.keep(&self.facts.channels, self.epoch, id, fact);
        }
        Ok(fact)
    }
}
