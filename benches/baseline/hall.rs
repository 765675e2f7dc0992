//! Who listens to which channel.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::mpsc::UnboundedSender;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// What waits for a socket: the connection writes all that waits, then flushes once.
#[derive(Clone)]
pub enum Out {
    /// An answer or a single message.
    One(Utf8Bytes),
    /// What one commit brought to a channel.
    Many(Arc<[Utf8Bytes]>),
}

pub type Outbox = UnboundedSender<Out>;

/// One channel's sockets and its counter.
#[derive(Default)]
pub struct Channel {
    members: RwLock<Vec<Outbox>>,
    seq: AtomicI64,
}

impl Channel {
    /// Adds a socket.
    pub fn join(&self, outbox: &Outbox) {
        self.members.write().unwrap_or_else(PoisonError::into_inner).push(outbox.clone());
    }

    /// Removes a socket that has gone.
    pub fn leave(&self, outbox: &Outbox) {
        self.members.write().unwrap_or_else(PoisonError::into_inner).retain(|member| !member.same_channel(outbox));
    }

    /// Hands the same frames to every socket.
    pub fn tell(&self, out: &Out) {
        for member in self.members.read().unwrap_or_else(PoisonError::into_inner).iter() {
            member.send(out.clone()).ok();
        }
    }

    /// The next position in this channel.
    pub fn number(&self) -> i64 {
        self.seq.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Goes on after `seq`, at start.
    pub fn resume(&self, seq: i64) {
        self.seq.store(seq, Ordering::Relaxed);
    }
}

/// All channels; they come to be when first named.
#[derive(Default)]
pub struct Hall(RwLock<HashMap<Box<str>, Arc<Channel>>>);

impl Hall {
    /// The channel of that id.
    pub fn channel(&self, id: &str) -> Arc<Channel> {
        if let Some(found) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(id) {
            return Arc::clone(found);
        }
        Arc::clone(self.0.write().unwrap_or_else(PoisonError::into_inner).entry(id.into()).or_default())
    }
}
