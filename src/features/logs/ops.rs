//! Reading, following, and the level.

use std::sync::{Arc, PoisonError};

use tracing::level_filters::LevelFilter;

use super::deeds::LogDeed;
use crate::error::{Context, Error, FieldFault, Result};
use crate::features::{Cursor, Means, Paged};
use crate::gate::Cx;
use crate::hub::Outbox;
use crate::logging::{self, Entry, Follow, Kind, Query};
use crate::wire::frames::Frame;
use crate::wire::logs::{LogLevel, LogLine, LogState};

/// The levels by name, the gravest first.
const LEVELS: [(&str, LevelFilter); 5] = [
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
    ("trace", LevelFilter::TRACE),
];
/// Characters that may be looked for.
const SOUGHT_CHARS_MAX: usize = 200;

/// What is looked for, as it was asked.
#[derive(Debug, Default)]
pub struct Asked {
    /// At least as grave as this.
    pub level: Option<String>,
    /// Not before this.
    pub since: Option<String>,
    /// Before this.
    pub until: Option<String>,
    /// With this in the line, whatever its case.
    pub text: Option<String>,
}

/// The log of that name.
fn kind_of(name: &str) -> Result<Kind> {
    Kind::named(name).ok_or_else(|| Error::missing("log"))
}

fn query(asked: &Asked, before: Option<String>, limit: u32) -> Result<Query> {
    let mut faults = Vec::new();
    let mut fault = |field: &'static str, detail: &str| faults.push(FieldFault { field, detail: detail.to_owned() });
    let level = match asked.level.as_deref() {
        None => None,
        Some(name) => {
            let found = LEVELS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            if found.is_none() {
                fault("level", "must be one of error, warn, info, debug, trace");
            }
            found.and_then(|(_, level)| level.into_level())
        }
    };
    let mut time = |field: &'static str, text: &Option<String>| {
        let read = text.as_deref().map(str::parse::<jiff::Timestamp>);
        read.transpose().unwrap_or_else(|_| {
            fault(field, "must be a time as RFC 3339 has it, as 2026-01-31T08:30:00Z");
            None
        })
    };
    let (since, until) = (time("since", &asked.since), time("until", &asked.until));
    let matches = match asked.text.as_deref() {
        Some(text) if text.chars().count() > SOUGHT_CHARS_MAX => {
            fault("q", "must have at most 200 characters");
            None
        }
        Some(text) => regex::RegexBuilder::new(&regex::escape(text)).case_insensitive(true).build().ok(),
        None => None,
    };
    if !faults.is_empty() {
        return Err(Error::fields(faults));
    }
    Ok(Query { level, since, until, matches, before, limit: limit as usize })
}

/// Lines of a log, newest first, a page at a time; the cursor is a line's place.
pub async fn list(cx: &Cx, means: &Means, log: &str, asked: &Asked, page: Cursor) -> Result<Paged<LogLine>> {
    let kind = kind_of(log)?;
    cx.permit(LogDeed::Read { kind }).await?;
    let limit = page.rows(&means.limits)?;
    if page.after.is_some() {
        return Err(Error::field("after", "is not offered by this list: watch the log to see what comes"));
    }
    let (query, folder) = (query(asked, page.before, limit)?, means.logs.folder.clone());
    let read = tokio::task::spawn_blocking(move || logging::read(&folder, kind, &query));
    let found = read.await.context("reading the log")?.context("reading the log")?;
    let next = found.entries.last().filter(|_| found.more).map(|entry| entry.cursor.clone());
    Ok(Paged { rows: found.entries.into_iter().map(line).collect(), next, prev: None })
}

fn line(entry: Entry) -> LogLine {
    let Entry { cursor, time, level, target, message, fields } = entry;
    LogLine { cursor, time, level, target, message, fields }
}

/// How the log is kept.
pub async fn state(cx: &Cx, means: &Means) -> Result<LogState> {
    cx.permit(LogDeed::State).await?;
    let log = logging::running();
    let name =
        |level: LevelFilter| LEVELS.iter().find(|(_, known)| *known == level).map(|(name, _)| (*name).to_owned());
    Ok(LogState {
        level: log.and_then(|log| name(log.level())),
        files: means.logs.folder.is_dir(),
        lost: log.map_or(0, logging::LogHandle::lost),
    })
}

/// Makes the log more or less talkative, from now until the server starts again or its configuration is read again.
pub async fn level(cx: &Cx, means: &Means, body: LogLevel) -> Result<LogState> {
    let found = LEVELS.iter().find(|(name, _)| *name == body.level);
    // Who may not do this is told so before anything else.
    cx.permit(LogDeed::Level { level: found.map_or("", |(name, _)| *name) }).await?;
    let (name, level) =
        *found.ok_or_else(|| Error::field("level", "must be one of error, warn, info, debug, trace"))?;
    cx.act(LogDeed::Level { level: name }, move |_| {
        let log = logging::running().ok_or_else(|| Error::conflict("log_not_running", "This server does not log."))?;
        log.set_level(level);
        Ok(())
    })
    .await?;
    state(cx, means).await
}

/// Begins or ends to hear what is added to a log.
pub async fn watch(cx: &Cx, means: &Arc<Means>, socket: &Arc<Outbox>, log: &str, watching: bool) -> Result<()> {
    let kind = kind_of(log)?;
    let tail = means.logs.tail(kind);
    if !watching {
        tail.watchers.remove(socket);
        return Ok(());
    }
    cx.permit(LogDeed::Read { kind }).await?;
    let begun = means.clone();
    let place = tokio::task::spawn_blocking(move || {
        let mut follow = begun.logs.tail(kind).follow.lock().unwrap_or_else(PoisonError::into_inner);
        if follow.is_none() {
            *follow = Some(Follow::from_now(&begun.logs.folder, kind)?);
        }
        std::io::Result::Ok(())
    });
    place.await.context("reading the log")?.context("reading the log")?;
    tail.watchers.add(cx, socket)
}

/// Tells those who watch what was added since the last time.
pub async fn tail(means: &Arc<Means>) -> Result<()> {
    for kind in Kind::ALL {
        let tail = means.logs.tail(kind);
        if tail.watchers.is_empty() {
            // The next one to watch begins at the end again.
            tail.follow.lock().unwrap_or_else(PoisonError::into_inner).take();
            continue;
        }
        let entitled = tail.watchers.entitled(|| LogDeed::Read { kind }).await;
        let asked = means.clone();
        let read = tokio::task::spawn_blocking(move || {
            let mut follow = asked.logs.tail(kind).follow.lock().unwrap_or_else(PoisonError::into_inner);
            follow.as_mut().map_or_else(|| Ok(Vec::new()), |follow| follow.more(&Query::default()))
        });
        let lines: Vec<LogLine> =
            read.await.context("reading the log")?.context("reading the log")?.into_iter().map(line).collect();
        if lines.is_empty() {
            continue;
        }
        let frame = Frame::Log { log: kind.name(), data: &lines }.encode().into();
        for socket in entitled {
            socket.whisper(&frame);
        }
    }
    Ok(())
}
