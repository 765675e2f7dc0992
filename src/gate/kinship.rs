//! Whose database is that? Two databases are the same clinic's when their audit logs begin with the same row; how far
//! each goes is the number of its last.

use uuid::Uuid;

use super::cells::Columns;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::store::{Param, View};

/// Where an audit log begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lineage {
    /// The first row's id.
    pub first: Uuid,
    /// The last row's number.
    pub number: i64,
    /// When that was.
    pub at: Timestamp,
}

const ROW: &str = "SELECT id, timestamp FROM audit_logs WHERE number = $1";
const LAST: &str = "SELECT audit_number FROM heads WHERE id = 1";
const MESSAGES: &str = "SELECT COUNT(*) FROM messages";

/// Looks; `None` of a database in which nothing was done yet.
pub fn lineage(view: &mut View<'_>) -> Result<Option<Lineage>> {
    let Some(number) = view.first(LAST, &[], |row| row.get::<i64>(0))? else { return Ok(None) };
    let mut row = |number| {
        view.first(ROW, &[Param::Int(number)], |row| Ok((row.get::<Uuid>(0)?, row.opt_time(1)?.unwrap_or_default())))
    };
    let (first, last) = (row(1)?, row(number)?);
    Ok(first.zip(last).map(|((first, _), (_, at))| Lineage { first, number, at }))
}

const USERS: &str = "SELECT COUNT(*) FROM users";

/// Whether nobody has an account there: a database that was made and never used.
pub fn is_unused(view: &mut View<'_>) -> Result<bool> {
    Ok(view.one(USERS, &[], |row| row.get::<i64>(0))? == 0)
}

/// How many messages there are.
pub fn messages(view: &mut View<'_>) -> Result<i64> {
    view.one(MESSAGES, &[], |row| row.get(0))
}
