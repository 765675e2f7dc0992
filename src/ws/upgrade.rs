//! The opening handshake, RFC 6455 section 4.2. `Host` and `Origin` were checked before.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::deflate::Protocol;
use super::{Sockets, socket};
use crate::error::{Error, Result};
use crate::gate::{Gate, Peer};

/// Bytes that are read from a socket at once: small, because thousands of sockets are idle.
const READ_BYTES: usize = 512;
/// Bytes that are collected before they are written; the socket flushes by itself after each batch.
const WRITE_BYTES: usize = 16 * 1_024;

/// Answers 101 and goes on as a WebSocket in a task of its own.
///
/// `cookie` is the token that the handshake brought, where it may count.
pub fn upgrade(
    mut request: Request<Body>,
    peer: Peer,
    cookie: Option<String>,
    gate: Gate,
    sockets: &Arc<Sockets>,
) -> Result<Response<Body>> {
    let headers = request.headers();
    if !has_token(headers, &header::UPGRADE, "websocket") || !has_token(headers, &header::CONNECTION, "upgrade") {
        return Err(Error::invalid("not_a_websocket", "Only an upgrade to websocket is understood here."));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).map(HeaderValue::as_bytes) != Some(b"13") {
        return Err(Error::invalid("websocket_version", "This server speaks version 13 of the WebSocket protocol."));
    }
    let key = headers
        .get(header::SEC_WEBSOCKET_KEY)
        .filter(|key| key.len() == 24)
        .ok_or_else(|| Error::invalid("websocket_key", "Sec-WebSocket-Key is missing or wrong."))?;
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes()))
        .map_err(|cause| Error::internal("deriving the accept key").because(cause))?;

    let protocol = Protocol::offered(headers);
    let upgraded = hyper::upgrade::on(&mut request);
    let config = config(&sockets.means.limits);
    let task = sockets.clone();
    sockets.tasks.spawn(async move {
        match upgraded.await {
            Ok(stream) => {
                let stream = WebSocketStream::from_raw_socket(TokioIo::new(stream), Role::Server, Some(config)).await;
                socket::live(stream, protocol, peer, cookie, gate, task).await;
            }
            Err(error) => tracing::debug!(%error, "an upgrade did not happen"),
        }
    });

    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(name) = protocol.name() {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(name));
    }
    Ok(response)
}

fn config(limits: &crate::config::Limits) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(WRITE_BYTES)
        .max_write_buffer_size(limits.outbox_bytes_max.saturating_mul(2).max(2 * WRITE_BYTES))
        .max_message_size(Some(limits.frame_bytes_max))
        .max_frame_size(Some(limits.frame_bytes_max))
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}
