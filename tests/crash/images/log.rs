//! What a process did to a folder, read from strace's log.
//!
//! strace is asked for whole buffers in hexadecimal (`-xx`), for the path behind every descriptor (`-y`) and for
//! wall-clock times (`-ttt`). A call that another thread interrupts is written as two lines; its effect may happen
//! anywhere between them, so a write counts from its first line and a sync only from its last.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use crate::driver::Result;

/// The calls the log must hold. Those of the second half change files in ways the replay does not know: seen on a
/// file of the folder, they are an error and not overlooked.
const CALLS: &str = "open,openat,creat,write,pwrite64,fsync,fdatasync,ftruncate,truncate,\
                     rename,renameat,renameat2,unlink,unlinkat,\
                     writev,pwritev,pwritev2,fallocate,copy_file_range,sync_file_range,link,linkat,msync,sendfile";

/// The command under which a program's writes are logged.
pub fn strace(log: &Path) -> Vec<OsString> {
    let mut words: Vec<OsString> =
        ["strace", "-f", "--seccomp-bpf", "-qq", "-y", "-ttt", "-xx", "-s", "1000000"].map(Into::into).into();
    words.extend(["-e".into(), format!("trace={CALLS}").into(), "-e".into(), "signal=none".into()]);
    words.extend(["-o".into(), log.as_os_str().to_owned()]);
    words
}

/// One thing that happened, at microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub at: u64,
    pub deed: Deed,
}

/// Something that happened below the watched folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// A file was opened, perhaps made or emptied by that.
    Open { path: PathBuf, create: bool, empty: bool },
    /// Bytes were written; without an offset, at the end.
    Write { path: PathBuf, offset: Option<u64>, bytes: Vec<u8> },
    /// The file's length was changed.
    Truncate { path: PathBuf, len: u64 },
    /// A sync of a file or folder began; what is written later is not covered by it.
    SyncBegins { path: PathBuf, token: usize },
    /// That sync succeeded.
    SyncEnds { path: PathBuf, token: usize },
    /// A file got another name.
    Rename { from: PathBuf, to: PathBuf },
    /// A name went away.
    Unlink { path: PathBuf },
    /// Something else that a traced process did. Only its time counts.
    Other,
}

struct Call {
    name: String,
    arguments: String,
    at: u64,
    /// None until the call returned; a killed process leaves some so.
    result: Option<i64>,
}

/// Reads a log; paths come out relative to `root`, and what happened elsewhere as [`Deed::Other`].
pub fn read(log: &Path, root: &Path) -> Result<Vec<Event>> {
    let root = root.canonicalize()?;
    let mut events: Vec<Event> = Vec::new();
    // A call in flight: where its first line is among the events.
    let mut in_flight: HashMap<String, (usize, Call)> = HashMap::new();
    let mut lines = BufReader::with_capacity(1 << 20, std::fs::File::open(log)?);
    let mut line = String::new();
    let mut number = 0;
    loop {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            break;
        }
        number += 1;
        if !line.ends_with('\n') {
            // The kill cut the last line off while strace wrote it: that call was in flight, and what a call in
            // flight did is not demanded of any image.
            break;
        }
        let complain = |what: &str| format!("{}:{number}: {what}: {:.160}", log.display(), line);
        let mut words = line.trim_end().splitn(3, ' ').map(str::trim_start);
        let (Some(pid), Some(time), Some(rest)) = (words.next(), words.next(), words.next()) else {
            return Err(complain("not a line of strace -f -ttt").into());
        };
        // strace pads the process id, so that the time may have been taken for an empty word.
        let (time, rest) = if time.is_empty() { rest.split_once(' ').unwrap_or((rest, "")) } else { (time, rest) };
        let at = micros(time).ok_or_else(|| complain("no time"))?;
        if rest.starts_with("+++") || rest.starts_with("---") {
            events.push(Event { at, deed: Deed::Other });
        } else if let Some(resumed) = rest.strip_prefix("<... ") {
            let (_, tail) = resumed.split_once(" resumed>").ok_or_else(|| complain("no call resumed"))?;
            let Some((start, mut call)) = in_flight.remove(pid) else {
                return Err(complain("resumes what did not begin").into());
            };
            let (more, result) = split_result(tail).ok_or_else(|| complain("no result"))?;
            call.arguments.push_str(more);
            call.result = result;
            // Only now is it known whether the first line had an effect at all.
            let begun = begin(&call, &root, start)?;
            let deed = finish(&begun, &call);
            events[start].deed = begun;
            events.push(Event { at, deed });
        } else {
            let (name, tail) = rest.split_once('(').ok_or_else(|| complain("no call"))?;
            let start = events.len();
            // strace that is told to go leaves the calls it was waiting for detached.
            let in_the_midst = [" <unfinished ...>", " <detached ...>"];
            if let Some(arguments) = in_the_midst.iter().find_map(|suffix| tail.strip_suffix(suffix)) {
                let call = Call { name: name.into(), arguments: arguments.into(), at, result: None };
                events.push(Event { at, deed: Deed::Other });
                in_flight.insert(pid.to_owned(), (start, call));
            } else {
                let (arguments, result) = split_result(tail).ok_or_else(|| complain("no result"))?;
                let call = Call { name: name.into(), arguments: arguments.into(), at, result };
                let begun = begin(&call, &root, start)?;
                let done = finish(&begun, &call);
                events.push(Event { at, deed: begun });
                if done != Deed::Other {
                    events.push(Event { at, deed: done });
                }
            }
        }
    }
    // What a kill interrupted may have happened or not.
    for (start, call) in in_flight.into_values() {
        events[start] = Event { at: call.at, deed: begin(&call, &root, start)? };
    }
    Ok(events)
}

