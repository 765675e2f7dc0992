//! Every SQL text of sign-ins as their owner sees them.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::Look;
use crate::gate::cells::{Columns, Param, Row, id, time};
use crate::id::{SessionId, UserId};
use crate::wire::sessions::Session;

macro_rules! session_columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, created_at, last_seen, expires_at, ip_address, user_agent FROM sessions ",
            "WHERE user_id = $1 AND is_valid AND expires_at > $2 ",
            $rest
        )
    };
}

const LIST: &str = session_columns!("AND id < $3 ORDER BY id DESC LIMIT $4");
const LIST_BACK: &str = session_columns!("AND id > $3 ORDER BY id LIMIT $4");

fn session(row: &Row<'_>) -> Result<Session> {
    Ok(Session {
        id: row.id(0)?,
        created_at: row.time(1)?,
        last_seen: row.opt_time(2)?,
        expires_at: row.time(3)?,
        ip_address: row.get::<Option<std::net::IpAddr>>(4)?.map(|ip| ip.to_string()),
        user_agent: row.get(5)?,
        current: false,
    })
}

pub(super) fn list(
    look: &mut Look<'_, '_>,
    of: UserId,
    now: Timestamp,
    from: SessionId,
    back: bool,
    limit: u32,
) -> Result<Vec<Session>> {
    let values = [id(of), time(now), id(from), Param::Int(i64::from(limit))];
    let mut sessions = look.all(if back { LIST_BACK } else { LIST }, &values, session)?;
    if back {
        sessions.reverse();
    }
    Ok(sessions)
}
