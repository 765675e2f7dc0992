//! Looking the log files through: those that are written to and those that were put away, packed or not, in either
//! form, newest first or onward from a place.

use std::cmp::Reverse;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use flate2::read::MultiGzDecoder;
use serde::Serialize;
use serde_json::{Map, Value};
use tracing::Level;

use super::files::Kind;
use super::keeper::{archive, current, put_away_until, time_of};

/// Characters of a line that are read; a longer one is cut.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Where it stands: give it back to read on from here.
    pub cursor: String,
    /// When, RFC 3339 in UTC.
    pub time: String,
    /// `ERROR`, `WARN`, `INFO`, `DEBUG` or `TRACE`.
    pub level: String,
    /// Which part of the program.
    pub target: String,
    /// What.
    pub message: String,
    /// What it says besides, by name; of lines of text it stands in the message.
    pub fields: Map<String, Value>,
}

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// At least as grave as this.
    pub level: Option<Level>,
    /// Not before this.
    pub since: Option<jiff::Timestamp>,
    /// Before this.
    pub until: Option<jiff::Timestamp>,
    /// With a part of the line that matches this.
    pub matches: Option<regex::Regex>,
    /// Lines before the one at this cursor.
    pub before: Option<String>,
    /// Lines at most.
    pub limit: usize,
}

/// What was found, newest first.
#[derive(Debug, Default)]
pub struct Read {
    /// The lines.
    pub entries: Vec<Entry>,
    /// Whether there are older ones.
    pub more: bool,
}

/// Reads a log, newest lines first. A log that was never written has none.
pub fn read(folder: &Path, kind: Kind, query: &Query) -> io::Result<Read> {
    let mut found = Read::default();
    let before = query.before.as_deref().map(Place::parse);
    if before == Some(None) {
        return Ok(found);
    }
    let before = before.flatten();
    for book in books(folder, kind)?.into_iter().rev() {
        if query.since.is_some_and(|since| book.until.is_some_and(|until| until < since)) {
            break;
        }
        let Some(lines) = book.lines()? else { continue };
        if before.is_some_and(|place| lines.begun > place.begun) {
            continue;
        }
        for (n, line) in lines.texts.iter().enumerate().rev() {
            let place = Place { begun: lines.begun, line: n };
            if before.is_some_and(|before| place >= before) {
                continue;
            }
            let Some(entry) = entry(line, place).filter(|entry| query.takes(line, entry)) else { continue };
            if found.entries.len() == query.limit {
                found.more = true;
                return Ok(found);
            }
            found.entries.push(entry);
        }
    }
    Ok(found)
}

impl Query {
    fn takes(&self, line: &str, entry: &Entry) -> bool {
        let time = || entry.time.parse::<jiff::Timestamp>().ok();
        // For `Level`, the graver is the smaller.
        self.level.is_none_or(|level| Level::from_str(&entry.level).is_ok_and(|own| own <= level))
            && self.since.is_none_or(|since| time().is_some_and(|time| time >= since))
            && self.until.is_none_or(|until| time().is_some_and(|time| time < until))
            && self.matches.as_ref().is_none_or(|regex| regex.is_match(line))
    }
}

/// Reads what is added to a log, again and again.
pub struct Follow {
    folder: PathBuf,
    kind: Kind,
    after: Option<Place>,
    /// The length of the current file when it was last looked at.
    seen: Option<u64>,
}

impl Follow {
    /// What is added to the log after the newest line that it has now.
    pub fn from_now(folder: &Path, kind: Kind) -> io::Result<Self> {
        let newest = read(folder, kind, &Query { limit: 1, ..Query::default() })?.entries.pop();
        let after = newest.and_then(|entry| Place::parse(&entry.cursor));
        Ok(Self { folder: folder.to_owned(), kind, after, seen: None })
    }

    /// Whether a line stands before what [`Follow::more`] gives.
    pub fn has_passed(&self, entry: &Entry) -> bool {
        Place::parse(&entry.cursor).is_some_and(|place| self.after.is_some_and(|after| place <= after))
    }

    /// What was added since it was asked last, in order; `query`'s limit and cursor do not count.
    pub fn more(&mut self, query: &Query) -> io::Result<Vec<Entry>> {
        let bytes = fs::metadata(current(&self.folder, self.kind)).ok().map(|meta| meta.len());
        if bytes == self.seen {
            return Ok(Vec::new());
        }
        self.seen = bytes;
        let mut found = Vec::new();
        let mut unread = Vec::new();
        for book in books(&self.folder, self.kind)?.into_iter().rev() {
            let Some(lines) = book.lines()? else { continue };
            let known = self.after.is_some_and(|after| lines.begun <= after.begun);
            unread.push(lines);
            if known {
                break;
            }
        }
        for lines in unread.into_iter().rev() {
            for (n, line) in lines.texts.iter().enumerate() {
                let place = Place { begun: lines.begun, line: n };
                if self.after.is_some_and(|after| place <= after) {
                    continue;
                }
                self.after = Some(place);
                found.extend(entry(line, place).filter(|entry| query.takes(line, entry)));
            }
        }
        Ok(found)
    }
}

