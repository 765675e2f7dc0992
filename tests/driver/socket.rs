//! One WebSocket, as an application holds it.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::line::{Line, Stream};
use super::person::text;
use super::{PATIENCE, Result, within};

/// A WebSocket that speaks JSON.
pub struct Socket {
    stream: WebSocketStream<Stream>,
    /// Frames that came while something else was waited for.
    aside: VecDeque<Value>,
}

/// What the server says about a message it keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// The server's id of the message.
    pub message_id: String,
    /// Its position in the channel.
    pub seq: u64,
    /// The channel's count of changes at that moment.
    pub rev: u64,
}

impl Ack {
    /// Reads the acknowledgement of a send.
    pub fn read(frame: &Value) -> Result<Self> {
        let number = |field: &str| frame[field].as_u64().ok_or_else(|| format!("no {field} in {frame}"));
        Ok(Self { message_id: text(frame, "messageId")?, seq: number("seq")?, rev: number("rev")? })
    }
}

impl Socket {
    /// Opens `/ws`, not yet authenticated.
    pub async fn open(line: &Line) -> Result<Self> {
        let handshake = async {
            let url = format!("wss://{}/ws", line.address);
            let (stream, _) = Box::pin(tokio_tungstenite::client_async(url, line.open().await?)).await?;
            Ok(stream)
        };
        Ok(Self { stream: within(PATIENCE, "opening a WebSocket", handshake).await?, aside: VecDeque::new() })
    }

    /// Says who is speaking; an error unless the server agrees.
    pub async fn authenticate(&mut self, token: &str) -> Result<Value> {
        self.say(&json!({ "type": "authenticate", "token": token })).await?;
        let answer = self.hear_where("authentication_response", |f| f["type"] == "authentication_response").await?;
        if answer["success"] == true { Ok(answer) } else { Err(format!("not let in: {answer}").into()) }
    }

    /// Sends one frame.
    pub async fn say(&mut self, frame: &Value) -> Result<()> {
        self.say_text(frame.to_string()).await
    }

    /// Sends any text as one frame.
    pub async fn say_text(&mut self, text: impl Into<Utf8Bytes>) -> Result<()> {
        let message = Message::Text(text.into());
        within(PATIENCE, "sending a frame", async { Ok(self.stream.send(message).await?) }).await
    }

    /// Puts frames into the connection's buffer; [`Self::flush`] sends them. For many at once.
    pub async fn queue(&mut self, frame: &Value) -> Result<()> {
        let message = Message::Text(frame.to_string().into());
        within(PATIENCE, "sending a frame", async { Ok(self.stream.feed(message).await?) }).await
    }

    /// Sends what [`Self::queue`] gathered.
    pub async fn flush(&mut self) -> Result<()> {
        within(PATIENCE, "sending frames", async { Ok(self.stream.flush().await?) }).await
    }

    /// The next frame, however long it takes; an error when the connection ends, with its reason. May be dropped
    /// while waiting without losing a frame.
    pub async fn hear(&mut self) -> Result<Value> {
        match self.aside.pop_front() {
            Some(frame) => Ok(frame),
            None => self.receive().await,
        }
    }

    async fn receive(&mut self) -> Result<Value> {
        loop {
            match self.stream.next().await {
                None => return Err("the connection ended".into()),
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text)?),
                Some(Ok(Message::Close(reason))) => return Err(format!("closed: {reason:?}").into()),
                Some(Ok(_)) => {}
                Some(Err(why)) => return Err(why.into()),
            }
        }
    }

    /// The next frame that fits; others are kept for later.
    pub async fn hear_where(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        if let Some(at) = self.aside.iter().position(&fits) {
            return Ok(self.aside.remove(at).expect("a frame just found"));
        }
        within(PATIENCE, &format!("waiting for {what}"), async {
            loop {
                let frame = self.receive().await?;
                if fits(&frame) {
                    return Ok(frame);
                }
                self.aside.push_back(frame);
            }
        })
        .await
    }

    /// Nothing comes for this long; an error if something does.
    pub async fn hear_nothing(&mut self, quiet: Duration) -> Result<()> {
        match tokio::time::timeout(quiet, self.hear()).await {
            Err(_) => Ok(()),
            Ok(Ok(frame)) => Err(format!("heard {frame}").into()),
            Ok(Err(why)) => Err(why),
        }
    }

    /// Joins a channel; with `since`, what changed after that `rev` is replayed. Gives the rev of the
    /// acknowledgement back; the replayed frames wait in [`Self::hear`].
    pub async fn join(&mut self, channel: &str, since: Option<u64>) -> Result<Option<u64>> {
        let request = format!("join {channel}");
        let mut wish = json!({ "type": "join_channel", "channelId": channel, "requestId": request });
        if let Some(since) = since {
            wish["since"] = since.into();
        }
        self.say(&wish).await?;
        let answer = self.hear_where("the answer to a join", |f| f["requestId"] == request.as_str()).await?;
        if answer["type"] == "ack" { Ok(answer["rev"].as_u64()) } else { Err(format!("not joined: {answer}").into()) }
    }

    /// Sends a message and waits for its acknowledgement.
    pub async fn send(&mut self, channel: &str, text: &str, phi: bool, client_id: &str) -> Result<Ack> {
        self.say(&send_frame(channel, text, phi, client_id)).await?;
        let fits =
            |f: &Value| f["clientMessageId"] == client_id || (f["type"] == "error" && f["requestId"] == client_id);
        let answer = self.hear_where("the ack of a send", fits).await?;
        if answer["type"] == "ack" { Ack::read(&answer) } else { Err(format!("not sent: {answer}").into()) }
    }

    /// Ends the conversation politely.
    pub async fn close(mut self) -> Result<()> {
        within(PATIENCE, "closing", async { Ok(self.stream.close(None).await?) }).await
    }
}

/// The frame that sends a message. The request id is the client's id too, so that an `error` can be matched.
pub fn send_frame(channel: &str, text: &str, phi: bool, client_id: &str) -> Value {
    json!({
        "type": "send_message", "channelId": channel, "text": text, "containsPHI": phi,
        "clientMessageId": client_id, "requestId": client_id,
    })
}
