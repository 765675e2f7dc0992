//! One event on its way out, escaped behind every formatter.

use std::io::{self, Write};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// Escapes every event as a whole, just before it is written.
pub(super) struct Escaped<W> {
    /// Where to.
    pub(super) to: W,
    /// Whether each line begins with its priority, as the journal reads it.
    pub(super) journal: bool,
}

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Escaped<W> {
    type Writer = Line<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Line { to: self.to.make_writer(), priority: "" }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Self::Writer {
        let priority = match *meta.level() {
            _ if !self.journal => "",
            Level::ERROR => "<3>",
            Level::WARN => "<4>",
            Level::INFO => "<6>",
            Level::DEBUG | Level::TRACE => "<7>",
        };
        Line { to: self.to.make_writer_for(meta), priority }
    }
}

/// One event on its way out. The formatter hands it over in one piece.
pub(super) struct Line<W> {
    to: W,
    priority: &'static str,
}

impl<W: Write> Write for Line<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let mut out = String::with_capacity(self.priority.len() + line.len() + 1);
        out.push_str(self.priority);
        escape(line, &mut out);
        out.push('\n');
        self.to.write_all(out.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Adds `line` to `out`, with everything that breaks a line in the form that JSON reads back, and that people
/// recognise in a line of text.
pub(super) fn escape(line: &str, out: &mut String) {
    for c in line.chars() {
        if breaks_a_line(c) {
            use std::fmt::Write as _;
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
}

/// Control characters, the line breaks of Unicode, and the marks that turn the direction of what follows.
pub(super) fn breaks_a_line(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
