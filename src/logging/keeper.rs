//! The thread that writes the log files, begins new ones, packs the old ones and removes the oldest.
//!
//! Nothing that goes wrong here stops the server: a line that cannot be written, because the disk is full or the
//! folder cannot be written to, is counted, and the next line that can be written says how many are missing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::files::{Kind, Post};
use super::now;

/// How often files are looked at that nobody writes to.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After a failure it is not tried again before this has passed.
const REST: Duration = Duration::from_secs(5);
/// How often it is looked for files whose time is over.
const TIDY_EVERY: Duration = Duration::from_mins(10);

/// How the files are kept.
#[derive(Debug, Clone)]
pub struct Keeping {
    /// The folder `logs`.
    pub folder: PathBuf,
    /// A file that has reached this many bytes is put away and a new one begun.
    pub file_bytes: u64,
    /// So is one that was begun this long ago.
    pub file_age: Duration,
    /// Files that were put away this long ago are removed.
    pub kept: Duration,
    /// All files together have at most this many bytes; the oldest go first, those of administrators last.
    pub bytes_max: u64,
}

impl Keeping {
    /// The file that is written to now.
    pub(super) fn current(&self, kind: Kind) -> PathBuf {
        current(&self.folder, kind)
    }

    /// Where files are put away.
    pub(super) fn archive(&self) -> PathBuf {
        archive(&self.folder)
    }
}

/// The file of a log that is written to now.
pub(super) fn current(folder: &Path, kind: Kind) -> PathBuf {
    match kind {
        Kind::System => folder.join("system.log"),
        Kind::Admin => folder.join("admin").join("admin.log"),
        Kind::Access => folder.join("access").join("access.log"),
    }
}

/// Where the files of all logs are put away.
pub(super) fn archive(folder: &Path) -> PathBuf {
    folder.join("archive")
}

/// An open file.
struct Book {
    file: File,
    bytes: u64,
    /// When its first line was written.
    begun: jiff::Timestamp,
}

/// The thread.
pub(super) struct Keeper {
    keeping: Keeping,
    json: bool,
    lost: Arc<AtomicU64>,
    /// How many of the lost ones were told.
    told: u64,
    books: [Option<Book>; 3],
    /// Until when nothing is tried, after a failure.
    resting: Option<jiff::Timestamp>,
    tidied: jiff::Timestamp,
}

impl Keeper {
    pub(super) fn new(keeping: Keeping, json: bool, lost: Arc<AtomicU64>) -> Self {
        let tidied = jiff::Timestamp::UNIX_EPOCH;
        Self { keeping, json, lost, told: 0, books: [None, None, None], resting: None, tidied }
    }

