//! Doing things with channels.

use std::sync::Arc;

use uuid::Uuid;

use super::deeds::ChannelDeed;
use super::model::{ChannelFilter, ChannelName, Description, METADATA_BYTES_MAX};
use super::rows;
use crate::clock::Timestamp;
use crate::error::{Error, FieldFault, Result};
use crate::features::{Cursor, Means, Paged};
use crate::gate::{Act, Cx, MemberRole, Permission};
use crate::hub::{Effect, Item, Outbox, Replay};
use crate::id::{ChannelId, Id, UserId};
use crate::wire::channels::{Channel, Member, MemberRoleChange, NewChannel, NewMember};
use crate::wire::frames::Frame;

/// One channel, with everyone in it.
pub async fn show(cx: &Cx, channel: ChannelId) -> Result<Channel> {
    cx.view(ChannelDeed::Show { channel }, move |look| {
        let reader = look.user()?;
        let mut shown = rows::show(look, channel, reader)?.ok_or_else(|| Error::missing("channel"))?;
        shown.members = rows::members(look, channel)?;
        Ok(shown)
    })
    .await
}

/// The channels one may see, oldest first, a page at a time; each with one's own membership only.
pub async fn list(cx: &Cx, means: &Means, filter: ChannelFilter, page: Cursor) -> Result<Paged<Channel>> {
    let limit = page.rows(&means.limits)?;
    let back = page.after.is_some();
    let cursor = match page.after.or(page.before) {
        None => ChannelId::from_uuid(Uuid::nil()),
        Some(text) => text.parse().map_err(|_| Error::field("before", "must be a cursor that this list gave"))?,
    };
    let rows = cx
        .view(ChannelDeed::List, move |look| {
            let reader = look.user()?;
            let every = look.allows(Permission::ChannelsList)?;
            rows::list(look, reader, &rows::Slice { from: cursor, back, limit, every }, &filter)
        })
        .await?;
    Ok(Paged::of(rows, limit, |channel| channel.id.to_string()))
}

/// Makes a channel with its maker as owner and others as members.
pub async fn create(cx: &Cx, body: NewChannel) -> Result<Channel> {
    let mut faults = Vec::new();
    let mut keep = |field, detail: String| faults.push(FieldFault { field, detail });
    let name = ChannelName::parse(&body.name).map_err(|detail| keep("name", detail)).ok();
    let description = match body.description.as_deref().map(Description::parse).transpose() {
        Ok(description) => description,
        Err(detail) => {
            keep("description", detail);
            None
        }
    };
    let metadata = body.metadata.as_ref().map(ToString::to_string);
    if metadata.as_ref().is_some_and(|json| json.len() > METADATA_BYTES_MAX) {
        keep("metadata", format!("may have at most {METADATA_BYTES_MAX} bytes as JSON"));
    }
    let Some(name) = name.filter(|_| faults.is_empty()) else { return Err(Error::fields(faults)) };

    let channel = cx.new_id();
    let deed = ChannelDeed::Create { channel, private: body.is_private, members: body.members.len() };
    cx.act(deed, move |act| {
        let owner = act.user()?;
        let new = rows::NewRow {
            id: channel,
            name: &name,
            description: description.as_ref(),
            private: body.is_private,
            owner,
            metadata: metadata.as_deref(),
        };
        rows::insert(act, &new)?;
        act.set_member(channel, owner, MemberRole::Owner)?;
        for user in body.members {
            if user != owner {
                add(act, channel, user, MemberRole::Member)?;
            }
        }
        read_back(act, channel)
    })
    .await
}

