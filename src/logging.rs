//! What the server says while it runs: lines to standard error, for people or (JSON) for programs.
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

use std::fmt;
use std::io::{self, Write};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry, reload};

/// Changes the level of a running log.
#[derive(Clone)]
pub struct LogHandle {
    filter: reload::Handle<Targets, Registry>,
}

impl LogHandle {
    /// From now on `level` holds.
    pub fn set_level(&self, level: LevelFilter) {
        // It fails only when the log is gone, and then there is nobody left to tell.
        let _ = self.filter.reload(targets(level));
    }
}

/// Starts logging to standard error. A second start in the same process (tests) leaves the first one standing;
/// its handle changes nothing.
pub fn start(level: LevelFilter, json: bool) -> LogHandle {
    let (subscriber, handle) = subscriber(level, json, io::stderr);
    let _ = subscriber.try_init();
    handle
}

fn subscriber<W>(level: LevelFilter, json: bool, to: W) -> (impl tracing::Subscriber + Send + Sync, LogHandle)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let (filter, handle) = reload::Layer::new(targets(level));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(Escaped { to })
        .with_ansi(false)
        .with_timer(UtcMillis)
        // Standard error may be closed; that is no reason to panic.
        .log_internal_errors(false);
    let lines = if json { lines.json().flatten_event(true).with_span_list(false).boxed() } else { lines.boxed() };
    (Registry::default().with(lines.with_filter(filter)), LogHandle { filter: handle })
}

fn targets(level: LevelFilter) -> Targets {
    let others = match level {
        LevelFilter::TRACE => LevelFilter::DEBUG,
        LevelFilter::DEBUG => LevelFilter::INFO,
        LevelFilter::INFO | LevelFilter::WARN => LevelFilter::WARN,
        quieter => quieter,
    };
    Targets::new().with_target("mcp_messenger", level).with_default(others)
}

/// RFC 3339 in UTC with milliseconds.
struct UtcMillis;

impl FormatTime for UtcMillis {
    #[expect(clippy::disallowed_methods, reason = "a line carries the real time, also in a test that turns the clock")]
    fn format_time(&self, w: &mut Writer<'_>) -> fmt::Result {
        write!(w, "{:.3}", jiff::Timestamp::now())
    }
}

/// Escapes every event as a whole, just before it is written.
struct Escaped<W> {
    to: W,
}

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Escaped<W> {
    type Writer = Line<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Line(self.to.make_writer())
    }
}

/// One event on its way out. The formatter hands it over in one piece.
struct Line<W>(W);

impl<W: Write> Write for Line<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let mut out = String::with_capacity(line.len() + 1);
        for c in line.chars() {
            if breaks_a_line(c) {
                // The form that JSON reads back, and that people recognise in a line of text.
                use fmt::Write as _;
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            } else {
                out.push(c);
            }
        }
        out.push('\n');
        self.0.write_all(out.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Control characters, the line breaks of Unicode, and the marks that turn the direction of what follows.
fn breaks_a_line(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

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
        let (subscriber, handle) = subscriber(level, json, move || to.clone());
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
}
