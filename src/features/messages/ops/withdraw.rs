//! Taking a message back in the name of another deed: a review's decision, or the end of its time.

use crate::error::Result;
use crate::features::messages::rows;
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
    let Some(place) = rows::whereabouts(act, message)? else { return Ok(false) };
    if place.deleted && what == Withdrawal::Kept {
        return Ok(false);
    }
    if place.deleted {
        // Everybody has been told before; what is left to do is to forget what it said.
        rows::erase(act, message)?;
        return Ok(true);
    }
    let rev = act.next_rev();
    rows::retract(act, message, rev)?;
    if what == Withdrawal::Erased {
        rows::erase(act, message)?;
    }
    let data = Deleted { message_id: message, channel_id: place.channel, seq: place.seq, rev };
    act.tell_all_in(place.channel, place.sender, Frame::MessageDeleted { data }.encode());
    Ok(true)
}
