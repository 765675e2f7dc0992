//! Asking, listing, telling.

use std::time::Duration;

use serde_json::json;

use super::deeds::ReminderDeed;
use super::rows::{self, Stored};
use crate::crypto::{Cell, Keyring, Purpose};
use crate::error::{Error, FieldFault, Kind, Result};
use crate::features::{Cursor, Means, Paged};
use crate::gate::{Cx, Gate, Who};
use crate::id::{Id, ReminderId, UserId};
use crate::wire::frames::Frame;
use crate::wire::schedule::{NewReminder, Reminder};

/// Characters of a reminder.
pub const TEXT_CHARS_MAX: usize = 1_000;
/// Reminders that one person may have.
pub const REMINDERS_MAX: i64 = 100;
/// How far ahead one may be.
pub const AHEAD_MAX: Duration = Duration::from_hours(24 * 366);
/// Reminders that are told at once.
const SLICE: u32 = 50;

/// Asks for one.
pub async fn ask(cx: &Cx, body: NewReminder) -> Result<Reminder> {
    let Who::Person(session) = cx.who() else {
        return Err(Error::unauthenticated("not_signed_in", "Sign in first."));
    };
    let NewReminder { text, remind_at, channel } = body;
    let mut faults = Vec::new();
    if text.trim().is_empty() || text.chars().count() > TEXT_CHARS_MAX {
        faults.push(FieldFault { field: "text", detail: format!("must have 1 to {TEXT_CHARS_MAX} characters") });
    } else if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        faults.push(FieldFault { field: "text", detail: "may not have control characters".to_owned() });
    }
    let now = cx.now();
    if remind_at <= now || remind_at.since(now) > AHEAD_MAX {
        let detail = "must be a time to come, at most 366 days ahead".to_owned();
        faults.push(FieldFault { field: "remindAt", detail });
    }
    if !faults.is_empty() {
        return Err(Error::fields(faults));
    }
    let (user, asker, reminder) = (session.user, (session.user, session.key()), cx.new_id());
    let sealed = cx.keys().seal_text(Purpose::Messages, &cell(reminder, user), &text)?;
    cx.act(ReminderDeed::Ask { reminder, channel }, move |act| {
        if rows::count(act, user)? >= REMINDERS_MAX {
            let detail = format!("There are {REMINDERS_MAX} reminders already: remove some.");
            return Err(Error::conflict("reminders_full", detail));
        }
        rows::insert(act, reminder, asker, channel, &sealed, remind_at)?;
        let created_at = act.now();
        let text = text.to_string();
        Ok(Reminder { id: reminder, text, channel_id: channel, remind_at, told_at: None, created_at })
    })
    .await
}

/// One's reminders, those that were told too, until they are removed; in the order in which they were asked for.
pub async fn list(cx: &Cx, means: &Means, page: Cursor) -> Result<Paged<Reminder>> {
    let limit = page.rows(&means.limits)?;
    let back = page.after.is_some();
    let from = match page.after.or(page.before) {
        None => ReminderId::from_uuid(uuid::Uuid::nil()),
        Some(text) => text.parse().map_err(|_| Error::field("before", "must be a cursor that this list gave"))?,
    };
    let rows = cx
        .view(ReminderDeed::List, move |look| {
            let asker = (look.user()?, look.key());
            let stored = rows::list(look, asker, from, back, limit)?;
            stored.iter().map(|stored| shown(look.keys(), stored)).collect::<Result<Vec<_>>>()
        })
        .await?;
    Ok(Paged::of(rows, limit, |reminder| reminder.id.to_string()))
}

/// Strikes one off.
pub async fn remove(cx: &Cx, reminder: ReminderId) -> Result<()> {
    cx.act(ReminderDeed::Remove { reminder }, move |act| {
        let asker = (act.user()?, act.key());
        if rows::remove(act, reminder, asker)? == 0 { Err(Error::missing("reminder")) } else { Ok(()) }
    })
    .await
}

/// Tells everybody whose time has come, each once. What an API key asked for is told only if it still might ask.
pub async fn remind(gate: &Gate) -> Result<()> {
    let system = gate.system();
    loop {
        let now = system.now();
        let due = system.view(ReminderDeed::Due, move |look| rows::due(look, now, SLICE)).await?;
        let full = due.len() >= SLICE as usize;
        if due.is_empty() {
            return Ok(());
        }
        let mut telling = Vec::new();
        for due in due {
            if stands(gate, &due).await? {
                telling.push(due);
            } else {
                let reminder = due.id;
                system.act(ReminderDeed::Withhold { reminder }, move |act| rows::withhold(act, reminder)).await?;
            }
        }
        system
            .act(ReminderDeed::Tell, move |act| {
                for due in telling {
                    if rows::told(act, due.id)? > 0 {
                        let data = json!({
                            "kind": "reminder", "reminderId": due.id, "channelId": due.channel,
                            "remindAt": due.remind_at,
                        });
                        act.tell_user(due.user, Frame::Notification { data }.encode());
                    }
                }
                Ok(())
            })
            .await?;
        if !full {
            return Ok(());
        }
    }
}

async fn stands(gate: &Gate, due: &Stored) -> Result<bool> {
    if due.key.is_none() {
        return Ok(true);
    }
    let asked = match gate.on_behalf(due.user, due.key).await {
        Ok(asker) => asker.permit(ReminderDeed::Ask { reminder: due.id, channel: due.channel }).await.map(drop),
        Err(over) => Err(over),
    };
    match asked {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.kind(), Kind::Unauthenticated | Kind::Refused | Kind::Missing) => Ok(false),
        Err(error) => Err(error),
    }
}

fn cell(reminder: ReminderId, user: UserId) -> Cell<'static> {
    Cell { table: "reminders", row: reminder.uuid(), column: "sealed", channel: None, sender: Some(user.uuid()) }
}

fn shown(keys: &Keyring, stored: &Stored) -> Result<Reminder> {
    let text = keys.open_text(Purpose::Messages, &cell(stored.id, stored.user), &stored.sealed)?;
    Ok(Reminder {
        id: stored.id,
        text: text.to_string(),
        channel_id: stored.channel,
        remind_at: stored.remind_at,
        told_at: stored.told,
        created_at: stored.created,
    })
}
