//! A running edge for this room's tests: real sockets, real TLS, a handler that echoes.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Certificates, Conn, EdgeParts, Names, PlainVault, Via, bind, serve, tls, x509};
use crate::clock::SystemClock;
use crate::config;

/// What the handler saw of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub peer: SocketAddr,
    pub via: Via,
    pub from_proxy: bool,
}

pub struct Running {
    pub addr: SocketAddr,
    pub parts: Arc<EdgeParts>,
    pub stop: CancellationToken,
    pub seen: mpsc::UnboundedReceiver<Seen>,
    pub serving: tokio::task::JoinHandle<()>,
    _dir: tempfile::TempDir,
}

pub fn names() -> Names {
    Names::gather("reception", &["192.168.1.5".parse().unwrap()], &[])
}

/// Starts an edge on a free port of 127.0.0.1 that admits all of loopback, changed by `change`.
pub async fn start(change: impl FnOnce(&mut config::Network, &mut config::Limits)) -> Running {
    let dir = tempfile::tempdir().unwrap();
    let clock = SystemClock::shared();
    let mut network = config::Network { allowed: Some(vec!["127.0.0.0/8".into()]), ..Default::default() };
    let mut limits = config::Limits::default();
    change(&mut network, &mut limits);
    let certificates =
        Certificates::open(dir.path(), &config::Tls::default(), Arc::new(names), Arc::new(PlainVault), clock.clone())
            .unwrap();
    let parts = Arc::new(EdgeParts::new(&network, &limits, Arc::new(certificates), TaskTracker::new(), clock).unwrap());
    let listen = config::Listen { port: 0, bind: vec![IpAddr::from([127, 0, 0, 1])], host_names: Vec::new() };
    let listening = bind(&listen).await.unwrap();
    let addr = listening.local_addrs()[0];
    let stop = CancellationToken::new();
    let (tell, seen) = mpsc::unbounded_channel();
    let serving = tokio::spawn(serve(listening, Arc::clone(&parts), stop.clone(), move |conn| {
        let tell = tell.clone();
        async move {
            let _ = tell.send(Seen { peer: conn.peer, via: conn.via, from_proxy: conn.from_proxy });
            echo(conn).await;
        }
    }));
    Running { addr, parts, stop, seen, serving, _dir: dir }
}

async fn echo(mut conn: Conn) {
    let mut buffer = [0_u8; 512];
    while let Ok(n @ 1..) = conn.stream.read(&mut buffer).await {
        if conn.stream.write_all(&buffer[..n]).await.is_err() || conn.stream.flush().await.is_err() {
            break;
        }
    }
}

impl Running {
    pub fn ca(&self) -> CertificateDer<'static> {
        x509::certificates(self.parts.certificates.ca_pem().unwrap().as_bytes()).unwrap().swap_remove(0)
    }

    pub async fn tcp(&self) -> TcpStream {
        TcpStream::connect(self.addr).await.unwrap()
    }

    pub async fn tcp_from(&self, from: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
        socket.connect(self.addr).await.unwrap()
    }

    /// A client that trusts our authority and nobody else.
    pub async fn tls(&self, tcp: TcpStream, name: &str) -> std::io::Result<TlsStream<TcpStream>> {
        let config = client(&self.ca(), &[&rustls::version::TLS13, &rustls::version::TLS12], &[b"http/1.1"]);
        TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name.to_owned()).unwrap(), tcp).await
    }
}

pub fn client(
    ca: &CertificateDer<'static>,
    versions: &[&'static rustls::SupportedProtocolVersion],
    alpn: &[&[u8]],
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(ca.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(tls::provider())
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|p| p.to_vec()).collect();
    config
}

/// Whether the stream carries bytes there and back.
pub async fn echoes<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(stream: &mut S) -> bool {
    let mut back = [0_u8; 5];
    stream.write_all(b"hello").await.is_ok()
        && stream.flush().await.is_ok()
        && stream.read_exact(&mut back).await.is_ok()
        && back == *b"hello"
}

/// Every byte that comes until the other side closes or resets; panics after ten seconds without either.
pub async fn until_closed(tcp: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let reading = async {
        let mut buffer = [0_u8; 512];
        while let Ok(n @ 1..) = tcp.read(&mut buffer).await {
            bytes.extend_from_slice(&buffer[..n]);
        }
    };
    tokio::time::timeout(Duration::from_secs(10), reading).await.expect("the connection should have been closed");
    bytes
}