/// A place in a log: a file is known by its first line's time, because its name changes when it is put away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    begun: jiff::Timestamp,
    line: usize,
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        let (begun, line) = text.split_once('_')?;
        Some(Self { begun: begun.parse().ok()?, line: line.parse().ok()? })
    }

    fn text(self) -> String {
        format!("{:.3}_{}", self.begun, self.line)
    }
}

/// A file of a log.
struct Book {
    path: PathBuf,
    /// Until when it goes; of the one that is written to, nothing.
    until: Option<jiff::Timestamp>,
}

struct Lines {
    begun: jiff::Timestamp,
    texts: Vec<String>,
}

/// The files of a log, oldest first.
fn books(folder: &Path, kind: Kind) -> io::Result<Vec<Book>> {
    let mut books = Vec::new();
    match fs::read_dir(archive(folder)) {
        Ok(entries) => {
            for entry in entries.flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                if let Some((_, until)) = put_away_until(&name).filter(|(own, _)| *own == kind) {
                    books.push(Book { path: entry.path(), until: Some(until) });
                }
            }
        }
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
        Err(cause) => return Err(cause),
    }
    // One that is being packed is there twice for a moment; the packed one is whole.
    books.sort_by_key(|book| (book.until, Reverse(book.path.clone())));
    books.dedup_by_key(|book| book.until);
    books.push(Book { path: current(folder, kind), until: None });
    Ok(books)
}

impl Book {
    fn lines(&self) -> io::Result<Option<Lines>> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            // It was put away or removed meanwhile.
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(cause),
        };
        let packed = self.path.extension().is_some_and(|e| e == "gz");
        let mut reader: Box<dyn io::BufRead> =
            if packed { Box::new(BufReader::new(MultiGzDecoder::new(file))) } else { Box::new(BufReader::new(file)) };
        let mut texts = Vec::new();
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            match reader.read_until(b'\n', &mut bytes) {
                Ok(0) => break,
                // A line without its end is being written.
                Ok(_) if bytes.last() != Some(&b'\n') => break,
                Ok(_) => {
                    bytes.pop();
                    bytes.truncate(LINE_BYTES_MAX);
                    texts.push(String::from_utf8_lossy(&bytes).into_owned());
                }
                // What can be unpacked of a damaged file is shown.
                Err(_) if packed => break,
                Err(cause) => return Err(cause),
            }
        }
        let begun = texts.iter().find_map(|line| time_of(line));
        Ok(begun.map(|begun| Lines { begun, texts }))
    }
}

