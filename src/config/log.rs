//! What is logged and how.

use super::kind::{Choice, Kind, Pick};
use super::setting::Setting;

/// How talkative the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    /// Only what needs someone.
    Error,
    /// And what may soon.
    Warn,
    /// And what happened (default).
    #[default]
    Info,
    /// And why.
    Debug,
    /// And every step.
    Trace,
}

/// What is logged and how.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// `LOG_LEVEL`; Node's names are taken too.
    pub level: Level,
    /// `LOG_FORMAT=json`.
    pub json: bool,
}

impl From<Level> for tracing::level_filters::LevelFilter {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::ERROR,
            Level::Warn => Self::WARN,
            Level::Info => Self::INFO,
            Level::Debug => Self::DEBUG,
            Level::Trace => Self::TRACE,
        }
    }
}

/// What can be set here.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: "LOG_LEVEL",
        section: "log",
        key: "level",
        kind: Kind::OneOf(&[
            Choice {
                word: "error",
                also: &["fatal", "critical", "crit", "alert", "emerg", "emergency", "silent", "off"],
                pick: Pick::Level(Level::Error),
            },
            Choice { word: "warn", also: &["warning"], pick: Pick::Level(Level::Warn) },
            Choice { word: "info", also: &["notice"], pick: Pick::Level(Level::Info) },
            Choice { word: "debug", also: &["http", "verbose"], pick: Pick::Level(Level::Debug) },
            Choice { word: "trace", also: &["silly"], pick: Pick::Level(Level::Trace) },
        ]),
        at: |c| &mut c.log.level,
        unset: "",
        common: true,
        doc: "How much is logged. silent and off still log errors.",
    },
    Setting {
        name: "LOG_FORMAT",
        section: "log",
        key: "format",
        kind: Kind::OneOf(&[
            Choice { word: "text", also: &[], pick: Pick::Flag(false) },
            Choice { word: "json", also: &[], pick: Pick::Flag(true) },
        ]),
        at: |c| &mut c.log.json,
        unset: "",
        common: true,
        doc: "Lines for people, or one JSON object a line for programs.",
    },
];
