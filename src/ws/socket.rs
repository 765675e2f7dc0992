//! One socket's life: authenticate within the deadline, then read and write until it closes.
//!
//! One task does both, because a socket that cannot be written to must not be read from either: a client that does
//! not listen does not get to ask. What waits is written in batches, with one flush each.

use std::collections::{HashSet, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{FutureExt, SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error as WsError, Message as WsMessage, Utf8Bytes, error::CapacityError};

use super::abuse::BadFrames;
use super::deflate::Protocol;
use super::dispatch::{self, Next};
use super::{ABUSE, NOT_AUTHENTICATED, Sockets, TOO_OFTEN};
use crate::config::Class;
use crate::error::{Error, Kind, Result};
use crate::features::presence::Here;
use crate::features::{announcements, messages};
use crate::gate::{Cx, Gate, Peer, Permission, Who};
use crate::hub::{Close, Encoded, Item, Origin, Outbox, Replay};
use crate::id::{ChannelId, UserId};
use crate::wire::frames::{Frame, Order, Person, error_frame, parse};

type Stream = WebSocketStream<TokioIo<Upgraded>>;

/// The connection, and how its messages are written.
struct Wire {
    stream: Stream,
    protocol: Protocol,
    /// Bytes of a message that is read.
    bytes_max: usize,
}

impl Wire {
    async fn heard(&mut self) -> Read {
        read(self.stream.next().await, self.protocol, self.bytes_max)
    }

    fn poll_heard(&mut self, context: &mut Context<'_>) -> Poll<Read> {
        self.stream.poll_next_unpin(context).map(|message| read(message, self.protocol, self.bytes_max))
    }
}

/// Bytes of frames that are written with one flush.
const BATCH_BYTES: usize = 64 * 1024;
/// How long a peer may take to accept a batch; a reader that takes longer has gone or is an attacker.
const WRITE_WITHIN: Duration = Duration::from_secs(20);
/// Bytes that are thrown away at once while a peer is seen off.
const UNHEARD_BYTES: usize = 4096;
/// How long a close handshake may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

const TOO_BIG: Close = Close { code: 1009, reason: "the message is too big" };
const NOT_UTF8: Close = Close { code: 1007, reason: "the text is not UTF-8" };
const BROKEN: Close = Close { code: 1002, reason: "protocol error" };

/// Lives until either side closes.
pub(super) async fn live(
    stream: Stream,
    protocol: Protocol,
    peer: Peer,
    cookie: Option<String>,
    gate: Gate,
    sockets: Arc<Sockets>,
) {
    let mut wire = Wire { stream, protocol, bytes_max: sockets.means.limits.frame_bytes_max };
    let within = sockets.means.limits.authenticate_within;
    let authenticated = tokio::select! {
        // In a box, as what follows it: the many idle sockets keep only what they still need.
        outcome = tokio::time::timeout(within, Box::pin(authenticate(&mut wire, peer, cookie, &gate, &sockets))) => outcome,
        () = sockets.stop.cancelled() => return close(&mut wire, Close::STOPPING).await,
    };
    match authenticated {
        Ok(Ok((cx, welcome))) => {
            let Who::Person(session) = cx.who() else { return };
            let limits = sockets.outbox_limits();
            let origin = Origin { address: cx.peer().ip, agent: cx.peer().agent.clone(), since: cx.now() };
            let owner = (session.user, session.id);
            let outbox = Outbox::new(sockets.next_id(), owner, origin, limits, cx.monotonic());
            let outbox = Arc::new(match session.scope() {
                None => outbox,
                Some(scope) => outbox.narrowed(scope.permissions.has(Permission::PhiRead), scope.channels.is_none()),
            });
            // It is the first thing that is said, and whoever has heard it is registered.
            outbox.push(Item::Text { channel: None, frame: welcome.into() });
            if outbox.personal
                && let Some(frame) = announcements::greeting(&sockets.means, cx.now())
            {
                outbox.push(Item::Text { channel: None, frame: frame.into() });
            }
            sockets.hub.register(outbox.clone());
            // A sign-out that came between the check and the registration has told nobody.
            if cx.check().is_err() {
                outbox.close(Close::SESSION_ENDED);
            }
            if sockets.stop.is_cancelled() {
                outbox.close(Close::STOPPING);
            }
            // A program that listens is not its account's person at a desk.
            let here = session.key().is_none().then(|| sockets.means.presence.arrive(session.user));
            tell(&cx, session.user, "socket opened");
            Box::pin(talk(&mut wire, &cx, &outbox, here.as_ref(), &sockets)).await;
            sockets.hub.forget(&outbox);
            tell(&cx, session.user, "socket closed");
        }
        Ok(Err(reason)) => close(&mut wire, reason).await,
        Err(_late) => close(&mut wire, NOT_AUTHENTICATED).await,
    }
}

/// A line of the access log.
fn tell(cx: &Cx, user: UserId, what: &'static str) {
    tracing::info!(target: "access", %user, ip = cx.peer().ip.map(tracing::field::display), "{what}");
}

/// Reads until a token was given that stands for somebody; gives what that somebody is to hear first.
async fn authenticate(
    wire: &mut Wire,
    peer: Peer,
    cookie: Option<String>,
    gate: &Gate,
    sockets: &Sockets,
) -> std::result::Result<(Cx, String), Close> {
    let mut bad = BadFrames::default();
    let visitor = gate.visitor(peer.clone());
    loop {
        let text = match wire.heard().await {
            Read::Text(text) => text,
            Read::Quiet => continue,
            Read::Bad(error) => {
                let full = bad.one_more(visitor.monotonic(), sockets.means.limits.bad_frames_max);
                say(wire, error_frame(&error, None)).await?;
                if full {
                    return Err(ABUSE);
                }
                continue;
            }
            Read::Gone(reason) => return Err(reason),
        };
        let token = match parse(&text, sockets.means.limits.json_depth_max) {
            Ok(incoming) => match incoming.order {
                Order::Authenticate { token } => token.or(cookie),
                // Whoever is not signed in has nothing to say but this: more than a few other frames are abuse.
                other => {
                    let full = bad.one_more(visitor.monotonic(), sockets.means.limits.bad_frames_max);
                    if matches!(other, Order::Ping) {
                        say(wire, Frame::Pong { timestamp: visitor.now() }.encode()).await?;
                    } else {
                        let error = Error::unauthenticated("not_signed_in", "Send authenticate first.");
                        say(wire, error_frame(&error, incoming.request_id.as_deref())).await?;
                    }
                    if full {
                        return Err(ABUSE);
                    }
                    continue;
                }
            },
            Err(unreadable) => {
                let full = bad.one_more(visitor.monotonic(), sockets.means.limits.bad_frames_max);
                say(wire, error_frame(&unreadable.error, unreadable.request_id.as_deref())).await?;
                if full {
                    return Err(ABUSE);
                }
                continue;
            }
        };
        return match welcome(token.as_deref(), peer, gate, sockets).await {
            Ok(welcomed) => Ok(welcomed),
            Err(error) => {
                let refused = Frame::AuthenticationResponse { success: false, user: None, code: Some(error.code()) };
                say(wire, refused.encode()).await?;
                Err(if error.kind() == Kind::TooMany { TOO_OFTEN } else { NOT_AUTHENTICATED })
            }
        };
    }
}

async fn welcome(token: Option<&str>, peer: Peer, gate: &Gate, sockets: &Sockets) -> Result<(Cx, String)> {
    let token = token.ok_or_else(|| Error::unauthenticated("not_signed_in", "Sign in first: give a token."))?;
    let cx = gate.authenticate(token, peer).await?;
    if let Some(standing) = sockets.means.turnstile.of_caller(&cx, Class::Connect) {
        standing.check().inspect_err(|error| cx.came_too_often("requests.connect", error.code()))?;
    }
    let (id, username, role) = cx.introduce().await?;
    let user = Some(Person { id, username: &username, role: &role });
    let frame = Frame::AuthenticationResponse { success: true, user, code: None }.encode();
    Ok((cx, frame))
}

/// A replay under way: the next slice of it.
type Slice<'a> = Pin<Box<dyn Future<Output = Result<(Vec<String>, Option<i64>)>> + Send + 'a>>;

/// Replays are done one after another; the channels of those that wait hold their live frames back.
#[derive(Default)]
struct Replays<'a> {
    running: Option<(Box<Replay>, Slice<'a>)>,
    waiting: VecDeque<Box<Replay>>,
    held: Vec<(ChannelId, Encoded)>,
    holding: HashSet<ChannelId>,
}

/// What woke the task.
enum Woken {
    Outbox(Option<Close>),
    Heard(Read),
    Replayed(Result<(Vec<String>, Option<i64>)>),
}

async fn talk(wire: &mut Wire, cx: &Cx, outbox: &Arc<Outbox>, here: Option<&Here>, sockets: &Arc<Sockets>) {
    let mut bad = BadFrames::default();
    let mut items = Vec::new();
    let mut replays: Option<Box<Replays<'_>>> = None;
    // Writing and reading take turns, so that a busy channel does not drown what its listener has to say.
    let mut listen_first = false;
    loop {
        let woken = poll_fn(|context| {
            if std::mem::take(&mut listen_first)
                && let Poll::Ready(heard) = wire.poll_heard(context)
            {
                return Poll::Ready(Woken::Heard(heard));
            }
            if let Poll::Ready(close) = outbox.poll_take(context, &mut items, BATCH_BYTES) {
                return Poll::Ready(Woken::Outbox(close));
            }
            if let Some((_, slice)) = replays.as_mut().and_then(|r| r.running.as_mut())
                && let Poll::Ready(frames) = slice.poll_unpin(context)
            {
                return Poll::Ready(Woken::Replayed(frames));
            }
            wire.poll_heard(context).map(Woken::Heard)
        })
        .await;
        let outcome = match woken {
            Woken::Outbox(closing) => {
                listen_first = true;
                if let Err(expired) = cx.in_time() {
                    // A listener that says nothing must not hear on when its time is over.
                    let _ = say(wire, error_frame(&expired, None)).await;
                    return close(wire, Close::SESSION_ENDED).await;
                }
                let mut sent = Ok(());
                for item in items.drain(..) {
                    sent = write_item(wire, item, cx, &mut replays).await;
                    if sent.is_err() {
                        break;
                    }
                }
                items.shrink_to(0);
                match (sent.and(flush(wire).await), closing) {
                    (Ok(()), Some(reason)) => return close(wire, reason).await,
                    (outcome, _) => outcome,
                }
            }
            Woken::Replayed(frames) => match carry_on(wire, cx, outbox, sockets, &mut replays, frames).await {
                Ok(()) => flush(wire).await,
                Err(gone) => Err(gone),
            },
            Woken::Heard(heard) => match hear(cx, outbox, here, sockets, &mut bad, heard).await {
                Ok(()) => Ok(()),
                Err(reason) => return close(wire, reason).await,
            },
        };
        if outcome.is_err() {
            return;
        }
    }
}

async fn hear(
    cx: &Cx,
    outbox: &Arc<Outbox>,
    here: Option<&Here>,
    sockets: &Arc<Sockets>,
    bad: &mut BadFrames,
    heard: Read,
) -> std::result::Result<(), Close> {
    let limits = &sockets.means.limits;
    outbox.heard(cx.monotonic());
    if matches!(heard, Read::Text(_)) {
        outbox.sent(cx.monotonic());
    }
    let (error, request_id) = match heard {
        Read::Gone(reason) => return Err(reason),
        Read::Quiet => return Ok(()),
        Read::Bad(error) => (error, None),
        Read::Text(text) => match parse(&text, limits.json_depth_max) {
            Ok(incoming) => match dispatch::dispatch(cx, sockets, outbox, here, incoming).await {
                Next::Go => return Ok(()),
                Next::SignedOut(error) => {
                    dispatch::fail(sockets, outbox, &error, None);
                    outbox.close(Close::SESSION_ENDED);
                    return Ok(());
                }
            },
            Err(unreadable) => (*unreadable.error, unreadable.request_id),
        },
    };
    dispatch::fail(sockets, outbox, &error, request_id.as_deref());
    if bad.one_more(cx.monotonic(), limits.bad_frames_max) {
        outbox.close(ABUSE);
    }
    Ok(())
}

/// The socket is gone; there is nobody to tell.
struct Gone;

async fn write_item<'a>(
    wire: &mut Wire,
    item: Item,
    cx: &'a Cx,
    replays: &mut Option<Box<Replays<'a>>>,
) -> std::result::Result<(), Gone> {
    match item {
        Item::Text { channel, frame } => {
            if let (Some(replays), Some(channel)) = (replays.as_mut(), channel)
                && replays.holding.contains(&channel)
            {
                replays.held.push((channel, frame));
                return Ok(());
            }
            feed_frame(wire, &frame).await
        }
        Item::Ping => feed(wire, WsMessage::Ping(Vec::new().into())).await,
        Item::Replay(replay) => {
            let replays = replays.get_or_insert_default();
            replays.holding.insert(replay.channel);
            if replays.running.is_none() {
                let slice = slice(cx, &replay, None);
                replays.running = Some((replay, slice));
            } else {
                replays.waiting.push_back(replay);
            }
            Ok(())
        }
        Item::Nothing => Ok(()),
    }
}

