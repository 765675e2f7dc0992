//! The options that are settings, made from the table of settings.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use clap::builder::StyledStr;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, FromArgMatches};

use crate::config::{Kind, Setting, settings};

/// The options that are settings.
#[derive(Debug, Clone)]
pub(super) struct Given(pub(super) BTreeMap<&'static str, String>);

impl Args for Given {
    fn augment_args(command: clap::Command) -> clap::Command {
        OPTIONS.iter().map(|(name, setting)| option(name, setting)).fold(command, clap::Command::arg)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Given {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given = BTreeMap::new();
        for (option, setting) in OPTIONS.iter() {
            let Some(values) = matches.get_many::<String>(setting.name) else { continue };
            if setting.kind.is_secret() {
                return Err(clap::Error::raw(ErrorKind::UnknownArgument, no_secrets(option, setting.name)));
            }
            given.insert(setting.name, values.map(String::as_str).collect::<Vec<_>>().join(","));
        }
        Ok(Self(given))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The options' names; clap wants to borrow them for as long as the program runs.
pub(super) static OPTIONS: LazyLock<Vec<(String, &'static Setting)>> =
    LazyLock::new(|| settings().map(|setting| (setting.option(), setting)).collect());

/// Unlike clap's own words, these do not repeat what was typed.
fn no_secrets(option: &str, name: &str) -> String {
    format!(
        "--{option} is not taken: other users of this machine can read its command lines.\n\n  \
         tip: set {name} in the environment, or {name}_FILE to the path of a file that holds it\n"
    )
}

pub(super) fn option(name: &'static str, setting: &'static Setting) -> Arg {
    let mut arg = Arg::new(setting.name)
        .long(name)
        .global(true)
        .hide(!setting.common)
        .help_heading("Settings")
        .value_name(value_name(&setting.kind))
        .help(StyledStr::from(format!("{} [default: {}]", first_sentence(setting.doc), setting.default_words())))
        .long_help(StyledStr::from(format!(
            "{}\n[allowed: {}]\n[default: {}] [env: {}]",
            setting.doc,
            setting.kind.allowed(),
            setting.default_words(),
            setting.name
        )));
    if setting.kind.is_list() {
        arg = arg.action(ArgAction::Append);
    }
    if matches!(setting.kind, Kind::Flag) {
        arg = arg.num_args(0..=1).require_equals(true).default_missing_value("true");
    }
    if setting.name == "BIND_ADDRESS" {
        arg = arg.visible_alias("bind");
    }
    arg
}

fn first_sentence(doc: &str) -> &str {
    doc.split_once(". ").map_or(doc, |(first, _)| first).trim_end_matches('.')
}

fn value_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Whole { .. } => "N",
        Kind::Bytes { .. } => "SIZE",
        Kind::Span { .. } => "TIME",
        Kind::Rate => "N/TIME",
        Kind::Flag => "true|false",
        Kind::OneOf(_) => "WORD",
        Kind::Path => "PATH",
        Kind::Addresses => "ADDRESSES",
        Kind::Networks | Kind::AllowList => "NETWORKS",
        Kind::HostNames => "NAMES",
        Kind::Origins => "ORIGINS",
        Kind::Text { .. } | Kind::Secret { .. } | Kind::Key => "TEXT",
    }
}
