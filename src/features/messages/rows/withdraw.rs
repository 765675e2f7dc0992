//! Taking a message back.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::Act;
use crate::gate::cells::{Param, id, opt_id, time};
use crate::id::MessageId;

const RETRACT: &str = "UPDATE messages SET deleted = TRUE, deleted_at = $2, deleted_by = $3, rev = $4 WHERE id = $1";
const ERASE_VERSIONS: &str = "DELETE FROM message_edits WHERE message_id = $1";
const ERASE: &str = "UPDATE messages SET encrypted_text = NULL, metadata = NULL WHERE id = $1";

const FORGET_MENTIONS: &str = "DELETE FROM message_mentions WHERE message_id = $1";
const EXPIRE: &str = "INSERT INTO message_expiries (message_id, expires_at) VALUES ($1, $2)";

/// The body stays where it is, sealed, and is shown to nobody.
pub(in crate::features::messages) fn retract(act: &mut Act<'_, '_>, message: MessageId, rev: i64) -> Result<()> {
    let values = [id(message), time(act.now()), opt_id(act.maybe_user()), Param::Int(rev)];
    act.execute(RETRACT, &values).map(drop)
}

/// The sealed bytes leave the row, and what it said before leaves with them; SQLite's `secure_delete` overwrites
/// them in the file.
pub(in crate::features::messages) fn erase(act: &mut Act<'_, '_>, message: MessageId) -> Result<()> {
    act.execute(FORGET_MENTIONS, &[id(message)])?;
    act.execute(ERASE_VERSIONS, &[id(message)])?;
    act.execute(ERASE, &[id(message)]).map(drop)
}

/// The message erases itself at a time.
pub(in crate::features::messages) fn expire(act: &mut Act<'_, '_>, message: MessageId, at: Timestamp) -> Result<()> {
    act.execute(EXPIRE, &[id(message), time(at)]).map(drop)
}
