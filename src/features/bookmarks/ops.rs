//! Setting, listing and removing bookmarks.

use super::deeds::BookmarkDeed;
use super::rows;
use crate::error::{Error, Kind, Result};
use crate::features::{Cursor, Means, Paged, messages};
use crate::gate::{Cx, Permission};
use crate::id::{BookmarkId, Id, MessageId};
use crate::wire::bookmarks::Bookmark;

/// Bookmarks that a person may have.
pub const BOOKMARKS_MAX: i64 = 10_000;

/// Sets one; twice is harmless.
pub async fn set(cx: &Cx, message: MessageId) -> Result<()> {
    let missing = || Error::missing("message");
    let channel = cx.view(BookmarkDeed::Find, move |look| rows::where_is(look, message)).await?.ok_or_else(missing)?;
    let outcome = cx
        .act(BookmarkDeed::Set { channel }, move |act| {
            let user = act.user()?;
            if rows::is_deleted(act, message)? {
                return Err(missing());
            }
            if rows::is_set(act, user, message)? {
                return Ok(());
            }
            if rows::count(act, user)? >= BOOKMARKS_MAX {
                let detail = format!("There are {BOOKMARKS_MAX} bookmarks already: remove some.");
                return Err(Error::conflict("bookmarks_full", detail));
            }
            rows::insert(act, user, message)
        })
        .await;
    // Where a message is must not show in how its refusal reads.
    outcome.map_err(|error| match error.kind() {
        Kind::Missing | Kind::Refused => missing(),
        _ => error,
    })
}

/// Takes one away; none is fine too, and a message that can no longer be read is no obstacle.
pub async fn remove(cx: &Cx, message: MessageId) -> Result<()> {
    cx.act(BookmarkDeed::Remove, move |act| {
        let user = act.user()?;
        rows::remove(act, user, message)
    })
    .await
}

/// One's bookmarks, the newest first, a page at a time; the cursor is a bookmark's id.
pub async fn list(cx: &Cx, means: &Means, page: Cursor) -> Result<Paged<Bookmark>> {
    let limit = page.rows(&means.limits)?;
    let back = page.after.is_some();
    let from = match page.after.or(page.before) {
        None => BookmarkId::from_uuid(uuid::Uuid::max()),
        Some(text) => text.parse().map_err(|_| Error::field("before", "must be a cursor that this list gave"))?,
    };
    let rows = cx
        .view(BookmarkDeed::List, move |look| {
            let user = look.user()?;
            let phi = look.allows(Permission::PhiRead)?;
            let mut bookmarks = Vec::new();
            for (id, message, bookmarked_at) in rows::list(look, user, from, back, limit)? {
                let message = messages::look_at(look, message, phi)?.ok_or_else(|| Error::missing("message"))?;
                bookmarks.push(Bookmark { id, bookmarked_at, message });
            }
            Ok(bookmarks)
        })
        .await?;
    Ok(Paged::of(rows, limit, |bookmark| bookmark.id.to_string()))
}
