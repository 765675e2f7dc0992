//! Accepting, and taking each connection through the steps that the room's front page lists.
//!
//! The accept loop is ours because nothing that can be borrowed keeps all three promises: it never ends because
//! of one bad connection, it never waits for a peer, and everything before the handler runs under one deadline.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::bind::Listening;
use super::limits::Permit;
use super::parts::EdgeParts;
use super::proxy::{self, Announced};
use super::stream::{Conn, Stream, Via};

impl EdgeParts {
    /// Steps 4 and 5, without the deadline. `None` = close.
    async fn open(
        &self,
        mut tcp: TcpStream,
        tcp_peer: SocketAddr,
        mut permit: Permit,
        from_proxy: bool,
    ) -> Option<Conn> {
        let mut peer = tcp_peer;
        if from_proxy && self.network.proxy_protocol {
            match proxy::read_header(&mut tcp).await {
                Ok(Announced::Local) => {}
                Ok(Announced::Client(client)) if !self.admits(client.ip()) => {
                    self.note(client.ip(), "refused a client of a trusted proxy from outside the allowed networks");
                    dismiss(tcp);
                    return None;
                }
                Ok(Announced::Client(client)) => {
                    if let Err(full) = permit.charge(client.ip()) {
                        self.note_full(client.ip(), full);
                        return None;
                    }
                    peer = client;
                }
                Err(fault) => {
                    self.note(tcp_peer.ip(), &format!("closed a trusted proxy's connection: {fault}"));
                    return None;
                }
            }
        }

        let mut first = [0_u8; 1];
        if !matches!(tcp.peek(&mut first).await, Ok(1)) {
            return None;
        }
        if first[0] != TLS_HANDSHAKE && !is_text(first[0]) {
            // SSL 2.0 (0x80) or noise: an answer in plain text would only confuse it.
            dismiss(tcp);
            return None;
        }
        let (stream, via) = if first[0] == TLS_HANDSHAKE {
            let accepting = TlsAcceptor::from(self.certificates.server_config()).accept(tcp);
            match accepting.await {
                Ok(tls) => (Stream::Tls(Box::new(tls)), Via::Tls),
                Err(error) => {
                    tracing::debug!(peer = %peer.ip(), %error, "a TLS handshake failed");
                    return None;
                }
            }
        } else if from_proxy && self.network.proxy_plain_http {
            (Stream::Plain(tcp), Via::TrustedProxyPlain)
        } else {
            (Stream::Plain(tcp), Via::PlainOnTls)
        };
        Some(Conn { stream, peer, via, from_proxy, permit })
    }
}

/// The first byte of every TLS connection: the content type of a handshake record (RFC 8446 §5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// Whether a request in plain text can begin so: a method, or the empty line that RFC 9112 §2.2 lets come first.
fn is_text(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte == b'\r' || byte == b'\n'
}

/// Accepts until `stop` is cancelled; connections that stand then go on, and `edge.tasks` knows them. Each runs
/// `handle` in a task of its own.
pub async fn serve<H, F>(listening: Listening, edge: Arc<EdgeParts>, stop: CancellationToken, handle: H)
where
    H: Fn(Conn) -> F + Clone + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let loops =
        listening.listeners.into_iter().map(|l| accept_loop(l, Arc::clone(&edge), stop.clone(), handle.clone()));
    futures_util::future::join_all(loops).await;
}

async fn accept_loop<H, F>(listener: TcpListener, edge: Arc<EdgeParts>, stop: CancellationToken, handle: H)
where
    H: Fn(Conn) -> F + Clone + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let mut pause = Pause::default();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (tcp, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if concerns_one_connection(&error) => continue,
            Err(error) => {
                // Out of descriptors or memory: others will end, and until then trying at once would burn a core.
                let pause = pause.next();
                tracing::warn!(%error, pause_ms = pause.as_millis(), "cannot accept connections; trying again");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(pause) => continue,
                }
            }
        };
        pause = Pause::default();
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let Some((permit, from_proxy)) = edge.admit(peer.ip()) else {
            edge.metrics.strangers.one();
            dismiss(tcp);
            continue;
        };
        let _ = tcp.set_nodelay(true);

        let (edge, stop, handle) = (Arc::clone(&edge), stop.clone(), handle.clone());
        let tasks = edge.tasks.clone();
        tasks.spawn(async move {
            // Boxed, because what a handshake needs would otherwise stay part of the task for the hours after it.
            let conn = Box::pin(async move {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => None,
                    opened = tokio::time::timeout(edge.handshake_within, edge.open(tcp, peer, permit, from_proxy)) => {
                        opened.unwrap_or_else(|_late| {
                            tracing::debug!(peer = %peer.ip(), "closed a connection that did not finish its handshake in time");
                            None
                        })
                    }
                }
            })
            .await;
            if let Some(conn) = conn {
                handle(conn).await;
            }
        });
    }
}

/// Closes without a byte, by a reset: nothing lingers for a peer that should not be here.
fn dismiss(tcp: TcpStream) {
    let _ = tcp.set_zero_linger();
    drop(tcp);
}

/// Errors of `accept` that belong to the connection that was to be accepted (accept(2), "Error handling").
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    matches!(
        error.kind(),
        K::ConnectionAborted
            | K::ConnectionReset
            | K::ConnectionRefused
            | K::Interrupted
            | K::HostUnreachable
            | K::NetworkUnreachable
            | K::TimedOut
    )
}

/// Waits that double from 50 to 500 ms.
#[derive(Debug, Default)]
struct Pause(Option<Duration>);

impl Pause {
    fn next(&mut self) -> Duration {
        let pause = self.0.map_or(Duration::from_millis(50), |last| (last * 2).min(Duration::from_millis(500)));
        self.0 = Some(pause);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_half_a_second() {
        let mut pause = Pause::default();
        let waits: Vec<u128> = (0..6).map(|_| pause.next().as_millis()).collect();
        assert_eq!(waits, [50, 100, 200, 400, 500, 500]);
    }
}