fn slice<'a>(cx: &'a Cx, replay: &Replay, from: Option<i64>) -> Slice<'a> {
    let replay = replay.clone();
    Box::pin(async move { messages::replay(cx, &replay, from).await })
}

/// Writes a slice of a replay; after the last one, what was held back and the `ack`.
async fn carry_on<'a>(
    wire: &mut Wire,
    cx: &'a Cx,
    outbox: &Outbox,
    sockets: &Sockets,
    all: &mut Option<Box<Replays<'a>>>,
    frames: Result<(Vec<String>, Option<i64>)>,
) -> std::result::Result<(), Gone> {
    let Some(replays) = all.as_mut() else { return Ok(()) };
    let Some((replay, _)) = replays.running.take() else { return Ok(()) };
    let ended = match frames {
        Ok((frames, next)) => {
            for frame in frames {
                feed_frame(wire, &frame.into()).await?;
            }
            if next.is_some() {
                let slice = slice(cx, &replay, next);
                replays.running = Some((replay, slice));
                return Ok(());
            }
            None
        }
        Err(error) => Some(error),
    };
    match (ended, replay.request_id.as_deref()) {
        (None, Some(id)) => {
            let ack = crate::features::channels::joined(id, replay.upto);
            feed(wire, WsMessage::Text(ack.into())).await?;
        }
        (None, None) => {}
        (Some(error), id) => {
            // Without the rows in between, live frames would leave a gap that the client cannot see.
            dispatch::fail(sockets, outbox, &error, id);
            outbox.close(Close::RESYNC);
        }
    }
    replays.holding.remove(&replay.channel);
    let held = std::mem::take(&mut replays.held);
    for (channel, frame) in held {
        if channel == replay.channel {
            feed_frame(wire, &frame).await?;
        } else {
            replays.held.push((channel, frame));
        }
    }
    match replays.waiting.pop_front() {
        Some(next) => {
            let slice = slice(cx, &next, None);
            replays.running = Some((next, slice));
        }
        None => *all = None,
    }
    Ok(())
}