/// Joins a public channel, or listens to one's own, over a socket; with `since`, what changed after that `rev` is
/// replayed first. The answer goes to the socket in commit order, so nothing falls between replay and live frames.
pub fn join(
    cx: &Cx,
    socket: &Arc<Outbox>,
    channel: ChannelId,
    since: Option<i64>,
    request_id: Option<String>,
    failed: impl FnOnce(Error) + Send + 'static,
) {
    let socket = socket.clone();
    let work = move |act: &mut Act<'_, '_>| {
        let user = act.user()?;
        if act.grant().standing.is_none() {
            act.set_member(channel, user, MemberRole::Member)?;
            tell_of_joining(act, channel, user)?;
        } else {
            act.note("listening", true);
        }
        let upto = act.rev();
        let then = match since {
            Some(since) => Item::Replay(Box::new(Replay { channel, since, upto, phi: act.grant().phi, request_id })),
            None => match request_id {
                Some(id) => Item::Text { channel: None, frame: joined(&id, upto).into() },
                None => Item::Nothing,
            },
        };
        act.subscribe(&socket, channel, then);
        Ok(())
    };
    cx.submit(ChannelDeed::Join { channel }, work, move |outcome| {
        if let Err(error) = outcome {
            failed(error);
        }
    });
}

/// The `ack` of a join.
pub fn joined(request_id: &str, rev: i64) -> String {
    Frame::Ack {
        request_id: Some(request_id),
        client_message_id: None,
        message_id: None,
        seq: None,
        rev: Some(rev),
        timestamp: None,
    }
    .encode()
}

/// What makes a socket stop listening; one's membership stays.
pub fn leave(socket: &Arc<Outbox>, channel: ChannelId) -> Effect {
    Effect::Unsubscribe { socket: socket.clone(), channel }
}

/// Who is in a channel.
pub async fn members(cx: &Cx, channel: ChannelId) -> Result<Vec<Member>> {
    cx.view(ChannelDeed::Members { channel }, move |look| rows::members(look, channel)).await
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
        add(act, channel, user, role)?;
        tell_of_joining(act, channel, user)?;
        rows::member_in(act, channel, user)?.ok_or_else(|| Error::internal("a new member cannot be read back"))
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
        rows::member_in(act, channel, user)?.ok_or_else(|| Error::missing("member"))
    })
    .await
}

/// Ends a membership, one's own or another's.
pub async fn remove_member(cx: &Cx, channel: ChannelId, user: UserId) -> Result<()> {
    cx.act(ChannelDeed::RemoveMember { channel, user }, move |act| {
        standing(act, channel, user)?;
        keep_an_owner(act, channel, user)?;
        act.drop_member(channel, user)
    })
    .await
}

/// Notes, inside a deed, that a member has read up to a place at a time; says whether that is further than before.
/// A place that was not given yet counts as the last one.
pub fn read_up_to(act: &mut Act<'_, '_>, channel: ChannelId, user: UserId, seq: i64, at: Timestamp) -> Result<bool> {
    let seq = seq.min(act.last_seq(channel)?);
    rows::read(act, channel, user, seq, at)
}

fn member_role(name: &str) -> Result<MemberRole> {
    MemberRole::named(name).ok_or_else(|| Error::field("role", "must be owner, moderator, member or readonly"))
}

fn add(act: &mut Act<'_, '_>, channel: ChannelId, user: UserId, role: MemberRole) -> Result<()> {
    if !act.user_fact(user)?.is_some_and(|fact| fact.active) {
        return Err(Error::missing("user"));
    }
    act.set_member(channel, user, role)
}

fn standing(act: &mut Act<'_, '_>, channel: ChannelId, user: UserId) -> Result<MemberRole> {
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

fn tell_of_joining(act: &mut Act<'_, '_>, channel: ChannelId, user: UserId) -> Result<()> {
    let Some(fact) = act.user_fact(user)? else { return Ok(()) };
    let event = |event_type| {
        Frame::SystemEvent {
            event_type,
            data: serde_json::json!({ "channelId": channel, "userId": user, "username": &*fact.username }),
        }
        .encode()
    };
    act.tell_user(user, event("added_to_channel"));
    act.tell_all_in(channel, user, event("member_joined"));
    Ok(())
}

fn read_back(act: &mut Act<'_, '_>, channel: ChannelId) -> Result<Channel> {
    let reader = act.user()?;
    let mut made =
        rows::show_in(act, channel, reader)?.ok_or_else(|| Error::internal("a new channel cannot be read back"))?;
    made.members = rows::members_in(act, channel)?;
    Ok(made)
}
