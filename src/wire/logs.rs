//! The server's logs, as they are shown.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::fields::{Body, Fields};

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LogLine {
    /// Where it stands.
    pub cursor: String,
    /// When, RFC 3339 in UTC.
    pub time: String,
    /// `ERROR`, `WARN`, `INFO`, `DEBUG` or `TRACE`.
    pub level: String,
    /// Which part of the program.
    pub target: String,
    /// What.
    pub message: String,
    /// What it says besides, by name.
    pub fields: Map<String, Value>,
}

/// How the log is kept.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LogState {
    /// `error`, `warn`, `info`, `debug` or `trace`; null where nothing is logged.
    pub level: Option<String>,
    /// Whether there are files; without them there is nothing to show here.
    pub files: bool,
    /// Lines that could not be written since the start.
    pub lost: u64,
}

/// `PUT /api/admin/logs/level`.
pub struct LogLevel {
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
}

impl Body for LogLevel {
    const REFUSED: &'static [&'static str] = &[];
    fn read(fields: &mut Fields) -> Self {
        Self { level: fields.text("level") }
    }
}
