//! Every SQL text of mutes and bans that a list needs; setting and lifting one is the gate's.

use super::Slice;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{Columns, Param, Row, id, time};
use crate::gate::{Act, Look, Sanction};
use crate::id::{ChannelId, UserId};
use crate::wire::channels::Sanctioned;

macro_rules! sanction_columns {
    ($rest:literal) => {
        concat!(
            "SELECT s.user_id, u.username, s.ends_at, s.created_by, s.created_at FROM channel_sanctions s ",
            "JOIN users u ON u.id = s.user_id WHERE s.channel_id = $1 AND s.kind = $2 ",
            $rest
        )
    };
}

const PAGE: &str =
    sanction_columns!("AND (s.ends_at IS NULL OR s.ends_at > $3) AND s.user_id > $4 ORDER BY s.user_id LIMIT $5");
const BACK: &str =
    sanction_columns!("AND (s.ends_at IS NULL OR s.ends_at > $3) AND s.user_id < $4 ORDER BY s.user_id DESC LIMIT $5");
const ONE: &str = sanction_columns!("AND s.user_id = $3");

fn sanctioned(row: &Row<'_>) -> Result<Sanctioned> {
    Ok(Sanctioned {
        user_id: row.id(0)?,
        username: row.get(1)?,
        until: row.opt_time(2)?,
        by: row.opt_id(3)?,
        since: row.time(4)?,
    })
}

/// Those that stand at `now`, by person.
pub(in super::super) fn page(
    look: &mut Look<'_, '_>,
    of: ChannelId,
    kind: Sanction,
    now: Timestamp,
    slice: &Slice<UserId>,
) -> Result<Vec<Sanctioned>> {
    let values = [id(of), Param::Text(kind.name()), time(now), id(slice.from), Param::Int(slice.limit.into())];
    let rows = look.all(if slice.back { BACK } else { PAGE }, &values, sanctioned)?;
    Ok(slice.in_order(rows))
}

pub(in super::super) fn one(
    act: &mut Act<'_, '_>,
    of: ChannelId,
    kind: Sanction,
    user: UserId,
) -> Result<Option<Sanctioned>> {
    act.first(ONE, &[id(of), Param::Text(kind.name()), id(user)], sanctioned)
}
