//! An error as an answer: RFC 9457, one shape for every error, logged once when it is ours.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};

use crate::error::{Error, Kind};
use crate::wire::problem::{Problem, status_of};

/// The answer for `error`. What is our fault goes to the log with its cause and the request's id; the client is
/// told the id.
pub(super) fn answer(error: &Error, request_id: &str) -> Response<Body> {
    if error.kind() == Kind::Internal {
        tracing::error!(request_id, cause = error.chain(), "a request failed");
    }
    let (status, _) = status_of(error.kind());
    with_status(error, request_id, StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
}

/// The same with a status that no kind of error has (405, 408, 421).
pub(super) fn with_status(error: &Error, request_id: &str, status: StatusCode) -> Response<Body> {
    let mut problem = Problem::of(error, request_id);
    problem.status = status.as_u16();
    problem.title = status.canonical_reason().unwrap_or(problem.title);
    let mut response = Response::new(Body::from(serde_json::to_vec(&problem).unwrap_or_default()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(wait) = error.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs() + 1));
    }
    if error.kind() == Kind::Unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