/// What was read.
enum Read {
    Text(Utf8Bytes),
    /// A ping or pong: the peer lives.
    Quiet,
    /// A frame that makes no sense; the socket goes on.
    Bad(Error),
    /// The socket ends, and the peer is told why if it is still there.
    Gone(Close),
}

fn read(message: Option<std::result::Result<WsMessage, WsError>>, protocol: Protocol, bytes_max: usize) -> Read {
    match message {
        Some(Ok(WsMessage::Text(text))) => Read::Text(text),
        Some(Ok(WsMessage::Ping(_) | WsMessage::Pong(_) | WsMessage::Frame(_))) => Read::Quiet,
        Some(Ok(WsMessage::Binary(packed))) => match protocol.read(&packed, bytes_max) {
            Ok(text) => Read::Text(text),
            Err(error) => Read::Bad(error),
        },
        Some(Err(WsError::Capacity(CapacityError::MessageTooLong { .. }))) => Read::Gone(TOO_BIG),
        Some(Err(WsError::Utf8(_))) => Read::Gone(NOT_UTF8),
        Some(Err(WsError::Protocol(_))) => Read::Gone(BROKEN),
        // The peer closed, or is no longer there.
        Some(Ok(WsMessage::Close(_)) | Err(_)) | None => Read::Gone(Close { code: 1000, reason: "" }),
    }
}

