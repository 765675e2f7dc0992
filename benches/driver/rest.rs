//! A kept-alive HTTP/1.1 client over the same TLS: just enough, so that a page's time is the server's, not a library's.

use std::fmt::Write as _;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::client::{Address, Stream};
use crate::Outcome;

/// One connection, one request at a time.
pub struct Rest {
    stream: Stream,
    host: String,
    read: Vec<u8>,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<u64>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON if the status says success.
    pub fn json(&self) -> Outcome<serde_json::Value> {
        if (200..300).contains(&self.status) {
            return Ok(serde_json::from_slice(&self.body)?);
        }
        Err(format!("answered {}: {}", self.status, String::from_utf8_lossy(&self.body)).into())
    }
}

impl Rest {
    /// Connects.
    pub async fn dial(address: &Address) -> Outcome<Self> {
        let host = format!("127.0.0.1:{}", address.port);
        Ok(Self { stream: address.dial().await?, host, read: Vec::with_capacity(64 * 1024) })
    }

    /// GET, with a bearer token unless it is empty.
    pub async fn fetch(&mut self, path: &str, token: &str) -> Outcome<Answer> {
        self.ask("GET", path, token, "").await
    }

    /// POST of a JSON body.
    pub async fn post(&mut self, path: &str, token: &str, body: &serde_json::Value) -> Outcome<Answer> {
        self.ask("POST", path, token, &body.to_string()).await
    }

    async fn ask(&mut self, method: &str, path: &str, token: &str, body: &str) -> Outcome<Answer> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nAccept: application/json\r\n", self.host);
        if !token.is_empty() {
            write!(request, "Authorization: Bearer {token}\r\n")?;
        }
        if method == "POST" {
            write!(request, "Content-Type: application/json\r\nContent-Length: {}\r\n", body.len())?;
        }
        request += "\r\n";
        request += body;
        self.stream.write_all(request.as_bytes()).await?;
        self.stream.flush().await?;
        self.read.clear();
        self.answer().await
    }

    async fn answer(&mut self) -> Outcome<Answer> {
        let start = loop {
            if let Some(at) = find(&self.read, b"\r\n\r\n") {
                break at + 4;
            }
            self.more().await?;
        };
        let head = std::str::from_utf8(&self.read[..start])?.to_ascii_lowercase();
        let status = head.split(' ').nth(1).ok_or("no status")?.parse()?;
        let header = |name: &str| {
            head.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| *key == name).map(|(_, v)| v.trim())
        };
        let retry_after = header("retry-after").and_then(|secs| secs.parse().ok());
        let body = if header("transfer-encoding").is_some_and(|coding| coding == "chunked") {
            self.chunks(start).await?
        } else {
            let length: usize = header("content-length").map_or(Ok(0), str::parse)?;
            while self.read.len() < start + length {
                self.more().await?;
            }
            self.read[start..start + length].to_vec()
        };
        Ok(Answer { status, retry_after, body })
    }

    async fn chunks(&mut self, mut at: usize) -> Outcome<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = loop {
                if let Some(length) = find(&self.read[at..], b"\r\n") {
                    break length;
                }
                self.more().await?;
            };
            let size = usize::from_str_radix(std::str::from_utf8(&self.read[at..at + line])?.trim(), 16)?;
            at += line + 2;
            while self.read.len() < at + size + 2 {
                self.more().await?;
            }
            if size == 0 {
                return Ok(body);
            }
            body.extend_from_slice(&self.read[at..at + size]);
            at += size + 2;
        }
    }

    async fn more(&mut self) -> Outcome<()> {
        if self.stream.read_buf(&mut self.read).await? == 0 {
            return Err("the server ended the connection in the middle of an answer".into());
        }
        Ok(())
    }
}

fn find(within: &[u8], wanted: &[u8]) -> Option<usize> {
    within.windows(wanted.len()).position(|window| window == wanted)
}