fn micros(time: &str) -> Option<u64> {
    let (seconds, micros) = time.split_once('.')?;
    Some(seconds.parse::<u64>().ok()? * 1_000_000 + micros.parse::<u64>().ok()?)
}

/// `…arguments) = 17<…>`: a result of `?` is a call that never returned.
fn split_result(tail: &str) -> Option<(&str, Option<i64>)> {
    let at = tail.rfind(" = ")?;
    let arguments = tail[..at].trim_end().strip_suffix(')')?;
    let number = tail[at + 3..].split(|c: char| c != '-' && !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    Some((arguments, number.parse().ok()))
}

/// The effect of a call's first line.
fn begin(call: &Call, root: &Path, token: usize) -> Result<Deed> {
    if call.result.is_some_and(|result| result < 0) {
        return Ok(Deed::Other);
    }
    let arguments = Arguments::split(&call.arguments);
    let inside = |path: Option<PathBuf>| path.and_then(|path| path.strip_prefix(root).ok().map(Path::to_owned));
    let Some(path) = inside(arguments.path(0)) else { return Ok(Deed::Other) };
    Ok(match call.name.as_str() {
        "open" | "openat" | "creat" => {
            let flags = if call.name == "creat" { "O_CREAT|O_TRUNC" } else { arguments.flags() };
            if flags.contains("O_DSYNC") || flags.contains("O_SYNC") {
                return Err(format!("the replay does not know synchronous files: {}", path.display()).into());
            }
            Deed::Open { path, create: flags.contains("O_CREAT"), empty: flags.contains("O_TRUNC") }
        }
        "write" | "pwrite64" => {
            let mut bytes = arguments.bytes(1).ok_or_else(|| format!("no bytes in a write to {}", path.display()))?;
            if let Some(written) = call.result {
                bytes.truncate(usize::try_from(written)?);
            }
            let offset = if call.name == "write" { None } else { Some(arguments.number(3)?) };
            Deed::Write { path, offset, bytes }
        }
        "ftruncate" | "truncate" => Deed::Truncate { path, len: arguments.number(1)? },
        "fsync" | "fdatasync" => Deed::SyncBegins { path, token },
        "rename" | "renameat" | "renameat2" => {
            let to = inside(arguments.second_path()).ok_or("renamed out of the folder")?;
            Deed::Rename { from: path, to }
        }
        "unlink" | "unlinkat" => Deed::Unlink { path },
        other => return Err(format!("the replay does not know {other} on {}", path.display()).into()),
    })
}

/// The effect of a call's last line.
fn finish(begun: &Deed, call: &Call) -> Deed {
    match begun {
        Deed::SyncBegins { path, token } if call.result == Some(0) => {
            Deed::SyncEnds { path: path.clone(), token: *token }
        }
        _ => Deed::Other,
    }
}

/// The arguments of a call. No string holds a comma, for all of them are hexadecimal.
struct Arguments<'a>(Vec<&'a str>);

impl<'a> Arguments<'a> {
    fn split(text: &'a str) -> Self {
        Self(text.split(", ").collect())
    }

    /// The path that the call is about: of a descriptor, of a name, or of a name in a folder (`openat`).
    fn path(&self, at: usize) -> Option<PathBuf> {
        let first = *self.0.get(at)?;
        if first.starts_with('"') {
            return quoted(first);
        }
        let (_, of_descriptor) = first.split_once('<')?;
        let (of_descriptor, deleted) = of_descriptor.split_once('>')?;
        if deleted == "(deleted)" {
            return None;
        }
        let folder = PathBuf::from(OsString::from_vec(unhex(of_descriptor)?));
        // `openat(AT_FDCWD<folder>, "name"` against `pwrite64(5<file>, "bytes"`: only the first kind is a folder
        // followed by a name, and only calls of that kind are asked for one.
        match self.0.get(at + 1) {
            Some(name) if name.starts_with('"') && self.names_follow() => Some(folder.join(quoted(name)?)),
            _ => Some(folder),
        }
    }

    /// Calls that take a folder's descriptor and a name begin with `AT_FDCWD` here: `SQLite` and Rust's library
    /// never use another folder.
    fn names_follow(&self) -> bool {
        self.0.iter().any(|argument| argument.starts_with("AT_FDCWD"))
    }

    fn second_path(&self) -> Option<PathBuf> {
        if self.0.first()?.starts_with('"') { self.path(1) } else { self.path(2) }
    }

    fn flags(&self) -> &'a str {
        self.0.iter().find(|argument| argument.starts_with("O_")).copied().unwrap_or_default()
    }

    fn bytes(&self, at: usize) -> Option<Vec<u8>> {
        unhex(self.0.get(at)?.strip_prefix('"')?.strip_suffix('"')?)
    }

    fn number(&self, at: usize) -> Result<u64> {
        let text = self.0.get(at).ok_or("an argument is missing")?;
        Ok(text.parse().map_err(|why| format!("{text}: {why}"))?)
    }
}

fn quoted(text: &str) -> Option<PathBuf> {
    Some(PathBuf::from(OsString::from_vec(unhex(text.strip_prefix('"')?.strip_suffix('"')?)?)))
}

/// `\x2f\x74…` as bytes.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let (groups, []) = text.as_bytes().as_chunks::<4>() else { return None };
    groups
        .iter()
        .map(|group| match group {
            [b'\\', b'x', high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}
