//! Storing a new message.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::Act;
use crate::gate::cells::{Columns, Param, id, time};
use crate::id::{ChannelId, MessageId, UserId};

const SENT: &str = "SELECT id, seq, rev, timestamp, channel_id FROM messages \
     WHERE sender_id = $1 AND client_message_id = $2";
const INSERT: &str = "INSERT INTO messages \
     (id, channel_id, sender_id, text, encrypted_text, timestamp, deleted, flagged, metadata, contains_phi, \
      seq, rev, client_message_id, key_version) \
     VALUES ($1, $2, $3, '', $4, $5, FALSE, FALSE, $6, $7, $8, $9, $10, $11) \
     ON CONFLICT (sender_id, client_message_id) WHERE client_message_id IS NOT NULL DO NOTHING";

/// What a sender was told when the message was first sent.
pub(in crate::features::messages) struct Sent {
    pub(in crate::features::messages) message: MessageId,
    pub(in crate::features::messages) seq: i64,
    pub(in crate::features::messages) rev: i64,
    pub(in crate::features::messages) at: Timestamp,
    pub(in crate::features::messages) channel: ChannelId,
}

pub(in crate::features::messages) fn sent(
    act: &mut Act<'_, '_>,
    sender: UserId,
    client_id: &str,
) -> Result<Option<Sent>> {
    act.first(SENT, &[id(sender), Param::Text(client_id)], |row| {
        Ok(Sent { message: row.id(0)?, seq: row.get(1)?, rev: row.get(2)?, at: row.time(3)?, channel: row.id(4)? })
    })
}

/// A message about to be stored.
pub(in crate::features::messages) struct NewRow<'a> {
    pub(in crate::features::messages) message: MessageId,
    pub(in crate::features::messages) channel: ChannelId,
    pub(in crate::features::messages) sender: UserId,
    pub(in crate::features::messages) sealed: &'a [u8],
    pub(in crate::features::messages) metadata: Option<&'a str>,
    pub(in crate::features::messages) phi: bool,
    pub(in crate::features::messages) seq: i64,
    pub(in crate::features::messages) rev: i64,
    pub(in crate::features::messages) client_id: Option<&'a str>,
    pub(in crate::features::messages) key_version: u32,
}

/// Stores it, unless the sender has used its id before; says whether it did. Asking first would cost every message a
/// query for the sake of the few that are sent again.
pub(in crate::features::messages) fn insert(act: &mut Act<'_, '_>, new: &NewRow<'_>) -> Result<bool> {
    let values = [
        id(new.message),
        id(new.channel),
        id(new.sender),
        Param::Bytes(new.sealed),
        time(act.now()),
        new.metadata.map_or(Param::Null, Param::Json),
        Param::Bool(new.phi),
        Param::Int(new.seq),
        Param::Int(new.rev),
        new.client_id.map_or(Param::Null, Param::Text),
        Param::Int(i64::from(new.key_version)),
    ];
    Ok(act.execute(INSERT, &values)? > 0)
}
