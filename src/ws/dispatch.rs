//! A message from a socket to the deed it asks for. Permission is the gate's; what is decided here is only
//! whether the sign-in still stands, and it is asked before every message.

use std::sync::Arc;

use super::Sockets;
use crate::error::{Error, Kind, Result};
use crate::features::commands::{self, Outcome};
use crate::features::presence::Here;
use crate::features::{channels, logs, messages, metrics, presence};
use crate::gate::Cx;
use crate::hub::{Item, Outbox};
use crate::wire::frames::{Frame, Incoming, Order, acknowledged, error_frame};
use crate::wire::messages::NewMessage;

/// What the socket has to do next.
pub(super) enum Next {
    /// Go on.
    Go,
    /// The sign-in has ended: say so and close.
    SignedOut(Error),
}

/// Does what a message asks. Nothing here waits for a commit: the answers come through the outbox, in commit order.
pub(super) async fn dispatch(
    cx: &Cx,
    sockets: &Arc<Sockets>,
    outbox: &Arc<Outbox>,
    here: Option<&Here>,
    incoming: Incoming,
) -> Next {
    if let Err(error) = cx.check() {
        return Next::SignedOut(error);
    }
    let Incoming { request_id, order, claims } = incoming;
    if let Some((field, _)) = claims.iter().find(|(_, user)| cx.who().user() != Some(*user)) {
        fail(sockets, outbox, &Error::field(field, "cannot be somebody else"), request_id.as_deref());
        return Next::Go;
    }
    // A heartbeat is the device's sign of life; everything else is its owner's.
    if let Some(here) = here
        && !matches!(order, Order::Ping)
    {
        here.active();
    }
    if let Err(error) = counted(cx, sockets, &order) {
        fail(sockets, outbox, &error, request_id.as_deref());
        return Next::Go;
    }
    match order {
        Order::Send(body) => {
            let outcome = if may_be_command(&body) {
                commands::carry_out(cx, &sockets.means, body).await
            } else {
                Ok(Outcome::Post(body))
            };
            match outcome {
                Ok(Outcome::Post(body)) => {
                    messages::send(cx, &sockets.means, outbox, body, request_id, failure(sockets, outbox));
                }
                Ok(Outcome::Done(_)) => answer(sockets, outbox, Ok(()), request_id.as_deref()),
                Err(error) => answer(sockets, outbox, Err(error), request_id.as_deref()),
            }
        }
        Order::OnMessage(order) => {
            messages::change(cx, &sockets.means, outbox, order, request_id, failure(sockets, outbox)).await;
        }
        Order::Receipt(order) => {
            messages::receipt(cx, &sockets.means, outbox, order, request_id, failure(sockets, outbox)).await;
        }
        Order::Join { channel, since, password } => {
            let failed = failure(sockets, outbox);
            let proof = match password {
                Some(password) => channels::prove(cx, &sockets.means, channel, password).await,
                None => Ok(None),
            };
            let asked = request_id.clone();
            let failed = move |error| failed(error, asked.as_deref());
            match proof {
                Ok(proof) => channels::join(cx, outbox, channel, since, proof, request_id, failed),
                Err(error) => failed(error),
            }
        }
        Order::Leave { channel } => {
            let mut effects = vec![channels::leave(outbox, channel)];
            if let Some(id) = request_id {
                let frame = acknowledged(&id).into();
                effects.push(crate::hub::Effect::Answer { socket: outbox.clone(), frame });
            }
            sockets.hub.send(effects).await;
        }
        Order::Typing { channel, typing } => {
            let outcome = presence::typing(cx, &sockets.means, channel, typing).await;
            answer(sockets, outbox, outcome, request_id.as_deref());
        }
        Order::WatchPresence { channel } => {
            let outcome = presence::watch(cx, &sockets.means, outbox, channel).await;
            answer(sockets, outbox, outcome, request_id.as_deref());
        }
        Order::WatchLog { log, watching } => {
            let outcome = logs::watch(cx, &sockets.means, outbox, &log, watching).await;
            answer(sockets, outbox, outcome, request_id.as_deref());
        }
        Order::WatchMetrics { watching } => {
            let outcome = metrics::watch(cx, &sockets.means, outbox, watching).await;
            answer(sockets, outbox, outcome, request_id.as_deref());
        }
        Order::SetPresence(change) => {
            let outcome = presence::choose(cx, &sockets.means, change).await.map(drop);
            answer(sockets, outbox, outcome, request_id.as_deref());
        }
        Order::Ping => {
            let pong = Frame::Pong { timestamp: cx.now() }.encode();
            outbox.push(Item::Text { channel: None, frame: pong.into() });
        }
        Order::Authenticate { .. } => {
            let error = Error::conflict("already_authenticated", "This socket is signed in already.");
            fail(sockets, outbox, &error, request_id.as_deref());
        }
    }
    Next::Go
}

/// Counts what no feature counts: of sends, changes, receipts, typing and presence each has a measure of its own.
fn counted(cx: &Cx, sockets: &Sockets, order: &Order) -> Result<()> {
    let uncounted = match order {
        Order::Join { .. }
        | Order::Leave { .. }
        | Order::WatchMetrics { .. }
        | Order::WatchLog { .. }
        | Order::Ping
        | Order::Authenticate { .. } => true,
        // A command is a deed besides, whatever becomes of it.
        Order::Send(body) => may_be_command(body),
        Order::OnMessage(_)
        | Order::Receipt(_)
        | Order::Typing { .. }
        | Order::WatchPresence { .. }
        | Order::SetPresence(_) => false,
    };
    if uncounted { sockets.means.frames.take(cx) } else { Ok(()) }
}

/// What begins with a slash may stand for a deed; everything else goes its way at once.
fn may_be_command(body: &NewMessage) -> bool {
    body.text.starts_with('/') || body.command.is_some()
}

/// Answers what is done at once: an `ack` if it was asked for, or the `error`.
fn answer(sockets: &Sockets, outbox: &Outbox, outcome: Result<()>, request_id: Option<&str>) {
    match (outcome, request_id) {
        (Ok(()), Some(id)) => outbox.push(Item::Text { channel: None, frame: acknowledged(id).into() }),
        (Ok(()), None) => {}
        (Err(error), id) => fail(sockets, outbox, &error, id),
    }
}

/// Tells the socket of an error; what is our own fault goes to the log.
pub(super) fn fail(sockets: &Sockets, outbox: &Outbox, error: &Error, request_id: Option<&str>) {
    if error.kind() == Kind::TooMany {
        sockets.means.metrics.rate_limited.one();
    }
    if error.kind() == Kind::Internal {
        tracing::error!(cause = error.chain(), "a message over a socket failed");
    }
    outbox.push(Item::Text { channel: None, frame: error_frame(error, request_id).into() });
}

fn failure(sockets: &Arc<Sockets>, outbox: &Arc<Outbox>) -> impl FnOnce(Error, Option<&str>) + Send + 'static {
    let (sockets, outbox) = (sockets.clone(), outbox.clone());
    move |error, request_id| fail(&sockets, &outbox, &error, request_id)
}
