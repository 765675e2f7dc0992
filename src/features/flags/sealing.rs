//! Notes are about messages, and so about patients: they are sealed as messages are.

use zeroize::Zeroizing;

use super::model::Note;
use crate::crypto::{Cell, Keyring, Purpose};
use crate::error::Result;
use crate::id::{ChannelId, FlagId, Id, UserId};

fn cell(column: &'static str, flag: FlagId, channel: ChannelId, writer: Option<UserId>) -> Cell<'static> {
    let sender = writer.map(UserId::uuid);
    Cell { table: "message_flags", row: flag.uuid(), column, channel: Some(channel.uuid()), sender }
}

/// Seals a note to its flag, column (`note` or `review_note`), channel and writer.
pub fn seal_note(
    keys: &Keyring,
    column: &'static str,
    flag: FlagId,
    channel: ChannelId,
    writer: UserId,
    note: &Note,
) -> Result<Vec<u8>> {
    keys.seal_text(Purpose::Messages, &cell(column, flag, channel, Some(writer)), note.text())
}

/// Seals the reason of a flag that an older server kept as text; it becomes the note.
pub fn seal_reason(
    keys: &Keyring,
    flag: FlagId,
    channel: ChannelId,
    writer: Option<UserId>,
    reason: &str,
) -> Result<Vec<u8>> {
    keys.seal_text(Purpose::Messages, &cell("note", flag, channel, writer), reason)
}

/// Opens what [`seal_note`] made.
pub fn open_note(
    keys: &Keyring,
    column: &'static str,
    flag: FlagId,
    channel: ChannelId,
    writer: Option<UserId>,
    sealed: &[u8],
) -> Result<Zeroizing<String>> {
    keys.open_text(Purpose::Messages, &cell(column, flag, channel, writer), sealed)
}