    /// Writes until nobody can say anything any more.
    pub(super) fn run(mut self, from: &Receiver<Post>) {
        loop {
            match from.recv_timeout(LOOK_EVERY) {
                Ok(Post::Line(kind, line)) => self.line(kind, &line),
                Ok(Post::Flush(done)) => drop(done),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.look_after();
        }
    }

    fn line(&mut self, kind: Kind, line: &str) {
        if self.resting.is_some_and(|until| now() < until) {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.resting = None;
        if self.write(kind, line).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
            self.books[kind as usize] = None;
            self.resting = now().checked_add(REST).ok();
        }
    }

    fn write(&mut self, kind: Kind, line: &str) -> io::Result<()> {
        if self.books[kind as usize].is_none() {
            self.books[kind as usize] = Some(open(&self.keeping.current(kind))?);
        }
        if self.books[kind as usize].as_ref().is_some_and(|book| book.bytes + line.len() as u64 > self.limit(book)) {
            self.put_away(kind)?;
            self.books[kind as usize] = Some(open(&self.keeping.current(kind))?);
        }
        let Some(book) = &mut self.books[kind as usize] else { return Ok(()) };
        if book.bytes == 0 {
            book.begun = now();
        }
        if let Err(cause) = book.file.write_all(line.as_bytes()) {
            // Half a line would run into the next one.
            let _ = book.file.set_len(book.bytes);
            return Err(cause);
        }
        book.bytes += line.len() as u64;
        Ok(())
    }

    /// An empty file takes a line of any length.
    fn limit(&self, book: &Book) -> u64 {
        if book.bytes == 0 { u64::MAX } else { self.keeping.file_bytes }
    }

    fn look_after(&mut self) {
        let now = now();
        if self.resting.is_some_and(|until| now < until) {
            return;
        }
        for kind in Kind::ALL {
            let old = |book: &Book| book.bytes > 0 && past(book.begun, now) >= self.keeping.file_age;
            if self.books[kind as usize].as_ref().is_some_and(old) && self.put_away(kind).is_err() {
                self.resting = now.checked_add(REST).ok();
            }
        }
        self.tell_lost();
        if past(self.tidied, now) >= TIDY_EVERY {
            self.tidied = now;
            // It is tried again at the next turn.
            let _ = pack_what_was_left(&self.keeping.archive());
            let _ = tidy(&self.keeping, now);
        }
    }

    fn tell_lost(&mut self) {
        let lost = self.lost.load(Ordering::Relaxed);
        if lost == self.told {
            return;
        }
        let missing = lost - self.told;
        let text = format!("{missing} lines could not be written: the disk is full, cannot be written to, or too slow");
        let line = if self.json {
            format!(
                "{{\"time\":\"{:.3}\",\"level\":\"WARN\",\"target\":\"mcp_messenger::logging\",\"message\":\"{text}\",\"lost\":{missing}}}\n",
                now()
            )
        } else {
            format!("{:.3}  WARN mcp_messenger::logging: {text}\n", now())
        };
        if self.write(Kind::System, &line).is_ok() {
            self.told = lost;
        }
    }

    /// Gives the file a name that says until when it goes, and packs it.
    fn put_away(&mut self, kind: Kind) -> io::Result<()> {
        // Windows does not rename what is open.
        self.books[kind as usize] = None;
        let folder = self.keeping.archive();
        make_private(&folder)?;
        let stamp = format!("{:.3}", now()).replace(['-', ':'], "");
        let kept = folder.join(format!("{}-{stamp}.log", kind.name()));
        fs::rename(self.keeping.current(kind), &kept)?;
        // A full disk leaves it unpacked, to be packed later.
        let _ = pack(&kept);
        let _ = tidy(&self.keeping, now());
        Ok(())
    }
}

fn past(then: jiff::Timestamp, now: jiff::Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}

fn open(path: &Path) -> io::Result<Book> {
    if let Some(folder) = path.parent() {
        make_private(folder)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).read(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let bytes = file.metadata()?.len();
    let mut first = [0; 40];
    let read = file.read(&mut first)?;
    let begun = time_of(&String::from_utf8_lossy(&first[..read])).unwrap_or_else(now);
    let mut book = Book { file, bytes, begun };
    end_torn_line(&mut book)?;
    Ok(book)
}

/// A power cut may have left half a line; what comes next begins a new one.
fn end_torn_line(book: &mut Book) -> io::Result<()> {
    if book.bytes == 0 {
        return Ok(());
    }
    let mut last = [0];
    book.file.seek(SeekFrom::End(-1))?;
    book.file.read_exact(&mut last)?;
    if last != *b"\n" {
        book.file.write_all(b"\n")?;
        book.bytes += 1;
    }
    Ok(())
}

/// The time at the beginning of a line of either form.
pub(super) fn time_of(line: &str) -> Option<jiff::Timestamp> {
    line.strip_prefix("{\"time\":\"").unwrap_or(line).get(..24)?.parse().ok()
}

fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Packs a file under a draft's name first, so that a half-packed one is never taken for the whole.
fn pack(path: &Path) -> io::Result<()> {
    let (draft, packed) = (path.with_extension("part"), path.with_extension("log.gz"));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let outcome = options.open(&draft).and_then(|file| {
        let mut gzip = GzEncoder::new(file, Compression::default());
        io::copy(&mut File::open(path)?, &mut gzip)?;
        gzip.finish()?.sync_all()?;
        fs::rename(&draft, &packed)
    });
    match outcome {
        Ok(()) => fs::remove_file(path),
        Err(cause) => {
            let _ = fs::remove_file(&draft);
            Err(cause)
        }
    }
}

/// What an interrupted packing left.
fn pack_what_was_left(archive: &Path) -> io::Result<()> {
    for entry in fs::read_dir(archive)?.flatten() {
        let path = entry.path();
        match path.extension().and_then(|e| e.to_str()) {
            Some("part") => fs::remove_file(&path)?,
            Some("log") => pack(&path)?,
            _ => {}
        }
    }
    Ok(())
}

/// Removes the files whose time is over, and the oldest beyond the limit of all.
fn tidy(keeping: &Keeping, now: jiff::Timestamp) -> io::Result<()> {
    let mut bytes: u64 =
        Kind::ALL.into_iter().filter_map(|kind| fs::metadata(keeping.current(kind)).ok()).map(|meta| meta.len()).sum();
    let mut put_away: Vec<(bool, String, PathBuf, u64)> = Vec::new();
    for entry in fs::read_dir(keeping.archive())?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some((kind, until)) = put_away_until(&name) else { continue };
        let size = entry.metadata().map_or(0, |meta| meta.len());
        if past(until, now) >= keeping.kept {
            fs::remove_file(entry.path())?;
            continue;
        }
        bytes += size;
        put_away.push((kind == Kind::Admin, format!("{until:.3}"), entry.path(), size));
    }
    put_away.sort();
    for (_, _, path, size) in put_away {
        if bytes <= keeping.bytes_max {
            break;
        }
        fs::remove_file(path)?;
        bytes = bytes.saturating_sub(size);
    }
    Ok(())
}

/// Which log a file that was put away is of, and until when it goes: `system-20260131T083000.000Z.log.gz`.
pub(super) fn put_away_until(name: &str) -> Option<(Kind, jiff::Timestamp)> {
    let stem = name.strip_suffix(".gz").unwrap_or(name).strip_suffix(".log")?;
    let (kind, stamp) = stem.split_once('-')?;
    Some((Kind::named(kind)?, stamp.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeping(folder: &Path) -> Keeping {
        Keeping {
            folder: folder.to_owned(),
            file_bytes: 100,
            file_age: Duration::from_hours(24),
            kept: Duration::from_hours(24),
            bytes_max: 1024 * 1024,
        }
    }

    fn line(n: usize) -> String {
        format!("{:.3}  INFO mcp_messenger: line {n:04}\n", now())
    }

    fn names(folder: &Path) -> Vec<String> {
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.map(|e| e.expect("an entry").file_name().into_string().expect("a name")).collect();
        names.sort();
        names
    }

    #[test]
    fn a_full_file_is_put_away_packed_and_nothing_is_lost() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut keeper = Keeper::new(keeping(folder.path()), false, Arc::default());
        let one = line(0).len();
        for n in 0..=(100 / one * 2) {
            keeper.line(Kind::System, &line(n));
        }
        let archived = names(&folder.path().join("archive"));
        assert_eq!(archived.len(), 2, "{archived:?}");
        assert!(archived.iter().all(|name| put_away_until(name).is_some_and(|(kind, _)| kind == Kind::System)));
        assert!(archived[0].ends_with(".log.gz"));
        let mut text = String::new();
        for name in &archived {
            let file = File::open(folder.path().join("archive").join(name)).expect("a file");
            flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("it unpacks");
        }
        text.push_str(&fs::read_to_string(folder.path().join("system.log")).expect("the current one"));
        let said: Vec<&str> = text.lines().map(|line| &line[line.len() - 4..]).collect();
        let all: Vec<String> = (0..said.len()).map(|n| format!("{n:04}")).collect();
        assert_eq!(said, all);
        assert_eq!(said.len(), 100 / one * 2 + 1);
    }

    #[cfg(unix)]
    #[test]
    fn files_are_for_this_account_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let mut keeper = Keeper::new(keeping(&folder.path().join("logs")), false, Arc::default());
        for _ in 0..20 {
            keeper.line(Kind::Admin, &line(1));
        }
        let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        let logs = folder.path().join("logs");
        assert_eq!((mode(&logs), mode(&logs.join("admin/admin.log"))), (0o700, 0o600));
        for name in names(&logs.join("archive")) {
            assert_eq!(mode(&logs.join("archive").join(name)), 0o600);
        }
    }

    #[test]
    fn an_old_file_is_put_away_and_the_oldest_are_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("system.log"), "2020-01-31T08:00:00.000Z  INFO mcp_messenger: old\n")
            .expect("written");
        let mut keeper = Keeper::new(keeping(folder.path()), false, Arc::default());
        keeper.line(Kind::System, &line(1));
        keeper.look_after();
        let archive = folder.path().join("archive");
        assert_eq!(names(&archive).len(), 1);

