//! What the server says while it runs: lines to standard error, for people or (JSON) for programs, and the log files
//! in the data folder.
//!
//! **Never logged, at any level:** the text of a message or of its metadata, names of people or channels, what
//! was searched for, tokens, cookies, passwords, codes, keys, anything about a patient. A line names things by
//! their ids; whoever may know more finds it in the audit log. What a client sent is never put into a line as it
//! is: errors carry a code and a detail written by us (see [`crate::error`]).
//!
//! Whatever reaches a line nevertheless cannot forge another one: every control character, line break and
//! direction mark is escaped on the way out, behind every formatter (CWE-117, ASVS 16.4.1).
//!
//! Our own events are filtered by the level that was asked for and those of other crates by one step less, so
//! that `debug` stays readable. The level can be changed while the server runs.
//!
//! There are three logs. What is said with the target [`ADMIN`] goes to the administration log, with [`ACCESS`] to
//! the access log, whatever the level; everything else is the system log, and that alone is on standard error.
//!
//! | file | what |
//! |---|---|
//! | mod | the subscriber, and its level |
//! | line | one event on its way out: nothing can forge another |
//! | files | events as lines for the files, handed over without waiting |
//! | keeper | the thread that writes, rotates, packs and removes them |
//! | read | looking them through again |

mod files;
mod keeper;
mod line;
mod read;

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{Targets, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry, reload};

pub use files::Kind;
pub use keeper::Keeping;
pub use read::{Entry, Follow, Query, Read, read};

/// The target of what administrators and the administration do.
pub const ADMIN: &str = "admin";
/// The target of who asked for what.
pub const ACCESS: &str = "access";

/// The levels, quietest first, as they are counted in [`LogHandle`].
const LEVELS: [LevelFilter; 6] = [
    LevelFilter::OFF,
    LevelFilter::ERROR,
    LevelFilter::WARN,
    LevelFilter::INFO,
    LevelFilter::DEBUG,
    LevelFilter::TRACE,
];

/// How the log is to look.
#[derive(Debug, Clone)]
pub struct Style {
    /// How talkative it is.
    pub level: LevelFilter,
    /// Standard error as JSON.
    pub json: bool,
    /// Standard error is the system's journal, which knows the time and wants priorities (sd-daemon(3)).
    pub journal: bool,
    /// Whether there are files, and whether they are JSON.
    pub files: Option<FileStyle>,
}

/// How the lines of the files look.
#[derive(Debug, Clone, Copy)]
pub struct FileStyle {
    /// One JSON object a line.
    pub json: bool,
    /// Whether there is an access log.
    pub access: bool,
}

/// Changes a running log.
#[derive(Clone)]
pub struct LogHandle {
    filter: reload::Handle<Targets, Registry>,
    level: Arc<AtomicU8>,
    files: Option<Arc<files::Files>>,
}

static RUNNING: OnceLock<LogHandle> = OnceLock::new();

impl LogHandle {
    /// From now on `level` holds.
    pub fn set_level(&self, level: LevelFilter) {
        let place = LEVELS.iter().position(|known| *known == level).unwrap_or(3);
        self.level.store(u8::try_from(place).unwrap_or(3), Ordering::Relaxed);
        // It fails only when the log is gone, and then there is nobody left to tell.
        let _ = self.filter.reload(targets(level));
    }

    /// The level that holds.
    pub fn level(&self) -> LevelFilter {
        LEVELS.get(usize::from(self.level.load(Ordering::Relaxed))).copied().unwrap_or(LevelFilter::INFO)
    }

    /// Begins to write the files; what was said since the start of the program comes first.
    pub fn keep_files(&self, keeping: Keeping) {
        if let Some(files) = &self.files {
            files.keep(keeping);
        }
    }

    /// Waits until what was said so far is in the files, for a moment at most.
    pub fn flush(&self) {
        if let Some(files) = &self.files {
            files.flush();
        }
    }

