//! Who is in a channel, and as what.

use super::{ChannelDeed, admit, direct_is_of_two, rows, tell_of, tell_of_joining};
use crate::error::{Error, Result};
use crate::features::{Cursor, Means, Paged};
use crate::gate::{Act, ChannelKind, Cx, MemberRole};
use crate::id::{ChannelId, UserId};
use crate::wire::channels::{Member, MemberRoleChange, NewMember};
use crate::wire::frames::Frame;

/// Who is in a channel, by name, a page at a time; the cursor is a person.
pub async fn members(cx: &Cx, means: &Means, channel: ChannelId, page: Cursor) -> Result<Paged<Member>> {
    let limit = page.rows(&means.limits)?;
    let (name, text, back) = match (page.after, page.before) {
        (Some(text), _) => ("after", Some(text), true),
        (None, before) => ("before", before, false),
    };
    let from = text
        .map(|text| text.parse().map_err(|_| Error::field(name, "must be a cursor that this list gave")))
        .transpose()?;
    let slice = rows::Slice { from, back, limit };
    let rows =
        cx.view(ChannelDeed::Members { channel }, move |look| rows::members::page(look, channel, &slice)).await?;
    Ok(Paged::of(rows, limit, |member| member.user_id.to_string()))
}

/// Adds somebody.
pub async fn add_member(cx: &Cx, channel: ChannelId, body: NewMember) -> Result<Member> {
    let role = match body.role.as_deref() {
        None => MemberRole::Member,
        Some(name) => member_role(name)?,
    };
    let user = body.user;
    cx.act(ChannelDeed::AddMember { channel, user, role }, move |act| {
        only_owners_make_owners(act, channel, role)?;
        if act.channel_fact(channel)?.is_some_and(|fact| fact.members.contains_key(&user)) {
            return Err(Error::conflict("already_a_member", "That person is a member of this channel already."));
        }
        admit(act, channel, user, role)?;
        tell_of_joining(act, channel, user)?;
        rows::members::one(act, channel, user)?.ok_or_else(|| Error::internal("a new member cannot be read back"))
    })
    .await
}

/// Changes somebody's standing.
pub async fn change_member(cx: &Cx, channel: ChannelId, user: UserId, body: MemberRoleChange) -> Result<Member> {
    let role = member_role(&body.role)?;
    cx.act(ChannelDeed::ChangeMember { channel, user, role }, move |act| {
        only_owners_make_owners(act, channel, role)?;
        standing(act, channel, user)?;
        if role != MemberRole::Owner {
            keep_an_owner(act, channel, user)?;
        }
        act.set_member(channel, user, role)?;
        let mut data = super::about(act, channel, user)?;
        data["role"] = serde_json::json!(role.name());
        act.tell_all_in(channel, user, Frame::SystemEvent { event_type: "member_role_changed", data }.encode());
        rows::members::one(act, channel, user)?.ok_or_else(|| Error::missing("member"))
    })
    .await
}

/// Ends a membership, one's own or another's.
pub async fn remove_member(cx: &Cx, channel: ChannelId, user: UserId) -> Result<()> {
    cx.act(ChannelDeed::RemoveMember { channel, user }, move |act| {
        standing(act, channel, user)?;
        put_out(act, channel, user)
    })
    .await
}

/// Ends a membership inside a deed that may; the others are told.
pub(super) fn put_out(act: &mut Act<'_, '_>, channel: ChannelId, user: UserId) -> Result<()> {
    if act.channel_fact(channel)?.is_some_and(|fact| fact.kind == ChannelKind::Direct) {
        return Err(direct_is_of_two());
    }
    keep_an_owner(act, channel, user)?;
    act.drop_member(channel, user)?;
    tell_of(act, channel, user, "member_left")
}

fn member_role(name: &str) -> Result<MemberRole> {
    MemberRole::named(name).ok_or_else(|| Error::field("role", "must be owner, moderator, member or readonly"))
}

/// What somebody is in a channel; missing when they are not in it.
pub(super) fn standing(act: &mut Act<'_, '_>, channel: ChannelId, user: UserId) -> Result<MemberRole> {
    let fact = act.channel_fact(channel)?.ok_or_else(|| Error::missing("channel"))?;
    fact.members.get(&user).copied().ok_or_else(|| Error::missing("member"))
}

/// A channel whose last owner goes would be nobody's: that is refused while others are in it.
fn keep_an_owner(act: &mut Act<'_, '_>, channel: ChannelId, user: UserId) -> Result<()> {
    let fact = act.channel_fact(channel)?.ok_or_else(|| Error::missing("channel"))?;
    let owners = fact.members.values().filter(|role| **role == MemberRole::Owner).count();
    if fact.members.get(&user) == Some(&MemberRole::Owner) && owners == 1 && fact.members.len() > 1 {
        return Err(Error::conflict("last_owner", "Make somebody else an owner of this channel first."));
    }
    Ok(())
}

fn only_owners_make_owners(act: &mut Act<'_, '_>, channel: ChannelId, role: MemberRole) -> Result<()> {
    if role != MemberRole::Owner {
        return Ok(());
    }
    let own = act.grant().standing;
    // Without an owner left, whoever manages channels may name one.
    let ownerless =
        !act.channel_fact(channel)?.is_some_and(|fact| fact.members.values().any(|role| *role == MemberRole::Owner));
    if own == Some(MemberRole::Owner) || ownerless {
        return Ok(());
    }
    Err(Error::refused("not_an_owner", "Only an owner of the channel can make somebody an owner."))
}
