//! Who asks, and from where.
//!
//! Only the gate makes these: from a token that it checked, or as the server itself.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::keys::Scope;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::{ApiKeyId, Id, SessionId, UserId};

/// How long a token stays good after it was refreshed: requests that were under way arrive.
pub const REFRESHED_TOKEN_LIVES: Duration = Duration::from_mins(1);
/// Characters of a client's `User-Agent` that are kept.
const AGENT_CHARS_MAX: usize = 300;

/// Who asks.
#[derive(Debug, Clone)]
pub enum Who {
    /// Someone whom the network let in and who has not signed in.
    Visitor,
    /// A person, by a sign-in.
    Person(Arc<SessionState>),
    /// The server itself.
    System,
}

impl Who {
    /// The person, if it is one.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::Person(session) => Some(session.user),
            Self::Visitor | Self::System => None,
        }
    }

    /// What it is cut down to, if it is an API key.
    pub fn scope(&self) -> Option<Arc<Scope>> {
        match self {
            Self::Person(session) => session.scope(),
            Self::Visitor | Self::System => None,
        }
    }

    /// Whose measure it is counted against; `None` for visitors and for the server itself.
    pub fn caller(&self) -> Option<Caller> {
        self.key().map(Caller::Key).or_else(|| self.user().map(Caller::Account))
    }

    /// The API key, if it is one.
    pub fn key(&self) -> Option<ApiKeyId> {
        match self {
            Self::Person(session) => session.key(),
            Self::Visitor | Self::System => None,
        }
    }
}

/// Who has a measure of their own of what may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Caller {
    /// An account, on all its devices together.
    Account(UserId),
    /// An API key, whatever else its account does.
    Key(ApiKeyId),
}

/// From where, and with what.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The address, already freed from proxies and mapped forms.
    pub ip: Option<IpAddr>,
    /// What the client calls itself, shortened and without control characters.
    pub agent: Option<Arc<str>>,
}

impl Peer {
    /// A client at `ip` that calls itself `agent`.
    pub fn new(ip: IpAddr, agent: Option<&str>) -> Self {
        let clean = |text: &str| text.chars().filter(|c| !c.is_control()).take(AGENT_CHARS_MAX).collect::<String>();
        Self { ip: Some(ip.to_canonical()), agent: agent.map(|text| clean(text).into()) }
    }

    /// The server itself.
    pub fn none() -> Self {
        Self { ip: None, agent: None }
    }
}

#[derive(Debug, Clone)]
pub(super) struct TokenHashes {
    pub(super) current: String,
    pub(super) previous: Option<(String, Timestamp)>,
}

/// A sign-in, shared by everything that goes on under it; a revocation shows at once everywhere.
#[derive(Debug)]
pub struct SessionState {
    /// Which.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    alive: AtomicBool,
    /// Another node wrote since this was read: ask the database before the next deed.
    recheck: AtomicBool,
    expires_micros: AtomicI64,
    seen_micros: AtomicI64,
    hashes: Mutex<TokenHashes>,
    /// Only of an API key.
    scope: Option<Mutex<Arc<Scope>>>,
}

impl SessionState {
    pub(super) fn new(id: SessionId, user: UserId, expires: Timestamp, seen: Timestamp, hashes: TokenHashes) -> Self {
        Self {
            id,
            user,
            alive: AtomicBool::new(true),
            recheck: AtomicBool::new(false),
            expires_micros: AtomicI64::new(expires.micros()),
            seen_micros: AtomicI64::new(seen.micros()),
            hashes: Mutex::new(hashes),
            scope: None,
        }
    }

    /// No sign-in at all: it stands for somebody who is not here, has no token and no row, and ends with its use.
    pub(super) fn absent(user: UserId) -> Self {
        let hashes = TokenHashes { current: String::new(), previous: None };
        let (never, at) = (Timestamp::from_micros(i64::MAX), Timestamp::from_micros(0));
        Self::new(SessionId::from_uuid(uuid::Uuid::nil()), user, never, at, hashes)
    }

    /// The same as an API key with this scope.
    pub(super) fn scoped(mut self, scope: Scope) -> Self {
        self.scope = Some(Mutex::new(Arc::new(scope)));
        self
    }

