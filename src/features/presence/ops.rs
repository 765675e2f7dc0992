//! Saying and hearing who is there.

use std::sync::Arc;

use super::deeds::PresenceDeed;
use super::model::{Choice, Shown, Status};
use crate::error::{Error, Result};
use crate::features::Means;
use crate::gate::Cx;
use crate::hub::{Effect, Outbox};
use crate::id::{ChannelId, UserId};
use crate::wire::frames::Frame;
use crate::wire::presence::{Presence, PresenceChange};

/// People that one frame tells of.
const PEOPLE_PER_FRAME: usize = 200;

/// Says to the others who listen to `channel` that the caller types there, or has stopped.
pub async fn typing(cx: &Cx, means: &Means, channel: ChannelId, typing: bool) -> Result<()> {
    let user = caller(cx)?;
    means.whispers.take(cx)?;
    cx.permit(PresenceDeed::Type { channel }).await?;
    if !means.presence.types(user, channel, typing) {
        return Ok(());
    }
    let (user_id, username, _) = cx.introduce().await?;
    let frame = Frame::TypingIndicator { channel_id: channel, user_id, username: &username, typing };
    cx.tell(vec![Effect::Whisper { channel, from: user, frame: frame.encode().into() }]).await;
    Ok(())
}

/// Tells a socket who of `channel` is there, and from then on what changes.
pub async fn watch(cx: &Cx, means: &Means, socket: &Arc<Outbox>, channel: ChannelId) -> Result<()> {
    means.whispers.take(cx)?;
    let _in_order = means.presence.telling.lock().await;
    let members: Vec<UserId> = cx
        .view(PresenceDeed::Watch { channel }, move |look| {
            let fact = look.channel_fact(channel)?.ok_or_else(|| Error::missing("channel"))?;
            Ok(fact.members.keys().copied().collect())
        })
        .await?;
    let there = members.into_iter().map(|user| (user, means.presence.told(user)));
    let there: Vec<_> = there.filter(|(_, shown)| shown.status != Status::Offline).collect();
    let mut effects = vec![Effect::Watch { socket: socket.clone(), channel }];
    for frame in frames(channel, &there, true) {
        effects.push(Effect::Answer { socket: socket.clone(), frame: frame.into() });
    }
    cx.tell(effects).await;
    Ok(())
}

/// Chooses how the caller is shown; on every device, until it ends or the server restarts.
pub async fn choose(cx: &Cx, means: &Means, body: PresenceChange) -> Result<Presence> {
    let choice = Choice::parse(body, cx.now())?;
    let user = caller(cx)?;
    means.whispers.take(cx)?;
    cx.permit(PresenceDeed::Own).await?;
    means.presence.choose(user, choice);
    Ok(presence(user, &means.presence.now(user)))
}

/// How the caller is shown.
pub async fn own(cx: &Cx, means: &Means) -> Result<Presence> {
    cx.permit(PresenceDeed::Own).await?;
    let user = caller(cx)?;
    Ok(presence(user, &means.presence.now(user)))
}

/// Tells those who watch what has changed since the last time.
pub async fn tell(system: &Cx, means: &Means) -> Result<()> {
    let _in_order = means.presence.telling.lock().await;
    let news = means.presence.news();
    if news.is_empty() {
        return Ok(());
    }
    let watched = system
        .view(PresenceDeed::Tell, move |look| {
            let mut watched = Vec::new();
            for channel in look.hub().watched() {
                if let Some(fact) = look.channel_fact(channel)? {
                    watched.push((channel, fact));
                }
            }
            Ok(watched)
        })
        .await?;
    let mut effects = Vec::new();
    for (channel, fact) in watched {
        let theirs: Vec<_> = news.iter().filter(|(user, _)| fact.members.contains_key(user)).cloned().collect();
        if !theirs.is_empty() {
            effects.extend(
                frames(channel, &theirs, false)
                    .into_iter()
                    .map(|frame| Effect::TellWatchers { channel, frame: frame.into() }),
            );
        }
    }
    means.presence.tell(&news);
    if !effects.is_empty() {
        system.tell(effects).await;
    }
    Ok(())
}

/// `people` in frames of a bounded size; a whole picture has one frame even when nobody is there.
fn frames(channel: ChannelId, people: &[(UserId, Shown)], whole: bool) -> Vec<String> {
    let encode = |part: &[(UserId, Shown)], whole| {
        let users = part.iter().map(|(user, shown)| presence(*user, shown)).collect();
        Frame::Presence { channel_id: channel, whole, users }.encode()
    };
    if people.is_empty() {
        return vec![encode(&[], whole)];
    }
    // Only the first one may say that everybody it does not name is gone.
    people.chunks(PEOPLE_PER_FRAME).enumerate().map(|(n, part)| encode(part, whole && n == 0)).collect()
}

fn presence(user: UserId, shown: &Shown) -> Presence {
    Presence {
        user_id: user,
        status: shown.status.name(),
        text: shown.text.as_deref().map(str::to_owned),
        until: shown.until,
    }
}

fn caller(cx: &Cx) -> Result<UserId> {
    cx.who().user().ok_or_else(|| Error::unauthenticated("not_signed_in", "Sign in first."))
}
