//! Who has received and read what.
//!
//! Both are kept as how far a person has come in a channel, not as a row for each message: a message has been read by
//! those who have read up to it or further.

use std::sync::Arc;

use uuid::Uuid;

use super::read::{find, gone, missing, veiled};
use crate::error::{Error, Result};
use crate::features::messages::deeds::MessageDeed;
use crate::features::messages::deliveries::Delivery;
use crate::features::messages::rows;
use crate::features::settings::Receipts;
use crate::features::{Cursor, Means, Paged, channels, preferences};
use crate::gate::{Act, Cx, Look, Who};
use crate::hub::{Item, Outbox};
use crate::id::{ChannelId, Id, MessageId, UserId};
use crate::wire::frames::{Frame, ReceiptOrder, acknowledged};
use crate::wire::messages::Receipt;

/// Deliveries that one deed writes down: it must not hold up who sends.
const KEPT_AT_ONCE: usize = 200;

/// Says by REST that one has read up to a message.
pub async fn read(cx: &Cx, means: &Means, message: MessageId) -> Result<()> {
    let user = paced(cx, means)?;
    let channel = find(cx, message).await?.channel;
    let policy = means.clinic.now().receipts;
    cx.act(MessageDeed::Read { channel }, move |act| note_read(act, policy, channel, message, user))
        .await
        .map_err(veiled)
}

/// Takes a receipt from a socket; the `ack`, if the client gave an id, says that it is on disk, or, of a delivery,
/// that it will be.
pub async fn receipt(
    cx: &Cx,
    means: &Means,
    socket: &Arc<Outbox>,
    order: ReceiptOrder,
    request_id: Option<String>,
    failed: impl FnOnce(Error, Option<&str>) + Send + 'static,
) {
    let user = match paced(cx, means) {
        Ok(user) => user,
        Err(error) => return failed(error, request_id.as_deref()),
    };
    match order {
        ReceiptOrder::Read { channel, message } => {
            let (socket, asked, policy) = (socket.clone(), request_id.clone(), means.clinic.now().receipts);
            let work = move |act: &mut Act<'_, '_>| {
                note_read(act, policy, channel, message, user)?;
                if let Some(id) = &asked {
                    act.answer(&socket, acknowledged(id));
                }
                Ok(())
            };
            cx.submit_repeatable(MessageDeed::Read { channel }, work, move |outcome| {
                if let Err(error) = outcome {
                    failed(veiled(error), request_id.as_deref());
                }
            });
        }
        ReceiptOrder::Delivered { channel, message } => match delivered(cx, means, channel, message, user).await {
            Ok(()) => {
                if let Some(id) = &request_id {
                    socket.push(Item::Text { channel: None, frame: acknowledged(id).into() });
                }
            }
            Err(error) => failed(veiled(error), request_id.as_deref()),
        },
    }
}

/// Moves the reader's place and tells of it: the reader's own devices always, so that what was read on one is read
/// on all; the others where the clinic shows receipts.
fn note_read(
    act: &mut Act<'_, '_>,
    policy: Receipts,
    channel: ChannelId,
    message: MessageId,
    user: UserId,
) -> Result<()> {
    let (seq, deleted) = rows::position(act, message, channel)?.ok_or_else(missing)?;
    if deleted {
        return Err(gone());
    }
    let at = act.now();
    if !channels::read_up_to(act, channel, user, seq, at)? {
        return Ok(());
    }
    let frame = Frame::ReadReceipt { channel_id: channel, message_id: message, user_id: user, timestamp: at }.encode();
    let shown = match policy {
        Receipts::Off => false,
        Receipts::Required => true,
        Receipts::Optional => preferences::sends_read_receipts(act, user)?,
    };
    if shown {
        act.tell_others_in(channel, user, frame.clone());
    }
    act.tell_user(user, frame);
    Ok(())
}

async fn delivered(cx: &Cx, means: &Means, channel: ChannelId, message: MessageId, user: UserId) -> Result<()> {
    let found = cx.view(MessageDeed::Receive { channel }, move |look| rows::seq_in(look, message, channel)).await?;
    let (seq, deleted) = found.ok_or_else(missing)?;
    if deleted {
        return Err(gone());
    }
    means.deliveries.note(Delivery { channel, user, message, seq, at: cx.now() })
}

/// Writes down and tells what devices have received since the last time. Called by a job.
pub async fn keep_deliveries(cx: &Cx, means: &Means) -> Result<()> {
    let policy = means.clinic.now().receipts;
    for part in means.deliveries.take().chunks(KEPT_AT_ONCE) {
        let part = part.to_vec();
        cx.act(MessageDeed::KeepDeliveries, move |act| {
            for Delivery { channel, user, message, seq, at } in part {
                let inside = act.channel_fact(channel)?.is_some_and(|fact| fact.members.contains_key(&user));
                if inside && rows::deliver(act, channel, user, seq, at)? && policy != Receipts::Off {
                    let (channel_id, message_id, user_id, timestamp) = (channel, message, user, at);
                    let frame = Frame::DeliveryReceipt { channel_id, message_id, user_id, timestamp };
                    act.tell_others_in(channel, user, frame.encode());
                }
            }
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// Who has received and read a message, by their ids; nobody where the clinic shows no receipts.
pub async fn receipts(cx: &Cx, means: &Means, message: MessageId, page: Cursor) -> Result<Paged<Receipt>> {
    let limit = page.rows(&means.limits)?;
    let back = page.after.is_some();
    let cursor = match page.after.or(page.before) {
        None => UserId::from_uuid(Uuid::nil()),
        Some(text) => text.parse().map_err(|_| Error::field("before", "must be a cursor that this list gave"))?,
    };
    let policy = means.clinic.now().receipts;
    let place = find(cx, message).await?;
    let found = cx.view(MessageDeed::Receipts { place }, move |look| {
        let (seq, deleted) = rows::seq_in(look, message, place.channel)?.ok_or_else(missing)?;
        if deleted {
            return Err(gone());
        }
        if policy == Receipts::Off {
            return Ok(Vec::new());
        }
        rows::receipts(look, (place.channel, place.sender, seq), cursor, back, limit)?
            .into_iter()
            .map(|found| shown(look, policy, found))
            .collect()
    });
    let page = Paged::of(found.await.map_err(veiled)?, limit, |receipt: &Receipt| receipt.user_id.to_string());
    let Paged { rows, next, prev } = page;
    Ok(Paged { rows: rows.into_iter().filter(|r| r.delivered_at.or(r.read_at).is_some()).collect(), next, prev })
}

/// A receipt as others may see it. What was read had been received, whether or not a device said so.
fn shown(look: &mut Look<'_, '_>, policy: Receipts, mut found: Receipt) -> Result<Receipt> {
    if policy == Receipts::Optional && !preferences::shows_read_receipts(look, found.user_id)? {
        found.read_at = None;
    }
    found.delivered_at = found.delivered_at.or(found.read_at);
    Ok(found)
}

/// Who sends a receipt. They have a measure of their own: reading must not use up what one may send.
fn paced(cx: &Cx, means: &Means) -> Result<UserId> {
    let Who::Person(session) = cx.who() else {
        return Err(Error::unauthenticated("not_signed_in", "Sign in first."));
    };
    means.receipts.take(cx)?;
    Ok(session.user)
}
