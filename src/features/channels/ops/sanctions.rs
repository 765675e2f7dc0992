//! Silencing members and putting them out, for a time or for good.

use uuid::Uuid;

use super::members::{put_out, standing};
use super::{ChannelDeed, model, rows, slice};
use crate::error::{Error, Result};
use crate::features::{Cursor, Means, Paged};
use crate::gate::{Act, Cx, MemberRole, Sanction};
use crate::id::{ChannelId, UserId};
use crate::wire::channels::{NewSanction, Sanctioned};
use crate::wire::frames::Frame;

/// Mutes a member, or bans a person and puts them out at once. One that stands is replaced.
pub async fn sanction(
    cx: &Cx,
    channel: ChannelId,
    user: UserId,
    sanction: Sanction,
    body: NewSanction,
) -> Result<Sanctioned> {
    let until = body
        .until
        .map(|text| model::ahead(&text, cx.now(), model::ENDS_WITHIN))
        .transpose()
        .map_err(|detail| Error::field("until", detail))?;
    cx.act(ChannelDeed::Sanction { channel, user, sanction, ends: until.is_some() }, move |act| {
        if act.user()? == user {
            return Err(Error::conflict("not_oneself", "Nobody mutes or bans themselves."));
        }
        if act.user_fact(user)?.is_none() {
            return Err(Error::missing("user"));
        }
        match sanction {
            Sanction::Mute => {
                standing(act, channel, user)?;
            }
            Sanction::Ban => {
                if standing(act, channel, user).is_ok() {
                    put_out(act, channel, user)?;
                }
            }
        }
        act.set_sanction(channel, user, sanction, until)?;
        tell(act, channel, user, if sanction == Sanction::Mute { "member_muted" } else { "member_banned" })?;
        rows::sanctions::one(act, channel, sanction, user)?
            .ok_or_else(|| Error::internal("a new sanction cannot be read back"))
    })
    .await
}

/// Lifts a mute or a ban.
pub async fn lift(cx: &Cx, channel: ChannelId, user: UserId, sanction: Sanction) -> Result<()> {
    cx.act(ChannelDeed::Lift { channel, user, sanction }, move |act| {
        let stood = act.channel_fact(channel)?.is_some_and(|fact| fact.is_under(sanction, user, act.now()));
        if act.user()? == user && stood {
            return Err(Error::conflict("not_oneself", "Nobody lifts their own mute or ban."));
        }
        if !act.lift_sanction(channel, user, sanction)? || !stood {
            return Err(Error::missing(if sanction == Sanction::Mute { "mute" } else { "ban" }));
        }
        tell(act, channel, user, if sanction == Sanction::Mute { "member_unmuted" } else { "member_unbanned" })
    })
    .await
}

/// Who is muted or banned, a page at a time.
pub async fn sanctions(
    cx: &Cx,
    means: &Means,
    channel: ChannelId,
    sanction: Sanction,
    page: Cursor,
) -> Result<Paged<Sanctioned>> {
    let slice = slice(&page, means, Uuid::nil())?;
    let (limit, now) = (slice.limit, cx.now());
    let rows = cx
        .view(ChannelDeed::Sanctions { channel }, move |look| {
            rows::sanctions::page(look, channel, sanction, now, &slice)
        })
        .await?;
    Ok(Paged::of(rows, limit, |sanctioned| sanctioned.user_id.to_string()))
}

/// Only the person and those who run the channel hear of it: it is nobody else's business.
fn tell(act: &mut Act<'_, '_>, channel: ChannelId, user: UserId, event_type: &'static str) -> Result<()> {
    let Some(fact) = act.channel_fact(channel)? else { return Ok(()) };
    let until = [Sanction::Mute, Sanction::Ban].map(|kind| fact.sanctions.get(&(user, kind)).copied().flatten());
    let until = if event_type == "member_banned" { until[1] } else { until[0] };
    let mut users: Vec<UserId> =
        fact.members.iter().filter(|(_, role)| **role >= MemberRole::Moderator).map(|(id, _)| *id).collect();
    if !users.contains(&user) {
        users.push(user);
    }
    let data = serde_json::json!({ "channelId": channel, "userId": user, "until": until });
    act.tell_users(users, Frame::SystemEvent { event_type, data }.encode());
    Ok(())
}