    /// Lines that could not be written since the start.
    pub fn lost(&self) -> u64 {
        self.files.as_ref().map_or(0, |files| files.lost())
    }
}

/// The log of this process, once it was started: for whoever changes its level or looks at how it does.
pub fn running() -> Option<&'static LogHandle> {
    RUNNING.get()
}

/// Says something in the administration log that is no deed of anybody: what happened to the server.
pub fn administration(action: &'static str, sentence: &'static str) {
    tracing::info!(target: "admin", action, "{sentence}");
}

/// Starts logging to standard error, and collecting for the files. A second start in the same process (tests) leaves
/// the first one standing; its handle changes nothing.
pub fn start(style: &Style) -> LogHandle {
    let (subscriber, handle) = subscriber(style, io::stderr);
    if subscriber.try_init().is_ok() {
        let _ = RUNNING.set(handle.clone());
    }
    handle
}

fn subscriber<W>(style: &Style, to: W) -> (impl tracing::Subscriber + Send + Sync, LogHandle)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let (filter, handle) = reload::Layer::new(targets(style.level));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(line::Escaped { to, journal: style.journal })
        .with_ansi(false)
        // Standard error may be closed; that is no reason to panic.
        .log_internal_errors(false);
    let lines = match (style.json, style.journal) {
        (true, _) => lines.with_timer(UtcMillis).json().flatten_event(true).with_span_list(false).boxed(),
        (false, true) => lines.without_time().with_level(false).boxed(),
        (false, false) => lines.with_timer(UtcMillis).boxed(),
    };
    let files = style.files.map(|style| Arc::new(files::Files::new(style)));
    let system = filter_fn(|meta| !matches!(meta.target(), ADMIN | ACCESS));
    let layers =
        Registry::default().with(filter).with(lines.with_filter(system)).with(files.clone().map(files::Collector));
    let handle = LogHandle { filter: handle, level: Arc::default(), files };
    handle.set_level(style.level);
    (layers, handle)
}

fn targets(level: LevelFilter) -> Targets {
    let others = match level {
        LevelFilter::TRACE => LevelFilter::DEBUG,
        LevelFilter::DEBUG => LevelFilter::INFO,
        LevelFilter::INFO | LevelFilter::WARN => LevelFilter::WARN,
        quieter => quieter,
    };
    Targets::new()
        .with_target("mcp_messenger", level)
        .with_target(ADMIN, LevelFilter::INFO)
        .with_target(ACCESS, LevelFilter::INFO)
        .with_default(others)
}

/// The real time.
#[expect(clippy::disallowed_methods, reason = "a line carries the real time, also in a test that turns the clock")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// RFC 3339 in UTC with milliseconds.
struct UtcMillis;

