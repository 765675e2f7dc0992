//! Channels and who is in them.

use crate::error::Result;
use crate::features::channels;
use crate::gate::Sanction;
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, Query, delete, get, post, put};
use crate::id::{ChannelId, InviteId, UserId};
use crate::wire::auth::Success;
use crate::wire::channels::{
    Channel, ChannelChange, DeletedChannel, Invite, Joining, Member, MemberRoleChange, NewChannel, NewDirect,
    NewInvite, NewMember, NewSanction, Redeeming, Sanctioned,
};

pub(in crate::http) fn described() -> Vec<Described> {
    let mut rows = vec![
        get("/api/channels", "The channels that the caller may see.")
            .query("category", Query::Text, "Only those under this heading.")
            .query("tag", Query::Text, "Only those with this tag.")
            .query("archived", Query::OneOf(&["false", "true", "all"]), "Whether archived ones; `false` if missing.")
            .query("kind", Query::OneOf(&["channel", "direct", "group"]), "Only those of this kind.")
            .pages_of::<Channel>(),
        post("/api/channels", "Makes a channel or a group conversation, with its maker as the owner.")
            .takes::<NewChannel>()
            .makes::<Channel>()
            .versioned(),
        post("/api/channels/direct", "The conversation with somebody; 201 where it was made.")
            .takes::<NewDirect>()
            .gives::<Channel>()
            .makes::<Channel>()
            .versioned(),
        get("/api/channels/deleted", "Channels that can be put back.").pages_of::<DeletedChannel>(),
        get("/api/channels/{id}", "One channel and who is in it.").gives::<Channel>().versioned(),
        put("/api/channels/{id}", "Changes a channel.").takes::<ChannelChange>().gives::<Channel>().versioned(),
        delete("/api/channels/{id}", "Deletes a channel; for thirty days it can be put back.").gives::<Success>(),
        post("/api/channels/{id}/restore", "Puts a deleted channel back.").gives::<Success>(),
        post("/api/channels/{id}/join", "Comes into a public channel.")
            .takes::<Joining>()
            .gives::<Channel>()
            .versioned(),
        get("/api/channels/{id}/members", "Who is in a channel, by name.").pages_of::<Member>(),
        post("/api/channels/{id}/members", "Adds a member.").takes::<NewMember>().makes::<Member>(),
        put("/api/channels/{id}/members/{user}", "Changes a member's role in the channel.")
            .takes::<MemberRoleChange>()
            .gives::<Member>(),
        delete("/api/channels/{id}/members/{user}", "Ends a membership.").gives::<Success>(),
    ];
    rows.extend(who_may_be_there());
    rows
}

fn who_may_be_there() -> Vec<Described> {
    vec![
        get("/api/channels/{id}/mutes", "Who is muted in a channel.").pages_of::<Sanctioned>(),
        put("/api/channels/{id}/mutes/{user}", "Mutes a member.").takes::<NewSanction>().gives::<Sanctioned>(),
        delete("/api/channels/{id}/mutes/{user}", "Lifts a mute.").gives::<Success>(),
        get("/api/channels/{id}/bans", "Who is banned from a channel.").pages_of::<Sanctioned>(),
        put("/api/channels/{id}/bans/{user}", "Bans somebody and puts them out.")
            .takes::<NewSanction>()
            .gives::<Sanctioned>(),
        delete("/api/channels/{id}/bans/{user}", "Lifts a ban.").gives::<Success>(),
        get("/api/channels/{id}/invites", "A channel's invitations, newest first.").pages_of::<Invite>(),
        post("/api/channels/{id}/invites", "Invites somebody, or makes a link.").takes::<NewInvite>().makes::<Invite>(),
        delete("/api/channels/{id}/invites/{invite}", "Takes an invitation back.").gives::<Success>(),
        get("/api/invites", "The caller's own invitations that wait for an answer.").pages_of::<Invite>(),
        post("/api/invites/redeem", "Comes into a channel by a link's token.")
            .takes::<Redeeming>()
            .gives::<Channel>()
            .versioned(),
        post("/api/invites/{id}/accept", "Follows an invitation.").gives::<Channel>().versioned(),
        post("/api/invites/{id}/decline", "Declines an invitation.").gives::<Success>(),
    ]
}

