//! What an operation gets and gives.

use std::io::Read as _;
use std::str::FromStr;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use serde::Serialize;

use super::Web;
use super::packing::Coding;
use crate::error::{Context, Error, Kind, Result};
use crate::features::{Cursor, Expected, Paged, Versioned};
use crate::gate::Cx;
use crate::wire::{self, json_object};

/// Bytes of a file that are in memory while it is sent.
const PIECE_BYTES: usize = 64 * 1_024;

/// A request that passed the front, with its caller.
pub(super) struct Call {
    pub(super) web: Arc<Web>,
    pub(super) cx: Cx,
    /// The path's parameters, by name.
    pub(super) params: Vec<(String, String)>,
    pub(super) query: Option<String>,
    pub(super) path: String,
    /// The host and port that the client asked, which the front checked.
    pub(super) host: String,
    /// The `If-Match` headers, joined as RFC 9110, 5.3 allows.
    pub(super) if_match: Option<String>,
    /// Whether a page of ours asks, which is given the cookie.
    pub(super) own_page: bool,
    /// How the answer may be packed.
    pub(super) coding: Option<Coding>,
    pub(super) body: Bytes,
}

impl Call {
    /// The id in the path; what is no UUID is not there.
    pub(super) fn id<T: FromStr>(&self, name: &'static str, what: &'static str) -> Result<T> {
        let text = self.params.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
        text.and_then(|t| t.parse().ok()).ok_or_else(|| {
            Error::new(Kind::Missing, "not_found", format!("There is no such {what}: the path needs a UUID."))
        })
    }

    /// A parameter of the path that is no id.
    pub(super) fn word(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The body, read as `B`.
    pub(super) fn body<B: wire::Body>(&self) -> Result<B> {
        B::parse(json_object(&self.body, self.web.means.limits.json_depth_max)?)
    }

    /// A parameter of the query; the last of several counts.
    pub(super) fn query(&self, name: &str) -> Result<Option<String>> {
        let pairs: Vec<(String, String)> = match &self.query {
            None => return Ok(None),
            Some(query) => {
                axum::extract::Query::try_from_uri(
                    &format!("/?{query}")
                        .parse()
                        .map_err(|_| Error::invalid("bad_query", "The query cannot be read."))?,
                )
                .map_err(|_| Error::invalid("bad_query", "The query cannot be read."))?
                .0
            }
        };
        Ok(pairs.into_iter().rev().find(|(n, _)| n == name).map(|(_, value)| value).filter(|v| !v.is_empty()))
    }

    /// An id in the query.
    pub(super) fn query_id<T: FromStr>(&self, name: &'static str) -> Result<Option<T>> {
        self.query(name)?.map(|text| text.parse().map_err(|_| Error::field(name, "must be an id (a UUID)"))).transpose()
    }

    /// Which version of the thing the caller saw last: `If-Match` (RFC 9110, 13.1.1). Without it anything goes.
    pub(super) fn expected(&self) -> Result<Expected> {
        let Some(text) = self.if_match.as_deref().map(str::trim) else { return Ok(Expected::any()) };
        if text == "*" {
            return Ok(Expected::any());
        }
        let wrong = || Error::invalid("bad_if_match", "If-Match must be an ETag that this server gave, or *.");
        let mut versions = Vec::new();
        for tag in text.split(',').map(str::trim) {
            // A weak tag is well-formed and never matches here; so is a tag that is no number.
            let quoted = tag.strip_prefix("W/").unwrap_or(tag);
            let inner = quoted.strip_prefix('"').and_then(|t| t.strip_suffix('"')).ok_or_else(wrong)?;
            if quoted.len() == tag.len() {
                versions.extend(inner.parse::<i64>());
            }
        }
        Ok(Expected::one_of(versions))
    }

    /// Which page of a list.
    pub(super) fn cursor(&self) -> Result<Cursor> {
        let limit = self
            .query("limit")?
            .map(|text| text.parse().map_err(|_| Error::field("limit", "must be a whole number")))
            .transpose()?;
        Ok(Cursor { limit, before: self.query("before")?, after: self.query("after")? })
    }
}

/// What an operation gives.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
    pub(super) content_type: &'static str,
    pub(super) link: Option<String>,
    pub(super) etag: Option<String>,
    /// Whether the `ETag` stands for these very bytes, so that `If-None-Match` may be answered 304.
    pub(super) revalidates: bool,
    pub(super) attachment: Option<&'static str>,
    /// The body where it is made while it is fetched, with its length if that is known; then the other one is empty.
    pub(super) stream: Option<(Body, Option<u64>)>,
    /// How the body is packed, if it is.
    pub(super) coding: Option<Coding>,
    /// A cookie to be kept or forgotten.
    pub(super) cookie: Option<HeaderValue>,
    /// How it may be kept; not at all where this is silent.
    pub(super) cache: Option<&'static str>,
}

impl Answer {
    /// 200 with `value`.
    pub(super) fn ok(value: &impl Serialize) -> Result<Self> {
        Self::json(StatusCode::OK, value)
    }

    /// 201 with what was made.
    pub(super) fn created(value: &impl Serialize) -> Result<Self> {
        Self::json(StatusCode::CREATED, value)
    }

