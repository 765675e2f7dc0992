//! Sign-ins: the session row decides on every request and on every WebSocket message; a token is only the name
//! of a session that nobody else can make. The rows in use are kept here, and a revocation reaches the kept one
//! before anyone is told that it is done.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::act::Act;
use super::deed::{Deed, Need, Trail};
use super::principal::{Peer, SessionState, TokenHashes, Who};
use super::rows::{self, NewSession};
use super::{Cx, Gate};
use crate::clock::Timestamp;
use crate::crypto::{Claims, api_key, sha256_hex};
use crate::error::{Error, Result};
use crate::id::{ApiKeyId, Id, SessionId, UserId};

/// The sessions in use.
#[derive(Debug, Default)]
pub(super) struct Sessions(RwLock<HashMap<SessionId, Arc<SessionState>>>);

impl Sessions {
    pub(super) fn known(&self, id: SessionId) -> Option<Arc<SessionState>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    pub(super) fn keep(&self, session: Arc<SessionState>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(session.id, session);
    }

    /// Keeps what was read from the database unless someone was faster; gives the one that is kept.
    pub(super) fn keep_read(&self, session: SessionState) -> Arc<SessionState> {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        kept.entry(session.id).or_insert_with(|| Arc::new(session)).clone()
    }

    pub(super) fn end(&self, id: SessionId) {
        // The entry stays, ended: a reader that is just now loading the row must not bring it back to life.
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = kept.get(&id) {
            return session.end();
        }
        let hashes = TokenHashes { current: String::new(), previous: None };
        let nobody = UserId::from_uuid(uuid::Uuid::nil());
        let ended = SessionState::new(id, nobody, Timestamp::default(), Timestamp::default(), hashes);
        ended.end();
        kept.insert(id, Arc::new(ended));
    }

    /// What is kept of it is read again before it is believed.
    pub(super) fn doubt(&self, id: SessionId) {
        if let Some(session) = self.known(id) {
            session.doubt();
        }
    }

    pub(super) fn doubt_all(&self) {
        self.0.read().unwrap_or_else(PoisonError::into_inner).values().for_each(|s| s.doubt());
    }

    /// Forgets what expired before `now`, and what had ended at the sweep before: until then an ended entry keeps a
    /// reader that was just loading the row from bringing it back.
    fn sweep(&self, now: Timestamp) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).retain(|_, session| match session.check(now) {
            Ok(()) => true,
            Err(error) if error.code() == "token_expired" => false,
            Err(_) => !session.doubted_before(),
        });
    }

    fn seen_after(&self, since: Timestamp) -> Vec<(Arc<SessionState>, Timestamp)> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        kept.values().map(|s| (s.clone(), s.last_seen())).filter(|(_, seen)| *seen > since).collect()
    }
}

/// A token and its end.
pub struct Issued {
    /// The bearer token; this is the only time it can be seen.
    pub token: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

enum SessionDeed {
    KeepLastSeen,
}

impl Deed for SessionDeed {
    fn need(&self) -> Need {
        match self {
            Self::KeepLastSeen => Need::System,
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::KeepLastSeen => Trail::nothing("sessions.keep_last_seen"),
        }
    }
}

impl Gate {
    /// Who a bearer token stands for, checked against the session row.
    pub async fn authenticate(&self, token: &str, peer: Peer) -> Result<Cx> {
        if let Some(key) = api_key::key_of(token) {
            return self.authenticate_key(token, ApiKeyId::from_uuid(key?), peer).await;
        }
        let parts = self.parts();
        let now = parts.clock.now();
        let claims = parts.tokens.verify(token, now.seconds())?;
        let id = SessionId::from_uuid(claims.sid);
        let session = match parts.sessions.known(id) {
            Some(session) if !session.doubted() => session,
            known => {
                let read = self.store().read(move |view| rows::session(view, id)).await?;
                match (known, read) {
                    (Some(kept), read) => {
                        kept.refresh(read.as_ref());
                        kept
                    }
                    (None, Some(read)) => parts.sessions.keep_read(read),
                    (None, None) => {
                        return Err(Error::unauthenticated("session_ended", "This sign-in has ended: sign in again."));
                    }
                }
            }
        };
        session.check(now)?;
        if session.user.uuid() != claims.sub || !session.accepts(&sha256_hex(token), now) {
            return Err(Error::unauthenticated("token_invalid", "This token is not valid: sign in again."));
        }
        session.seen(now);
        Ok(Cx::new(self.clone(), Who::Person(session), peer))
    }

