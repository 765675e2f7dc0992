//! What waits to be written to one socket.
//!
//! Bounded in frames and in bytes: a reader that falls behind is told to resync and closed, because skipping a
//! frame silently would leave a client believing that it has seen everything.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::encoded::Encoded;
use crate::clock::Timestamp;
use crate::id::{ChannelId, SessionId, UserId};
use crate::wire::frames::Frame;

/// Frames that may wait for a socket before it is spared what nobody misses.
const WHISPERS_BEHIND_MAX: usize = 64;

/// Tells sockets apart while the server runs.
pub type SocketId = u64;

/// Why a socket is closed: an RFC 6455 close code and a reason that names no person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Close {
    /// The close code, as in `docs/protocol.md`.
    pub code: u16,
    /// A few words.
    pub reason: &'static str,
}

impl Close {
    /// The server is stopping.
    pub const STOPPING: Self = Self { code: 1001, reason: "the server is stopping" };
    /// The reader fell behind.
    pub const RESYNC: Self = Self { code: 1013, reason: "fell behind: reconnect and replay" };
    /// The sign-in ended.
    pub const SESSION_ENDED: Self = Self { code: 4002, reason: "signed out" };
    /// Nothing was heard.
    pub const IDLE: Self = Self { code: 4004, reason: "idle" };
}

/// A replay that a socket has to do at this point of the commit order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Of which channel.
    pub channel: ChannelId,
    /// What changed after this `rev` …
    pub since: i64,
    /// … up to and with this one; later changes come as live frames.
    pub upto: i64,
    /// Whether patient details may be shown.
    pub phi: bool,
    /// Under which id the client wants to hear that it is done.
    pub request_id: Option<String>,
}

/// One thing that waits for a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A frame; with its channel if it belongs to one.
    Text {
        /// A channel that is being replayed holds its frames back.
        channel: Option<ChannelId>,
        /// The encoded frame.
        frame: Encoded,
    },
    /// Replay a channel, and hold its live frames back meanwhile.
    Replay(Box<Replay>),
    /// A WebSocket ping.
    Ping,
    /// Nothing to do.
    Nothing,
}

/// How much may wait for one socket.
#[derive(Debug, Clone, Copy)]
pub struct OutboxLimits {
    /// Frames.
    pub frames_max: usize,
    /// Bytes of frames.
    pub bytes_max: usize,
}

#[derive(Default)]
struct Waiting {
    items: VecDeque<Item>,
    bytes: usize,
    close: Option<Close>,
    waker: Option<Waker>,
}

/// Where a socket comes from, for whoever looks after the clinic's connections.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The peer's address.
    pub address: Option<IpAddr>,
    /// What the client calls itself.
    pub agent: Option<Arc<str>>,
    /// When it signed in.
    pub since: Timestamp,
}

/// One socket as the hub sees it.
pub struct Outbox {
    /// Which socket.
    pub id: SocketId,
    /// Whose.
    pub user: UserId,
    /// By which sign-in.
    pub session: SessionId,
    /// From where.
    pub origin: Origin,
    /// Whether patient details may ever be shown to it.
    pub phi: bool,
    /// Whether it hears what concerns the person and no channel.
    pub personal: bool,
    limits: OutboxLimits,
    waiting: Mutex<Waiting>,
    /// Monotonic milliseconds at which the peer was last heard.
    heard_millis: AtomicU64,
    pings_unanswered: AtomicU64,
    /// Frames of the current minute and of the one before, and which minute that is.
    frames: [AtomicU64; 2],
    frames_minute: AtomicU64,
    gone: AtomicBool,
}

impl Outbox {
    /// For a socket that has just signed in.
    pub fn new(
        id: SocketId,
        (user, session): (UserId, SessionId),
        origin: Origin,
        limits: OutboxLimits,
        now: Duration,
    ) -> Self {
        Self {
            id,
            user,
            session,
            origin,
            phi: true,
            personal: true,
            limits,
            waiting: Mutex::default(),
            heard_millis: AtomicU64::new(millis(now)),
            pings_unanswered: AtomicU64::new(0),
            frames: [AtomicU64::new(0), AtomicU64::new(0)],
            frames_minute: AtomicU64::new(now.as_secs() / 60),
            gone: AtomicBool::new(false),
        }
    }

