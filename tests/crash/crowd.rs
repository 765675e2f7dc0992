//! Senders who remember: everything they sent, everything that was acknowledged to them.
//!
//! Each keeps a few messages in flight. When the connection breaks, what was not acknowledged is sent again under
//! the same `clientMessageId`, before anything new, as an application would. What they remember is the oracle the
//! server's history is compared with.

use std::collections::VecDeque;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::driver::clinic::Clinic;
use crate::driver::dice::Dice;
use crate::driver::names::code;
use crate::driver::person::Person;
use crate::driver::socket::{Ack, Socket, send_frame};
use crate::driver::{PATIENCE, Result};

/// A password all senders share; nobody tests passwords here.
const PASSWORD: &str = "seven lanterns over the harbour";

/// One message, from the moment it was first sent.
#[derive(Debug, Clone)]
pub struct Post {
    /// The sender's own id of it.
    pub client_id: String,
    /// Its text: it begins with the id, so that a message that was stored twice can be told.
    pub text: String,
    /// Whether it is marked PHI.
    pub phi: bool,
    /// What the server said, and when that was heard.
    pub ack: Option<(Ack, SystemTime)>,
}

/// Why a sender stopped sending.
pub enum Ended {
    /// Told to stop, and everything is acknowledged.
    Settled,
    /// The connection broke.
    Broken {
        /// When.
        at: Instant,
        /// What was heard last.
        why: String,
    },
    /// The server refused a message with this code; it waits to be sent again.
    Refused(String),
    /// The server did something wrong.
    Wrong(String),
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Settled => f.write_str("settled"),
            Self::Broken { why, .. } => write!(f, "connection broken: {why}"),
            Self::Refused(code) => write!(f, "refused as {code}"),
            Self::Wrong(why) => f.write_str(why),
        }
    }
}

/// A person with a socket and a memory.
pub struct Sender {
    /// Who.
    pub person: Person,
    /// Where they write: one channel's id.
    pub channel: String,
    /// All they ever sent, in order.
    pub posts: Vec<Post>,
    socket: Option<Socket>,
    /// Sent and not acknowledged, oldest first, as indices of `posts`.
    waiting: VecDeque<usize>,
    in_flight_max: usize,
    manner: Manner,
    /// When the next message may be sent.
    next_at: Instant,
    listens: bool,
    dice: Dice,
}

/// What a crowd is like.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// How many people.
    pub senders: usize,
    /// In how many channels.
    pub channels: usize,
    /// Characters of a message, at most.
    pub text_len: usize,
    /// Whether some messages are marked PHI.
    pub phi: bool,
    /// How long each waits before the next message; zero = as fast as it goes.
    pub pause: Duration,
    /// How many messages one sender may have under way, at most.
    pub in_flight: usize,
}

impl Default for Manner {
    fn default() -> Self {
        Self { senders: 8, channels: 2, text_len: 200, phi: true, pause: Duration::ZERO, in_flight: 4 }
    }
}

/// All senders, and what they write to.
pub struct Crowd {
    /// The senders.
    pub senders: Vec<Sender>,
    /// The channels' ids.
    pub channels: Vec<String>,
    /// The administrator, who made the channels and may read them.
    pub admin: Person,
}

impl Crowd {
    /// Creates users and channels on a running server and signs everybody in.
    pub async fn gather(clinic: &Clinic, manner: Manner, dice: &mut Dice) -> Result<Self> {
        let Manner { senders, channels, .. } = manner;
        let admin = clinic.admin().await?;
        let mut ids = Vec::new();
        for number in 0..senders {
            ids.push(admin.create_user(&format!("sender-{number}"), PASSWORD, "user").await?);
        }
        let mut channel_ids = Vec::new();
        for number in 0..channels {
            let members: Vec<String> = ids.iter().skip(number).step_by(channels).cloned().collect();
            channel_ids.push(admin.open_channel(&format!("ward {number}"), &members).await?);
        }
        let mut crowd = Self { senders: Vec::new(), channels: channel_ids, admin };
        for number in 0..senders {
            crowd.senders.push(Sender {
                person: Person::sign_in(&crowd.admin.line, &format!("sender-{number}"), PASSWORD).await?,
                channel: crowd.channels[number % channels].clone(),
                posts: Vec::new(),
                socket: None,
                waiting: VecDeque::new(),
                in_flight_max: 1 + dice.index(manner.in_flight),
                manner,
                next_at: Instant::now(),
                listens: number % 3 == 0,
                dice: dice.part(),
            });
        }
        Ok(crowd)
    }

    /// Everybody connects (who is not connected) and sends again what was not acknowledged, until all of it is.
    pub async fn settle(&mut self) -> Result<()> {
        let (_stop, stopped) = watch::channel(true);
        let mut unsettled = None;
        for (sender, ended) in self.all(stopped).await? {
            if !matches!(ended, Ended::Settled) {
                unsettled = Some(format!("{} could not settle: {ended}", sender.person.username));
            }
            self.senders.push(sender);
        }
        unsettled.map_or(Ok(()), |why| Err(why.into()))
    }

    /// Everybody sends until `stopped` or until the connection breaks; gives back how each of them ended.
    pub async fn pour(&mut self, stopped: watch::Receiver<bool>) -> Result<Vec<Ended>> {
        let mut ends = Vec::new();
        for (sender, ended) in self.all(stopped).await? {
            self.senders.push(sender);
            ends.push(ended);
        }
        Ok(ends)
    }

