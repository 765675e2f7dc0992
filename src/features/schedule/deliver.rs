//! Posting what is due, in the name of those who wrote it.

use serde_json::{Value, json};

use super::deeds::ScheduleDeed;
use super::rows::{self, Stored};
use super::sealing;
use crate::error::{Kind, Result};
use crate::features::commands::{self, Outcome};
use crate::features::{Means, messages};
use crate::gate::{Act, Cx, Gate};
use crate::wire::frames::Frame;
use crate::wire::messages::NewMessage;

/// Messages that are looked for at once.
const SLICE: u32 = 50;

/// Posts everything whose time has come; what could not be posted for a passing reason waits for the next turn.
pub async fn deliver(gate: &Gate, means: &Means) -> Result<()> {
    let system = gate.system();
    loop {
        let now = system.now();
        let due = system.view(ScheduleDeed::Due, move |look| rows::due(look, now, SLICE)).await?;
        let full = due.len() >= SLICE as usize;
        let mut settled = 0;
        for stored in due {
            settled += usize::from(post(gate, means, stored).await?);
        }
        if !full || settled == 0 {
            return Ok(());
        }
    }
}

/// Posts one; says whether it is settled, one way or the other.
async fn post(gate: &Gate, means: &Means, stored: Stored) -> Result<bool> {
    let system = gate.system();
    let message = sealing::open(system.keys(), &stored)?;
    let (scheduled, channel, user) = (stored.id, stored.channel, stored.author);
    let outcome = match gate.on_behalf(stored.author, stored.key).await {
        Ok(author) => carry_out(&author, means, &stored, message).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(data) => {
            let work = move |act: &mut Act<'_, '_>| {
                rows::strike_off(act, scheduled)?;
                act.tell_user(user, Frame::Notification { data }.encode());
                Ok(())
            };
            system.act(ScheduleDeed::Settle, work).await?;
            Ok(true)
        }
        Err(error) if matches!(error.kind(), Kind::Busy | Kind::TooMany) => Ok(false),
        Err(error) => {
            if error.kind() == Kind::Internal {
                tracing::error!(cause = error.chain(), "a scheduled message could not be posted");
            }
            let code = error.code();
            let data = json!({
                "kind": "scheduled_failed", "scheduledId": scheduled, "channelId": channel, "code": code,
            });
            let work = move |act: &mut Act<'_, '_>| {
                rows::fail(act, scheduled, code)?;
                act.tell_user(user, Frame::Notification { data }.encode());
                Ok(())
            };
            system.act(ScheduleDeed::Fail { scheduled, channel, code }, work).await?;
            Ok(true)
        }
    }
}

/// Does what was asked; gives what its author is told.
async fn carry_out(author: &Cx, means: &Means, stored: &Stored, message: NewMessage) -> Result<Value> {
    let (scheduled, channel) = (stored.id, stored.channel);
    match commands::carry_out(author, means, message).await? {
        Outcome::Post(message) => {
            let posted = messages::post(author, means, message).await?;
            Ok(json!({
                "kind": "scheduled_sent", "scheduledId": scheduled, "channelId": channel, "messageId": posted.message.id,
            }))
        }
        Outcome::Done(done) => Ok(json!({
            "kind": "scheduled_done", "scheduledId": scheduled, "channelId": channel, "command": done.command,
        })),
    }
}
