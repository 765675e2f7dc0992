//! How often a request may be asked: once by its address, before it is known who asks, and once by its account or API
//! key. The answer says how much is left.
//!
//! The headers are `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`, plain numbers, as the early IETF
//! drafts (draft-ietf-httpapi-ratelimit-headers up to 06) and most servers in use have them. The later drafts fold them
//! into structured fields whose form has changed between drafts; what clients read today are these.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response};

use super::Web;
use crate::config::Class;
use crate::error::{Error, Result};
use crate::features::Standing;
use crate::gate::{Cx, Peer};
use crate::id::UserId;

/// The headers, for whoever has to name them elsewhere.
pub(super) const HEADERS: [&str; 3] = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"];

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// What one request was counted against.
pub(super) struct Measure {
    class: Class,
    standing: Option<Standing>,
    cx: Option<Cx>,
}

impl Measure {
    pub(super) fn of(class: Class) -> Self {
        Self { class, standing: None, cx: None }
    }

    /// Counts it for its address.
    pub(super) fn at_address(&mut self, web: &Web, peer: &Peer) -> Result<()> {
        let Some(address) = peer.ip else { return Ok(()) };
        let standing = web.means.turnstile.at_address(address, self.class, web.clock.monotonic());
        self.standing = Some(standing);
        standing.check().inspect_err(|error| self.note(web, peer, error))
    }

    /// Counts it for whoever is signed in.
    pub(super) fn of_caller(&mut self, web: &Web, cx: &Cx) -> Result<()> {
        self.cx = Some(cx.clone());
        let Some(standing) = web.means.turnstile.of_caller(cx, self.class) else { return Ok(()) };
        self.standing = Some(standing.tighter(self.standing));
        standing.check().inspect_err(|error| self.note(web, cx.peer(), error))
    }

    /// Whose it is, if somebody is signed in.
    pub(super) fn user(&self) -> Option<UserId> {
        self.cx.as_ref().and_then(|cx| cx.who().user())
    }

    /// Remembers that somebody came too often.
    fn note(&self, web: &Web, peer: &Peer, error: &Error) {
        let asker = self.cx.clone().unwrap_or_else(|| web.gate.visitor(peer.clone()));
        asker.came_too_often(asked(self.class), error.code());
    }

    /// Says in the answer how much is left.
    pub(super) fn tell(&self, response: &mut Response<Body>) {
        let Some(standing) = self.standing else { return };
        let headers = response.headers_mut();
        headers.insert(LIMIT, HeaderValue::from(standing.limit));
        headers.insert(REMAINING, HeaderValue::from(standing.remaining));
        let (secs, rest) = (standing.full_after.as_secs(), standing.full_after.subsec_nanos());
        headers.insert(RESET, HeaderValue::from(secs + u64::from(rest > 0)));
    }
}

fn asked(class: Class) -> &'static str {
    match class {
        Class::Page => "requests.page",
        Class::Connect => "requests.connect",
        Class::SignIn => "requests.sign_in",
        Class::Read => "requests.read",
        Class::Write => "requests.write",
        Class::Search => "requests.search",
        Class::Export => "requests.export",
        Class::Admin => "requests.admin",
    }
}
