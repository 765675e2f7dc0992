//! What is logged and how.

use std::time::Duration;

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
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Log {
    /// `LOG_LEVEL`; Node's names are taken too.
    pub level: Level,
    /// `LOG_FORMAT=json`.
    pub json: bool,
    /// `LOG_FILES`: whether there are log files in the data folder.
    pub files: bool,
    /// `LOG_FILE_FORMAT=json`.
    pub files_json: bool,
    /// `LOG_FILE_BYTES`: a file of this length is put away.
    pub file_bytes_max: usize,
    /// `LOG_FILE_AGE`: so is one that was begun this long ago.
    pub file_age_max: Duration,
    /// `LOG_KEPT`: how long what was put away is kept.
    pub kept: Duration,
    /// `LOG_DISK_BYTES`: bytes of all log files together.
    pub bytes_max: usize,
    /// `LOG_ACCESS`: whether there is an access log.
    pub access: bool,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            level: Level::Info,
            json: false,
            files: true,
            files_json: true,
            file_bytes_max: 10 * 1024 * 1024,
            file_age_max: Duration::from_hours(24),
            kept: Duration::from_hours(90 * 24),
            bytes_max: 512 * 1024 * 1024,
            access: true,
        }
    }
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
        doc: "The form of what is written to standard error: lines for people, or one JSON object a line for programs.",
    },
    Setting {
        name: "LOG_FILES",
        section: "log",
        key: "files",
        kind: Kind::Flag,
        at: |c| &mut c.log.files,
        unset: "",
        common: false,
        doc: "Whether the logs are also written to files in DATA_DIR/logs: the system log, admin for what administrators do, access for who asked for what. mcp-messenger logs shows them.",
    },
    Setting {
        name: "LOG_FILE_FORMAT",
        section: "log",
        key: "file_format",
        kind: Kind::OneOf(&[
            Choice { word: "json", also: &[], pick: Pick::Flag(true) },
            Choice { word: "text", also: &[], pick: Pick::Flag(false) },
        ]),
        at: |c| &mut c.log.files_json,
        unset: "",
        common: false,
        doc: "The form of the log files.",
    },
    Setting {
        name: "LOG_FILE_BYTES",
        section: "log",
        key: "file_bytes",
        kind: Kind::Bytes { min: 4 * 1024, max: 1024 * 1024 * 1024 },
        at: |c| &mut c.log.file_bytes_max,
        unset: "",
        common: false,
        doc: "A log file that would become longer is put away, packed, into DATA_DIR/logs/archive, and a new one is begun.",
    },
    Setting {
        name: "LOG_FILE_AGE",
        section: "log",
        key: "file_age",
        kind: Kind::Span { min: Duration::from_mins(1), max: Duration::from_hours(366 * 24) },
        at: |c| &mut c.log.file_age_max,
        unset: "",
        common: false,
        doc: "A log file that was begun this long ago is put away too.",
    },
    Setting {
        name: "LOG_KEPT",
        section: "log",
        key: "kept",
        kind: Kind::Span { min: Duration::from_hours(1), max: Duration::from_hours(3660 * 24) },
        at: |c| &mut c.log.kept,
        unset: "",
        common: false,
        doc: "How long log files that were put away are kept. The audit log is not a file and is not touched by this.",
    },
    Setting {
        name: "LOG_DISK_BYTES",
        section: "log",
        key: "disk_bytes",
        kind: Kind::Bytes { min: 64 * 1024, max: 1024 * 1024 * 1024 * 1024 },
        at: |c| &mut c.log.bytes_max,
        unset: "",
        common: false,
        doc: "How much of the disk all log files may take together. The oldest that were put away are removed first, those of administrators last.",
    },
    Setting {
        name: "LOG_ACCESS",
        section: "log",
        key: "access",
        kind: Kind::Flag,
        at: |c| &mut c.log.access,
        unset: "",
        common: false,
        doc: "Whether there is an access log. It names routes, addresses and the ids of accounts, and nothing that was asked or answered.",
    },
];
