//! Invitations: of one person, who accepts or declines, or a link for whoever has its token.

use uuid::Uuid;

use super::{ChannelDeed, admit, model, read_back, rows, slice, tell_of_joining};
use crate::clock::Timestamp;
use crate::crypto::sha256_hex;
use crate::error::{Error, FieldFault, Result};
use crate::features::{Cursor, Means, Paged, Versioned};
use crate::gate::{Act, ChannelKind, Cx, MemberRole, Sanction};
use crate::id::{ChannelId, InviteId, UserId};
use crate::wire::channels::{Channel, Invite, NewInvite};
use crate::wire::frames::Frame;

/// Invites somebody, or makes a link. The token of a link is shown here and never again: only its hash is kept.
pub async fn invite(cx: &Cx, channel: ChannelId, body: NewInvite) -> Result<Invite> {
    let (expires, uses_max) = check(&body, cx.now())?;
    let (invite, user) = (cx.new_id(), body.user);
    let token = user.is_none().then(|| cx.new_secret());
    cx.act(ChannelDeed::Invite { channel, invite, user }, move |act| {
        let fact = act.channel_fact(channel)?.ok_or_else(|| Error::missing("channel"))?;
        if fact.kind == ChannelKind::Direct {
            return Err(super::direct_is_of_two());
        }
        if let Some(user) = user {
            may_be_invited(act, channel, user)?;
        }
        let (by, hash) = (act.maybe_user(), token.as_ref().map(sha256_hex));
        let token_hash = hash.as_deref();
        rows::invites::insert(
            act,
            &rows::invites::NewRow { id: invite, channel, user, token_hash, by, expires, uses_max },
        )?;
        if let Some(user) = user {
            let data = serde_json::json!({ "inviteId": invite, "channelId": channel });
            act.tell_user(user, Frame::SystemEvent { event_type: "invited_to_channel", data }.encode());
        }
        let mut made =
            rows::invites::one(act, invite)?.ok_or_else(|| Error::internal("a new invitation is not there"))?;
        made.token = token.map(|token| token.as_str().to_owned());
        Ok(made)
    })
    .await
}

fn check(body: &NewInvite, now: Timestamp) -> Result<(Timestamp, Option<i64>)> {
    let mut faults = Vec::new();
    let mut fault = |field, detail: String| faults.push(FieldFault { field, detail });
    let mut expires = now.plus(model::INVITE_LIVES);
    if let Some(text) = body.expires_at.as_deref() {
        match model::ahead(text, now, model::INVITE_LIVES_MAX) {
            Ok(at) => expires = at,
            Err(detail) => fault("expiresAt", detail),
        }
    }
    if let Some(uses) = body.max_uses {
        if body.user.is_some() {
            fault("maxUses", "is for links: one person accepts once".to_owned());
        } else if !(1..=model::INVITE_USES_MAX).contains(&uses) {
            fault("maxUses", format!("must be 1 to {}", model::INVITE_USES_MAX));
        }
    }
    if faults.is_empty() { Ok((expires, body.max_uses)) } else { Err(Error::fields(faults)) }
}

fn may_be_invited(act: &mut Act<'_, '_>, channel: ChannelId, user: UserId) -> Result<()> {
    if !act.user_fact(user)?.is_some_and(|fact| fact.active) {
        return Err(Error::missing("user"));
    }
    let fact = act.channel_fact(channel)?.ok_or_else(|| Error::missing("channel"))?;
    if fact.members.contains_key(&user) {
        return Err(Error::conflict("already_a_member", "That person is a member of this channel already."));
    }
    if fact.is_under(Sanction::Ban, user, act.now()) {
        return Err(Error::conflict("banned_there", "That person is banned from this channel: lift the ban first."));
    }
    if rows::invites::is_open_for(act, channel, user)? {
        return Err(Error::conflict("already_invited", "That person has an invitation that waits for an answer."));
    }
    Ok(())
}

