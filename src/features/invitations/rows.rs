//! Every SQL text of invitations.

use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{Columns, Param, Row, id, time};
use crate::gate::{Act, Look};
use crate::id::{InvitationId, RoleId, UserId};
use crate::wire::invitations::Invitation;

macro_rules! invitation_columns {
    ($rest:literal) => {
        concat!(
            "SELECT i.id, r.name, i.created_by, u.username, i.created_at, i.expires_at, i.uses_max, i.uses, ",
            "i.revoked_at FROM invitations i JOIN roles r ON r.id = i.role_id JOIN users u ON u.id = i.created_by ",
            $rest
        )
    };
}

const LIST: &str = invitation_columns!("WHERE i.id < $1 ORDER BY i.id DESC LIMIT $2");
const LIST_BACK: &str = invitation_columns!("WHERE i.id > $1 ORDER BY i.id LIMIT $2");
const SHOW: &str = invitation_columns!("WHERE i.id = $1");
const INSERT: &str = "INSERT INTO invitations \
     (id, token_hash, role_id, created_by, created_at, expires_at, uses_max, uses) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, 0)";
const REVOKE: &str = "UPDATE invitations SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1";
const FIND: &str = "SELECT i.id, i.role_id, i.created_by, r.name, i.expires_at \
     FROM invitations i JOIN roles r ON r.id = i.role_id \
     WHERE i.token_hash = $1 AND i.revoked_at IS NULL AND i.expires_at > $2 AND i.uses < i.uses_max";
const USE_UP: &str = "UPDATE invitations SET uses = uses + 1 \
     WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2 AND uses < uses_max";

/// An invitation that was good when it was looked for.
pub(super) struct Kept {
    pub(super) id: InvitationId,
    pub(super) role: RoleId,
    pub(super) role_name: String,
    pub(super) expires_at: Timestamp,
    pub(super) created_by: UserId,
}

fn invitation(row: &Row<'_>) -> Result<Invitation> {
    Ok(Invitation {
        id: row.id(0)?,
        role: row.get(1)?,
        created_by: row.id(2)?,
        created_by_username: row.get(3)?,
        created_at: row.time(4)?,
        expires_at: row.time(5)?,
        uses_max: row.get(6)?,
        uses: row.get(7)?,
        revoked_at: row.opt_time(8)?,
    })
}

pub(super) fn list(look: &mut Look<'_, '_>, from: InvitationId, back: bool, limit: u32) -> Result<Vec<Invitation>> {
    let values = [id(from), Param::Int(i64::from(limit))];
    let mut rows = look.all(if back { LIST_BACK } else { LIST }, &values, invitation)?;
    if back {
        rows.reverse();
    }
    Ok(rows)
}

pub(super) fn show(act: &mut Act<'_, '_>, of: InvitationId) -> Result<Option<Invitation>> {
    act.first(SHOW, &[id(of)], invitation)
}

pub(super) fn insert(
    act: &mut Act<'_, '_>,
    new: InvitationId,
    token_hash: &str,
    role: RoleId,
    by: UserId,
    expires: Timestamp,
    uses_max: i64,
) -> Result<()> {
    let now = act.now();
    let values = [id(new), Param::Text(token_hash), id(role), id(by), time(now), time(expires), Param::Int(uses_max)];
    act.execute(INSERT, &values).map(drop)
}

/// Says whether there is such an invitation.
pub(super) fn revoke(act: &mut Act<'_, '_>, of: InvitationId) -> Result<bool> {
    let now = act.now();
    Ok(act.execute(REVOKE, &[id(of), time(now)])? == 1)
}

pub(super) fn find(look: &mut Look<'_, '_>, token_hash: &str, now: Timestamp) -> Result<Option<Kept>> {
    look.first(FIND, &[Param::Text(token_hash), time(now)], |row| {
        Ok(Kept {
            id: row.id(0)?,
            role: row.id(1)?,
            created_by: row.id(2)?,
            role_name: row.get(3)?,
            expires_at: row.time(4)?,
        })
    })
}

/// Counts one use; says whether there was one left.
pub(super) fn use_up(act: &mut Act<'_, '_>, of: InvitationId) -> Result<bool> {
    let now = act.now();
    Ok(act.execute(USE_UP, &[id(of), time(now)])? == 1)
}
