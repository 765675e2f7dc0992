//! A connection from its first byte to its last: TLS, plain HTTP requests if any, then the WebSocket.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::unbounded_channel;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use uuid::Uuid;

use super::durable::{Job, Post, Reader};
use super::frames::{self, Letter, Said};
use super::hall::{Channel, Hall, Out, Outbox};
use crate::Outcome;

/// What is done with a message before it is relayed.
#[derive(Clone)]
pub enum Keeper {
    /// Nothing.
    None,
    /// The writer commits it.
    Disk { jobs: Sender<Job>, reader: Arc<Reader> },
}

/// Accepts until the process ends.
pub async fn open(
    listener: TcpListener,
    tls: Arc<rustls::ServerConfig>,
    hall: Arc<Hall>,
    keeper: Keeper,
) -> Outcome<()> {
    let tls = TlsAcceptor::from(tls);
    loop {
        let (stream, _) = listener.accept().await?;
        let (tls, hall, keeper) = (tls.clone(), Arc::clone(&hall), keeper.clone());
        tokio::spawn(async move {
            stream.set_nodelay(true).ok();
            if let Ok(stream) = tls.accept(stream).await {
                // A peer that goes away is the ordinary end.
                attend(stream, &hall, &keeper).await.ok();
            }
        });
    }
}

async fn attend(mut stream: TlsStream<TcpStream>, hall: &Hall, keeper: &Keeper) -> Outcome<()> {
    let mut read = Vec::with_capacity(1024);
    loop {
        let end = loop {
            if let Some(at) = read.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            if read.len() > 8192 || stream.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
        };
        let head = std::str::from_utf8(&read[..end])?.to_owned();
        read.drain(..end);
        if let Some(key) = header(&head, "sec-websocket-key") {
            let accept = derive_accept_key(key.as_bytes());
            let answer = format!(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Accept: {accept}\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).await?;
            stream.flush().await?;
            let config = WebSocketConfig::default()
                .read_buffer_size(4 * 1024)
                .write_buffer_size(16 * 1024)
                .max_message_size(Some(64 * 1024))
                .max_frame_size(Some(64 * 1024));
            let socket = WebSocketStream::from_partially_read(stream, read, Role::Server, Some(config)).await;
            return converse(socket, hall, keeper).await;
        }
        let body = match (head.split(' ').nth(1).unwrap_or_default(), keeper) {
            ("/health", _) => "{\"status\":\"ok\"}".to_owned(),
            (path, Keeper::Disk { reader, .. }) if path.starts_with("/api/messages?") => {
                let channel =
                    path.split_once("channelId=").map_or("", |(_, rest)| rest.split('&').next().unwrap_or(rest));
                reader.page(channel, 50)?
            }
            _ => return Ok(()),
        };
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await?;
        stream.flush().await?;
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, v)| v.trim())
}

struct Visitor {
    name: Arc<str>,
    id: Arc<str>,
    outbox: Outbox,
    joined: HashMap<String, Arc<Channel>>,
}

async fn converse(mut socket: WebSocketStream<TlsStream<TcpStream>>, hall: &Hall, keeper: &Keeper) -> Outcome<()> {
    let (outbox, mut inbox) = unbounded_channel();
    let mut visitor = Visitor { name: "".into(), id: "".into(), outbox, joined: HashMap::new() };
    let mut waiting = Vec::new();
    let end = loop {
        tokio::select! {
            _ = inbox.recv_many(&mut waiting, 256) => {
                if let Err(error) = write_all(&mut socket, &mut waiting).await {
                    break Err(error);
                }
            }
            said = socket.next() => match said {
                Some(Ok(Message::Text(text))) => {
                    if let Err(error) = hear(&text, &mut visitor, hall, keeper) {
                        break Err(error);
                    }
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => break Ok(()),
                Some(Ok(_)) => {}
            },
        }
    };
    for channel in visitor.joined.values() {
        channel.leave(&visitor.outbox);
    }
    end
}

async fn write_all(socket: &mut WebSocketStream<TlsStream<TcpStream>>, waiting: &mut Vec<Out>) -> Outcome<()> {
    for out in waiting.drain(..) {
        match out {
            Out::One(frame) => socket.feed(Message::Text(frame)).await?,
            Out::Many(frames) => {
                for frame in frames.iter() {
                    socket.feed(Message::Text(frame.clone())).await?;
                }
            }
        }
    }
    Ok(socket.flush().await?)
}

fn hear(text: &Utf8Bytes, visitor: &mut Visitor, hall: &Hall, keeper: &Keeper) -> Outcome<()> {
    let said: Said = serde_json::from_str(text)?;
    match (said.kind.as_str(), said.channel_id) {
        ("authenticate", _) => {
            visitor.name = said.token.unwrap_or_default().into();
            visitor.id = Uuid::new_v4().to_string().into();
            visitor.outbox.send(Out::One(frames::welcome(&visitor.name)))?;
        }
        ("join_channel", Some(id)) => {
            let channel = hall.channel(&id);
            channel.join(&visitor.outbox);
            visitor.joined.insert(id, channel);
            visitor.outbox.send(Out::One(frames::done(said.request_id.as_deref())?))?;
        }
        ("send_message", Some(channel_id)) => {
            let channel = hall.channel(&channel_id);
            let (text, client_message_id) = (said.text.unwrap_or_default(), said.client_message_id);
            match keeper {
                Keeper::Disk { jobs, .. } => jobs.send(Job::Post(Post {
                    channel_id,
                    channel,
                    sender_id: Arc::clone(&visitor.id),
                    sender: Arc::clone(&visitor.name),
                    text,
                    contains_phi: said.contains_phi,
                    client_message_id,
                    answer: visitor.outbox.clone(),
                }))?,
                Keeper::None => {
                    let (id, seq) = (Uuid::now_v7().to_string(), channel.number());
                    let at = frames::timestamp(jiff::Timestamp::now().as_microsecond());
                    let letter = Letter {
                        id: &id,
                        channel_id: &channel_id,
                        sender_id: &visitor.id,
                        sender: &visitor.name,
                        text: &text,
                        contains_phi: said.contains_phi,
                        timestamp: &at,
                        edited_at: None,
                        deleted: false,
                        seq,
                        rev: seq,
                        metadata: None,
                        reactions: [],
                    };
                    visitor.outbox.send(Out::One(frames::sent(client_message_id.as_deref(), &letter)?))?;
                    channel.tell(&Out::One(frames::new_message(&letter)?));
                }
            }
        }
        _ => {}
    }
    Ok(())
}
