//! From a decrypted stream to a deed and back: HTTP/1.1 by hyper, on connections that our own accept loop hands
//! over, with a timer, so that the header deadline really fires.
//!
//! | file | what |
//! |---|---|
//! | routes | the one table: method, path, access, operation |
//! | operations | decode, call the feature, encode |
//! | contract | the table as an `OpenAPI` document, from the types that travel |
//! | call | what an operation gets and gives |
//! | cookie | signing in by a cookie, for our own pages |
//! | front | what every request passes before the table: scheme, host, origin, upgrade |
//! | hearing | whose a request is, and its body |
//! | headers | security headers, CORS for configured origins |
//! | clients | the web clients that the build put inside |
//! | measure | how often a request may be asked, and what the answer says of it |
//! | packing | answers made smaller, as the client accepts |
//! | pages | the embedded pages |
//! | problem | an error as an answer |
//!
//! Closed unless a row says open.

mod call;
mod clients;
mod contract;
mod cookie;
mod front;
mod headers;
mod hearing;
mod measure;
mod operations;
mod packing;
mod pages;
mod problem;
mod routes;

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

#[cfg(debug_assertions)]
pub use clients::read_from as read_clients_from;
pub use contract::document;
pub use front::Forwarded;
pub use routes::{Access, ROUTES, Route};

use crate::clock::SharedClock;
use crate::features::Means;
use crate::gate::Gate;
use crate::ws::Sockets;

/// Bytes of a request's header section.
const HEADER_BYTES_MAX: usize = 16 * 1024;
/// Header lines of a request.
const HEADERS_MAX: usize = 100;

/// How a connection reached us, as far as answering goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Encrypted, or plain from a proxy that may.
    Trusted,
    /// Plain text on the TLS port: answered with the way to https.
    Plain,
}

/// What the outside of this server looks like; the edge knows, and answers by these.
pub struct Outside {
    /// Whether a host, without its port, is one of ours.
    pub is_ours: Box<dyn Fn(&str) -> bool + Send + Sync>,
    /// Whether a client's address may talk to us: asked again for what a proxy forwards.
    pub admits: Box<dyn Fn(IpAddr) -> bool + Send + Sync>,
    /// Browser origins served from elsewhere.
    pub allowed_origins: Vec<String>,
    /// The port we listen on.
    pub port: u16,
    /// Our own authority, PEM; `None` with a supplied certificate.
    pub authority: Box<dyn Fn() -> Option<String> + Send + Sync>,
    /// SHA-256 of our own authority; `None` with a supplied certificate.
    pub authority_fingerprint: Box<dyn Fn() -> Option<String> + Send + Sync>,
    /// SHA-256 of the certificate that is shown.
    pub leaf_fingerprint: Box<dyn Fn() -> String + Send + Sync>,
    /// Why the server cannot do its work now, in fixed words; nothing when it can.
    pub unready: Box<dyn Fn() -> Vec<&'static str> + Send + Sync>,
}

/// Everything that answers requests.
pub struct Web {
    /// The door to data.
    pub gate: Gate,
    /// What the features work with.
    pub means: Arc<Means>,
    /// The WebSocket side.
    pub sockets: Arc<Sockets>,
    /// The outside.
    pub outside: Outside,
    /// The time.
    pub clock: SharedClock,
    /// When the server started, on the monotonic clock.
    pub started: Duration,
    /// Requests so far, for their ids.
    requests: AtomicU64,
    /// Tells the runs of the server apart in request ids.
    run: u32,
}

impl Web {
    /// Ready to serve.
    pub fn new(
        gate: Gate,
        means: Arc<Means>,
        sockets: Arc<Sockets>,
        outside: Outside,
        clock: SharedClock,
    ) -> Arc<Self> {
        let started = clock.monotonic();
        let run = u32::try_from(clock.now().seconds() & 0xffff_ffff).unwrap_or(0);
        Arc::new(Self { gate, means, sockets, outside, clock, started, requests: AtomicU64::new(0), run })
    }

    /// The next request's id: names it in the log and in its error answer.
    fn request_id(&self) -> String {
        format!("{:08x}-{:x}", self.run, self.requests.fetch_add(1, Ordering::Relaxed))
    }
}

/// One client, as the edge hands it over.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    /// The client's address.
    pub address: IpAddr,
    /// How it reached us.
    pub scheme: Scheme,
    /// Whether a trusted proxy speaks, whose `X-Forwarded-For` counts.
    pub from_proxy: bool,
}

/// Serves one connection until it ends, was upgraded, or `stop` asks it to finish what it is doing.
pub async fn serve<I>(stream: I, client: Client, web: Arc<Web>, router: Router, stop: CancellationToken)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let header_within = web.means.limits.header_within;
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (web, router) = (web.clone(), router.clone());
        async move { Ok::<_, Infallible>(front::answer(request.map(Body::new), client, web, router).await) }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(header_within)
        .max_buf_size(HEADER_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .half_close(false);
    let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service).with_upgrades());
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// The table as a router.
pub fn router(web: &Arc<Web>) -> Router {
    routes::router(web)
}