    /// What an API key is cut down to; `None` for a sign-in.
    pub fn scope(&self) -> Option<Arc<Scope>> {
        Some(self.scope.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Whether the sign-in still stands at `now`.
    pub fn check(&self, now: Timestamp) -> Result<()> {
        if !self.alive.load(Ordering::Acquire) {
            return Err(Error::unauthenticated("session_ended", "This sign-in has ended: sign in again."));
        }
        self.in_time(now)
    }

    /// Whether its time is not over at `now`.
    pub(super) fn in_time(&self, now: Timestamp) -> Result<()> {
        if now.micros() >= self.expires_micros.load(Ordering::Acquire) {
            return Err(Error::unauthenticated("token_expired", "This sign-in has expired: sign in again."));
        }
        Ok(())
    }

    /// Whether a token with this hash is the session's at `now`.
    pub(super) fn accepts(&self, hash: &str, now: Timestamp) -> bool {
        let hashes = self.hashes();
        hashes.current == hash || hashes.previous.as_ref().is_some_and(|(old, until)| old == hash && now < *until)
    }

    pub(super) fn renew(&self, hash: String, expires: Timestamp, now: Timestamp) {
        let mut hashes = self.hashes();
        let old = std::mem::replace(&mut hashes.current, hash);
        hashes.previous = Some((old, now.plus(REFRESHED_TOKEN_LIVES)));
        self.expires_micros.store(expires.micros(), Ordering::Release);
    }

    pub(super) fn end(&self) {
        self.alive.store(false, Ordering::Release);
    }

    pub(super) fn doubt(&self) {
        self.recheck.store(true, Ordering::Release);
    }

    /// Marks it as doubted; says whether it was already.
    pub(super) fn doubted_before(&self) -> bool {
        self.recheck.swap(true, Ordering::AcqRel)
    }

    /// Whether it has to be read again; asking clears it.
    pub(super) fn doubted(&self) -> bool {
        self.recheck.load(Ordering::Acquire) && self.recheck.swap(false, Ordering::AcqRel)
    }

    /// Takes over what the database says now.
    pub(super) fn refresh(&self, stored: Option<&Self>) {
        let Some(stored) = stored else { return self.end() };
        *self.hashes() = stored.hashes().clone();
        if let (Some(scope), Some(now)) = (&self.scope, stored.scope()) {
            *scope.lock().unwrap_or_else(PoisonError::into_inner) = now;
        }
        self.expires_micros.store(stored.expires_micros.load(Ordering::Acquire), Ordering::Release);
    }

    /// When it ends unless it is renewed.
    pub fn expires(&self) -> Timestamp {
        Timestamp::from_micros(self.expires_micros.load(Ordering::Acquire))
    }

    pub(super) fn seen(&self, now: Timestamp) {
        self.seen_micros.fetch_max(now.micros(), Ordering::Relaxed);
    }

    pub(super) fn last_seen(&self) -> Timestamp {
        Timestamp::from_micros(self.seen_micros.load(Ordering::Relaxed))
    }

    fn hashes(&self) -> MutexGuard<'_, TokenHashes> {
        self.hashes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn for_test(user: UserId) -> Arc<Self> {
        use crate::id::Id;
        let hashes = TokenHashes { current: "h".into(), previous: None };
        let far = Timestamp::from_micros(i64::MAX);
        Arc::new(Self::new(SessionId::from_uuid(uuid::Uuid::nil()), user, far, Timestamp::default(), hashes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;
    use uuid::Uuid;

    #[test]
    fn a_refreshed_token_is_good_for_a_minute_more() {
        let state = SessionState::for_test(UserId::from_uuid(Uuid::nil()));
        let at = |s: i64| Timestamp::from_micros(s * 1_000_000);
        state.renew("new".into(), at(10_000), at(100));
        assert!(state.accepts("new", at(100)));
        assert!(state.accepts("h", at(159)));
        assert!(!state.accepts("h", at(160)));
        assert!(state.check(at(9_999)).is_ok());
        assert_eq!(state.check(at(10_000)).err().unwrap().code(), "token_expired");
        state.end();
        assert_eq!(state.check(at(100)).err().unwrap().code(), "session_ended");
    }

    #[test]
    fn what_a_client_calls_itself_is_cut_and_cleaned() {
        let peer = Peer::new("::ffff:10.0.0.1".parse().unwrap(), Some(&format!("a\n\u{7}b{}", "x".repeat(400))));
        assert_eq!(peer.ip, Some("10.0.0.1".parse().unwrap()));
        let agent = peer.agent.unwrap();
        assert!(agent.starts_with("abx") && agent.chars().count() == 300);
    }
}