    /// The same for a program under an API key: `phi`, whether patient details may ever be shown to it; `personal`,
    /// whether it hears what concerns the person and no channel.
    #[must_use]
    pub fn narrowed(mut self, phi: bool, personal: bool) -> Self {
        (self.phi, self.personal) = (phi, personal);
        self
    }

    /// Adds one item and wakes the socket.
    pub fn push(&self, item: Item) {
        self.extend(std::iter::once(item));
    }

    /// Adds items in order and wakes the socket once.
    pub fn extend(&self, items: impl Iterator<Item = Item>) {
        let waker = {
            let mut waiting = self.waiting();
            if waiting.close.is_some() {
                return;
            }
            for item in items {
                if let Item::Text { frame, .. } = &item {
                    waiting.bytes += frame.len();
                }
                waiting.items.push_back(item);
            }
            if waiting.items.len() > self.limits.frames_max || waiting.bytes > self.limits.bytes_max {
                waiting.fall_behind();
            }
            waiting.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Adds a frame that may be lost, unless so much waits already that it would be late.
    pub fn whisper(&self, frame: &Encoded) {
        if self.waiting().items.len() < WHISPERS_BEHIND_MAX {
            self.push(Item::Text { channel: None, frame: frame.clone() });
        }
    }

    /// When the peer was last heard, on the monotonic clock.
    pub fn last_heard(&self) -> Duration {
        Duration::from_millis(self.heard_millis.load(Ordering::Relaxed))
    }

    /// Closes the socket once what waits is written. The first reason stands.
    pub fn close(&self, close: Close) {
        let waker = {
            let mut waiting = self.waiting();
            waiting.close.get_or_insert(close);
            waiting.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Takes what waits into `into`, up to about `bytes_max` bytes. `Ready(Some)` says to close after it;
    /// `Pending` means that nothing waits and that the task will be woken.
    pub fn poll_take(&self, cx: &mut Context<'_>, into: &mut Vec<Item>, bytes_max: usize) -> Poll<Option<Close>> {
        let mut waiting = self.waiting();
        let mut taken = 0;
        while taken < bytes_max {
            let Some(item) = waiting.items.pop_front() else { break };
            if let Item::Text { frame, .. } = &item {
                taken += frame.len();
                waiting.bytes -= frame.len();
            }
            into.push(item);
        }
        if waiting.items.is_empty() {
            // An idle socket keeps no buffer: there are thousands of them.
            waiting.items.shrink_to(0);
            if let Some(close) = waiting.close {
                return Poll::Ready(Some(close));
            }
        }
        if into.is_empty() {
            match &mut waiting.waker {
                Some(waker) => waker.clone_from(cx.waker()),
                none => *none = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        }
        Poll::Ready(None)
    }

    /// The peer was heard: a frame, or a pong.
    pub fn heard(&self, now: Duration) {
        self.heard_millis.store(millis(now), Ordering::Relaxed);
        self.pings_unanswered.store(0, Ordering::Relaxed);
    }

    /// The peer sent a frame. Only the socket's own task says so, so that nothing has to be locked.
    pub fn sent(&self, now: Duration) {
        let minute = now.as_secs() / 60;
        let before = self.frames_minute.swap(minute, Ordering::Relaxed);
        if minute != before {
            let last = self.frames[0].swap(0, Ordering::Relaxed);
            self.frames[1].store(if minute == before + 1 { last } else { 0 }, Ordering::Relaxed);
        }
        self.frames[0].fetch_add(1, Ordering::Relaxed);
    }

    /// Frames that the peer sent in the last minute, about: those of the minute before count for what is left of it.
    pub fn frames_per_minute(&self, now: Duration) -> u64 {
        let (minute, seconds) = (now.as_secs() / 60, now.as_secs() % 60);
        let [current, before] = [&self.frames[0], &self.frames[1]].map(|count| count.load(Ordering::Relaxed));
        match minute.saturating_sub(self.frames_minute.load(Ordering::Relaxed)) {
            0 => current + before * (60 - seconds) / 60,
            1 => current * (60 - seconds) / 60,
            _ => 0,
        }
    }

    /// Marks the socket as gone; says whether it was there.
    pub(super) fn leave(&self) -> bool {
        !self.gone.swap(true, Ordering::AcqRel)
    }

    /// Whether it has left.
    pub fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// Pings after a third and after two thirds of `idle_after`, closes after all of it.
    pub(super) fn sweep(&self, now: Duration, idle_after: Duration) {
        let silent = millis(now).saturating_sub(self.heard_millis.load(Ordering::Relaxed));
        let idle = millis(idle_after);
        let pings = self.pings_unanswered.load(Ordering::Relaxed);
        if silent >= idle {
            self.close(Close::IDLE);
        } else if silent >= idle / 3 * (pings + 1) && pings < 2 {
            self.pings_unanswered.store(pings + 1, Ordering::Relaxed);
            self.push(Item::Ping);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn fall_behind(&mut self) {
        self.items.clear();
        let notice = Frame::SystemEvent { event_type: "resync", data: serde_json::json!({}) }.encode();
        self.bytes = notice.len();
        self.items.push_back(Item::Text { channel: None, frame: notice.into() });
        self.close = Some(Close::RESYNC);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;
    use uuid::Uuid;

    fn outbox(frames_max: usize) -> Outbox {
        let limits = OutboxLimits { frames_max, bytes_max: 1_000 };
        let origin = Origin { address: None, agent: None, since: Timestamp::from_micros(0) };
        let owner = (UserId::from_uuid(Uuid::nil()), SessionId::from_uuid(Uuid::nil()));
        Outbox::new(1, owner, origin, limits, Duration::ZERO)
    }

    fn text(t: &str) -> Item {
        Item::Text { channel: None, frame: t.to_owned().into() }
    }

    fn take(outbox: &Outbox) -> (Vec<Item>, Poll<Option<Close>>) {
        let mut items = Vec::new();
        let poll = outbox.poll_take(&mut Context::from_waker(Waker::noop()), &mut items, usize::MAX);
        (items, poll)
    }

    #[test]
    fn at_the_limit_nothing_is_lost_and_above_it_the_reader_must_resync() {
        let exact = outbox(3);
        exact.extend((0..3).map(|n| text(&n.to_string())));
        assert_eq!(take(&exact), (vec![text("0"), text("1"), text("2")], Poll::Ready(None)));

        let over = outbox(3);
        over.extend((0..4).map(|n| text(&n.to_string())));
        let (items, poll) = take(&over);
        assert_eq!(poll, Poll::Ready(Some(Close::RESYNC)));
        assert_eq!(items, [text(r#"{"type":"system_event","eventType":"resync","data":{}}"#)]);
        over.push(text("late"));
        assert!(take(&over).0.is_empty(), "nothing follows a resync notice");
    }

    #[test]
    fn bytes_are_a_limit_of_their_own() {
        let outbox = outbox(1_000);
        outbox.push(text(&"x".repeat(1_000)));
        assert_eq!(take(&outbox).1, Poll::Ready(None));
        outbox.push(text(&"x".repeat(1_001)));
        assert_eq!(take(&outbox).1, Poll::Ready(Some(Close::RESYNC)));
    }

    #[test]
    fn a_silent_socket_is_pinged_twice_then_closed_and_a_pong_saves_it() {
        let idle = Duration::from_mins(2);
        let outbox = outbox(10);
        for (second, pings) in [(39, 0), (40, 1), (60, 0), (80, 1), (119, 0)] {
            outbox.sweep(Duration::from_secs(second), idle);
            assert_eq!(take(&outbox).0.len(), pings, "at {second} s");
        }
        outbox.heard(Duration::from_secs(119));
        outbox.sweep(Duration::from_secs(130), idle);
        assert_eq!(take(&outbox).1, Poll::Pending);
        outbox.sweep(Duration::from_secs(239), idle);
        assert_eq!(take(&outbox).1, Poll::Ready(Some(Close::IDLE)));
    }
}
