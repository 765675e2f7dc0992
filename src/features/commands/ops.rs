//! Carrying commands out.

use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::deeds::CommandDeed;
use super::model::{Asked, asked};
use super::rows;
use super::spoken::spoken;
use crate::error::{Error, Result};
use crate::features::users::Username;
use crate::features::{Expected, Means, channels, reminders, templates};
use crate::gate::{Cx, Sanction};
use crate::id::UserId;
use crate::wire::Change;
use crate::wire::channels::{ChannelChange, NewMember, NewSanction};
use crate::wire::messages::NewMessage;
use crate::wire::schedule::NewReminder;
use crate::wire::templates::Done;

/// What came of a text that was sent.
pub enum Outcome {
    /// It is to be posted, as it is or as a command made it.
    Post(NewMessage),
    /// It was a command, and is done.
    Done(Done),
}

/// Says whether a text that waits for its time could be carried out or posted as it stands: how a command is given,
/// and that there is one where one was asked for.
pub async fn check(cx: &Cx, body: &NewMessage) -> Result<()> {
    if body.command == Some(false) || !body.text.starts_with('/') || body.text.starts_with("//") {
        return Ok(());
    }
    let known = match spoken(&body.text) {
        None => false,
        Some(said) => match asked(&said)? {
            Asked::Template { name, .. } if body.command == Some(true) => templates::find(cx, name).await?.is_some(),
            _ => true,
        },
    };
    if known || body.command.is_none() { Ok(()) } else { Err(unknown()) }
}

/// Carries out what a text stands for, if it is a command.
pub async fn carry_out(cx: &Cx, means: &Means, mut body: NewMessage) -> Result<Outcome> {
    let wanted = body.command.take();
    if wanted == Some(false) || !body.text.starts_with('/') {
        return Ok(Outcome::Post(body));
    }
    if body.text.starts_with("//") {
        body.text = Zeroizing::new(body.text[1..].to_owned());
        return Ok(Outcome::Post(body));
    }
    let text = std::mem::take(&mut body.text);
    let as_it_is = |mut body: NewMessage, text: Zeroizing<String>| {
        if wanted == Some(true) {
            return Err(unknown());
        }
        body.text = text;
        Ok(Outcome::Post(body))
    };
    let Some(said) = spoken(&text) else { return as_it_is(body, text) };
    let channel = body.channel;
    let done = |command, message| Ok(Outcome::Done(Done { success: true, command, message }));
    match asked(&said)? {
        Asked::Me { text } => {
            let mut metadata = match body.metadata.take() {
                Some(Value::Object(metadata)) => metadata,
                _ => Map::new(),
            };
            metadata.insert("type".to_owned(), json!("action"));
            body.metadata = Some(Value::Object(metadata));
            body.text = Zeroizing::new(text.to_owned());
            Ok(Outcome::Post(body))
        }
        Asked::Topic { topic } => {
            let topic = topic.map_or(Change::Clear, |topic| Change::Set(topic.to_owned()));
            let change = ChannelChange { topic, ..ChannelChange::default() };
            channels::update(cx, means, channel, Expected::any(), change).await.map_err(of_the_text)?;
            done("topic", "The topic was changed.")
        }
        Asked::Invite { name } => {
            let user = find(cx, name).await?;
            channels::add_member(cx, channel, NewMember { user, role: None }).await?;
            done("invite", "There is a new member.")
        }
        Asked::Mute { name, ahead } => {
            let user = find(cx, name).await?;
            let until = ahead.map(|ahead| cx.now().plus(ahead).to_string());
            channels::sanction(cx, channel, user, Sanction::Mute, NewSanction { until }).await.map_err(of_the_text)?;
            done("mute", "The member is muted.")
        }
        Asked::Unmute { name } => {
            let user = find(cx, name).await?;
            channels::lift(cx, channel, user, Sanction::Mute).await?;
            done("mute", "The member may write again.")
        }
        Asked::Remind { ahead, about } => {
            let remind_at = cx.now().plus(ahead);
            let text = Zeroizing::new(about.to_owned());
            reminders::ask(cx, NewReminder { text, remind_at, channel: Some(channel) }).await.map_err(of_the_text)?;
            done("remind", "You will be reminded.")
        }
        Asked::Template { name, rest } => match templates::find(cx, name).await? {
            Some(template) => {
                body.text = Zeroizing::new(if rest.is_empty() { template } else { format!("{template} {rest}") });
                Ok(Outcome::Post(body))
            }
            None => as_it_is(body, text),
        },
    }
}

async fn find(cx: &Cx, name: &str) -> Result<UserId> {
    let key = Username::fold(name);
    cx.view(CommandDeed::FindPerson, move |look| rows::person_named(look, &key))
        .await?
        .ok_or_else(|| Error::missing("user"))
}

fn unknown() -> Error {
    Error::invalid("unknown_command", "There is no such command: see GET /api/commands.")
}

/// Whoever typed a command knows no other field than its text.
fn of_the_text(error: Error) -> Error {
    match error.faults().first() {
        Some(fault) => Error::field("text", fault.detail.clone()),
        None => error,
    }
}