pub(in crate::http) async fn list(call: Call) -> Result<Answer> {
    let (archived, kind) = (call.query("archived")?, call.query("kind")?);
    let filter = channels::ChannelFilter::parse(
        call.query("category")?,
        call.query("tag")?,
        archived.as_deref(),
        kind.as_deref(),
    )?;
    let page = channels::list(&call.cx, &call.web.means, filter, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn create(call: Call) -> Result<Answer> {
    Ok(Answer::versioned(&channels::create(&call.cx, &call.web.means, call.body()?).await?)?.made())
}

pub(in crate::http) async fn direct(call: Call) -> Result<Answer> {
    let body: NewDirect = call.body()?;
    let (shown, made) = channels::direct(&call.cx, body.user).await?;
    let answer = Answer::versioned(&shown)?;
    Ok(if made { answer.made() } else { answer })
}

pub(in crate::http) async fn show(call: Call) -> Result<Answer> {
    Answer::versioned(&channels::show(&call.cx, channel(&call)?).await?)
}

pub(in crate::http) async fn update(call: Call) -> Result<Answer> {
    let (means, of, expected) = (&call.web.means, channel(&call)?, call.expected()?);
    Answer::versioned(&channels::update(&call.cx, means, of, expected, call.body()?).await?)
}

pub(in crate::http) async fn remove(call: Call) -> Result<Answer> {
    channels::delete(&call.cx, channel(&call)?).await?;
    Answer::ok(&Success::because("The channel was deleted. It can be put back for 30 days."))
}

pub(in crate::http) async fn deleted(call: Call) -> Result<Answer> {
    let page = channels::deleted(&call.cx, &call.web.means, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn restore(call: Call) -> Result<Answer> {
    channels::restore(&call.cx, channel(&call)?).await?;
    Answer::ok(&Success::because("The channel is back, with everyone who was in it."))
}

pub(in crate::http) async fn join(call: Call) -> Result<Answer> {
    let of = channel(&call)?;
    let body: Joining = if call.body.is_empty() { Joining { password: None } } else { call.body()? };
    Answer::versioned(&channels::enter(&call.cx, &call.web.means, of, body.password).await?)
}

pub(in crate::http) async fn members(call: Call) -> Result<Answer> {
    let page = channels::members(&call.cx, &call.web.means, channel(&call)?, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn add_member(call: Call) -> Result<Answer> {
    Answer::created(&channels::add_member(&call.cx, channel(&call)?, call.body()?).await?)
}

pub(in crate::http) async fn change_member(call: Call) -> Result<Answer> {
    let user: UserId = call.id("user", "member")?;
    Answer::ok(&channels::change_member(&call.cx, channel(&call)?, user, call.body()?).await?)
}

pub(in crate::http) async fn remove_member(call: Call) -> Result<Answer> {
    let user: UserId = call.id("user", "member")?;
    channels::remove_member(&call.cx, channel(&call)?, user).await?;
    Answer::ok(&Success::because("No longer a member."))
}

pub(in crate::http) async fn mutes(call: Call) -> Result<Answer> {
    sanctions(call, Sanction::Mute).await
}

pub(in crate::http) async fn mute(call: Call) -> Result<Answer> {
    sanction(call, Sanction::Mute).await
}

pub(in crate::http) async fn unmute(call: Call) -> Result<Answer> {
    lift(&call, Sanction::Mute).await?;
    Answer::ok(&Success::because("No longer muted."))
}

pub(in crate::http) async fn bans(call: Call) -> Result<Answer> {
    sanctions(call, Sanction::Ban).await
}

pub(in crate::http) async fn ban(call: Call) -> Result<Answer> {
    sanction(call, Sanction::Ban).await
}

pub(in crate::http) async fn unban(call: Call) -> Result<Answer> {
    lift(&call, Sanction::Ban).await?;
    Answer::ok(&Success::because("No longer banned."))
}

async fn sanctions(call: Call, sanction: Sanction) -> Result<Answer> {
    let of = channel(&call)?;
    let page = channels::sanctions(&call.cx, &call.web.means, of, sanction, call.cursor()?).await?;
    Answer::page(&call, &page)
}

async fn sanction(call: Call, sanction: Sanction) -> Result<Answer> {
    let (of, user) = (channel(&call)?, call.id::<UserId>("user", "member")?);
    let body = if call.body.is_empty() { NewSanction::default() } else { call.body()? };
    Answer::ok(&channels::sanction(&call.cx, of, user, sanction, body).await?)
}

async fn lift(call: &Call, sanction: Sanction) -> Result<()> {
    channels::lift(&call.cx, channel(call)?, call.id::<UserId>("user", "member")?, sanction).await
}

pub(in crate::http) async fn invites(call: Call) -> Result<Answer> {
    let page = channels::invites(&call.cx, &call.web.means, channel(&call)?, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn invite(call: Call) -> Result<Answer> {
    Answer::created(&channels::invite(&call.cx, channel(&call)?, call.body()?).await?)
}

pub(in crate::http) async fn revoke_invite(call: Call) -> Result<Answer> {
    let invite: InviteId = call.id("invite", "invitation")?;
    channels::revoke(&call.cx, channel(&call)?, invite).await?;
    Answer::ok(&Success::because("The invitation was taken back."))
}

pub(in crate::http) async fn own_invites(call: Call) -> Result<Answer> {
    let page = channels::own_invites(&call.cx, &call.web.means, call.cursor()?).await?;
    Answer::page(&call, &page)
}

pub(in crate::http) async fn accept_invite(call: Call) -> Result<Answer> {
    Answer::versioned(&channels::accept(&call.cx, call.id("id", "invitation")?).await?)
}

pub(in crate::http) async fn decline_invite(call: Call) -> Result<Answer> {
    channels::decline(&call.cx, call.id("id", "invitation")?).await?;
    Answer::ok(&Success::because("The invitation was declined."))
}

pub(in crate::http) async fn redeem_invite(call: Call) -> Result<Answer> {
    let body: Redeeming = call.body()?;
    Answer::versioned(&channels::redeem(&call.cx, &body.token).await?)
}

fn channel(call: &Call) -> Result<ChannelId> {
    call.id("id", "channel")
}
