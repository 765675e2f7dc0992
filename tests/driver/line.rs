//! The way to a server: TCP, TLS that trusts the clinic's own authority, and enough HTTP/1.1 to ask questions.
//!
//! A client of our own, because a library would hide what is tested here: connections that break, answers that
//! stop half way, keep-alive.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};

use super::{PATIENCE, Result, within};

/// A decrypted stream to the server.
pub type Stream = TlsStream<TcpStream>;

/// How to reach a server, and whom to trust there.
#[derive(Clone)]
pub struct Line {
    /// Where it listens.
    pub address: SocketAddr,
    /// From which of this machine's addresses, if that matters.
    own: Option<std::net::IpAddr>,
    tls: TlsConnector,
}

impl Line {
    /// Trusts the authority in `ca`, a PEM file, and nothing else.
    pub fn trusting(address: SocketAddr, ca: &Path) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        for authority in CertificateDer::pem_file_iter(ca)? {
            roots.add(authority?)?;
        }
        if roots.is_empty() {
            return Err(format!("{} holds no certificate", ca.display()).into());
        }
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { address, own: None, tls: TlsConnector::from(Arc::new(config)) })
    }

    /// The same from another address of this machine.
    #[allow(dead_code, reason = "not every test that has this driver needs it")]
    pub fn from(mut self, own: std::net::IpAddr) -> Self {
        self.own = Some(own);
        self
    }

    /// One encrypted connection.
    pub async fn open(&self) -> Result<Stream> {
        let tcp = match self.own {
            None => TcpStream::connect(self.address).await?,
            Some(own) => {
                let socket = tokio::net::TcpSocket::new_v4()?;
                socket.bind(SocketAddr::new(own, 0))?;
                socket.connect(self.address).await?
            }
        };
        tcp.set_nodelay(true)?;
        self.encrypt(tcp).await
    }

    /// Shakes hands on a connection that is already open.
    pub async fn encrypt(&self, tcp: TcpStream) -> Result<Stream> {
        let name = ServerName::from(self.address.ip());
        // Boxed: TLS holds its buffers in the future, and every future that connects would hold them too.
        Ok(Box::pin(self.tls.connect(name, tcp)).await?)
    }

    /// A connection for several questions.
    pub async fn converse(&self) -> Result<Conversation> {
        let stream = within(PATIENCE, "connecting", self.open()).await?;
        Ok(Conversation { stream: BufReader::new(stream), host: self.address.to_string() })
    }

    /// One question on a connection of its own.
    pub async fn ask(&self, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Result<Answer> {
        self.converse().await?.ask(method, path, token, body).await
    }
}

/// A kept-alive connection.
pub struct Conversation {
    stream: BufReader<Stream>,
    host: String,
}

impl Conversation {
    /// One question and its answer, whatever the status.
    pub async fn ask(&mut self, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Result<Answer> {
        self.ask_with(method, path, token, &[], body).await
    }

    /// The same with headers of the story's own.
    pub async fn ask_with(
        &mut self,
        method: &str,
        path: &str,
        token: Option<&str>,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nAccept: application/json\r\n", self.host);
        if let Some(token) = token {
            write!(request, "Authorization: Bearer {token}\r\n")?;
        }
        for (name, value) in headers {
            write!(request, "{name}: {value}\r\n")?;
        }
        let body = body.map(Value::to_string);
        if let Some(body) = &body {
            write!(request, "Content-Type: application/json\r\nContent-Length: {}\r\n", body.len())?;
        } else if method != "GET" {
            request += "Content-Length: 0\r\n";
        }
        request += "\r\n";
        request += body.as_deref().unwrap_or_default();
        within(PATIENCE, &format!("{method} {path}"), async {
            self.stream.write_all(request.as_bytes()).await?;
            self.stream.flush().await?;
            self.answer().await
        })
        .await
    }

    /// Sends a file as the body.
    #[allow(dead_code, reason = "not every test that has this driver needs it")]
    pub async fn send(&mut self, head: (&str, &str), token: Option<&str>, kind: &str, body: &[u8]) -> Result<Answer> {
        let (method, path) = head;
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.host);
        if let Some(token) = token {
            write!(request, "Authorization: Bearer {token}\r\n")?;
        }
        write!(request, "Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len())?;
        within(PATIENCE * 3, &format!("{method} {path}"), async {
            self.stream.write_all(request.as_bytes()).await?;
            self.stream.write_all(body).await?;
            self.stream.flush().await?;
            self.answer().await
        })
        .await
    }

    async fn answer(&mut self) -> Result<Answer> {
        let status_line = self.header_line().await?;
        let status = status_line
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3))
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| format!("not an HTTP/1.1 answer: {status_line:?}"))?;
        let mut headers = Vec::new();
        loop {
            let line = self.header_line().await?;
            let Some((name, value)) = line.split_once(':') else {
                if line.is_empty() {
                    break;
                }
                return Err(format!("not a header: {line:?}").into());
            };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut answer = Answer { status, headers, body: Vec::new() };
        if let Some(length) = answer.header("content-length") {
            answer.body = vec![0; length.parse()?];
            self.stream.read_exact(&mut answer.body).await?;
        } else if answer.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            loop {
                let size = self.header_line().await?;
                let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16)?;
                let start = answer.body.len();
                answer.body.resize(start + size, 0);
                self.stream.read_exact(&mut answer.body[start..]).await?;
                self.header_line().await?;
                if size == 0 {
                    break;
                }
            }
        }
        Ok(answer)
    }

    async fn header_line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Err("the server closed the connection".into());
        }
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    }
}

/// What a question was answered with.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The bytes.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of that (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).map_err(|why| format!("{why} in {:?}", self.text()).into())
    }

    /// The body as text, for messages.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The JSON body, if the status is the expected one.
    pub fn expect(&self, status: u16) -> Result<Value> {
        if self.status == status {
            self.json()
        } else {
            Err(format!("expected {status}, got {}: {}", self.status, self.text()).into())
        }
    }

    /// Where the next page of a list is: the path of the `Link` header whose relation is `next` (RFC 8288).
    pub fn next_page(&self) -> Option<String> {
        let links = self.headers.iter().filter(|(name, _)| name == "link").flat_map(|(_, value)| value.split(','));
        links
            .filter(|link| link.contains("rel=\"next\"") || link.contains("rel=next"))
            .find_map(|link| Some(link.split_once('<')?.1.split_once('>')?.0))
            .map(|target| match target.split_once("://") {
                Some((_, rest)) => rest.find('/').map_or("/".to_owned(), |at| rest[at..].to_owned()),
                None => target.to_owned(),
            })
    }
}