fn entry(line: &str, place: Place) -> Option<Entry> {
    let cursor = place.text();
    if line.starts_with('{') {
        let Value::Object(mut fields) = serde_json::from_str(line).ok()? else { return None };
        let mut take = |name: &str| fields.remove(name).and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        let (time, level, target, message) = (take("time"), take("level"), take("target"), take("message"));
        return Some(Entry { cursor, time, level, target, message, fields });
    }
    time_of(line)?;
    let (time, rest) = line.split_once(' ')?;
    let (level, rest) = rest.trim_start().split_once(' ')?;
    let (target, message) = rest.split_once(": ").unwrap_or(("", rest));
    Some(Entry {
        cursor,
        time: time.to_owned(),
        level: level.to_owned(),
        target: target.to_owned(),
        message: message.to_owned(),
        fields: Map::new(),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn written(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        if path.extension().is_some_and(|e| e == "gz") {
            let mut packer =
                flate2::write::GzEncoder::new(File::create(path).expect("a file"), flate2::Compression::fast());
            packer.write_all(text.as_bytes()).expect("packed");
            packer.finish().expect("packed");
        } else {
            fs::write(path, text).expect("written");
        }
    }

    fn line(second: u32, level: &str, text: &str) -> String {
        format!("2026-01-31T08:00:{second:02}.000Z {level:>5} mcp_messenger::app: {text}\n")
    }

    fn json(second: u32, level: &str, text: &str) -> String {
        format!(
            "{{\"time\":\"2026-01-31T08:00:{second:02}.000Z\",\"level\":\"{level}\",\"target\":\"admin\",\"message\":\"{text}\",\"times\":{second}}}\n"
        )
    }

    fn messages(read: &Read) -> Vec<&str> {
        read.entries.iter().map(|entry| entry.message.as_str()).collect()
    }

    fn three_files() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path();
        written(
            at,
            "archive/system-20260131T080009.000Z.log.gz",
            &(line(1, "INFO", "one") + &line(2, "WARN", "two: half")),
        );
        written(
            at,
            "archive/system-20260131T080019.000Z.log",
            &(json(11, "ERROR", "three") + &line(12, "INFO", "four")),
        );
        written(at, "archive/access-20260131T080019.000Z.log", &line(15, "INFO", "another log"));
        written(at, "system.log", &(line(21, "DEBUG", "five") + &json(22, "INFO", "six") + "half a li"));
        folder
    }

    #[test]
    fn the_newest_come_first_from_all_files_and_pages_join() {
        let folder = three_files();
        let all = read(folder.path(), Kind::System, &Query { limit: 10, ..Query::default() }).expect("read");
        assert_eq!(messages(&all), ["six", "five", "four", "three", "two: half", "one"]);
        assert!(!all.more);
        assert_eq!(all.entries[0].fields["times"], 22);
        assert_eq!((all.entries[4].level.as_str(), all.entries[4].target.as_str()), ("WARN", "mcp_messenger::app"));
        let mut joined = Vec::new();
        let mut before = None;
        loop {
            let page =
                read(folder.path(), Kind::System, &Query { limit: 2, before, ..Query::default() }).expect("read");
            before = page.entries.last().map(|entry| entry.cursor.clone());
            joined.extend(page.entries);
            if !page.more {
                break;
            }
        }
        assert_eq!(joined, all.entries);
        let none = Query { limit: 5, before: Some("nonsense".into()), ..Query::default() };
        assert!(read(folder.path(), Kind::System, &none).expect("read").entries.is_empty());
        assert!(read(&folder.path().join("none"), Kind::Admin, &Query::default()).expect("read").entries.is_empty());
    }

    #[test]
    fn it_is_told_what_is_looked_for() {
        let folder = three_files();
        let found = |query: Query| {
            let read = read(folder.path(), Kind::System, &Query { limit: 10, ..query }).expect("read");
            read.entries.into_iter().map(|entry| entry.message).collect::<Vec<_>>()
        };
        let at = |second: u32| Some(format!("2026-01-31T08:00:{second:02}Z").parse().expect("a time"));
        assert_eq!(found(Query { level: Some(Level::WARN), ..Query::default() }), ["three", "two: half"]);
        assert_eq!(found(Query { since: at(12), until: at(22), ..Query::default() }), ["five", "four"]);
        let regex = regex::Regex::new("(?i)T[HW]").expect("a pattern");
        assert_eq!(found(Query { matches: Some(regex), ..Query::default() }), ["three", "two: half"]);
    }

    #[test]
    fn following_misses_nothing_when_the_file_is_put_away() {
        let folder = three_files();
        let at = folder.path();
        let mut follow = Follow::from_now(at, Kind::System).expect("a place");
        let any = Query::default();
        let more = |follow: &mut Follow| {
            follow.more(&any).expect("read").into_iter().map(|entry| entry.message).collect::<Vec<_>>()
        };
        assert!(more(&mut follow).is_empty());
        let held = line(21, "DEBUG", "five") + &json(22, "INFO", "six") + &line(23, "INFO", "seven");
        written(at, "system.log", &held);
        assert_eq!(more(&mut follow), ["seven"]);
        assert!(more(&mut follow).is_empty());
        written(at, "archive/system-20260131T080029.000Z.log.gz", &(held + &line(24, "INFO", "eight")));
        written(at, "system.log", &line(31, "INFO", "nine"));
        assert_eq!(more(&mut follow), ["eight", "nine"]);
    }

    #[test]
    fn a_damaged_file_shows_what_can_be_read_of_it() {
        let folder = tempfile::tempdir().expect("a folder");
        written(
            folder.path(),
            "archive/admin-20260131T080009.000Z.log.gz",
            &(0..500).map(|n| line(1, "INFO", &format!("{n}"))).collect::<String>(),
        );
        let path = folder.path().join("archive/admin-20260131T080009.000Z.log.gz");
        let bytes = fs::read(&path).expect("a file");
        fs::write(&path, &bytes[..bytes.len() / 2]).expect("cut");
        let read = read(folder.path(), Kind::Admin, &Query { limit: 1000, ..Query::default() }).expect("read");
        assert!(!read.entries.is_empty() && read.entries.len() < 500, "{}", read.entries.len());
    }
}
