//! What is known of one setting. The rows stand beside the structs they fill; together they are the one table
//! that loading, `config show`, the JSON Schema, the reference and the command line are made from.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::kind::{Kind, Pick, Value};
use super::{Config, Engine, Level, Secret};

/// One setting.
#[derive(Clone, Copy)]
pub struct Setting {
    /// The environment variable.
    pub name: &'static str,
    /// The section of the file; empty = outside any section.
    pub section: &'static str,
    /// The key in that section.
    pub key: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// Where in [`Config`] it is kept.
    pub at: for<'a> fn(&'a mut Config) -> &'a mut dyn Field,
    /// What holds when it is unset and the struct's default cannot say it; may be empty.
    pub unset: &'static str,
    /// Whether `--help` names it.
    pub common: bool,
    /// What it does, in sentences.
    pub doc: &'static str,
}

/// A group of settings with a heading.
pub struct Section {
    /// The section of the file; empty = outside any section.
    pub name: &'static str,
    /// The heading in the reference and in `--help`.
    pub title: &'static str,
    /// The settings.
    pub settings: &'static [Setting],
}

impl Setting {
    /// `section.key`, as the file is spoken of.
    pub fn path(&self) -> String {
        if self.section.is_empty() { self.key.into() } else { format!("{}.{}", self.section, self.key) }
    }

    /// The name in the older `config.json`: `jwtExpiresIn`.
    pub fn camel(&self) -> String {
        let mut camel = String::new();
        for (nth, word) in self.name.split('_').enumerate() {
            let word = word.to_ascii_lowercase();
            match (nth, word.split_at_checked(1)) {
                (1.., Some((first, rest))) => {
                    camel.push_str(&first.to_ascii_uppercase());
                    camel.push_str(rest);
                }
                _ => camel.push_str(&word),
            }
        }
        camel
    }

    /// The long option, `jwt-expires-in`.
    pub fn option(&self) -> String {
        self.name.to_ascii_lowercase().replace('_', "-")
    }

    /// The value in `config` as a person would write it, a secret masked; `None` = unset.
    pub fn show(&self, config: &Config) -> Option<String> {
        let mut copy = config.clone();
        (self.at)(&mut copy).take().map(|value| self.kind.show(&value))
    }

    /// The default in words, for the reference and `--help`.
    pub fn default_words(&self) -> String {
        match self.show(&Config::default()) {
            _ if !self.unset.is_empty() => self.unset.into(),
            Some(text) if !text.is_empty() => text,
            _ => "none".into(),
        }
    }
}

/// A place in [`Config`] that a [`Value`] can be put into and read back from.
pub trait Field {
    /// Puts the value there; `false` = the value is of the wrong kind or does not fit, which is a mistake in the
    /// table that a test finds.
    fn put(&mut self, value: Value) -> bool;
    /// The value, `None` = unset.
    fn take(&self) -> Option<Value>;
}

/// Writes `impl Field` for a type that one variant of [`Value`] holds as it is, and for its optional.
macro_rules! field {
    ($($type:ty => $variant:ident),* $(,)?) => {$(
        impl Field for $type {
            fn put(&mut self, value: Value) -> bool {
                let Value::$variant(value) = value else { return false };
                *self = value;
                true
            }
            fn take(&self) -> Option<Value> {
                Some(Value::$variant(self.clone()))
            }
        }
        impl Field for Option<$type> {
            fn put(&mut self, value: Value) -> bool {
                let Value::$variant(value) = value else { return false };
                *self = Some(value);
                true
            }
            fn take(&self) -> Option<Value> {
                self.clone().map(Value::$variant)
            }
        }
    )*};
}

field! {
    Duration => Span,
    String => Text,
    PathBuf => Path,
    Vec<IpAddr> => Addresses,
    Vec<ipnet::IpNet> => Networks,
    Vec<String> => Words,
    Secret => Secret,
}

/// The same for numbers, which may be narrower than the 64 bits they are read in.
macro_rules! number {
    ($($type:ty),*) => {$(
        impl Field for $type {
            fn put(&mut self, value: Value) -> bool {
                let Value::Whole(count) = value else { return false };
                <$type>::try_from(count).map(|count| *self = count).is_ok()
            }
            fn take(&self) -> Option<Value> {
                u64::try_from(*self).ok().map(Value::Whole)
            }
        }
    )*};
}

number!(u16, u32, usize);

/// The same for words.
macro_rules! pick {
    ($($type:ty => $variant:ident),*) => {$(
        impl Field for $type {
            fn put(&mut self, value: Value) -> bool {
                let Value::Pick(Pick::$variant(pick)) = value else { return false };
                *self = pick;
                true
            }
            fn take(&self) -> Option<Value> {
                Some(Value::Pick(Pick::$variant(*self)))
            }
        }
    )*};
}

pick!(bool => Flag, Level => Level, Engine => Engine);
