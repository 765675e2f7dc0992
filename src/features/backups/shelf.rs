//! A folder with backups in it.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::model::Name;
use crate::crypto::{Entropy, age, token};
use crate::error::{Error, Result};

/// Bytes that are copied at once.
const PIECE_BYTES: usize = 256 * 1024;

/// What stands beside a backup.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Note {
    /// Bytes of the backup's own file.
    pub(super) bytes: u64,
    /// SHA-256 of the backup's own file.
    pub(super) sha256: String,
    pub(super) schema_version: i32,
    pub(super) app_version: String,
    pub(super) published_at: i64,
    pub(super) facts: serde_json::Value,
}

/// A folder.
pub(super) struct Shelf<'a>(pub(super) &'a Path);

impl Shelf<'_> {
    /// What lies there, newest first; nothing when the folder is not there.
    pub(super) fn names(&self) -> Vec<Name> {
        let Ok(entries) = fs::read_dir(self.0) else { return Vec::new() };
        let mut names: Vec<Name> =
            entries.flatten().filter_map(|entry| Name::parse(entry.file_name().to_str()?)).collect();
        names.sort_by_key(|name| std::cmp::Reverse((name.at, name.text())));
        names
    }

    pub(super) fn path(&self, name: &Name) -> PathBuf {
        self.0.join(name.text())
    }

    /// Bytes of a backup's file.
    pub(super) fn bytes(&self, name: &Name) -> u64 {
        fs::metadata(self.path(name)).map_or(0, |meta| meta.len())
    }

    pub(super) fn note(&self, name: &Name) -> Option<Note> {
        serde_json::from_slice(&fs::read(beside(&self.path(name))).ok()?).ok()
    }

    /// Removes a backup; false when there is none.
    pub(super) fn remove(&self, name: &Name) -> Result<bool> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(cause) => return Err(unusable(self.0, &cause)),
        }
        // A note without its backup harms nobody.
        let _ = fs::remove_file(beside(&path));
        Ok(true)
    }

    /// Copies `from` here under `name`: under a draft's name first, flushed, read back and compared. With a lock, it is
    /// sealed on the way. `tell` hears how many bytes are written.
    pub(super) fn put(
        &self,
        name: &Name,
        from: &Path,
        note: &Note,
        lock: Option<(&age::Lock, &dyn Entropy)>,
        tell: &mut dyn FnMut(u64),
    ) -> Result<Note> {
        self.sweep();
        let draft = self.0.join(format!(".{}.part", name.text()));
        let outcome = copy(from, &draft, lock, tell).and_then(|(bytes, sha256)| {
            let (again, read) = digest(&draft)?;
            if (bytes, &sha256) != (again, &read) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "what was written does not read back the same"));
            }
            fs::rename(&draft, self.path(name))?;
            sync(self.0)?;
            Ok(Note { bytes, sha256, ..note.clone() })
        });
        let note = outcome.map_err(|cause| {
            let _ = fs::remove_file(&draft);
            unusable(self.0, &cause)
        })?;
        let (text, path) = (serde_json::to_vec_pretty(&note).unwrap_or_default(), beside(&self.path(name)));
        let draft = self.0.join(format!(".{}.json.part", name.text()));
        create(&draft)
            .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&draft, &path))
            .and_then(|()| sync(self.0))
            .map_err(|cause| unusable(self.0, &cause))?;
        Ok(note)
    }

    /// Writes, reads back and removes a small file.
    pub(super) fn try_it(&self) -> Result<()> {
        let path = self.0.join(format!(".mcp-messenger-test-{}", std::process::id()));
        let text = [7; 4096];
        let tried = (|| {
            if !self.0.is_dir() {
                return Err(io::Error::new(io::ErrorKind::NotFound, "there is no such folder"));
            }
            let mut file = create(&path)?;
            file.write_all(&text)?;
            file.sync_all()?;
            if fs::read(&path)? == text { Ok(()) } else { Err(io::Error::other("it does not read back the same")) }
        })();
        let _ = fs::remove_file(&path);
        tried.map_err(|cause| unusable(self.0, &cause))
    }

    /// Drafts that an interruption left.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(self.0) else { return };
        for entry in entries.flatten() {
            let is_draft = entry.path().extension().is_some_and(|e| e == "part");
            if is_draft && entry.file_name().to_str().is_some_and(|name| name.starts_with(".messenger-")) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Says what is the matter with a folder, and what to do.
pub(super) fn unusable(folder: &Path, cause: &io::Error) -> Error {
    let folder = folder.display();
    let what = match cause.kind() {
        io::ErrorKind::NotFound => "is not there: is the disk plugged in, the share mounted?".to_owned(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "is full: make space or keep fewer".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "is read-only".to_owned(),
        io::ErrorKind::PermissionDenied => "may not be written to by the server's account".to_owned(),
        _ => format!("cannot be used: {cause}"),
    };
    Error::conflict("backup_folder_unusable", format!("{folder} {what}."))
}

/// Makes the folder of the data folder's own backups.
pub(super) fn make_private(folder: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|cause| unusable(folder, &cause))
}

fn beside(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.json", path.display()))
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn sync(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    return match File::open(folder)?.sync_all() {
        // Some network shares flush files and know nothing of folders.
        Err(cause) if cause.kind() == io::ErrorKind::InvalidInput => Ok(()),
        done => done,
    };
    #[cfg(not(unix))]
    {
        let _ = folder;
        Ok(())
    }
}

/// Writes on, and knows what it wrote.
struct Counted<W> {
    to: W,
    hash: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.to.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

fn copy(
    from: &Path,
    to: &Path,
    lock: Option<(&age::Lock, &dyn Entropy)>,
    tell: &mut dyn FnMut(u64),
) -> io::Result<(u64, String)> {
    let mut source = File::open(from)?;
    let counted = Counted { to: create(to)?, hash: Sha256::new(), bytes: 0 };
    let counted = match lock {
        None => pour(&mut source, counted, tell)?,
        Some((lock, entropy)) => {
            let sealer = age::Sealer::new(lock, entropy, counted).map_err(io::Error::other)?;
            pour(&mut source, sealer, tell)?.finish()?
        }
    };
    counted.to.sync_all()?;
    Ok((counted.bytes, token::hex(&counted.hash.finalize())))
}

fn pour<W: Write>(from: &mut File, mut to: W, tell: &mut dyn FnMut(u64)) -> io::Result<W> {
    let mut piece = vec![0; PIECE_BYTES];
    let mut done = 0;
    loop {
        let count = from.read(&mut piece)?;
        if count == 0 {
            return Ok(to);
        }
        to.write_all(&piece[..count])?;
        done += count as u64;
        tell(done);
    }
}

fn digest(path: &Path) -> io::Result<(u64, String)> {
    let counted = Counted { to: io::sink(), hash: Sha256::new(), bytes: 0 };
    let counted = pour(&mut File::open(path)?, counted, &mut |_| {})?;
    Ok((counted.bytes, token::hex(&counted.hash.finalize())))
}
