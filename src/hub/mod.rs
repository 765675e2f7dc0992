//! Fan-out: from a commit to the sockets of those who may hear of it.
//!
//! The gate hands over what a batch of commits causes as a list of [`Effect`]s, in commit order. One task applies
//! them in that order, so a member who was removed hears nothing from that commit on, and a socket that joined
//! hears everything after it. A frame is encoded once and shared; a batch wakes each socket once.
//!
//! The hub knows who listens to what. It does not know who may: that is decided before an effect is made.

mod encoded;
mod outbox;
mod registry;

pub use encoded::{DEFLATED_ABOVE_BYTES, Encoded};
pub use outbox::{Close, Item, Origin, Outbox, OutboxLimits, Replay, SocketId};

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::id::{ChannelId, SessionId, UserId};
use crate::metrics::Metrics;
use crate::wire::frames::Frame;
use crate::wire::messages::Message;
use registry::Registry;

/// Batches that may wait for the fan-out before the writer has to wait for it.
const BATCHES_WAITING_MAX: usize = 256;

/// A message's frame in the two forms that readers may get.
#[derive(Clone)]
pub struct Parcel {
    /// With the text.
    pub full: Encoded,
    /// Without it, for readers who may not see patient details; `None` when there are none in it.
    pub redacted: Option<Encoded>,
    /// The sender always reads the own text.
    pub sender: UserId,
    /// Whether it is a new message, for the figures.
    pub posted: bool,
}

impl Parcel {
    /// The frames of a message. They are made here and not where the message is written, because there is one writer
    /// and everyone waits for it.
    fn of(mut message: Message, frame: for<'a> fn(&'a Message) -> Frame<'a>) -> Self {
        let sender = message.sender_id;
        let full = frame(&message).encode().into();
        let redacted = message.contains_phi.then(|| {
            message.text = None;
            message.metadata = None;
            message.mentions = Vec::new();
            message.redacted = true;
            frame(&message).encode().into()
        });
        Self { full, redacted, sender, posted: false }
    }

    fn posted(message: Message) -> Self {
        Self { posted: true, ..Self::of(message, |data| Frame::NewMessage { data }) }
    }

    fn edited(message: Message) -> Self {
        Self::of(message, |data| Frame::MessageUpdated { data })
    }
}

/// What a commit causes.
pub enum Effect {
    /// A message was posted: everyone who listens to its channel hears of it.
    Post(Box<Message>),
    /// A message was edited: the same hear of it.
    Edit(Box<Message>),
    /// Everyone who listens to the channel hears this.
    Tell {
        /// Which channel.
        channel: ChannelId,
        /// What.
        parcel: Parcel,
    },
    /// Everyone who listens to the channel hears this, except one person.
    TellOthers {
        /// Which channel.
        channel: ChannelId,
        /// Who does not.
        user: UserId,
        /// What.
        frame: Encoded,
    },
    /// All sockets of one person hear this.
    TellUser {
        /// Who.
        user: UserId,
        /// What.
        frame: Encoded,
    },
    /// All sockets of some people hear this.
    TellUsers {
        /// Who.
        users: Vec<UserId>,
        /// What.
        frame: Encoded,
    },
    /// Every signed-in socket hears this.
    TellAll {
        /// What.
        frame: Encoded,
    },
    /// One socket gets the answer to what it asked.
    Answer {
        /// Which socket.
        socket: Arc<Outbox>,
        /// The answer.
        frame: Encoded,
    },
    /// A socket listens to a channel from here on.
    Subscribe {
        /// Which socket.
        socket: Arc<Outbox>,
        /// Which channel.
        channel: ChannelId,
        /// Whether it may see patient details there.
        phi: bool,
        /// What the socket is to do at this point of the commit order.
        then: Item,
    },
    /// A socket no longer listens to a channel.
    Unsubscribe {
        /// Which socket.
        socket: Arc<Outbox>,
        /// Which channel.
        channel: ChannelId,
    },
    /// A person is no longer a member of a channel.
    Remove {
        /// Who.
        user: UserId,
        /// Of which channel.
        channel: ChannelId,
    },
    /// Everyone else who listens to the channel hears this now or never: nothing is missed by missing it.
    Whisper {
        /// Which channel.
        channel: ChannelId,
        /// Whose sockets do not hear it.
        from: UserId,
        /// What.
        frame: Encoded,
    },
    /// A socket wants to know who of a channel is there.
    Watch {
        /// Which socket.
        socket: Arc<Outbox>,
        /// Which channel.
        channel: ChannelId,
    },
    /// Everyone who watches the channel hears this.
    TellWatchers {
        /// Which channel.
        channel: ChannelId,
        /// What.
        frame: Encoded,
    },
    /// One socket is closed.
    Disconnect {
        /// Which.
        socket: SocketId,
        /// Why.
        close: Close,
    },
    /// A channel is gone: nobody listens to it any more.
    Dissolve {
        /// Which.
        channel: ChannelId,
    },
    /// Whether a person may see patient details has changed, everywhere.
    SetPhi {
        /// Who.
        user: UserId,
        /// Whether.
        phi: bool,
    },
    /// A sign-in has ended: its sockets are told and closed.
    EndSession {
        /// Which.
        session: SessionId,
    },
}