        fs::write(archive.join("access-20200131T080000.000Z.log.gz"), "x").expect("written");
        tidy(&keeping(folder.path()), now()).expect("tidied");
        assert_eq!(names(&archive).len(), 1, "the old one is gone, the young one is there");

        // Beyond the cap administrators' files go last, whatever their age.
        let young = |n: i64| format!("{:.3}", now() - jiff::SignedDuration::from_secs(n)).replace(['-', ':'], "");
        fs::remove_dir_all(&archive).expect("removed");
        fs::create_dir(&archive).expect("made");
        fs::write(folder.path().join("system.log"), "").expect("emptied");
        let admin = format!("admin-{}.log.gz", young(300));
        let (older, newer) = (format!("access-{}.log.gz", young(200)), format!("system-{}.log.gz", young(100)));
        for name in [&admin, &older, &newer] {
            fs::write(archive.join(name), [b'x'; 100]).expect("written");
        }
        let capped = |bytes_max| tidy(&Keeping { bytes_max, ..keeping(&folder.path().join(".")) }, now());
        capped(300).expect("tidied");
        assert_eq!(names(&archive).len(), 3, "at the cap");
        capped(299).expect("tidied");
        assert_eq!(names(&archive), [admin.clone(), newer]);
        capped(150).expect("tidied");
        assert_eq!(names(&archive), [admin]);
    }

    #[test]
    fn a_folder_that_cannot_be_written_to_loses_lines_and_says_so_later() {
        let folder = tempfile::tempdir().expect("a folder");
        let logs = folder.path().join("logs");
        fs::write(&logs, "in the way").expect("written");
        let mut keeper = Keeper::new(keeping(&logs), true, Arc::default());
        keeper.line(Kind::System, &line(1));
        keeper.line(Kind::System, &line(2));
        assert_eq!(keeper.lost.load(Ordering::Relaxed), 2);
        fs::remove_file(&logs).expect("removed");
        keeper.resting = None;
        keeper.look_after();
        let text = fs::read_to_string(logs.join("system.log")).expect("it is written again");
        let told: serde_json::Value = serde_json::from_str(text.trim()).expect("JSON");
        assert_eq!(told["lost"], 2);
        keeper.look_after();
        assert_eq!(fs::read_to_string(logs.join("system.log")).expect("a file"), text, "it is told once");
    }

    #[test]
    fn half_a_line_and_half_a_packed_file_are_mended() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("system.log"), "half").expect("written");
        let archive = folder.path().join("archive");
        fs::create_dir(&archive).expect("made");
        let stamp = format!("{:.3}", now()).replace(['-', ':'], "");
        fs::write(archive.join(format!("system-{stamp}.log")), "x\n").expect("written");
        fs::write(archive.join(format!("system-{stamp}.part")), "y").expect("written");
        let mut keeper = Keeper::new(keeping(folder.path()), false, Arc::default());
        keeper.line(Kind::System, "whole\n");
        keeper.look_after();
        assert_eq!(fs::read_to_string(folder.path().join("system.log")).expect("a file"), "half\nwhole\n");
        assert_eq!(names(&archive), [format!("system-{stamp}.log.gz")]);
    }
}
