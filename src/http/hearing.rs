//! What a request says: whose it is, and its body, within bounds of size and time.

use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{Method, header};
use http_body_util::BodyExt;

use super::{Web, cookie};
use crate::error::{Error, Result};

/// The code of a body that did not arrive in time: 408 (RFC 9110, 15.5.9), which no kind of error stands for.
pub(super) const TOO_SLOW: &str = "body_too_slow";

/// How long they may take.
const UNHEARD_WITHIN: Duration = Duration::from_secs(2);

/// Bytes of an unwanted body that are read all the same, and thrown away.
const UNHEARD_BYTES_MAX: usize = 1024 * 1024;
/// Whether a request says whose it is at all.
pub(super) fn says_who(request: &Request) -> bool {
    let host = super::front::host_of(request).unwrap_or_default();
    request.headers().contains_key(header::AUTHORIZATION)
        || !matches!(cookie::token(request.headers(), host, request.method()), Ok(None))
}

/// Whose request it is: a token that is said beats the cookie, which comes along by itself.
pub(super) fn token(request: &Request) -> Result<&str> {
    if request.headers().contains_key(header::AUTHORIZATION) {
        return bearer(request);
    }
    let host = super::front::host_of(request).unwrap_or_default();
    match cookie::token(request.headers(), host, request.method())? {
        Some(token) => Ok(token),
        None => bearer(request),
    }
}

fn bearer(request: &Request) -> Result<&str> {
    let missing = || Error::unauthenticated("not_signed_in", "Sign in first: send the token as Authorization: Bearer.");
    let header = request.headers().get(header::AUTHORIZATION).ok_or_else(missing)?;
    let (scheme, token) = header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(missing()) }
}

/// What was sent: JSON, or with `raw` a file of any type.
pub(super) async fn body(request: Request, web: &Web, raw: bool) -> Result<Bytes> {
    let limits = &web.means.limits;
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(Bytes::new());
    }
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    if !raw && kind.is_some_and(|kind| !is_json(kind)) {
        return Err(Error::invalid("not_json", "The body must be JSON: send Content-Type: application/json."));
    }
    let bytes_max = if raw { limits.import_bytes_max } else { limits.body_bytes_max };
    let too_large = || Error::too_large(format!("The body may have at most {bytes_max} bytes."));
    let announced = request.body().size_hint().lower();
    let mut body = request.into_body();
    // Who announces too much is told at once, not when it has arrived.
    if announced > bytes_max as u64 {
        hear_out(body);
        return Err(too_large());
    }
    let mut read = Vec::with_capacity(usize::try_from(announced).unwrap_or(0));
    let all = async {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Error::invalid("body_broken", "The body ended before it was complete."))?;
            let Ok(data) = frame.into_data() else { continue };
            if read.len() + data.len() > bytes_max {
                return Err(too_large());
            }
            read.extend_from_slice(&data);
        }
        Ok(())
    };
    match tokio::time::timeout(limits.body_within, all).await {
        Ok(Ok(())) => Ok(read.into()),
        Ok(Err(error)) => {
            hear_out(body);
            Err(error)
        }
        Err(_) => Err(Error::invalid(TOO_SLOW, "The body took too long to arrive.")),
    }
}

/// Lets a client finish what nobody wants to hear, within bounds: one that is cut off while it still writes may lose
/// the answer that tells it why (RFC 9112, 9.6).
pub(super) fn hear_out(mut body: Body) {
    tokio::spawn(tokio::time::timeout(UNHEARD_WITHIN, async move {
        let mut heard = 0;
        while let Some(Ok(frame)) = body.frame().await {
            heard += frame.data_ref().map_or(0, Bytes::len);
            if heard > UNHEARD_BYTES_MAX {
                return;
            }
        }
    }));
}

fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json") || kind.to_ascii_lowercase().ends_with("+json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_known_by_its_names() {
        assert!(is_json("application/json; charset=utf-8") && is_json("Application/JSON"));
        assert!(!is_json("text/plain") && !is_json("application/x-www-form-urlencoded"));
    }
}
