//! Security headers, on every answer, from one place.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, header};

/// What the pages may do: everything from this server, nothing from elsewhere, no script or style inside HTML.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; \
     img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; worker-src 'self'; object-src 'none'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
     trusted-types svelte-trusted-html dompurify app-html app-url";

const FIXED: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=(), usb=()",
    ),
];

/// What browsers are told of HTTPS alone (RFC 6797) once the clinic says that its devices trust the server, and before:
/// that nothing they were told earlier holds. Too early it would take away the way round the warning, and with it the
/// way to the page that explains how to trust.
const ALONE: HeaderValue = HeaderValue::from_static("max-age=31536000");
const NOT_ALONE: HeaderValue = HeaderValue::from_static("max-age=0");

/// Adds them; `https_alone` is `None` for an answer that goes out in the clear, where the word would not count.
pub(super) fn secure(response: &mut Response<Body>, https_alone: Option<bool>) {
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(alone) = https_alone {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, if alone { ALONE } else { NOT_ALONE });
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// CORS for an origin that the configuration allows: tokens only, no cookies (RFC 6454, Fetch standard).
pub(super) fn share_with(response: &mut Response<Body>, origin: &str) {
    let Ok(origin) = HeaderValue::from_str(origin) else { return };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    // The only other thing that an answer varies by is how it is packed.
    let vary = if headers.contains_key(header::VARY) { "Origin, Accept-Encoding" } else { "Origin" };
    headers.insert(header::VARY, HeaderValue::from_static(vary));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Link, ETag, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset"),
    );
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));
}

/// The answer to a preflight of such an origin.
pub(super) fn preflight(response: &mut Response<Body>) {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE"));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("Authorization, Content-Type, If-Match"),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
}
