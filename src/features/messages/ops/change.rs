//! What is asked of a message over a socket: the same deeds as by REST, acknowledged in commit order.

use std::sync::Arc;

use super::read::veiled;
use super::{Receipt, delete, edit, pins, react};
use crate::error::{Error, Result};
use crate::features::messages::deeds::MessageDeed;
use crate::features::{Expected, Means};
use crate::gate::{Act, Cx, Who};
use crate::hub::Outbox;
use crate::id::UserId;
use crate::wire::frames::OnMessage;

/// A change that was prepared: what it is, and what the writer has to do.
pub(super) struct Prepared<W> {
    pub(super) deed: MessageDeed,
    pub(super) work: W,
}

/// Changes a message over a socket. It waits until the change is with the writer, so that what a socket asks is done
/// in the order in which it asked; the `ack`, if the client gave an id, comes after the commit. `failed` is called
/// when nothing was changed.
pub async fn change(
    cx: &Cx,
    means: &Means,
    socket: &Arc<Outbox>,
    order: OnMessage,
    request_id: Option<String>,
    failed: impl FnOnce(Error, Option<&str>) + Send + 'static,
) {
    let asked = Asked { socket: socket.clone(), request_id };
    match order {
        OnMessage::Edit { message, edit } => {
            submit(cx, edit::prepare(cx, means, message, edit, Expected::any()).await, asked, failed);
        }
        OnMessage::Delete { message } => {
            submit(cx, delete::prepare(cx, means, message, Expected::any()).await, asked, failed);
        }
        OnMessage::React { message, reaction } => {
            submit(cx, react::prepare(cx, means, message, reaction, true).await, asked, failed);
        }
        OnMessage::Unreact { message, reaction } => {
            submit(cx, react::prepare(cx, means, message, reaction, false).await, asked, failed);
        }
        OnMessage::Pin { message } => submit(cx, pins::prepare(cx, means, message, true).await, asked, failed),
        OnMessage::Unpin { message } => submit(cx, pins::prepare(cx, means, message, false).await, asked, failed),
    }
}

/// Who asked, and under which id the outcome is to be told.
struct Asked {
    socket: Arc<Outbox>,
    request_id: Option<String>,
}

fn submit<W>(
    cx: &Cx,
    prepared: Result<Prepared<W>>,
    asked: Asked,
    failed: impl FnOnce(Error, Option<&str>) + Send + 'static,
) where
    W: FnOnce(&mut Act<'_, '_>) -> Result<Receipt> + Send + 'static,
{
    let Asked { socket, request_id } = asked;
    let Prepared { deed, work } = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return failed(error, request_id.as_deref()),
    };
    let asked = request_id.clone();
    let acknowledged = move |act: &mut Act<'_, '_>| {
        let receipt = work(act)?;
        if asked.is_some() {
            act.answer(&socket, receipt.ack(asked.as_deref(), None));
        }
        Ok(())
    };
    cx.submit(deed, acknowledged, move |outcome| {
        if let Err(error) = outcome {
            failed(veiled(error), request_id.as_deref());
        }
    });
}

/// Who asks for a change; each counts like a message that is sent.
pub(super) fn paced(cx: &Cx, means: &Means) -> Result<UserId> {
    let Who::Person(session) = cx.who() else {
        return Err(Error::unauthenticated("not_signed_in", "Sign in first."));
    };
    means.pace.take(cx)?;
    Ok(session.user)
}