/// The way in to the fan-out; cheap to clone.
#[derive(Clone)]
pub struct Hub {
    registry: Arc<Mutex<Registry>>,
    batches: mpsc::Sender<Vec<Effect>>,
}

/// The task's half; runs until the last [`Hub`] is gone.
pub struct Fanout {
    registry: Arc<Mutex<Registry>>,
    batches: mpsc::Receiver<Vec<Effect>>,
}

impl Hub {
    /// A hub without sockets, and the task that has to be run for it.
    pub fn new(metrics: Arc<Metrics>) -> (Self, Fanout) {
        let registry = Arc::new(Mutex::new(Registry::counting(metrics)));
        let (sender, receiver) = mpsc::channel(BATCHES_WAITING_MAX);
        (Self { registry: registry.clone(), batches: sender }, Fanout { registry, batches: receiver })
    }

    /// Hands over what a batch caused. Waits when the fan-out is far behind, which slows the writer down rather
    /// than letting memory grow. For threads outside the runtime.
    pub fn hand_over(&self, effects: Vec<Effect>) {
        if !effects.is_empty() {
            // The task is gone only when the server has stopped; then nobody is listening.
            let _ = self.batches.blocking_send(effects);
        }
    }

    /// Hands over what was caused without a commit, in order with what commits cause.
    pub async fn send(&self, effects: Vec<Effect>) {
        let _ = self.batches.send(effects).await;
    }

    /// A signed-in socket is there.
    pub fn register(&self, socket: Arc<Outbox>) {
        self.registry().register(socket);
    }

    /// A socket is gone.
    pub fn forget(&self, socket: &Outbox) {
        self.registry().forget(socket);
    }

    /// The channels that somebody watches.
    pub fn watched(&self) -> Vec<ChannelId> {
        self.registry().watched()
    }

    /// Signed-in sockets with an id above `after`, oldest first; with `user`, that person's only.
    pub fn connected(&self, after: SocketId, limit: usize, user: Option<UserId>) -> Vec<Arc<Outbox>> {
        self.registry().connected(after, limit, user)
    }

    /// One signed-in socket.
    pub fn socket(&self, id: SocketId) -> Option<Arc<Outbox>> {
        self.registry().socket(id)
    }

    /// How many sockets are signed in.
    pub fn sockets(&self) -> usize {
        self.registry().len()
    }

    /// Pings sockets that are silent and closes those that stay so for `idle_after`.
    pub fn sweep(&self, now: Duration, idle_after: Duration) {
        let sockets = self.registry().all();
        for socket in sockets {
            socket.sweep(now, idle_after);
        }
    }

    /// Tells every socket `frame` and closes it with `close`.
    pub fn close_all(&self, frame: &Encoded, close: Close) {
        let sockets = self.registry().all();
        for socket in sockets {
            socket.push(Item::Text { channel: None, frame: frame.clone() });
            socket.close(close);
        }
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fanout {
    /// Applies what is handed over, in order, until every [`Hub`] is dropped.
    pub async fn run(mut self) {
        let mut batches = Vec::new();
        while self.batches.recv_many(&mut batches, 16).await > 0 {
            self.registry.lock().unwrap_or_else(PoisonError::into_inner).apply(batches.drain(..).flatten());
            tokio::task::yield_now().await;
        }
    }
}