    /// 200 with `value`, and its version as an `ETag` for `If-Match`.
    pub(super) fn versioned<T: Serialize>(shown: &Versioned<T>) -> Result<Self> {
        Ok(Self::ok(&shown.value)?.at(shown.version))
    }

    /// The same with the version of what it is about.
    pub(super) fn at(mut self, version: i64) -> Self {
        self.etag = Some(format!("\"{version}\""));
        self
    }

    /// The same as 201: it was made.
    pub(super) fn made(mut self) -> Self {
        self.status = StatusCode::CREATED;
        self
    }

    /// 200 with a bare array, and `Link` headers (RFC 8288) to the pages beside it.
    pub(super) fn page<T: Serialize>(call: &Call, page: &Paged<T>) -> Result<Self> {
        let mut answer = Self::ok(&page.rows)?;
        let mut links = Vec::new();
        for (cursor, parameter, relation) in [(&page.next, "before", "next"), (&page.prev, "after", "prev")] {
            if let Some(cursor) = cursor {
                links.push(format!("<{}>; rel=\"{relation}\"", call.beside(parameter, cursor)));
            }
        }
        answer.link = (!links.is_empty()).then(|| links.join(", "));
        Ok(answer)
    }

    /// A page or a file.
    pub(super) fn file(body: Vec<u8>, content_type: &'static str, etag: Option<String>) -> Self {
        Self {
            status: StatusCode::OK,
            body,
            content_type,
            link: None,
            etag,
            revalidates: true,
            attachment: None,
            stream: None,
            coding: None,
            cookie: None,
            cache: None,
        }
    }

    /// A file of any length, to be kept; it is read while it is sent.
    pub(super) fn sent(file: std::fs::File, bytes: u64, attachment: &'static str) -> Self {
        let mut answer = Self::file(Vec::new(), "application/octet-stream", None);
        (answer.stream, answer.attachment) = (Some((Body::from_stream(pieces(file)), Some(bytes))), Some(attachment));
        answer
    }

    /// A file that is made while it is fetched.
    pub(super) fn streamed(stream: Body, content_type: &'static str, attachment: &'static str) -> Self {
        let mut answer = Self::file(Vec::new(), content_type, None);
        (answer.stream, answer.attachment) = (Some((stream, None)), Some(attachment));
        answer
    }

    fn json(status: StatusCode, value: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_vec(value).context("encoding an answer")?;
        let content_type = "application/json";
        Ok(Self {
            status,
            body,
            content_type,
            link: None,
            etag: None,
            revalidates: false,
            attachment: None,
            stream: None,
            coding: None,
            cookie: None,
            cache: None,
        })
    }

    pub(super) fn into_response(self, method: &Method) -> Response<Body> {
        let length = self.stream.as_ref().map_or(Some(self.body.len() as u64), |(_, length)| *length);
        let body = match self.stream {
            _ if *method == Method::HEAD => Body::empty(),
            Some((stream, _)) => stream,
            None => Body::from(self.body),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if let Some(length) = length {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        for (name, value) in [(header::LINK, self.link), (header::ETAG, self.etag)] {
            if let Some(value) = value.and_then(|v| HeaderValue::from_str(&v).ok()) {
                headers.insert(name, value);
            }
        }
        if let Some(coding) = self.coding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
        }
        if let Some(value) = self.cookie {
            headers.insert(header::SET_COOKIE, value);
        }
        if let Some(value) = self.cache.map(HeaderValue::from_static) {
            headers.insert(header::CACHE_CONTROL, value);
        }
        if let Some(value) = self.attachment.map(HeaderValue::from_static) {
            headers.insert(header::CONTENT_DISPOSITION, value);
        }
        response
    }
}

impl Call {
    /// This request's path and query with another cursor.
    fn beside(&self, parameter: &str, cursor: &str) -> String {
        let kept = self.query.as_deref().unwrap_or_default().split('&').filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            !name.is_empty() && name != "before" && name != "after"
        });
        let query: Vec<String> = kept.map(str::to_owned).chain([format!("{parameter}={}", escaped(cursor))]).collect();
        format!("{}?{}", self.path, query.join("&"))
    }
}

/// A file, piece by piece; the next is read when the one before is on its way.
fn pieces(file: std::fs::File) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    futures_util::stream::unfold(Some(file), |file| async move {
        let mut file = file?;
        let read = tokio::task::spawn_blocking(move || {
            let mut piece = Vec::with_capacity(PIECE_BYTES);
            let outcome = file.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut piece);
            outcome.map(|_| (piece, file))
        });
        match read.await {
            Ok(Ok((piece, _))) if piece.is_empty() => None,
            Ok(Ok((piece, file))) => Some((Ok(Bytes::from(piece)), Some(file))),
            Ok(Err(cause)) => Some((Err(cause), None)),
            Err(cause) => Some((Err(std::io::Error::other(cause)), None)),
        }
    })
}

fn escaped(cursor: &str) -> String {
    cursor
        .bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(b).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn cursors_survive_a_url() {
        assert_eq!(super::escaped("Dr.Ä+b-1"), "Dr.%C3%84%2Bb-1");
    }
}
