//! Keeping, showing and counting mentions, inside the deeds of others.

use std::collections::BTreeSet;

use serde_json::json;

use super::names::Name;
use super::rows::{self, Kept, Target};
use crate::error::Result;
use crate::gate::{Act, Look, MemberRole};
use crate::id::{ChannelId, MessageId, UserId};
use crate::wire::frames::Frame;
use crate::wire::messages::Mention;

/// Where a message that mentions somebody stands.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The message.
    pub message: MessageId,
    /// Its channel.
    pub channel: ChannelId,
    /// Its place there.
    pub seq: i64,
    /// Who wrote it.
    pub sender: UserId,
}

/// Keeps whom a new message names and tells them; gives those who are members.
pub fn keep(act: &mut Act<'_, '_>, place: Place, names: &[Name]) -> Result<Vec<Mention>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let kept = resolve(act, place, names)?;
    let mut told = BTreeSet::new();
    for (number, kept) in kept.iter().enumerate() {
        rows::insert(act, place, number, kept)?;
        listeners(act, place, kept, &mut told)?;
    }
    tell(act, place, &told)?;
    Ok(kept.into_iter().map(|kept| kept.shown).collect())
}

/// The same after an edit; only those are told who were not mentioned before.
pub fn replace(act: &mut Act<'_, '_>, place: Place, names: &[Name]) -> Result<Vec<Mention>> {
    let before = rows::in_message_of(act, place.message)?;
    if before.is_empty() {
        return keep(act, place, names);
    }
    rows::forget(act, place.message)?;
    let kept = resolve(act, place, names)?;
    let (mut told, mut known) = (BTreeSet::new(), BTreeSet::new());
    for kept in &before {
        listeners(act, place, kept, &mut known)?;
    }
    for (number, kept) in kept.iter().enumerate() {
        rows::insert(act, place, number, kept)?;
        listeners(act, place, kept, &mut told)?;
    }
    told.retain(|user| !known.contains(user));
    tell(act, place, &told)?;
    Ok(kept.into_iter().map(|kept| kept.shown).collect())
}

/// Whom a message mentions, for a reader who may see its text.
pub fn of(look: &mut Look<'_, '_>, message: MessageId) -> Result<Vec<Mention>> {
    Ok(rows::in_message(look, message)?.into_iter().map(|kept| kept.shown).collect())
}

/// The same inside a deed that leaves the text as it is.
pub fn kept(act: &mut Act<'_, '_>, message: MessageId) -> Result<Vec<Mention>> {
    Ok(rows::in_message_of(act, message)?.into_iter().map(|kept| kept.shown).collect())
}

fn resolve(act: &mut Act<'_, '_>, place: Place, names: &[Name]) -> Result<Vec<Kept>> {
    let mut found: Vec<Kept> = Vec::new();
    let mut take = |kept: Kept| {
        if !found.iter().any(|other| other.target == kept.target) {
            found.push(kept);
        }
    };
    for name in names {
        match name {
            Name::Here => take(Kept::group(Target::Here)),
            Name::Moderators => take(Kept::group(Target::Moderators)),
            Name::Role(role) => {
                if let Some(kept) = rows::role_named(act, role)? {
                    take(kept);
                }
            }
            Name::Person(keys) => {
                for key in keys {
                    let Some((user, kept)) = rows::person_named(act, key)? else { continue };
                    if act.channel_fact(place.channel)?.is_some_and(|fact| fact.members.contains_key(&user)) {
                        take(kept);
                        break;
                    }
                }
            }
        }
    }
    Ok(found)
}

/// The members whom a mention means.
fn listeners(act: &mut Act<'_, '_>, place: Place, kept: &Kept, told: &mut BTreeSet<UserId>) -> Result<()> {
    let Some(fact) = act.channel_fact(place.channel)? else { return Ok(()) };
    match kept.target {
        Target::Person(user) => {
            told.extend(fact.members.contains_key(&user).then_some(user));
        }
        Target::Here => told.extend(fact.members.keys()),
        Target::Moderators => {
            told.extend(fact.members.iter().filter(|(_, role)| **role >= MemberRole::Moderator).map(|(user, _)| user));
        }
        Target::Role(role) => told.extend(rows::members_with(act, place.channel, role)?),
    }
    Ok(())
}

fn tell(act: &mut Act<'_, '_>, place: Place, users: &BTreeSet<UserId>) -> Result<()> {
    let sender = act.user_fact(place.sender)?.map_or_else(String::new, |fact| fact.username.to_string());
    let data = json!({
        "kind": "mention", "channelId": place.channel, "messageId": place.message, "seq": place.seq,
        "senderId": place.sender, "sender": sender,
    });
    let frame = Frame::Notification { data }.encode();
    for user in users.iter().filter(|user| **user != place.sender) {
        act.tell_user(*user, frame.clone());
    }
    Ok(())
}
