//! Signing in by a cookie, for pages that this server serves itself.
//!
//! The cookie is the token in a place that no script can read. A browser sends it along with whatever a page asks, so
//! it counts only where the browser says that the page is ours: `Sec-Fetch-Site` where it is sent, and the `Origin`,
//! which every change has to carry. Pages of `ALLOWED_ORIGINS` use a token and never the cookie. `SameSite=Strict`
//! alone would not do: to a browser another port of this host is the same site.

use axum::http::{HeaderMap, HeaderValue, Method, header};

use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// The prefix binds it to this host, to HTTPS and to all of its paths (RFC 6265bis, 4.1.3.2).
const NAME: &str = "__Host-mcpm";

/// Where a browser says that the page stands which asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    /// On this server.
    Ours,
    /// Nobody says: no page asks (an address that was typed, a link that was followed), or no browser.
    Unsaid,
    /// Elsewhere.
    Other,
}

fn page(headers: &HeaderMap, host: &str) -> Page {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let site = text("sec-fetch-site");
    let Some(origin) = text(header::ORIGIN.as_str()) else {
        return match site {
            // A `GET` of our own page has no `Origin`.
            Some("same-origin" | "none") | None => Page::Unsaid,
            Some(_) => Page::Other,
        };
    };
    match site {
        Some("same-origin") if origin.starts_with("https://") => Page::Ours,
        None if origin.strip_prefix("https://").is_some_and(|o| o.eq_ignore_ascii_case(host)) => Page::Ours,
        Some(_) | None => Page::Other,
    }
}

/// Whether the request comes from a page of ours, as its `Origin` says: such a page is given the cookie.
pub(super) fn is_for(headers: &HeaderMap, host: &str) -> bool {
    page(headers, host) == Page::Ours
}

/// The token that the cookie holds, where it counts for a request of this method.
pub(super) fn token<'a>(headers: &'a HeaderMap, host: &str, method: &Method) -> Result<Option<&'a str>> {
    let Some(token) = held(headers) else { return Ok(None) };
    let reads = matches!(*method, Method::GET | Method::HEAD);
    match page(headers, host) {
        Page::Ours => Ok(Some(token)),
        Page::Unsaid if reads => Ok(Some(token)),
        Page::Other if reads => Ok(None),
        Page::Unsaid | Page::Other => Err(Error::refused(
            "cross_site",
            "With the cookie alone, changes are taken from this server's own pages: send their Origin, or a token.",
        )),
    }
}

/// The token for a WebSocket, which says for its whole life who speaks: the page has to be ours.
pub(super) fn socket_token<'a>(headers: &'a HeaderMap, host: &str) -> Option<&'a str> {
    held(headers).filter(|_| page(headers, host) == Page::Ours)
}

/// The cookie's value; two of that name are nobody's.
fn held(headers: &HeaderMap) -> Option<&str> {
    let lists = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut found = lists
        .flat_map(|list| list.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == NAME)
        .map(|(_, value)| value);
    let first = found.next().filter(|value| !value.is_empty())?;
    found.next().is_none().then_some(first)
}

/// Gives a browser the token, until it ends.
pub(super) fn keep(token: &str, expires: Timestamp, now: Timestamp) -> Option<HeaderValue> {
    let seconds = expires.seconds().saturating_sub(now.seconds()).max(0);
    let text = format!("{NAME}={token}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={seconds}");
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Takes it away.
pub(super) fn forget() -> HeaderValue {
    HeaderValue::from_static("__Host-mcpm=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (n.parse().unwrap(), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn the_browser_says_where_the_page_stands() {
        let own = ("origin", "https://Clinic.local:3000");
        for (pairs, expected) in [
            (vec![own], Page::Ours),
            (vec![own, ("sec-fetch-site", "same-origin")], Page::Ours),
            // Behind a proxy that gives another `Host`, the browser's own word counts.
            (vec![("origin", "https://proxy.lan"), ("sec-fetch-site", "same-origin")], Page::Ours),
            (vec![own, ("sec-fetch-site", "same-site")], Page::Other),
            (vec![own, ("sec-fetch-site", "cross-site")], Page::Other),
            (vec![("origin", "https://clinic.local:8443")], Page::Other),
            (vec![("origin", "https://clinic.local:8443"), ("sec-fetch-site", "same-site")], Page::Other),
            (vec![("origin", "http://clinic.local:3000")], Page::Other),
            (vec![("origin", "null")], Page::Other),
            (vec![("origin", "null"), ("sec-fetch-site", "same-origin")], Page::Other),
            (vec![], Page::Unsaid),
            (vec![("sec-fetch-site", "none")], Page::Unsaid),
            (vec![("sec-fetch-site", "same-origin")], Page::Unsaid),
            (vec![("sec-fetch-site", "same-site")], Page::Other),
            (vec![("sec-fetch-site", "cross-site")], Page::Other),
        ] {
            assert_eq!(page(&headers(&pairs), "clinic.local:3000"), expected, "{pairs:?}");
        }
    }

    #[test]
    fn a_cookie_is_found_among_others_and_never_twice() {
        assert_eq!(held(&headers(&[("cookie", "a=1; __Host-mcpm=T; b=2")])), Some("T"));
        for none in ["a=1", "__Host-mcpm=", "x__Host-mcpm=T", "__host-mcpm=T", "__Host-mcpm=A; __Host-mcpm=B"] {
            let mut map = HeaderMap::new();
            map.insert(header::COOKIE, HeaderValue::from_str(none).unwrap());
            assert_eq!(held(&map), None, "{none}");
        }
        let kept = keep("T", Timestamp::from_micros(90_000_000), Timestamp::from_micros(30_000_000)).unwrap();
        assert_eq!(kept, "__Host-mcpm=T; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=60");
    }
}
