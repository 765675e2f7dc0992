//! Choosing how long messages live, and erasing those whose time is over.

use std::time::Duration;

use super::Watch;
use super::deeds::ExpiryDeed;
use super::rows;
use crate::error::{Error, Result};
use crate::features::messages::{self, LIFETIME_SECONDS, Withdrawal};
use crate::gate::Cx;
use crate::id::{ChannelId, MessageId};
use crate::wire::channels::{Lifetime, LifetimeChange};

/// Messages that are erased in one turn of the writer, which takes a few milliseconds at most.
const SLICE: u32 = 50;

/// How long messages live in a channel.
pub async fn lifetime(cx: &Cx, channel: ChannelId) -> Result<Lifetime> {
    cx.view(ExpiryDeed::Show { channel }, move |look| {
        Ok(Lifetime { channel_id: channel, message_lifetime_seconds: rows::lifetime(look, channel)? })
    })
    .await
}

/// Changes it; what is older than a new lifetime is erased soon.
pub async fn set_lifetime(cx: &Cx, channel: ChannelId, body: LifetimeChange) -> Result<Lifetime> {
    let seconds = body.message_lifetime_seconds;
    if seconds.is_some_and(|seconds| !LIFETIME_SECONDS.contains(&seconds)) {
        let (min, max) = (LIFETIME_SECONDS.start(), LIFETIME_SECONDS.end());
        return Err(Error::field("messageLifetimeSeconds", format!("must be null or between {min} and {max}")));
    }
    cx.act(ExpiryDeed::Set { channel, seconds: seconds.unwrap_or(0) }, move |act| {
        match seconds {
            Some(seconds) => rows::set_lifetime(act, channel, seconds)?,
            None => rows::drop_lifetime(act, channel)?,
        }
        Ok(Lifetime { channel_id: channel, message_lifetime_seconds: seconds })
    })
    .await
}

/// Erases everything whose time is over, slice by slice; says how many messages.
pub async fn sweep(system: &Cx, watch: &Watch) -> Result<usize> {
    watch.check(system.now(), system.monotonic())?;
    let mut erased = 0;
    loop {
        let now = system.now();
        let due = system.view(ExpiryDeed::Look, move |look| rows::due(look, now, SLICE)).await?;
        let full = due.len() >= SLICE as usize;
        erased += erase(system, due, None).await?;
        if !full {
            break;
        }
    }
    for (channel, seconds) in system.view(ExpiryDeed::Look, rows::lifetimes).await? {
        let lives = Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX));
        loop {
            let now = system.now();
            let next = system.view(ExpiryDeed::Look, move |look| rows::oldest(look, channel, SLICE)).await?;
            let full = next.len() >= SLICE as usize;
            let over: Vec<_> = next.into_iter().take_while(|row| now.since(row.at) >= lives).collect();
            let all = full && over.len() >= SLICE as usize;
            let upto = over.last().map(|row| (channel, row.seq));
            erased += erase(system, over.into_iter().map(|row| row.message).collect(), upto).await?;
            if !all {
                break;
            }
        }
    }
    Ok(erased)
}

async fn erase(system: &Cx, messages: Vec<MessageId>, upto: Option<(ChannelId, i64)>) -> Result<usize> {
    if messages.is_empty() {
        return Ok(0);
    }
    let count = messages.len();
    system
        .act(ExpiryDeed::Erase { messages: count }, move |act| {
            for message in messages {
                messages::withdraw(act, message, Withdrawal::Erased)?;
                rows::forget(act, message)?;
            }
            match upto {
                Some((channel, seq)) => rows::swept(act, channel, seq),
                None => Ok(()),
            }
        })
        .await?;
    Ok(count)
}
