//! A reading under way: what its closure may see, inside a reader's transaction.

use std::sync::Arc;

use super::Parts;
use super::deed::{ByKey, Need};
use super::facts::{ChannelFact, Committed, FactSource, UserFact};
use super::keys::Scoped;
use super::permission::Permissions;
use super::principal::Who;
use super::rule::{self, Grant};
use crate::clock::Timestamp;
use crate::crypto::Keyring;
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::id::{ApiKeyId, ChannelId, SessionId, UserId};
use crate::store::{Param, Row, View};

/// A reading under way, inside a reader's transaction.
pub struct Look<'a, 'c> {
    pub(super) view: &'a mut View<'c>,
    pub(super) parts: &'a Parts,
    pub(super) who: &'a Who,
    pub(super) epoch: u64,
    pub(super) grant: Grant,
    pub(super) shown: bool,
}

impl Look<'_, '_> {
    /// What the decision found out.
    pub fn grant(&self) -> Grant {
        self.grant
    }

    /// The keys.
    pub fn keys(&self) -> &Keyring {
        &self.parts.keyring
    }

    /// Who reads; an error when nobody is signed in.
    pub fn user(&self) -> Result<UserId> {
        match self.who {
            Who::Person(session) => Ok(session.user),
            Who::Visitor | Who::System => Err(Error::unauthenticated("not_signed_in", "Sign in first.")),
        }
    }

    /// The API key that reads, if it is one.
    pub fn key(&self) -> Option<ApiKeyId> {
        self.who.key()
    }

    /// The sign-in that reads, if it is a person's.
    pub fn session(&self) -> Option<SessionId> {
        match self.who {
            Who::Person(session) => Some(session.id),
            Who::Visitor | Who::System => None,
        }
    }

    /// When a sign-in was last used, if that is fresher here than in its row.
    pub fn last_seen(&self, session: SessionId) -> Option<Timestamp> {
        self.parts.sessions.known(session).map(|session| session.last_seen())
    }

    /// Whether a recovery key opens the database.
    pub fn has_recovery_slot(&mut self) -> Result<bool> {
        Ok(super::vault::slots(self.view)?.iter().any(|wrapped| wrapped.slot == crate::crypto::Slot::Recovery))
    }

    /// What a person's role allows; nothing when the account may not be used.
    pub fn permissions_of(&mut self, user: UserId) -> Result<Permissions> {
        let (parts, epoch) = (self.parts, self.epoch);
        Committed { facts: &parts.facts, view: self.view, epoch }.permissions(user)
    }

    /// Whether the reader may what `permission` allows: by the role, and under an API key by its scope too.
    pub fn allows(&mut self, permission: super::Permission) -> Result<bool> {
        let user = self.user()?;
        let (parts, epoch) = (self.parts, self.epoch);
        let mut facts = Committed { facts: &parts.facts, view: self.view, epoch };
        match self.who.scope() {
            None => facts.allows(user, permission),
            Some(scope) => Scoped { facts: &mut facts, user, scope: &scope }.allows(user, permission),
        }
    }

    /// Fails where the reader may not do this: for trying out what somebody wants to do.
    pub fn require(&mut self, need: Need) -> Result<()> {
        let mut facts = Committed { facts: &self.parts.facts, view: self.view, epoch: self.epoch };
        rule::judge(self.who, need, ByKey::AsNeeded, &mut facts, self.parts.clock.now()).map(drop)
    }

    /// A channel as decisions see it.
    pub fn channel_fact(&mut self, channel: ChannelId) -> Result<Option<Arc<ChannelFact>>> {
        Committed { facts: &self.parts.facts, view: self.view, epoch: self.epoch }.channel(channel)
    }

    /// A person as decisions see it.
    pub fn user_fact(&mut self, user: UserId) -> Result<Option<Arc<UserFact>>> {
        Committed { facts: &self.parts.facts, view: self.view, epoch: self.epoch }.user(user)
    }

    /// The hub: who is connected, and who watches what.
    pub fn hub(&self) -> &Hub {
        &self.parts.hub
    }

    /// Patient details of others are shown: the reading is recorded.
    pub fn shows_patient_details(&mut self) {
        self.shown = true;
    }

    /// Rows of a query.
    pub fn all<T>(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.view.all(sql, params, map)
    }

    /// The first row of a query, if any.
    pub fn first<T>(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        self.view.first(sql, params, map)
    }
}
