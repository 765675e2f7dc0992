//! Letting messages wait, and changing one's mind.

use std::time::Duration;

use super::deeds::ScheduleDeed;
use super::rows::{self, Stored};
use super::sealing;
use crate::clock::Timestamp;
use crate::crypto::Keyring;
use crate::error::{Error, FieldFault, Result};
use crate::features::commands;
use crate::features::messages::Draft;
use crate::features::{Cursor, Means, Paged};
use crate::gate::{Cx, Who};
use crate::id::{Id, ScheduledId};
use crate::wire::messages::NewMessage;
use crate::wire::schedule::{NewScheduled, Scheduled, ScheduledChange};

/// Messages of one person that may wait.
pub const WAITING_MAX: i64 = 100;
/// How far ahead one may be planned.
pub const AHEAD_MAX: Duration = Duration::from_hours(24 * 366);

/// Lets a message wait.
pub async fn plan(cx: &Cx, means: &Means, body: NewScheduled) -> Result<Scheduled> {
    let Who::Person(session) = cx.who() else {
        return Err(Error::unauthenticated("not_signed_in", "Sign in first."));
    };
    let (author, asker, scheduled) = (session.user, (session.user, session.key()), cx.new_id());
    let (message, send_at) = (body.message, body.send_at);
    let message = checked(message, send_at, cx.now(), means)?;
    commands::check(cx, &message).await?;
    let sealed = sealing::seal(cx.keys(), scheduled, author, &message)?;
    let (channel, phi) = (message.channel, message.contains_phi);
    cx.act(ScheduleDeed::Plan { channel, scheduled, phi }, move |act| {
        if rows::count(act, author)? >= WAITING_MAX {
            let detail = format!("{WAITING_MAX} of your messages wait already: cancel some.");
            return Err(Error::conflict("schedule_full", detail));
        }
        let now = act.now();
        rows::insert(act, scheduled, asker, channel, &sealed, phi, send_at)?;
        let NewMessage { text, contains_phi, metadata, .. } = message;
        Ok(Scheduled {
            id: scheduled,
            channel_id: channel,
            text: text.to_string(),
            contains_phi,
            metadata,
            send_at,
            failure: None,
            created_at: now,
            updated_at: now,
        })
    })
    .await
}

/// One's messages that wait, in the order in which they were written; the cursor is an id.
pub async fn list(cx: &Cx, means: &Means, page: Cursor) -> Result<Paged<Scheduled>> {
    let limit = page.rows(&means.limits)?;
    let back = page.after.is_some();
    let from = match page.after.or(page.before) {
        None => ScheduledId::from_uuid(uuid::Uuid::nil()),
        Some(text) => text.parse().map_err(|_| Error::field("before", "must be a cursor that this list gave"))?,
    };
    let rows = cx
        .view(ScheduleDeed::List, move |look| {
            let asker = (look.user()?, look.key());
            let stored = rows::list(look, asker, from, back, limit)?;
            stored.into_iter().map(|stored| shown(look.keys(), stored)).collect::<Result<Vec<_>>>()
        })
        .await?;
    Ok(Paged::of(rows, limit, |scheduled| scheduled.id.to_string()))
}

/// Changes one that waits, or lets one that failed wait again.
pub async fn change(cx: &Cx, means: &Means, scheduled: ScheduledId, body: ScheduledChange) -> Result<Scheduled> {
    let missing = || Error::missing("scheduled message");
    let find = move |look: &mut crate::gate::Look<'_, '_>| {
        let asker = (look.user()?, look.key());
        rows::show(look, scheduled, asker)?.ok_or_else(missing)
    };
    let stored = cx.view(ScheduleDeed::List, find).await?;
    let mut message = sealing::open(cx.keys(), &stored)?;
    if let Some(text) = body.text {
        message.text = text;
    }
    message.contains_phi = body.contains_phi.unwrap_or(message.contains_phi);
    message.metadata = body.metadata.over(message.metadata.take());
    let send_at = body.send_at.unwrap_or(stored.send_at);
    let message = checked(message, send_at, cx.now(), means)?;
    commands::check(cx, &message).await?;
    // Whoever changes it answers for it: what a key wrote and a person changed goes out as the person's.
    let asker = (stored.author, cx.who().key());
    let sealed = sealing::seal(cx.keys(), scheduled, stored.author, &message)?;
    let phi = message.contains_phi;
    cx.act(ScheduleDeed::Change { scheduled }, move |act| {
        // It may have been posted meanwhile.
        if rows::change(act, scheduled, asker, &sealed, phi, send_at)? == 0 {
            return Err(missing());
        }
        Ok(())
    })
    .await?;
    let stored = cx.view(ScheduleDeed::List, find).await?;
    shown(cx.keys(), stored)
}

/// Strikes one off.
pub async fn cancel(cx: &Cx, scheduled: ScheduledId) -> Result<()> {
    cx.act(ScheduleDeed::Cancel { scheduled }, move |act| {
        let asker = (act.user()?, act.key());
        if rows::cancel(act, scheduled, asker)? == 0 {
            return Err(Error::missing("scheduled message"));
        }
        Ok(())
    })
    .await
}

/// Holds it to what a message has to be now, so that its author need not be told later.
fn checked(message: NewMessage, send_at: Timestamp, now: Timestamp, means: &Means) -> Result<NewMessage> {
    let (expires, command) = (message.expires_in_seconds, message.command);
    let draft = Draft::parse(message, &means.limits);
    let in_time = send_at > now && send_at.since(now) <= AHEAD_MAX;
    if in_time && let Ok(draft) = draft {
        let Draft { channel, text, contains_phi, client_message_id, metadata, reply_to, .. } = draft;
        return Ok(NewMessage {
            channel,
            text,
            contains_phi,
            client_message_id,
            metadata,
            expires_in_seconds: expires,
            reply_to,
            command,
        });
    }
    let mut faults = match draft {
        Err(error) if error.faults().is_empty() => return Err(error),
        Err(error) => error.faults().to_vec(),
        Ok(_) => Vec::new(),
    };
    if !in_time {
        let detail = "must be a time to come, at most 366 days ahead".to_owned();
        faults.push(FieldFault { field: "sendAt", detail });
    }
    Err(Error::fields(faults))
}

fn shown(keys: &Keyring, stored: Stored) -> Result<Scheduled> {
    let message = sealing::open(keys, &stored)?;
    Ok(Scheduled {
        id: stored.id,
        channel_id: stored.channel,
        text: message.text.to_string(),
        contains_phi: stored.phi,
        metadata: message.metadata,
        send_at: stored.send_at,
        failure: stored.failure,
        created_at: stored.created,
        updated_at: stored.updated,
    })
}
