//! Somebody who only listens: what they pieced together from frames and replays must be what a fresh fetch shows.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::crowd::{Crowd, Sender};
use crate::driver::Result;
use crate::driver::person::Person;
use crate::driver::socket::Socket;

/// A listener with a memory of every channel.
pub struct Watcher {
    person: Person,
    channels: Vec<String>,
    socket: Option<Socket>,
    known: HashMap<String, Known>,
}

#[derive(Default)]
struct Known {
    /// The channel's last change that was seen.
    rev: u64,
    /// Texts by position.
    texts: BTreeMap<u64, String>,
}

impl Watcher {
    /// Knows nothing yet.
    pub fn new(person: Person, channels: Vec<String>) -> Self {
        Self { person, channels, socket: None, known: HashMap::new() }
    }

    /// Connects and asks for everything after what is known.
    async fn connect(&mut self) -> Result<()> {
        let mut socket = self.person.connect().await?;
        for channel in &self.channels {
            let since = self.known.get(channel).map_or(0, |known| known.rev);
            socket.join(channel, Some(since)).await?;
        }
        self.socket = Some(socket);
        Ok(())
    }

    /// Listens until the connection breaks; reconnecting is left to [`Self::catch_up`].
    pub async fn listen(&mut self) -> Result<()> {
        let Some(mut socket) = self.socket.take() else { return Ok(()) };
        while let Ok(frame) = socket.hear().await {
            self.take_in(&frame)?;
        }
        Ok(())
    }

    /// Connects again, hears what was missed, and compares with what the settled crowd remembers. Stays connected.
    pub async fn catch_up(&mut self, crowd: &Crowd) -> Result<()> {
        self.connect().await?;
        let expected: HashMap<String, usize> = self.channels.iter().map(|c| (c.clone(), posted(crowd, c))).collect();
        let Some(mut socket) = self.socket.take() else { return Err("not connected".into()) };
        while expected.iter().any(|(channel, count)| self.heard(channel) < *count) {
            let frame = socket.hear_where("a replayed message", |_| true).await?;
            self.take_in(&frame)?;
        }
        for (seq, text, channel) in posts(crowd) {
            let heard = self.known.get(channel).and_then(|known| known.texts.get(&seq));
            if heard.map(String::as_str) != Some(text) {
                return Err(format!("a listener heard {heard:?} at {seq}, not {text:?}").into());
            }
        }
        self.socket = Some(socket);
        Ok(())
    }

    fn heard(&self, channel: &str) -> usize {
        self.known.get(channel).map_or(0, |known| known.texts.len())
    }

    fn take_in(&mut self, frame: &Value) -> Result<()> {
        if frame["type"] != "new_message" {
            return Ok(());
        }
        let data = &frame["data"];
        let (Some(channel), Some(seq), Some(rev), Some(text)) =
            (data["channelId"].as_str(), data["seq"].as_u64(), data["rev"].as_u64(), data["text"].as_str())
        else {
            return Err(format!("not a message: {frame}").into());
        };
        let known = self.known.entry(channel.to_owned()).or_default();
        if rev <= known.rev {
            return Err(format!("rev {rev} after rev {} in {frame}", known.rev).into());
        }
        known.rev = rev;
        known.texts.insert(seq, text.to_owned());
        Ok(())
    }
}

fn posted(crowd: &Crowd, channel: &str) -> usize {
    crowd.senders.iter().filter(|s| s.channel == channel).map(|s| s.posts.len()).sum()
}

fn posts(crowd: &Crowd) -> impl Iterator<Item = (u64, &str, &str)> {
    let acked = |s| Sender::acked(s).map(|(post, ack)| (ack.seq, post.text.as_str(), s.channel.as_str()));
    crowd.senders.iter().flat_map(acked)
}
