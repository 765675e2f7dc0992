//! Editing, and what a message said before.

use super::Place;
use super::read::Slice;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{Columns, Json, Param, Row, id, time};
use crate::gate::{Act, Look};
use crate::id::{EditId, MessageId, UserId};

const EDIT: &str = "UPDATE messages SET encrypted_text = $2, metadata = $3, contains_phi = $4, edited_at = $5, rev = $6, \
     key_version = $7 WHERE id = $1";
const KEEP_VERSION: &str = "INSERT INTO message_edits \
     (id, message_id, rev, encrypted_text, metadata, contains_phi, replaced_at, replaced_by, key_version) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

macro_rules! version_columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, rev, encrypted_text, metadata, contains_phi, replaced_at, replaced_by FROM message_edits ",
            $rest
        )
    };
}

const HISTORY: &str = version_columns!("WHERE message_id = $1 AND rev < $2 ORDER BY rev DESC LIMIT $3");
const HISTORY_BACK: &str = version_columns!("WHERE message_id = $1 AND rev > $2 ORDER BY rev LIMIT $3");

/// What a message is to say from now on, sealed.
pub(in crate::features::messages) struct NewText<'a> {
    pub(in crate::features::messages) sealed: Option<&'a [u8]>,
    pub(in crate::features::messages) metadata: Option<&'a str>,
    pub(in crate::features::messages) phi: bool,
    pub(in crate::features::messages) rev: i64,
    pub(in crate::features::messages) key_version: u32,
}

pub(in crate::features::messages) fn edit(act: &mut Act<'_, '_>, message: MessageId, new: &NewText<'_>) -> Result<()> {
    let values = [
        id(message),
        new.sealed.map_or(Param::Null, Param::Bytes),
        new.metadata.map_or(Param::Null, Param::Json),
        Param::Bool(new.phi),
        time(act.now()),
        Param::Int(new.rev),
        Param::Int(i64::from(new.key_version)),
    ];
    act.execute(EDIT, &values).map(drop)
}

/// A version that was replaced, sealed to its own place.
pub(in crate::features::messages) struct OldVersion {
    pub(in crate::features::messages) id: EditId,
    pub(in crate::features::messages) rev: i64,
    pub(in crate::features::messages) sealed: Option<Vec<u8>>,
    pub(in crate::features::messages) metadata: Option<String>,
    pub(in crate::features::messages) phi: bool,
    pub(in crate::features::messages) replaced_at: Timestamp,
    pub(in crate::features::messages) replaced_by: UserId,
}

pub(in crate::features::messages) fn keep_version(
    act: &mut Act<'_, '_>,
    of: MessageId,
    old: &OldVersion,
    key_version: u32,
) -> Result<()> {
    let values = [
        id(old.id),
        id(of),
        Param::Int(old.rev),
        old.sealed.as_deref().map_or(Param::Null, Param::Bytes),
        old.metadata.as_deref().map_or(Param::Null, Param::Json),
        Param::Bool(old.phi),
        time(old.replaced_at),
        id(old.replaced_by),
        Param::Int(i64::from(key_version)),
    ];
    act.execute(KEEP_VERSION, &values).map(drop)
}

/// The latest first.
pub(in crate::features::messages) fn history(
    look: &mut Look<'_, '_>,
    of: Place,
    slice: Slice,
) -> Result<Vec<OldVersion>> {
    let values = [id(of.message), Param::Int(slice.from), Param::Int(i64::from(slice.limit))];
    let mut rows = look.all(if slice.back { HISTORY_BACK } else { HISTORY }, &values, version)?;
    if slice.back {
        rows.reverse();
    }
    Ok(rows)
}

fn version(row: &Row<'_>) -> Result<OldVersion> {
    Ok(OldVersion {
        id: row.id(0)?,
        rev: row.get(1)?,
        sealed: row.get(2)?,
        metadata: row.get::<Option<Json>>(3)?.map(|json| json.0),
        phi: row.get(4)?,
        replaced_at: row.time(5)?,
        replaced_by: row.id(6)?,
    })
}
