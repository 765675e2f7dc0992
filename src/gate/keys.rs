//! API keys as principals. A key stands for an account as a sign-in does, with less: what it may is what the account
//! may, cut down to the key's permissions and channels. The cut is made where decisions get their facts, so no
//! feature can forget it; and what a person has to do themselves (passwords, sign-ins, keys) a deed keeps from keys.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::act::Act;
use super::deed::{ByKey, Need};
use super::facts::{ChannelFact, FactSource, RoleFact, UserFact};
use super::permission::Permissions;
use super::principal::{Peer, SessionState, Who};
use super::{Cx, Gate, rows};
use crate::crypto::{api_key, sha256_hex};
use crate::error::{Error, Result};
use crate::hub::Effect;
use crate::id::{ApiKeyId, ChannelId, Id, RoleId, SessionId, UserId};

/// What a key is cut down to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Of what the account may.
    pub permissions: Permissions,
    /// These channels only; `None` for wherever the account may go.
    pub channels: Option<BTreeSet<ChannelId>>,
}

impl Scope {
    fn reaches(&self, channel: ChannelId) -> bool {
        self.channels.as_ref().is_none_or(|channels| channels.contains(&channel))
    }
}

/// Facts as a key of `user` sees them.
pub(super) struct Scoped<'a> {
    pub(super) facts: &'a mut dyn FactSource,
    pub(super) user: UserId,
    pub(super) scope: &'a Scope,
}

impl FactSource for Scoped<'_> {
    fn user(&mut self, id: UserId) -> Result<Option<Arc<UserFact>>> {
        self.facts.user(id)
    }

    fn role(&mut self, id: RoleId) -> Result<Option<Arc<RoleFact>>> {
        self.facts.role(id)
    }

    /// A channel that the key does not reach is not there.
    fn channel(&mut self, id: ChannelId) -> Result<Option<Arc<ChannelFact>>> {
        if self.scope.reaches(id) { self.facts.channel(id) } else { Ok(None) }
    }

    fn permissions(&mut self, user: UserId) -> Result<Permissions> {
        let all = self.facts.permissions(user)?;
        Ok(if user == self.user { all.within(self.scope.permissions) } else { all })
    }
}

/// What a key may not, whatever its scope.
pub(super) fn keep_out(who: &Who, by_key: ByKey, need: Need) -> Result<()> {
    let Some(scope) = who.scope() else { return Ok(()) };
    let own = match need {
        Need::OwnAccount | Need::Lends(..) => true,
        Need::OneselfOrManages(user) => Some(user) == who.user(),
        _ => false,
    };
    if own || by_key == ByKey::Never {
        return Err(Error::refused("not_for_api_keys", "An API key cannot do this: a person has to sign in for it."));
    }
    let in_a_channel = matches!(
        need,
        Need::Open
            | Need::Inside(..)
            | Need::Writes(..)
            | Need::Sees(_)
            | Need::Joins(_)
            | Need::Runs(_)
            | Need::RunsOrWrites(..)
            | Need::Owns(_)
            | Need::Mutes(..)
            | Need::RunsOther(..)
            | Need::RunsMember(..)
            | Need::Reviews(..)
            | Need::Authors(..)
            | Need::Oversees(..)
    );
    if scope.channels.is_some() && !in_a_channel && by_key != ByKey::Finds {
        let detail = "This API key is limited to channels: it reaches what is in them and nothing else.";
        return Err(Error::refused("api_key_channels_only", detail));
    }
    Ok(())
}

impl Gate {
    /// Who the token of an API key stands for.
    pub(super) async fn authenticate_key(&self, token: &str, key: ApiKeyId, peer: Peer) -> Result<Cx> {
        let now = self.parts().clock.now();
        let state = self.key(key).await?;
        if !state.accepts(&sha256_hex(token), now) {
            return Err(unknown());
        }
        state.check(now)?;
        state.seen(now);
        Ok(Cx::new(self.clone(), Who::Person(state), peer))
    }

    /// Somebody who asked for something earlier and is not here: what is done for them is decided by what they may
    /// now. What was asked through an API key is done under that key, within its scope and while it lasts; one that is
    /// over does nothing more. Only for jobs that carry out what they were told.
    pub async fn on_behalf(&self, user: UserId, key: Option<ApiKeyId>) -> Result<Cx> {
        let state = match key {
            None => Arc::new(SessionState::absent(user)),
            Some(key) => {
                let state = self.key(key).await?;
                if state.user != user {
                    return Err(unknown());
                }
                state.check(self.parts().clock.now())?;
                state
            }
        };
        Ok(Cx::new(self.clone(), Who::Person(state), Peer::none()))
    }

    /// A key as it stands, which may be over.
    async fn key(&self, key: ApiKeyId) -> Result<Arc<SessionState>> {
        let parts = self.parts();
        let id = SessionId::from_uuid(key.uuid());
        let state = match parts.sessions.known(id) {
            Some(state) if !state.doubted() => state,
            known => {
                let read = self.store().read(move |view| rows::api_key(view, key)).await?;
                match (known, read) {
                    (Some(kept), read) => {
                        kept.refresh(read.as_ref());
                        kept
                    }
                    (None, Some(read)) => parts.sessions.keep_read(read),
                    (None, None) => return Err(unknown()),
                }
            }
        };
        // An ended sign-in that was remembered under this id is no key.
        if state.scope().is_none() { Err(unknown()) } else { Ok(state) }
    }
}

fn unknown() -> Error {
    Error::unauthenticated(
        "api_key_unknown",
        "This API key is not valid: it was revoked, replaced, or never made here.",
    )
}

impl Cx {
    /// A new token for the key `id`, to be shown once, and its hash, to be kept.
    pub fn new_key_token(&self, id: ApiKeyId) -> (zeroize::Zeroizing<String>, String) {
        let token = api_key::new_token(id.uuid(), self.gate().parts().entropy.as_ref());
        let hash = sha256_hex(&token);
        (token, hash)
    }
}

impl Act<'_, '_> {
    /// A key has another token, scope or end: it is read again, and its sockets start anew.
    pub fn key_changed(&mut self, key: ApiKeyId, restart: bool) {
        let session = SessionId::from_uuid(key.uuid());
        self.ledger().session_changed(session);
        if restart {
            self.ledger().effect(Effect::EndSession { session });
        }
    }

    /// A key is revoked: its sockets are closed and it opens nothing from this commit on.
    pub fn key_ended(&mut self, key: ApiKeyId) {
        self.ledger().session_ended(SessionId::from_uuid(key.uuid()));
    }

    /// The sockets that the keys of `user` have open are closed; what the keys may is asked anew.
    pub(super) fn restart_keys_of(&mut self, user: UserId) -> Result<()> {
        for key in rows::api_keys_of(&mut self.tx().view(), user)? {
            self.key_changed(key, true);
        }
        Ok(())
    }
}

impl SessionState {
    /// The key, if it is one and no sign-in.
    pub fn key(&self) -> Option<ApiKeyId> {
        self.scope().map(|_| ApiKeyId::from_uuid(self.id.uuid()))
    }
}
