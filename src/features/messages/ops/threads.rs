//! Threads: a message and the replies to it. A reply to a reply belongs to the same thread, so threads are flat.

use super::read::{find, gone, missing, opened, slice, veiled};
use crate::error::Result;
use crate::features::messages::deeds::MessageDeed;
use crate::features::messages::rows;
use crate::features::{Cursor, Means, Paged};
use crate::gate::{Act, Cx};
use crate::id::{ChannelId, MessageId, UserId};
use crate::wire::frames::{Frame, Thread};
use crate::wire::messages::Message;

/// The message with which the thread of `parent` begins; it has to be in the same channel.
pub(super) fn begin(act: &mut Act<'_, '_>, channel: ChannelId, parent: MessageId) -> Result<MessageId> {
    let (place, deleted, root) = rows::parent(act, parent)?.ok_or_else(missing)?;
    match (place == channel, deleted) {
        (false, _) => Err(missing()),
        (true, true) => Err(gone()),
        (true, false) => Ok(root.unwrap_or(parent)),
    }
}

/// Adds to the replies of a message, and tells of it: it is a change of that message, with a `rev` of its own.
pub(super) fn count(act: &mut Act<'_, '_>, channel: ChannelId, root: MessageId, more: i64, from: UserId) -> Result<()> {
    let rev = act.next_rev();
    let (seq, replies) = rows::count_replies(act, root, more, rev)?;
    let data = Thread { message_id: root, channel_id: channel, seq, rev, replies };
    act.tell_all_in(channel, from, Frame::ThreadUpdated { data }.encode());
    Ok(())
}

/// The replies of the thread that a message begins or belongs to, newest first; the cursor is a `seq`.
pub async fn thread(cx: &Cx, means: &Means, message: MessageId, page: Cursor) -> Result<Paged<Message>> {
    let limit = page.rows(&means.limits)?;
    let slice = slice(&page, limit)?;
    let place = find(cx, message).await?;
    let found = cx.view(MessageDeed::Thread { place }, move |look| {
        let root = rows::show(look, message)?.ok_or_else(missing)?.reply_to.unwrap_or(message);
        let (rows, phi) = (rows::thread(look, root, slice)?, look.grant().phi);
        opened(look, rows, phi)
    });
    Ok(Paged::of(found.await.map_err(veiled)?, limit, |message: &Message| message.seq.to_string()))
}
