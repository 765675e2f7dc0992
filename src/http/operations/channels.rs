//! Channels and who is in them.

use crate::error::Result;
use crate::features::channels;
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, delete, get, post, put};
use crate::id::{ChannelId, UserId};
use crate::wire::auth::Success;
use crate::wire::channels::{Channel, Member, MemberRoleChange, NewChannel, NewMember};

pub(in crate::http) fn described() -> Vec<Described> {
    vec![
        get("/api/channels", "The channels that the caller may see.").pages_of::<Channel>(),
        post("/api/channels", "Makes a channel, with its maker as the owner.").takes::<NewChannel>().makes::<Channel>(),
        get("/api/channels/{id}", "One channel and who is in it.").gives::<Channel>(),
        get("/api/channels/{id}/members", "Who is in a channel.").gives::<Vec<Member>>(),
        post("/api/channels/{id}/members", "Adds a member.").takes::<NewMember>().makes::<Member>(),
        put("/api/channels/{id}/members/{user}", "Changes a member's role in the channel.")
            .takes::<MemberRoleChange>()
            .gives::<Member>(),
        delete("/api/channels/{id}/members/{user}", "Ends a membership.").gives::<Success>(),
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
    Answer::created(&channels::create(&call.cx, call.body()?).await?)
}

pub(in crate::http) async fn show(call: Call) -> Result<Answer> {
    Answer::ok(&channels::show(&call.cx, channel(&call)?).await?)
}

pub(in crate::http) async fn members(call: Call) -> Result<Answer> {
    Answer::ok(&channels::members(&call.cx, channel(&call)?).await?)
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

fn channel(call: &Call) -> Result<ChannelId> {
    call.id("id", "channel")
}