/// A frame in the form that this socket asked for.
async fn feed_frame(wire: &mut Wire, frame: &Encoded) -> std::result::Result<(), Gone> {
    let message = wire.protocol.message(frame);
    feed(wire, message).await
}

async fn feed(wire: &mut Wire, message: WsMessage) -> std::result::Result<(), Gone> {
    in_time(wire.stream.feed(message)).await
}

async fn flush(wire: &mut Wire) -> std::result::Result<(), Gone> {
    in_time(SinkExt::<WsMessage>::flush(&mut wire.stream)).await
}

/// Most writes are done at once; only one that has to wait gets a timer.
async fn in_time(write: impl Future<Output = std::result::Result<(), WsError>>) -> std::result::Result<(), Gone> {
    let mut write = std::pin::pin!(write);
    let at_once = poll_fn(|context| Poll::Ready(write.as_mut().poll(context))).await;
    let outcome = match at_once {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => tokio::time::timeout(WRITE_WITHIN, write).await.map_err(|_| Gone)?,
    };
    outcome.map_err(|_| Gone)
}

async fn say(wire: &mut Wire, frame: String) -> std::result::Result<(), Close> {
    let gone = |_| Close { code: 1000, reason: "" };
    feed(wire, WsMessage::Text(frame.into())).await.map_err(gone)?;
    flush(wire).await.map_err(gone)
}

async fn close(wire: &mut Wire, reason: Close) {
    let frame = CloseFrame { code: reason.code.into(), reason: Utf8Bytes::from_static(reason.reason) };
    let handshake = async {
        // Of a peer that closed first the answer is queued already, and another close is refused: flushing sends it.
        let _ = wire.stream.close(Some(frame)).await;
        let _ = SinkExt::<WsMessage>::flush(&mut wire.stream).await;
        // The peer's own close ends it; what it still says is not heard.
        while let Some(Ok(_)) = wire.stream.next().await {}
        // Closing over unread bytes would reset the connection, and the peer would lose the reason on its way (RFC
        // 9293, 3.10.4; RFC 6455, 7.1.1): say the end, then take what still comes, such as the rest of a huge frame.
        let stream = wire.stream.get_mut();
        let mut unheard = vec![0; UNHEARD_BYTES];
        if stream.shutdown().await.is_ok() {
            while stream.read(&mut unheard).await.is_ok_and(|bytes| bytes > 0) {}
        }
    };
    // A peer that does not answer is left.
    let _ = tokio::time::timeout(CLOSE_WITHIN, handshake).await;
}
