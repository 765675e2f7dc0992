//! Carrying commands out.

use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::deeds::CommandDeed;
use super::rows;
use super::spoken::{person, span, spoken};
use crate::error::{Error, Result};
use crate::features::users::Username;
use crate::features::{channels, reminders, templates};
use crate::gate::Cx;
use crate::id::UserId;
use crate::wire::channels::NewMember;
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

/// Carries out what a text stands for, if it is a command.
pub async fn carry_out(cx: &Cx, mut body: NewMessage) -> Result<Outcome> {
    let asked = body.command.take();
    if asked == Some(false) || !body.text.starts_with('/') {
        return Ok(Outcome::Post(body));
    }
    if body.text.starts_with("//") {
        body.text = Zeroizing::new(body.text[1..].to_owned());
        return Ok(Outcome::Post(body));
    }
    let text = std::mem::take(&mut body.text);
    let unknown = |mut body: NewMessage, text: Zeroizing<String>| {
        if asked == Some(true) {
            return Err(Error::invalid("unknown_command", "There is no such command: see GET /api/commands."));
        }
        body.text = text;
        Ok(Outcome::Post(body))
    };
    let Some(said) = spoken(&text) else { return unknown(body, text) };
    let channel = body.channel;
    let done = |command, message| Ok(Outcome::Done(Done { success: true, command, message }));
    match said.name {
        "me" => {
            if said.rest.is_empty() {
                return Err(usage("/me TEXT"));
            }
            let mut metadata = match body.metadata.take() {
                Some(Value::Object(metadata)) => metadata,
                _ => Map::new(),
            };
            metadata.insert("type".to_owned(), json!("action"));
            body.metadata = Some(Value::Object(metadata));
            body.text = Zeroizing::new(said.rest.to_owned());
            Ok(Outcome::Post(body))
        }
        "invite" => {
            let (name, rest) = person(said.rest).ok_or_else(|| usage("/invite @NAME"))?;
            if !rest.is_empty() {
                return Err(usage("/invite @NAME"));
            }
            let user = find(cx, name).await?;
            channels::add_member(cx, channel, NewMember { user, role: None }).await?;
            done("invite", "There is a new member.")
        }
        "remind" => {
            let (ahead, about) = span(said.rest).ok_or_else(|| usage("/remind 20m TEXT"))?;
            let remind_at = cx.now().plus(ahead);
            let text = Zeroizing::new(about.to_owned());
            reminders::ask(cx, NewReminder { text, remind_at, channel: Some(channel) }).await?;
            done("remind", "You will be reminded.")
        }
        name => match templates::find(cx, name).await? {
            Some(template) => {
                let with = if said.rest.is_empty() { template } else { format!("{template} {}", said.rest) };
                body.text = Zeroizing::new(with);
                Ok(Outcome::Post(body))
            }
            None => unknown(body, text),
        },
    }
}

async fn find(cx: &Cx, name: &str) -> Result<UserId> {
    let key = Username::fold(name);
    cx.view(CommandDeed::FindPerson, move |look| rows::person_named(look, &key))
        .await?
        .ok_or_else(|| Error::missing("user"))
}

fn usage(usage: &'static str) -> Error {
    Error::field("text", format!("is not how this command is given: {usage}"))
}
