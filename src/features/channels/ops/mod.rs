//! Doing things with channels.

pub(super) mod change;
pub(super) mod create;
pub(super) mod invites;
pub(super) mod join;
pub(super) mod look;
pub(super) mod members;
pub(super) mod reading;
pub(super) mod sanctions;

use uuid::Uuid;

use super::deeds::{Changed, ChannelDeed};
use super::rows::{self, Slice};
use super::{ChannelFilter, model};
use crate::error::{Error, FieldFault, Result};
use crate::features::{Cursor, Means, Versioned};
use crate::gate::{Act, ChannelKind, MemberRole, banned};
use crate::id::{ChannelId, Id, UserId};
use crate::wire::Change;
use crate::wire::channels::Channel;
use crate::wire::frames::Frame;

/// What is wrong with the fields of a body.
#[derive(Default)]
struct Faults(Vec<FieldFault>);

impl Faults {
    /// The value, or a fault for `field`.
    fn take<T>(&mut self, field: &'static str, checked: std::result::Result<T, String>) -> Option<T> {
        checked.map_err(|detail| self.0.push(FieldFault { field, detail })).ok()
    }

    /// The same for a field of a change.
    fn change<T, U>(
        &mut self,
        field: &'static str,
        change: Change<T>,
        check: impl FnOnce(T) -> std::result::Result<U, String>,
    ) -> Change<U> {
        self.take(field, change.try_map(check)).unwrap_or_default()
    }

    fn finish(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::fields(self.0)) }
    }
}

/// Which rows of a list in the order of its ids; `first` is where it begins.
fn slice<I: Id + std::str::FromStr>(page: &Cursor, means: &Means, first: Uuid) -> Result<Slice<I>> {
    let limit = page.rows(&means.limits)?;
    let (name, text, back) = match (&page.after, &page.before) {
        (Some(text), _) => ("after", text, true),
        (None, Some(text)) => ("before", text, false),
        (None, None) => return Ok(Slice { from: I::from_uuid(first), back: false, limit }),
    };
    let from = text.parse().map_err(|_| Error::field(name, "must be a cursor that this list gave"))?;
    Ok(Slice { from, back, limit })
}

/// Everyone in `channel` hears of an event, on every socket they have.
fn tell_members(
    act: &mut Act<'_, '_>,
    channel: ChannelId,
    event_type: &'static str,
    data: serde_json::Value,
) -> Result<()> {
    let Some(fact) = act.channel_fact(channel)? else { return Ok(()) };
    let members = fact.members.keys().copied().collect();
    act.tell_users(members, Frame::SystemEvent { event_type, data }.encode());
    Ok(())
}

/// An event about somebody, for those who listen to `channel`, and for that person everywhere.
fn tell_of(act: &mut Act<'_, '_>, channel: ChannelId, user: UserId, event_type: &'static str) -> Result<()> {
    let data = about(act, channel, user)?;
    act.tell_all_in(channel, user, Frame::SystemEvent { event_type, data }.encode());
    Ok(())
}

fn about(act: &mut Act<'_, '_>, channel: ChannelId, user: UserId) -> Result<serde_json::Value> {
    let name = act.user_fact(user)?.map(|fact| fact.username.to_string());
    Ok(serde_json::json!({ "channelId": channel, "userId": user, "username": name }))
}

/// Lets somebody in, if the account may be used, the channel has room and the person is not banned.
fn admit(act: &mut Act<'_, '_>, channel: ChannelId, user: UserId, role: MemberRole) -> Result<()> {
    let fact = act.channel_fact(channel)?.ok_or_else(|| Error::missing("channel"))?;
    if !act.user_fact(user)?.is_some_and(|fact| fact.active) {
        return Err(Error::missing("user"));
    }
    if fact.is_under(crate::gate::Sanction::Ban, user, act.now()) {
        // Who adds somebody else is told of the ban; whoever comes by themselves is refused by it.
        return Err(if act.user()? == user {
            banned()
        } else {
            Error::conflict("banned_there", "That person is banned from this channel: lift the ban first.")
        });
    }
    match fact.kind {
        ChannelKind::Direct => return Err(direct_is_of_two()),
        ChannelKind::Group if fact.members.len() >= model::GROUP_MEMBERS_MAX => {
            return Err(Error::conflict(
                "group_full",
                format!("A group conversation has at most {} members: make a channel.", model::GROUP_MEMBERS_MAX),
            ));
        }
        ChannelKind::Channel | ChannelKind::Group => {}
    }
    act.set_member(channel, user, role)
}

fn direct_is_of_two() -> Error {
    Error::conflict("direct_conversation", "A direct conversation is of exactly two, and stays so.")
}

fn tell_of_joining(act: &mut Act<'_, '_>, channel: ChannelId, user: UserId) -> Result<()> {
    let data = about(act, channel, user)?;
    act.tell_user(user, Frame::SystemEvent { event_type: "added_to_channel", data }.encode());
    tell_of(act, channel, user, "member_joined")
}

/// The channel as the doer sees it now, with everyone in it.
fn read_back(act: &mut Act<'_, '_>, channel: ChannelId) -> Result<Versioned<Channel>> {
    let reader = act.user()?;
    let mut shown = rows::show_in(act, channel, reader)?.ok_or_else(|| Error::missing("channel"))?;
    shown.members = rows::members::all_in(act, channel)?;
    Ok(versioned(shown))
}

fn versioned(channel: Channel) -> Versioned<Channel> {
    let version = channel.version;
    Versioned { value: channel, version }
}