    /// Writes down when each session was last used, and forgets the expired ones. Called by a job.
    pub async fn keep_last_seen(&self, since: Timestamp) -> Result<()> {
        let now = self.parts().clock.now();
        self.parts().sessions.sweep(now);
        let seen = self.parts().sessions.seen_after(since);
        for slice in seen.chunks(200) {
            let slice = slice.to_vec();
            self.system()
                .act(SessionDeed::KeepLastSeen, move |act| {
                    slice.iter().try_for_each(|(session, at)| match session.key() {
                        Some(key) => rows::keep_last_use(act.tx(), key, *at),
                        None => rows::keep_last_seen(act.tx(), session.id, *at),
                    })
                })
                .await?;
        }
        Ok(())
    }
}

impl Act<'_, '_> {
    /// Opens a session for `user` and makes its token.
    pub fn open_session(&mut self, user: UserId) -> Result<Issued> {
        let id: SessionId = self.new_id();
        let now = self.now();
        let (issued, hash) = self.issue(id, user)?;
        let peer = self.peer().clone();
        let new = NewSession {
            id,
            user,
            token_hash: &hash,
            now,
            expires: issued.expires_at,
            ip: peer.ip,
            agent: peer.agent.as_deref(),
        };
        rows::new_session(self.tx(), &new)?;
        let hashes = TokenHashes { current: hash, previous: None };
        let state = SessionState::new(id, user, issued.expires_at, now, hashes);
        self.ledger().session_opened(Arc::new(state));
        self.signed_in = Some(user);
        Ok(issued)
    }

    /// Gives the caller's session a new token; the old one works a minute longer.
    pub fn renew_session(&mut self) -> Result<Issued> {
        let session = self.own_session()?;
        let now = self.now();
        let (issued, hash) = self.issue(session.id, session.user)?;
        let old_until = now.plus(super::principal::REFRESHED_TOKEN_LIVES);
        rows::renew_session(self.tx(), session.id, &hash, old_until, issued.expires_at)?;
        self.ledger().session_renewed(session, hash, issued.expires_at, now);
        Ok(issued)
    }

    /// Ends the caller's session.
    pub fn end_own_session(&mut self) -> Result<()> {
        let session = self.own_session()?;
        self.end_session(session.id)
    }

    /// Ends every session of `user` but the caller's own.
    pub fn end_other_sessions_of(&mut self, user: UserId) -> Result<()> {
        let own = self.own_session().ok().map(|session| session.id);
        let sessions = rows::sessions_of(&mut self.tx().view(), user)?;
        sessions.into_iter().filter(|id| Some(*id) != own).try_for_each(|session| self.end_session(session))
    }

    /// Ends every session of `user`, the caller's own too if it is theirs; sockets of the account's API keys are
    /// closed and have to come again.
    pub fn end_all_sessions_of(&mut self, user: UserId) -> Result<()> {
        let sessions = rows::sessions_of(&mut self.tx().view(), user)?;
        sessions.into_iter().try_for_each(|session| self.end_session(session))?;
        self.restart_keys_of(user)
    }

    /// Ends some sessions, all of which have to be `user`'s and have to stand; the caller's own is spared if
    /// `except_current`. Says how many ended.
    pub fn end_some_sessions_of(&mut self, user: UserId, some: &[SessionId], except_current: bool) -> Result<usize> {
        let own = self.own_session().ok().map(|session| session.id).filter(|_| except_current);
        let standing = rows::sessions_of(&mut self.tx().view(), user)?;
        if some.iter().any(|session| !standing.contains(session)) {
            return Err(Error::missing("session"));
        }
        let ending: Vec<_> = standing.into_iter().filter(|id| some.contains(id) && Some(*id) != own).collect();
        ending.iter().try_for_each(|session| self.end_session(*session))?;
        Ok(ending.len())
    }

    fn end_session(&mut self, session: SessionId) -> Result<()> {
        rows::end_session(self.tx(), session)?;
        self.ledger().session_ended(session);
        Ok(())
    }

    fn own_session(&self) -> Result<Arc<SessionState>> {
        match self.who() {
            Who::Person(session) => Ok(session.clone()),
            Who::Visitor | Who::System => Err(Error::unauthenticated("not_signed_in", "Sign in first.")),
        }
    }

    fn issue(&mut self, session: SessionId, user: UserId) -> Result<(Issued, String)> {
        let now = self.now();
        let expires_at = now.plus(self.parts().token_lives);
        let jti = self.new_uuid();
        let claims = Claims::new(user.uuid(), session.uuid(), jti, now.seconds(), expires_at.seconds());
        let token = self.parts().tokens.sign(&claims)?;
        let hash = sha256_hex(&token);
        Ok((Issued { token, expires_at }, hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ended_session_is_remembered_until_the_sweep_after_the_next() {
        let (sessions, now) = (Sessions::default(), Timestamp::from_micros(1_000_000));
        let id = SessionId::from_uuid(uuid::Uuid::from_u128(7));
        sessions.end(id);
        sessions.sweep(now);
        let kept = sessions.known(id).expect("a slow reader must still find it ended");
        assert_eq!(kept.check(now).err().map(|e| e.code()), Some("session_ended"));
        sessions.sweep(now);
        assert!(sessions.known(id).is_none());
    }
}