    /// Everybody sends for a while, or until no connection is left.
    pub async fn pour_for(&mut self, length: Duration) -> Result<Vec<Ended>> {
        let (stop, stopped) = watch::channel(false);
        let timer = tokio::spawn(async move {
            tokio::time::sleep(length).await;
            // Nobody may listen any more.
            let _ = stop.send(true);
            stop.closed().await;
        });
        let ends = self.pour(stopped).await;
        timer.abort();
        ends
    }

    /// Everybody hangs up, before a server is stopped on purpose.
    pub fn leave(&mut self) {
        for sender in &mut self.senders {
            sender.socket = None;
        }
    }

    /// Takes all senders out, each with how it ended.
    async fn all(&mut self, stopped: watch::Receiver<bool>) -> Result<Vec<(Sender, Ended)>> {
        let mut tasks = JoinSet::new();
        for mut sender in self.senders.drain(..) {
            let stopped = stopped.clone();
            tasks.spawn(async move {
                let ended = sender.work(stopped).await;
                (sender, ended)
            });
        }
        let mut done = Vec::new();
        while let Some(pair) = tasks.join_next().await {
            done.push(pair?);
        }
        Ok(done)
    }

    /// Messages acknowledged so far.
    pub fn acked(&self) -> usize {
        self.senders.iter().map(|s| s.posts.len() - s.waiting.len()).sum()
    }

    /// Every acknowledged message with the moment its acknowledgement was heard.
    pub fn acks(&self) -> impl Iterator<Item = (&Ack, SystemTime)> {
        self.senders.iter().flat_map(|s| &s.posts).filter_map(|post| post.ack.as_ref().map(|(ack, at)| (ack, *at)))
    }
}

impl Sender {
    /// What was acknowledged to this sender.
    pub fn acked(&self) -> impl Iterator<Item = (&Post, &Ack)> {
        self.posts.iter().filter_map(|post| Some((post, &post.ack.as_ref()?.0)))
    }

    async fn work(&mut self, mut stopped: watch::Receiver<bool>) -> Ended {
        let mut socket = match self.socket.take() {
            Some(socket) => socket,
            None => match self.arrive().await {
                Ok(socket) => socket,
                Err(why) => return Ended::Broken { at: Instant::now(), why: why.to_string() },
            },
        };
        let ended = self.converse(&mut socket, &mut stopped).await;
        if matches!(ended, Ended::Settled) {
            self.socket = Some(socket);
        }
        ended
    }

    /// Connects and sends again what was not acknowledged, in the old order.
    async fn arrive(&mut self) -> Result<Socket> {
        let mut socket = self.person.connect().await?;
        if self.listens {
            socket.join(&self.channel, None).await?;
        }
        for &index in &self.waiting {
            let post = &self.posts[index];
            socket.queue(&send_frame(&self.channel, &post.text, post.phi, &post.client_id)).await?;
        }
        socket.flush().await?;
        Ok(socket)
    }

    async fn converse(&mut self, socket: &mut Socket, stopped: &mut watch::Receiver<bool>) -> Ended {
        let broken = |why: String| Ended::Broken { at: Instant::now(), why };
        loop {
            let stop = *stopped.borrow();
            if stop && self.waiting.is_empty() {
                return Ended::Settled;
            }
            let ready = |sender: &Self| sender.waiting.len() < sender.in_flight_max;
            while !stop && ready(self) && Instant::now() >= self.next_at {
                self.next_at = Instant::now() + self.manner.pause;
                let post = self.compose();
                let frame = send_frame(&self.channel, &post.text, post.phi, &post.client_id);
                self.waiting.push_back(self.posts.len());
                self.posts.push(post);
                if let Err(why) = socket.say(&frame).await {
                    return broken(why.to_string());
                }
            }
            let frame = tokio::select! {
                frame = tokio::time::timeout(PATIENCE, socket.hear()) => frame,
                _ = stopped.changed(), if !stop => continue,
                () = tokio::time::sleep_until(self.next_at.into()), if !stop && ready(self) => continue,
            };
            match frame {
                Err(_) => return Ended::Wrong(format!("no answer within {PATIENCE:?}")),
                Ok(Err(why)) => return broken(why.to_string()),
                Ok(Ok(frame)) => match self.heed(&frame) {
                    Ok(None) => {}
                    Ok(Some(refusal)) => return Ended::Refused(refusal),
                    Err(why) => return Ended::Wrong(why.to_string()),
                },
            }
        }
    }

    fn compose(&mut self) -> Post {
        let number = self.posts.len();
        let client_id = format!("{}/{number}", self.person.username);
        let len = self.dice.index(self.manner.text_len) + 1;
        let filling = (0..len).map(|_| char::from(b'a' + u8::try_from(self.dice.index(26)).expect("a letter")));
        let text = format!("{client_id} {}", filling.collect::<String>());
        Post { client_id, text, phi: self.manner.phi && self.dice.chance(1, 7), ack: None }
    }

    /// Takes one frame in; gives the code of a refusal back.
    fn heed(&mut self, frame: &Value) -> Result<Option<String>> {
        match frame["type"].as_str() {
            Some("ack") => {
                let Some(client_id) = frame["clientMessageId"].as_str() else { return Ok(None) };
                let at = self.waiting.iter().position(|i| self.posts[*i].client_id == client_id);
                let Some(index) = at.and_then(|at| self.waiting.remove(at)) else {
                    return Err(format!("an ack nobody waits for: {frame}").into());
                };
                self.posts[index].ack = Some((Ack::read(frame)?, SystemTime::now()));
                Ok(None)
            }
            Some("error") => match frame["code"].as_str() {
                Some(refusal @ (code::BUSY | code::DISK_FULL | code::RATE_LIMITED)) => Ok(Some(refusal.to_owned())),
                _ => Err(format!("refused: {frame}").into()),
            },
            _ => Ok(None),
        }
    }
}
