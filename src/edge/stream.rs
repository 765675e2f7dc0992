//! What the edge hands over: a stream that reads and writes plain bytes, and what is known about its other end.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::limits::Permit;

/// A connection that passed the edge.
#[derive(Debug)]
pub struct Conn {
    /// The bytes.
    pub stream: Stream,
    /// The client: the TCP peer, or whom a trusted proxy announced by the PROXY protocol. IPv4 is IPv4.
    pub peer: SocketAddr,
    /// How the bytes came here.
    pub via: Via,
    /// The TCP peer is one of `TRUSTED_PROXIES`, so its `X-Forwarded-For` may be believed; the client found there
    /// has still to be judged by [`super::EdgeParts::admits`].
    pub from_proxy: bool,
    /// The connection's place; whoever drops it says that the connection is over.
    pub permit: Permit,
}

/// How the bytes came here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// Encrypted to us.
    Tls,
    /// A named proxy speaks plain HTTP, and the configuration lets it.
    TrustedProxyPlain,
    /// Somebody speaks plain text to the TLS port: to be told about https and closed.
    PlainOnTls,
}

/// Plain bytes, whatever is underneath.
#[derive(Debug)]
pub enum Stream {
    /// Decrypted by us. Boxed, so that plain connections and the futures that hold either stay small.
    Tls(Box<TlsStream<TcpStream>>),
    /// As it came.
    Plain(TcpStream),
}

impl Stream {
    /// The socket underneath.
    pub fn socket(&self) -> &TcpStream {
        match self {
            Self::Tls(tls) => tls.get_ref().0,
            Self::Plain(tcp) => tcp,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_read(cx, buf),
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_write(cx, buf),
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_write_vectored(cx, bufs),
            Self::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tls(tls) => tls.is_write_vectored(),
            Self::Plain(tcp) => tcp.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_flush(cx),
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_shutdown(cx),
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
        }
    }
}
