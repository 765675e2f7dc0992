//! Reacting to a message, and taking it back.

use super::change::{Prepared, paced};
use super::read::{find, gone, missing, veiled};
use super::{Receipt, show};
use crate::error::{Error, Result};
use crate::features::Means;
use crate::features::messages::deeds::MessageDeed;
use crate::features::messages::reactions::{REACTIONS_DISTINCT_MAX, REACTIONS_MAX, ReactionText};
use crate::features::messages::rows::{self, OneReaction, Place, Stored};
use crate::gate::{Act, Cx};
use crate::id::{MessageId, UserId};
use crate::wire::frames::{Frame, Reacted};
use crate::wire::messages::{Message, NewReaction};

/// Reacts; doing it twice is harmless. The answer is the message.
pub async fn react(cx: &Cx, means: &Means, message: MessageId, body: NewReaction) -> Result<Message> {
    let Prepared { deed, work } = prepare(cx, means, message, body.reaction, true).await?;
    cx.act(deed, work).await.map_err(veiled)?;
    show(cx, message).await
}

/// Takes an own reaction back.
pub async fn unreact(cx: &Cx, means: &Means, message: MessageId, reaction: String) -> Result<()> {
    let Prepared { deed, work } = prepare(cx, means, message, reaction, false).await?;
    cx.act(deed, work).await.map(drop).map_err(veiled)
}

pub(super) async fn prepare(
    cx: &Cx,
    means: &Means,
    message: MessageId,
    reaction: String,
    adds: bool,
) -> Result<Prepared<impl FnOnce(&mut Act<'_, '_>) -> Result<Receipt> + Send + 'static>> {
    let reaction = ReactionText::parse(reaction)?;
    let user = paced(cx, means)?;
    let place = find(cx, message).await?;
    let work = move |act: &mut Act<'_, '_>| {
        let stored = rows::current(act, message)?.ok_or_else(missing)?;
        if stored.deleted {
            return Err(gone());
        }
        if adds { add(act, place, &stored, user, &reaction) } else { remove(act, place, &stored, user, &reaction) }
    };
    let deed = if adds { MessageDeed::React { place } } else { MessageDeed::Unreact { place } };
    Ok(Prepared { deed, work })
}

fn add(act: &mut Act<'_, '_>, place: Place, stored: &Stored, user: UserId, text: &ReactionText) -> Result<Receipt> {
    let there = rows::reactions_to(act, place.message)?;
    let same = |one: &&OneReaction| one.reaction == text.shown();
    if there.iter().filter(same).any(|one| one.user == user) {
        act.note("repeated", true);
        return Ok(Receipt { message: place.message, seq: stored.seq, rev: stored.rev, at: act.now(), phi: None });
    }
    let mut distinct: Vec<&str> = there.iter().map(|one| one.reaction.as_str()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let is_new = !distinct.contains(&text.shown());
    if there.len() >= REACTIONS_MAX || (is_new && distinct.len() >= REACTIONS_DISTINCT_MAX) {
        return Err(Error::conflict(
            "too_many_reactions",
            format!("A message has at most {REACTIONS_DISTINCT_MAX} different reactions and {REACTIONS_MAX} in all."),
        ));
    }
    rows::react(act, place, user, text.shown())?;
    tell(act, place, stored, user, text, there.len() + 1, true)
}

fn remove(act: &mut Act<'_, '_>, place: Place, stored: &Stored, user: UserId, text: &ReactionText) -> Result<Receipt> {
    if !rows::unreact(act, place, user, text.shown())? {
        return Err(Error::missing("reaction"));
    }
    let left = rows::reactions_to(act, place.message)?.len();
    tell(act, place, stored, user, text, left, false)
}

/// A reaction is a change of the message: it takes a `rev`, so that a replay shows it. What is told is the one
/// reaction and not the message, which would have to be opened for it, nor all reactions, which may be many.
fn tell(
    act: &mut Act<'_, '_>,
    place: Place,
    stored: &Stored,
    user: UserId,
    text: &ReactionText,
    count: usize,
    added: bool,
) -> Result<Receipt> {
    let (rev, seq) = (act.next_rev(), stored.seq);
    rows::count_reactions(act, place, count, rev)?;
    let data = Reacted {
        message_id: place.message,
        channel_id: place.channel,
        seq,
        rev,
        user_id: user,
        reaction: text.shown(),
    };
    let frame = if added { Frame::ReactionAdded { data } } else { Frame::ReactionRemoved { data } };
    act.tell_all_in(place.channel, user, frame.encode());
    Ok(Receipt { message: place.message, seq, rev, at: act.now(), phi: None })
}
