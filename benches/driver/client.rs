//! One WebSocket client, as cheap as it can be: it shares the machine with the server it measures.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::Outcome;

/// Longer than any answer that is still worth counting.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where a server is and how to know it.
#[derive(Clone)]
pub struct Address {
    pub port: u16,
    pub tls: Arc<rustls::ClientConfig>,
}

/// A decrypted connection.
pub type Stream = TlsStream<TcpStream>;

/// A conversation.
pub type Socket = WebSocketStream<Stream>;

impl Address {
    /// A full handshake: sessions are never resumed.
    pub async fn dial(&self) -> Outcome<Stream> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::IpAddress(std::net::Ipv4Addr::LOCALHOST.into());
        Ok(TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream).await?)
    }

    /// Opens a WebSocket. `read_buffer` in bytes: small for thousands of idle sockets, larger for busy ones.
    pub async fn open(&self, read_buffer: usize) -> Outcome<Socket> {
        let stream = self.dial().await?;
        let config = WebSocketConfig::default().read_buffer_size(read_buffer).write_buffer_size(4 * 1024);
        let url = format!("wss://127.0.0.1:{}/ws", self.port);
        let opened = tokio_tungstenite::client_async_with_config(url, stream, Some(config));
        Ok(timeout(PATIENCE, opened).await??.0)
    }

    /// Opens a WebSocket and signs in with a token.
    pub async fn enter(&self, token: &str, read_buffer: usize) -> Outcome<Socket> {
        let mut socket = self.open(read_buffer).await?;
        let frame = serde_json::json!({"type": "authenticate", "token": token}).to_string();
        socket.send(Message::text(frame)).await?;
        let answer = hear(&mut socket, |text| text.contains("\"authentication_response\"")).await?;
        if answer.contains("\"success\":true") { Ok(socket) } else { Err(format!("not let in: {answer}").into()) }
    }
}

/// Subscribes a socket to a channel.
pub async fn join(socket: &mut Socket, channel: &str) -> Outcome<()> {
    let frame = serde_json::json!({"type": "join_channel", "channelId": channel, "requestId": "j"}).to_string();
    socket.send(Message::text(frame)).await?;
    let answer = hear(socket, |text| text.contains("\"requestId\":\"j\"")).await?;
    if answer.contains("\"ack\"") { Ok(()) } else { Err(format!("could not join: {answer}").into()) }
}

/// The next frame that is asked for; others are passed over.
async fn hear(socket: &mut Socket, wanted: impl Fn(&str) -> bool) -> Outcome<Utf8Bytes> {
    let listen = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) if wanted(&text) || text.starts_with("{\"type\":\"error\"") => {
                    return Ok(text);
                }
                Some(Ok(Message::Close(why))) => return Err(format!("the server closed: {why:?}").into()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => return Err("the connection ended".into()),
            }
        }
    };
    timeout(PATIENCE, listen).await?
}

/// A `send_message` frame. `text` must need no escaping in JSON.
pub fn message_frame(channel: &str, text: &str, client_message_id: &str) -> Message {
    Message::text(format!(
        "{{\"type\":\"send_message\",\"channelId\":\"{channel}\",\"text\":\"{text}\",\"containsPHI\":false,\
         \"clientMessageId\":\"{client_message_id}\"}}"
    ))
}
