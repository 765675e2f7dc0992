//! Every SQL text of the list.

use ipnet::IpNet;

use super::model::Draft;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{Columns, Param, Row, id, opt_time, time};
use crate::gate::{Act, Look};
use crate::id::{BlockId, UserId};
use crate::wire::blocks::Block;

macro_rules! blocks {
    ($rest:literal) => {
        concat!(
            "SELECT b.id, b.network, b.note, b.created_by, u.username, b.created_at, b.ends_at ",
            "FROM address_blocks b LEFT JOIN users u ON u.id = b.created_by ",
            $rest
        )
    };
}

const LIST: &str = blocks!("WHERE b.id < $1 ORDER BY b.id DESC LIMIT $2");
const LIST_BACK: &str = blocks!("WHERE b.id > $1 ORDER BY b.id LIMIT $2");
const SHOW: &str = blocks!("WHERE b.id = $1");
const IN_FORCE: &str = "SELECT network, ends_at FROM address_blocks ORDER BY id LIMIT 10000";
const COUNT: &str = "SELECT COUNT(*) FROM address_blocks";
const FORGET_OVER: &str = "DELETE FROM address_blocks WHERE ends_at <= $1";
const SAME: &str = "DELETE FROM address_blocks WHERE network = $1";
const INSERT: &str = "INSERT INTO address_blocks (id, network, note, created_by, created_at, ends_at) \
     VALUES ($1, $2, $3, $4, $5, $6)";
const DELETE: &str = "DELETE FROM address_blocks WHERE id = $1";

fn block(row: &Row<'_>) -> Result<Block> {
    Ok(Block {
        id: row.id(0)?,
        network: row.get(1)?,
        note: row.get(2)?,
        created_by: row.opt_id(3)?,
        created_by_username: row.get(4)?,
        created_at: row.time(5)?,
        ends_at: row.opt_time(6)?,
    })
}

pub(super) fn list(look: &mut Look<'_, '_>, from: BlockId, back: bool, limit: u32) -> Result<Vec<Block>> {
    let sql = if back { LIST_BACK } else { LIST };
    let mut rows = look.all(sql, &[id(from), Param::Int(i64::from(limit))], block)?;
    if back {
        rows.reverse();
    }
    Ok(rows)
}

pub(super) fn show(act: &mut Act<'_, '_>, of: BlockId) -> Result<Option<Block>> {
    act.first(SHOW, &[id(of)], block)
}

/// Networks and until when; one that cannot be read keeps nobody out.
pub(super) fn in_force(look: &mut Look<'_, '_>) -> Result<Vec<(IpNet, Option<Timestamp>)>> {
    let rows = look.all(IN_FORCE, &[], |row| Ok((row.get::<String>(0)?, row.opt_time(1)?)))?;
    Ok(rows.into_iter().filter_map(|(network, until)| Some((network.parse().ok()?, until))).collect())
}

pub(super) fn count(act: &mut Act<'_, '_>) -> Result<i64> {
    Ok(act.first(COUNT, &[], |row| row.get(0))?.unwrap_or_default())
}

/// Puts a network on the list, in place of what was said of the same one; what is over goes.
pub(super) fn insert(act: &mut Act<'_, '_>, of: BlockId, draft: &Draft, by: UserId) -> Result<()> {
    let now = act.now();
    let network = draft.network.to_string();
    act.execute(FORGET_OVER, &[time(now)])?;
    act.execute(SAME, &[Param::Text(&network)])?;
    let note = draft.note.as_deref().map_or(Param::Null, Param::Text);
    let ends_at = draft.lives.map(|lives| now.plus(lives));
    act.execute(INSERT, &[id(of), Param::Text(&network), note, id(by), time(now), opt_time(ends_at)]).map(drop)
}

pub(super) fn delete(act: &mut Act<'_, '_>, of: BlockId) -> Result<bool> {
    Ok(act.execute(DELETE, &[id(of)])? > 0)
}
