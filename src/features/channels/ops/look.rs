//! Looking at channels.

use uuid::Uuid;

use super::{ChannelDeed, ChannelFilter, rows, slice, versioned};
use crate::error::{Error, Result};
use crate::features::{Cursor, Means, Paged, Versioned};
use crate::gate::{Cx, Permission};
use crate::id::ChannelId;
use crate::wire::channels::Channel;

/// One channel, with everyone in it.
pub async fn show(cx: &Cx, channel: ChannelId) -> Result<Versioned<Channel>> {
    cx.view(ChannelDeed::Show { channel }, move |look| {
        let reader = look.user()?;
        let mut shown = rows::show(look, channel, reader)?.ok_or_else(|| Error::missing("channel"))?;
        shown.members = rows::members::all(look, channel)?;
        Ok(versioned(shown))
    })
    .await
}

/// The channels one may see, oldest first, a page at a time. Of the members only one's own membership is shown, and
/// in conversations everybody, for want of a name.
pub async fn list(cx: &Cx, means: &Means, filter: ChannelFilter, page: Cursor) -> Result<Paged<Channel>> {
    let slice = slice(&page, means, Uuid::nil())?;
    let limit = slice.limit;
    let rows = cx
        .view(ChannelDeed::List, move |look| {
            let reader = look.user()?;
            let every = look.allows(Permission::ChannelsList)?;
            let mut channels = rows::list(look, reader, &slice, &filter, every)?;
            for channel in channels.iter_mut().filter(|channel| channel.kind != "channel") {
                channel.members = rows::members::all(look, channel.id)?;
            }
            Ok(channels)
        })
        .await?;
    Ok(Paged::of(rows, limit, |channel| channel.id.to_string()))
}