/// A channel's invitations, newest first.
pub async fn invites(cx: &Cx, means: &Means, channel: ChannelId, page: Cursor) -> Result<Paged<Invite>> {
    let slice = slice(&page, means, Uuid::max())?;
    let limit = slice.limit;
    let rows =
        cx.view(ChannelDeed::Invites { channel }, move |look| rows::invites::of_channel(look, channel, &slice)).await?;
    Ok(Paged::of(rows, limit, |invite| invite.id.to_string()))
}

/// One's own invitations that wait for an answer, newest first.
pub async fn own_invites(cx: &Cx, means: &Means, page: Cursor) -> Result<Paged<Invite>> {
    let slice = slice(&page, means, Uuid::max())?;
    let (limit, now) = (slice.limit, cx.now());
    let rows = cx
        .view(ChannelDeed::OwnInvites, move |look| {
            let user = look.user()?;
            rows::invites::of_user(look, user, now, &slice)
        })
        .await?;
    Ok(Paged::of(rows, limit, |invite| invite.id.to_string()))
}

/// Takes an invitation back.
pub async fn revoke(cx: &Cx, channel: ChannelId, invite: InviteId) -> Result<()> {
    cx.act(ChannelDeed::RevokeInvite { channel, invite }, move |act| close(act, invite, channel, "revoked")).await
}

/// Follows an invitation that one was given.
pub async fn accept(cx: &Cx, invite: InviteId) -> Result<Versioned<Channel>> {
    let (invite, channel) = mine(cx, invite).await?;
    follow(cx, invite, channel).await
}

/// Does not follow it.
pub async fn decline(cx: &Cx, invite: InviteId) -> Result<()> {
    let (invite, channel) = mine(cx, invite).await?;
    cx.act(ChannelDeed::DeclineInvite { channel, invite }, move |act| close(act, invite, channel, "declined")).await
}

/// Comes in by a link's token.
pub async fn redeem(cx: &Cx, token: &str) -> Result<Versioned<Channel>> {
    let hash = sha256_hex(token);
    let found = cx.view(ChannelDeed::FindInvite, move |look| rows::invites::by_token(look, &hash)).await?;
    let (invite, channel) = found.ok_or_else(no_invite)?;
    follow(cx, invite, channel).await
}

async fn mine(cx: &Cx, invite: InviteId) -> Result<(InviteId, ChannelId)> {
    let found = cx
        .view(ChannelDeed::FindInvite, move |look| {
            let user = look.user()?;
            rows::invites::mine(look, invite, user)
        })
        .await?;
    found.ok_or_else(no_invite)
}

async fn follow(cx: &Cx, invite: InviteId, channel: ChannelId) -> Result<Versioned<Channel>> {
    cx.act(ChannelDeed::AcceptInvite { channel, invite }, move |act| {
        let user = act.user()?;
        let good = rows::invites::good(act, invite, channel)?
            .filter(|good| good.user.is_none_or(|invited| invited == user))
            .ok_or_else(no_invite)?;
        let fact = act.channel_fact(channel)?.ok_or_else(no_invite)?;
        if fact.archived {
            return Err(Error::refused("channel_archived", "This channel is archived: nobody can join it."));
        }
        // Who is in already uses nothing up.
        if fact.members.contains_key(&user) {
            act.note("already_a_member", true);
            return read_back(act, channel);
        }
        admit(act, channel, user, MemberRole::Member)?;
        rows::invites::used(act, invite, &good)?;
        tell_of_joining(act, channel, user)?;
        read_back(act, channel)
    })
    .await
}

fn close(act: &mut Act<'_, '_>, invite: InviteId, channel: ChannelId, status: &'static str) -> Result<()> {
    if rows::invites::close(act, invite, channel, status)? { Ok(()) } else { Err(no_invite()) }
}

fn no_invite() -> Error {
    Error::missing("invitation")
}
