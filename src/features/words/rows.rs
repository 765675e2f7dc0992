//! Every SQL text of the word filter.

use super::model::{Action, Entry};
use crate::error::Result;
use crate::gate::cells::{Columns, Param, Row, id, opt_id, time};
use crate::gate::{Act, Look};
use crate::id::WordId;
use crate::wire::words::Word;

const ALL: &str = "SELECT folded, action FROM filter_words";
const LIST: &str =
    "SELECT id, word, action, created_by, created_at FROM filter_words WHERE id > $1 ORDER BY id LIMIT $2";
const LIST_BACK: &str =
    "SELECT id, word, action, created_by, created_at FROM filter_words WHERE id < $1 ORDER BY id DESC LIMIT $2";
const SHOW: &str = "SELECT id, word, action, created_by, created_at FROM filter_words WHERE id = $1";
const COUNT: &str = "SELECT COUNT(*) FROM filter_words";
const IS_LISTED: &str = "SELECT 1 FROM filter_words WHERE folded = $1";
const INSERT: &str = "INSERT INTO filter_words (id, word, folded, action, created_by, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6)";
const SET_ACTION: &str = "UPDATE filter_words SET action = $2 WHERE id = $1";
const REMOVE: &str = "DELETE FROM filter_words WHERE id = $1";

fn word(row: &Row<'_>) -> Result<Word> {
    Ok(Word {
        id: row.id(0)?,
        word: row.get(1)?,
        action: row.get(2)?,
        created_by: row.opt_id(3)?,
        created_at: row.time(4)?,
    })
}

/// What is compiled: the folded words and what happens.
pub(super) fn all(look: &mut Look<'_, '_>) -> Result<Vec<(String, Action)>> {
    let rows = look.all(ALL, &[], |row| Ok((row.get::<String>(0)?, Action::named(&row.get::<String>(1)?))))?;
    Ok(rows.into_iter().filter_map(|(folded, action)| Some((folded, action?))).collect())
}

pub(super) fn list(look: &mut Look<'_, '_>, from: WordId, back: bool, limit: u32) -> Result<Vec<Word>> {
    let values = [id(from), Param::Int(i64::from(limit))];
    let mut rows = look.all(if back { LIST_BACK } else { LIST }, &values, word)?;
    if back {
        rows.reverse();
    }
    Ok(rows)
}

pub(super) fn show(act: &mut Act<'_, '_>, of: WordId) -> Result<Option<Word>> {
    act.first(SHOW, &[id(of)], word)
}

pub(super) fn count(act: &mut Act<'_, '_>) -> Result<i64> {
    Ok(act.first(COUNT, &[], |row| row.get(0))?.unwrap_or(0))
}

pub(super) fn is_listed(act: &mut Act<'_, '_>, folded: &str) -> Result<bool> {
    Ok(act.first(IS_LISTED, &[Param::Text(folded)], |row| row.get::<i64>(0))?.is_some())
}

pub(super) fn insert(act: &mut Act<'_, '_>, of: WordId, entry: &Entry, action: Action) -> Result<()> {
    let values = [
        id(of),
        Param::Text(entry.shown()),
        Param::Text(entry.folded()),
        Param::Text(action.name()),
        opt_id(act.maybe_user()),
        time(act.now()),
    ];
    act.execute(INSERT, &values).map(drop)
}

pub(super) fn set_action(act: &mut Act<'_, '_>, of: WordId, action: Action) -> Result<u64> {
    act.execute(SET_ACTION, &[id(of), Param::Text(action.name())])
}

pub(super) fn remove(act: &mut Act<'_, '_>, of: WordId) -> Result<u64> {
    act.execute(REMOVE, &[id(of)])
}
