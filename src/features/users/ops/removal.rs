//! Deleting an account: at once for everybody, for good after thirty days.
//!
//! A deleted account cannot sign in and is shown nowhere, and its messages and audit rows stay. Nothing of it is
//! free for others meanwhile, so that it can come back as it was. After thirty days the names and the address are
//! blanked. The username stays even then: messages and the audit log have to go on saying who it was, and nobody
//! else may come to write under it.

use std::time::Duration;

use super::change::{is_highest, somebody_is_left};
use super::{UserDeed, rows};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::features::{Expected, Versioned};
use crate::gate::Cx;
use crate::id::UserId;
use crate::wire::users::User;

/// How long a deletion can be undone.
pub const RESTORABLE_FOR: Duration = Duration::from_hours(30 * 24);
/// Accounts that are erased in one turn of the job.
const ERASED_PER_TURN: i64 = 100;

/// Deletes an account: its sessions and sockets end at once.
pub async fn delete(cx: &Cx, user: UserId, expected: Expected) -> Result<()> {
    cx.act(UserDeed::Delete { user }, move |act| {
        let stored = rows::stored(act, user)?.ok_or_else(|| Error::missing("user"))?;
        expected.check(stored.version)?;
        let was_highest = is_highest(act, &stored)?;
        rows::delete(act, user)?;
        if was_highest {
            somebody_is_left(act)?;
        }
        act.user_changed(user);
        act.end_all_sessions_of(user)
    })
    .await
}

/// Takes a deletion back, within thirty days.
pub async fn restore(cx: &Cx, user: UserId, expected: Expected) -> Result<Versioned<User>> {
    cx.act(UserDeed::Restore { user }, move |act| {
        let was = rows::deletion(act, user)?.ok_or_else(|| Error::missing("user"))?;
        expected.check(was.version)?;
        let Some(deleted) = was.deleted else {
            return Err(Error::conflict("not_deleted", "This account is not deleted."));
        };
        if was.erased.is_some() || deleted.plus(RESTORABLE_FOR) <= act.now() {
            return Err(Error::conflict("erased", "The thirty days are over: this account cannot come back."));
        }
        rows::restore(act, user)?;
        act.user_changed(user);
        rows::show_in(act, user)?.ok_or_else(|| Error::missing("user"))
    })
    .await
}

/// Blanks what is personal in accounts that were deleted thirty days ago, a few at a time; says how many. A job.
pub async fn erase_due(cx: &Cx) -> Result<usize> {
    let until = before(cx.now(), RESTORABLE_FOR);
    let due = cx.view(UserDeed::FindErasable, move |look| rows::erasable(look, until, ERASED_PER_TURN)).await?;
    for user in &due {
        let user = *user;
        cx.act(UserDeed::Erase { user }, move |act| {
            if !rows::erase(act, user, until)? {
                return Err(Error::conflict("not_deleted", "This account was brought back meanwhile."));
            }
            act.user_changed(user);
            Ok(())
        })
        .await?;
    }
    Ok(due.len())
}

fn before(now: Timestamp, span: Duration) -> Timestamp {
    Timestamp::from_micros(now.micros().saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
}