impl FormatTime for UtcMillis {
    fn format_time(&self, w: &mut Writer<'_>) -> fmt::Result {
        write!(w, "{:.3}", now())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::line::breaks_a_line;
    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Paper {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    /// What is written while `say` speaks.
    fn written(level: LevelFilter, json: bool, say: impl FnOnce(&LogHandle)) -> String {
        let paper = Paper::default();
        let to = paper.clone();
        let style = Style { level, json, journal: false, files: None };
        let (subscriber, handle) = subscriber(&style, move || to.clone());
        tracing::subscriber::with_default(subscriber, || say(&handle));
        paper.text()
    }

    const ATTACK: &str = "x\n2026-01-01T00:00:00.000Z  INFO mcp_messenger: forged\r\u{1b}[2J\u{85}\u{2028}\u{202e}\0";

    #[test]
    fn nothing_can_forge_a_line_of_text() {
        let text = written(LevelFilter::INFO, false, |_| {
            tracing::info!(target: "mcp_messenger", shown = %ATTACK, quoted = ATTACK, debug = ?ATTACK, "said {ATTACK}");
            tracing::info_span!(target: "mcp_messenger", "span", shown = %ATTACK).in_scope(|| {
                tracing::info!(target: "mcp_messenger", "inside");
            });
        });
        assert_eq!(text.lines().count(), 2, "{text:?}");
        assert!(text.ends_with('\n'));
        assert!(!text.trim_end().replace('\n', "").chars().any(breaks_a_line), "{text:?}");
        assert!(text.contains("forged"), "the test must have said it: {text:?}");
    }

    #[test]
    fn a_line_of_json_reads_back_as_what_was_said() {
        let text = written(LevelFilter::INFO, true, |_| {
            tracing::info!(target: "mcp_messenger::edge", shown = %ATTACK, count = 3, "said {ATTACK}");
        });
        assert_eq!(text.lines().count(), 1, "{text:?}");
        assert!(!text.trim_end().chars().any(breaks_a_line), "{text:?}");
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["shown"], ATTACK);
        assert_eq!(line["message"], format!("said {ATTACK}"));
        assert_eq!((line["count"].as_i64(), line["level"].as_str()), (Some(3), Some("INFO")));
        assert_eq!(line["target"], "mcp_messenger::edge");
    }

    #[test]
    fn times_are_utc_with_milliseconds() {
        let text = written(LevelFilter::INFO, false, |_| tracing::info!(target: "mcp_messenger", "now"));
        let time = text.split_whitespace().next().unwrap();
        assert!(time.len() == 24 && time.ends_with('Z') && time.as_bytes()[19] == b'.', "{time}");
        assert!(time.parse::<jiff::Timestamp>().is_ok(), "{time}");
    }

    #[test]
    fn others_are_one_step_quieter() {
        let said = |level| {
            written(level, false, |_| {
                tracing::debug!(target: "mcp_messenger::hub", "our-debug");
                tracing::debug!(target: "rustls", "their-debug");
                tracing::info!(target: "rustls", "their-info");
                tracing::warn!(target: "rustls", "their-warn");
            })
        };
        let holds = |level| ["our-debug", "their-debug", "their-info", "their-warn"].map(|w| said(level).contains(w));
        assert_eq!(holds(LevelFilter::TRACE), [true, true, true, true]);
        assert_eq!(holds(LevelFilter::DEBUG), [true, false, true, true]);
        assert_eq!(holds(LevelFilter::INFO), [false, false, false, true]);
        assert_eq!(holds(LevelFilter::ERROR), [false, false, false, false]);
    }

    #[test]
    fn the_level_changes_while_it_runs() {
        let text = written(LevelFilter::WARN, false, |handle| {
            tracing::info!(target: "mcp_messenger", "before");
            handle.set_level(LevelFilter::DEBUG);
            tracing::debug!(target: "mcp_messenger", "after");
        });
        assert!(!text.contains("before") && text.contains("after"), "{text}");
    }

    #[test]
    fn the_journal_gets_a_priority_and_no_time() {
        let paper = Paper::default();
        let to = paper.clone();
        let style = Style { level: LevelFilter::TRACE, json: false, journal: true, files: None };
        let (subscriber, _) = subscriber(&style, move || to.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::error!(target: "mcp_messenger", "one");
            tracing::warn!(target: "mcp_messenger", "two");
            tracing::info!(target: "mcp_messenger", "three");
            tracing::debug!(target: "mcp_messenger", "four");
        });
        let starts: Vec<String> = paper.text().lines().map(|line| line[..3].to_owned()).collect();
        assert_eq!(starts, ["<3>", "<4>", "<6>", "<7>"], "{}", paper.text());
        assert!(paper.text().starts_with("<3>mcp_messenger: one"), "{}", paper.text());
    }

    #[test]
    fn what_administrators_do_and_who_asked_is_not_on_standard_error() {
        let text = written(LevelFilter::TRACE, false, |_| {
            tracing::info!(target: ADMIN, "done");
            tracing::info!(target: ACCESS, "asked");
            tracing::info!(target: "mcp_messenger", "said");
        });
        assert!(text.contains("said") && !text.contains("done") && !text.contains("asked"), "{text}");
    }
}
