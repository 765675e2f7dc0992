//! Listing and ending sign-ins.

use uuid::Uuid;

use super::deeds::SessionDeed;
use super::rows;
use crate::error::{Error, Result};
use crate::features::{Cursor, Means, Paged, users};
use crate::gate::Cx;
use crate::id::{Id, SessionId, UserId};
use crate::wire::sessions::{Session, Terminate};

/// The sign-ins of an account that stand, newest first, a page at a time; the cursor is an id.
pub async fn list(cx: &Cx, means: &Means, user: UserId, page: Cursor) -> Result<Paged<Session>> {
    let limit = page.rows(&means.limits)?;
    let back = page.after.is_some();
    let field = if back { "after" } else { "before" };
    let from = match page.after.or(page.before) {
        None => SessionId::from_uuid(Uuid::max()),
        Some(text) => text.parse().map_err(|_| Error::field(field, "must be a cursor that this list gave"))?,
    };
    let now = cx.now();
    let sessions = cx
        .view(SessionDeed::List { user }, move |look| {
            users::must_exist(look, user)?;
            let mut sessions = rows::list(look, user, now, from, back, limit)?;
            for session in &mut sessions {
                session.current = look.session() == Some(session.id);
                // Rows say when a sign-in was used with some minutes of delay.
                session.last_seen = session.last_seen.max(look.last_seen(session.id));
            }
            Ok(sessions)
        })
        .await?;
    Ok(Paged::of(sessions, limit, |session| session.id.to_string()))
}

/// Ends sign-ins, and their sockets with them.
pub async fn terminate(cx: &Cx, user: UserId, body: Terminate) -> Result<()> {
    let except_current = body.except_current;
    let deed = SessionDeed::Terminate { user, except_current, all: body.session_ids.is_none() };
    cx.act(deed, move |act| match body.session_ids {
        Some(some) => act.end_some_sessions_of(user, &some, except_current).map(drop),
        None if except_current => act.end_other_sessions_of(user),
        None => act.end_all_sessions_of(user),
    })
    .await
}
