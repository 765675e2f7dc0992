//! The log files: where they are, how long they are kept, and showing them to whoever looks after the server.

use std::io::Write;
use std::path::PathBuf;
use std::str::FromStr as _;
use std::time::Duration;

use crate::config::Config;
use crate::error::{Context, Error, Result};
use crate::logging::{Entry, FileStyle, Follow, Keeping, Kind, Query, Style, read};

/// How often a log that is followed is looked at.
const FOLLOWED_EVERY: Duration = Duration::from_millis(250);

/// The folder of the logs.
pub fn folder(config: &Config) -> PathBuf {
    config.store.data_dir.join("logs")
}

/// How the log looks. `journal` says that standard error goes to the system's journal.
pub fn style(config: &Config, journal: bool) -> Style {
    let log = &config.log;
    let files = log.files.then_some(FileStyle { json: log.files_json, access: log.access });
    Style { level: log.level.into(), json: log.json, journal: journal && !log.json, files }
}

/// How the files are kept.
pub fn keeping(config: &Config) -> Keeping {
    let log = &config.log;
    Keeping {
        folder: folder(config),
        file_bytes: log.file_bytes_max as u64,
        file_age: log.file_age_max,
        kept: log.kept,
        bytes_max: log.bytes_max as u64,
    }
}

/// Whether standard error is the stream that the journal opened for this process (systemd.exec(5), `JOURNAL_STREAM`:
/// the device and inode), and not something that it was sent on to.
#[cfg(unix)]
pub fn is_journal(stream: Option<&str>) -> bool {
    let Some((device, inode)) = stream.and_then(|text| text.split_once(':')) else { return false };
    rustix::fs::fstat(std::io::stderr())
        .is_ok_and(|stat| stat.st_dev.to_string() == device && stat.st_ino.to_string() == inode)
}

/// See the Unix form.
#[cfg(not(unix))]
pub fn is_journal(_: Option<&str>) -> bool {
    false
}

/// What somebody wants to see.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// `system`, `admin`, `access` or `all`.
    pub kind: String,
    /// At least as grave as this.
    pub level: Option<String>,
    /// Not before: a time, or how long ago.
    pub since: Option<String>,
    /// A regular expression.
    pub grep: Option<String>,
    /// Lines at most, the newest; all since `since` when it is missing and that is given.
    pub lines: Option<usize>,
    /// Go on showing what is added.
    pub follow: bool,
    /// As JSON.
    pub json: bool,
}

/// Lines that are shown when nobody says how many.
const LINES: usize = 100;

/// Shows what is wanted, oldest first, and goes on if that is wanted.
pub fn show(config: &Config, wish: &Wish, out: &mut dyn Write) -> Result<()> {
    let folder = folder(config);
    if !folder.is_dir() {
        return Err(Error::missing(
            "log here: give the server's own data folder with --data-dir, and look at LOG_FILES",
        ));
    }
    let kinds: Vec<Kind> = if wish.kind == "all" {
        Kind::ALL.to_vec()
    } else {
        vec![Kind::named(&wish.kind).ok_or_else(|| Error::field("kind", "must be system, admin, access or all"))?]
    };
    let query = query(wish)?;
    let mut follows = Vec::new();
    let mut entries = Vec::new();
    for kind in kinds {
        // First the place, then the past: a line in between is shown once.
        let follow = Follow::from_now(&folder, kind).context("reading the log")?;
        let mut past = read(&folder, kind, &query).context("reading the log")?.entries;
        past.retain(|entry| follow.has_passed(entry));
        entries.extend(past);
        follows.push(follow);
    }
    entries.sort_by(|a, b| a.time.cmp(&b.time));
    let from = entries.len().saturating_sub(query.limit);
    let mut told = tell(&entries[from..], wish.json, out);
    while wish.follow && told {
        std::thread::sleep(FOLLOWED_EVERY);
        let mut more = Vec::new();
        for follow in &mut follows {
            more.extend(follow.more(&query).context("reading the log")?);
        }
        more.sort_by(|a, b| a.time.cmp(&b.time));
        told = tell(&more, wish.json, out);
    }
    Ok(())
}

/// False when nobody reads any more.
fn tell(entries: &[Entry], json: bool, out: &mut dyn Write) -> bool {
    entries.iter().all(|entry| {
        let line = if json { serde_json::to_string(entry).unwrap_or_default() } else { line(entry) };
        writeln!(out, "{line}").is_ok()
    }) && out.flush().is_ok()
}

fn line(entry: &Entry) -> String {
    use std::fmt::Write as _;
    let mut line = format!("{} {:>5} {}: {}", entry.time, entry.level, entry.target, entry.message);
    for (name, value) in &entry.fields {
        let _ = match value.as_str() {
            Some(text) if !text.contains(' ') => write!(line, " {name}={text}"),
            _ => write!(line, " {name}={value}"),
        };
    }
    line
}

fn query(wish: &Wish) -> Result<Query> {
    let level = match wish.level.as_deref() {
        None => None,
        Some(text) => Some(
            tracing::Level::from_str(text)
                .map_err(|_| Error::field("level", "must be error, warn, info, debug or trace"))?,
        ),
    };
    let since = wish.since.as_deref().map(moment).transpose()?;
    let matches = match wish.grep.as_deref() {
        None => None,
        Some(pattern) => Some(
            regex::Regex::new(pattern)
                .map_err(|_| Error::field("grep", "must be a regular expression, such as (?i)certificate"))?,
        ),
    };
    let limit = wish.lines.unwrap_or(if since.is_some() { usize::MAX } else { LINES });
    Ok(Query { level, since, matches, limit, ..Query::default() })
}

/// A time, a date, or how long ago: `2026-01-31T08:00:00Z`, `2026-01-31`, `90m`, `2h`, `7d`.
#[expect(clippy::disallowed_methods, reason = "a command for a person who means the machine's time")]
fn moment(text: &str) -> Result<jiff::Timestamp> {
    let wrong = || Error::field("since", "must be a time as 2026-01-31T08:00:00Z, a day as 2026-01-31, or 90m, 2h, 7d");
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    if let Ok(at) = format!("{text}T00:00:00Z").parse() {
        return Ok(at);
    }
    let unit = text.chars().last().ok_or_else(wrong)?;
    let count: i64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let ago = count.checked_mul(seconds).filter(|ago| *ago >= 0).ok_or_else(wrong)?;
    jiff::Timestamp::now().checked_sub(jiff::SignedDuration::from_secs(ago)).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_in_several_ways() {
        assert_eq!(moment("2026-01-31").expect("a day").to_string(), "2026-01-31T00:00:00Z");
        assert_eq!(moment("2026-01-31T08:00:00+01:00").expect("a time").to_string(), "2026-01-31T07:00:00Z");
        let ago = moment("2h").expect("ago");
        assert!(ago < moment("1h").expect("ago") && ago > moment("1d").expect("ago"));
        for bad in ["", "h", "-1h", "two hours", "3y", "99999999999999999d", "é"] {
            assert!(moment(bad).is_err(), "{bad}");
        }
    }
}
