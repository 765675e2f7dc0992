//! What a command asks for, once its arguments are read.

use std::time::Duration;

use super::spoken::{Spoken, person, span};
use crate::error::{Error, Result};

/// How each command is given; what completes a command shows the same words.
pub(super) const ME: &str = "TEXT";
pub(super) const TOPIC: &str = "TEXT, or - for none";
pub(super) const INVITE: &str = "@NAME";
pub(super) const MUTE: &str = "@NAME [20m], or @NAME off";
pub(super) const REMIND: &str = "20m TEXT";

/// A command with arguments that can be meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked<'a> {
    /// Post what one is doing.
    Me { text: &'a str },
    /// Say what the channel talks about; `None` takes that away.
    Topic { topic: Option<&'a str> },
    /// Make somebody a member.
    Invite { name: &'a str },
    /// Silence somebody, for a time or until it is lifted.
    Mute { name: &'a str, ahead: Option<Duration> },
    /// Let somebody write again.
    Unmute { name: &'a str },
    /// Be reminded.
    Remind { ahead: Duration, about: &'a str },
    /// A template, if the clinic has one of that name.
    Template { name: &'a str, rest: &'a str },
}

/// Reads the arguments. What is no command of the program may be a template.
pub(super) fn asked<'a>(said: &Spoken<'a>) -> Result<Asked<'a>> {
    let Spoken { name, rest } = *said;
    Ok(match name {
        "me" if rest.is_empty() => return Err(usage("me", ME)),
        "me" => Asked::Me { text: rest },
        "topic" => match rest {
            "" => return Err(usage("topic", TOPIC)),
            "-" => Asked::Topic { topic: None },
            topic => Asked::Topic { topic: Some(topic) },
        },
        "invite" => match person(rest) {
            Some((name, "")) => Asked::Invite { name },
            _ => return Err(usage("invite", INVITE)),
        },
        "mute" => match person(rest) {
            Some((name, "")) => Asked::Mute { name, ahead: None },
            Some((name, "off")) => Asked::Unmute { name },
            Some((name, time)) => match span(time) {
                Some((ahead, "")) => Asked::Mute { name, ahead: Some(ahead) },
                _ => return Err(usage("mute", MUTE)),
            },
            None => return Err(usage("mute", MUTE)),
        },
        "remind" => match span(rest) {
            Some((ahead, about)) if !about.is_empty() => Asked::Remind { ahead, about },
            _ => return Err(usage("remind", REMIND)),
        },
        name => Asked::Template { name, rest },
    })
}

fn usage(name: &str, usage: &str) -> Error {
    Error::field("text", format!("is not how this command is given: /{name} {usage}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::commands::spoken::spoken;

    fn read(text: &str) -> Option<Asked<'_>> {
        asked(&spoken(text).unwrap()).ok()
    }

    #[test]
    fn arguments_are_read_or_the_usage_is_told() {
        assert_eq!(read("/topic Rounds at 8"), Some(Asked::Topic { topic: Some("Rounds at 8") }));
        assert_eq!(read("/topic -"), Some(Asked::Topic { topic: None }));
        assert_eq!(read("/mute @bob"), Some(Asked::Mute { name: "bob", ahead: None }));
        let hour = Some(Duration::from_hours(1));
        assert_eq!(read("/mute bob in 1h"), Some(Asked::Mute { name: "bob", ahead: hour }));
        assert_eq!(read("/mute @bob off"), Some(Asked::Unmute { name: "bob" }));
        assert_eq!(read("/hand-over bed 4"), Some(Asked::Template { name: "hand-over", rest: "bed 4" }));
        for text in
            ["/topic", "/topic  ", "/mute", "/mute @", "/mute @bob soon", "/mute @bob 1h why", "/remind 1h", "/me"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
