//! Messages that are pinned in their channel, for everyone in it.

use super::Receipt;
use super::change::{Prepared, paced};
use super::read::{find, gone, missing, opened, slice, veiled};
use crate::error::{Error, Result};
use crate::features::messages::deeds::MessageDeed;
use crate::features::messages::rows;
use crate::features::{Cursor, Means, Paged};
use crate::gate::{Act, Cx};
use crate::id::{ChannelId, MessageId};
use crate::wire::frames::{Frame, Pinned};
use crate::wire::messages::Message;

/// Messages that a channel may have pinned.
pub const PINS_MAX: i64 = 100;

/// Pins a message; twice is harmless.
pub async fn pin(cx: &Cx, means: &Means, message: MessageId) -> Result<()> {
    let Prepared { deed, work } = prepare(cx, means, message, true).await?;
    cx.act(deed, work).await.map(drop).map_err(veiled)
}

/// Takes a pin away.
pub async fn unpin(cx: &Cx, means: &Means, message: MessageId) -> Result<()> {
    let Prepared { deed, work } = prepare(cx, means, message, false).await?;
    cx.act(deed, work).await.map(drop).map_err(veiled)
}

pub(super) async fn prepare(
    cx: &Cx,
    means: &Means,
    message: MessageId,
    pins: bool,
) -> Result<Prepared<impl FnOnce(&mut Act<'_, '_>) -> Result<Receipt> + Send + 'static>> {
    let user = paced(cx, means)?;
    let place = find(cx, message).await?;
    let work = move |act: &mut Act<'_, '_>| {
        let stored = rows::current(act, message)?.ok_or_else(missing)?;
        let receipt = |rev, at| Receipt { message, seq: stored.seq, rev, at, phi: None };
        match (stored.deleted, stored.pinned == pins, pins) {
            (true, ..) => return Err(gone()),
            (_, true, true) => {
                act.note("repeated", true);
                return Ok(receipt(stored.rev, act.now()));
            }
            (_, true, false) => return Err(Error::missing("pin")),
            (_, false, _) => {}
        }
        if pins && rows::pins_in(act, place.channel)? >= PINS_MAX {
            return Err(Error::conflict("pins_full", format!("A channel has at most {PINS_MAX} pinned messages.")));
        }
        let rev = act.next_rev();
        if pins {
            rows::pin(act, place, user, rev)?;
        } else {
            rows::unpin(act, message, rev)?;
        }
        let data = Pinned { message_id: message, channel_id: place.channel, seq: stored.seq, rev, user_id: user };
        let frame = if pins { Frame::MessagePinned { data } } else { Frame::MessageUnpinned { data } };
        act.tell_all_in(place.channel, user, frame.encode());
        Ok(receipt(rev, act.now()))
    };
    let by_members = means.clinic.now().pins_by_members;
    let deed = if pins { MessageDeed::Pin { place, by_members } } else { MessageDeed::Unpin { place, by_members } };
    Ok(Prepared { deed, work })
}

/// What is pinned in a channel, the newest message first; the cursor is a `seq`.
pub async fn pins(cx: &Cx, means: &Means, channel: ChannelId, page: Cursor) -> Result<Paged<Message>> {
    let limit = page.rows(&means.limits)?;
    let slice = slice(&page, limit)?;
    let found = cx.view(MessageDeed::Pins { channel }, move |look| {
        let (rows, phi) = (rows::pins(look, channel, slice)?, look.grant().phi);
        opened(look, rows, phi)
    });
    Ok(Paged::of(found.await?, limit, |message: &Message| message.seq.to_string()))
}
