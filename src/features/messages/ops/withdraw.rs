//! Taking a message back: by its sender or a moderator, in the name of a review's decision, or at the end of its time.

use super::threads;
use crate::error::Result;
use crate::features::messages::rows::{self, Stored};
use crate::features::messages::sealing;
use crate::gate::Act;
use crate::id::MessageId;
use crate::wire::frames::{Deleted, Frame};

/// What remains of a message that is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withdrawal {
    /// The sealed body, for those who have to look into it later.
    Kept,
    /// The row alone: its time is over.
    Erased,
}

/// Takes a message back, inside a deed that may, and tells those who listen. `false` when it was gone already.
pub fn withdraw(act: &mut Act<'_, '_>, message: MessageId, what: Withdrawal) -> Result<bool> {
    let Some(stored) = rows::current(act, message)? else { return Ok(false) };
    if stored.deleted {
        if what == Withdrawal::Kept {
            return Ok(false);
        }
        // Everybody has been told before; what is left to do is to forget what it said.
        rows::erase(act, message)?;
        return Ok(true);
    }
    retract(act, stored, what)?;
    if what == Withdrawal::Erased {
        rows::erase(act, message)?;
    }
    Ok(true)
}

/// Takes back a message that is there; gives the `rev` of it. What is told is all that a fetch shows from now on, so
/// that a client needs not to have known the message.
pub(super) fn retract(act: &mut Act<'_, '_>, stored: Stored, what: Withdrawal) -> Result<i64> {
    let (message, rev, at, by) = (stored.id, act.next_rev(), act.now(), act.maybe_user());
    rows::retract(act, message, rev)?;
    if stored.pinned {
        rows::unpin(act, message, rev)?;
    }
    let (sender, channel, root) = (stored.sender, stored.channel, stored.reply_to);
    let expires = stored.expires.filter(|_| what == Withdrawal::Kept);
    let stored = Stored { deleted: true, deleted_at: Some(at), deleted_by: by, rev, expires, pinned: false, ..stored };
    let left = sealing::open(act.keys(), stored, sender, false)?;
    act.tell_all_in(left.channel_id, sender, Frame::MessageDeleted { data: Deleted::of(&left) }.encode());
    if let Some(root) = root {
        threads::count(act, channel, root, -1, sender)?;
    }
    Ok(rev)
}
