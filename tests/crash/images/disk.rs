//! A disk that promises only what the standards promise: what was synced is there, the rest may be there, or be
//! missing, or be there in part.
//!
//! Contents: writes are whole 512-byte sectors to the platter; until a sync returns, each may have arrived or not,
//! in any order. Names (making, renaming, removing a file) go through the folder: they happen in order, and are
//! certain after a sync of the folder, or for a new file's own name after a sync of the file (as on ext4, XFS and
//! Btrfs). `SQLite`'s assumption that writing some bytes does not disturb their neighbours ("powersafe overwrite")
//! is granted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::log::Deed;
use crate::driver::Result;
use crate::driver::dice::Dice;

const SECTOR: u64 = 512;

/// Files with what is certain about them and what is not.
#[derive(Default)]
pub struct Disk {
    files: Vec<FileState>,
    /// Names as the running program sees them.
    names: BTreeMap<PathBuf, usize>,
    /// Names that are certain.
    certain: BTreeMap<PathBuf, usize>,
    /// Changes of names that are not, in order.
    pending: Vec<NameChange>,
}

#[derive(Default)]
struct FileState {
    certain: Vec<u8>,
    pending: Vec<Change>,
    /// The length the running program sees, for writes without an offset.
    len: u64,
    /// Syncs that began: how many pending changes each covers. Kept small: they end soon.
    syncs: Vec<(usize, usize)>,
    /// Pending changes that were settled since the file began, so that a sync's count can be corrected.
    settled: usize,
}

enum Change {
    Bytes { offset: u64, bytes: Vec<u8> },
    Len(u64),
}

enum NameChange {
    Make(PathBuf, usize),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Self::Make(path, file) => {
                names.insert(path.clone(), *file);
            }
            Self::Rename(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
            Self::Remove(path) => {
                names.remove(path);
            }
        }
    }

    fn folder(&self) -> Option<&Path> {
        match self {
            Self::Make(path, _) | Self::Remove(path) | Self::Rename(_, path) => path.parent(),
        }
    }
}

/// What happens to that which is not certain.
#[derive(Debug, Clone, Copy)]
pub enum Fate {
    /// All of it is lost.
    Dropped,
    /// All of it arrived.
    Kept,
    /// Each write arrived or not.
    Chosen,
    /// Each sector arrived or not.
    Torn,
    /// It arrived in order up to some write, which is torn.
    Cut,
}

impl Fate {
    /// Any of them.
    pub fn throw(dice: &mut Dice) -> Self {
        [Self::Dropped, Self::Kept, Self::Chosen, Self::Torn, Self::Torn, Self::Cut][dice.index(6)]
    }
}

impl Disk {
    /// Files that were there, safe, before the log began.
    pub fn holding(files: &BTreeMap<PathBuf, Vec<u8>>) -> Self {
        let mut disk = Self::default();
        for (path, bytes) in files {
            disk.names.insert(path.clone(), disk.files.len());
            disk.files.push(FileState { len: bytes.len() as u64, certain: bytes.clone(), ..FileState::default() });
        }
        disk.certain.clone_from(&disk.names);
        disk
    }

    /// Does what the log says.
    pub fn apply(&mut self, deed: &Deed) -> Result<()> {
        match deed {
            Deed::Other => {}
            Deed::Open { path, create, empty } => {
                if *create && !self.names.contains_key(path) {
                    self.names.insert(path.clone(), self.files.len());
                    self.pending.push(NameChange::Make(path.clone(), self.files.len()));
                    self.files.push(FileState::default());
                }
                if *empty && let Some(file) = self.named(path) {
                    file.cut(0);
                }
            }
            Deed::Write { path, offset, bytes } => {
                let file = self.named(path).ok_or_else(|| format!("a write to unknown {}", path.display()))?;
                let offset = offset.unwrap_or(file.len);
                file.len = file.len.max(offset + bytes.len() as u64);
                file.pending.push(Change::Bytes { offset, bytes: bytes.clone() });
            }
            Deed::Truncate { path, len } => {
                if let Some(file) = self.named(path) {
                    file.cut(*len);
                }
            }
            Deed::SyncBegins { path, token } => {
                if let Some(file) = self.named(path) {
                    let covered = file.settled + file.pending.len();
                    file.syncs.push((*token, covered));
                }
            }
            Deed::SyncEnds { path, token } => self.sync(path, *token),
            Deed::Rename { from, to } => {
                let change = NameChange::Rename(from.clone(), to.clone());
                change.apply(&mut self.names);
                self.pending.push(change);
            }
            Deed::Unlink { path } => {
                let change = NameChange::Remove(path.clone());
                change.apply(&mut self.names);
                self.pending.push(change);
            }
        }
        Ok(())
    }

    fn named(&mut self, path: &Path) -> Option<&mut FileState> {
        self.names.get(path).map(|file| &mut self.files[*file])
    }

    fn sync(&mut self, path: &Path, token: usize) {
        let Some(&number) = self.names.get(path) else {
            // A folder: its names are certain now.
            let changes = std::mem::take(&mut self.pending).into_iter();
            let (settled, rest): (Vec<_>, Vec<_>) = changes.partition(|change| change.folder() == Some(path));
            self.pending = rest;
            for change in settled {
                change.apply(&mut self.certain);
            }
            return;
        };
        let file = &mut self.files[number];
        if let Some(at) = file.syncs.iter().position(|(begun, _)| *begun == token) {
            let (_, covered) = file.syncs.remove(at);
            let count = covered.saturating_sub(file.settled);
            file.settled += count;
            let FileState { certain, pending, .. } = file;
            for change in pending.drain(..count) {
                change.write(certain);
            }
        }
        let certain = &mut self.certain;
        self.pending.retain(|change| match change {
            NameChange::Make(_, made) if *made == number => {
                change.apply(certain);
                false
            }
            _ => true,
        });
    }

    /// What a person finds after the power came back: names and bytes.
    pub fn image(&self, fate: Fate, dice: &mut Dice) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut names = self.certain.clone();
        let kept = match fate {
            Fate::Dropped => 0,
            Fate::Kept => self.pending.len(),
            _ => dice.index(self.pending.len() + 1),
        };
        for change in &self.pending[..kept] {
            change.apply(&mut names);
        }
        names.into_iter().map(|(path, file)| (path, self.files[file].image(fate, dice))).collect()
    }
}

impl FileState {
    fn cut(&mut self, len: u64) {
        self.len = len;
        self.pending.push(Change::Len(len));
    }

    fn image(&self, fate: Fate, dice: &mut Dice) -> Vec<u8> {
        let mut content = self.certain.clone();
        let cut = dice.index(self.pending.len() + 1);
        for (at, change) in self.pending.iter().enumerate() {
            match fate {
                Fate::Dropped => break,
                Fate::Kept => change.write(&mut content),
                Fate::Chosen if dice.chance(1, 2) => change.write(&mut content),
                Fate::Chosen => {}
                Fate::Torn => change.write_torn(&mut content, dice),
                Fate::Cut if at < cut => change.write(&mut content),
                Fate::Cut => {
                    change.write_torn(&mut content, dice);
                    break;
                }
            }
        }
        content
    }
}

impl Change {
    fn write(&self, content: &mut Vec<u8>) {
        match self {
            Self::Len(len) => content.resize(usize::try_from(*len).expect("files fit in memory"), 0),
            Self::Bytes { offset, bytes } => put(content, *offset, bytes),
        }
    }

    /// A change of length is one piece; bytes arrive by sectors of the disk, wherever the write began.
    fn write_torn(&self, content: &mut Vec<u8>, dice: &mut Dice) {
        match self {
            Self::Len(_) if dice.chance(1, 2) => self.write(content),
            Self::Len(_) => {}
            Self::Bytes { offset, bytes } => {
                let mut rest = bytes.as_slice();
                let mut offset = *offset;
                while !rest.is_empty() {
                    let to_edge = usize::try_from(SECTOR - offset % SECTOR).expect("at most 512");
                    let (sector, more) = rest.split_at(to_edge.min(rest.len()));
                    if dice.chance(1, 2) {
                        put(content, offset, sector);
                    }
                    offset += sector.len() as u64;
                    rest = more;
                }
            }
        }
    }
}

fn put(content: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let start = usize::try_from(offset).expect("files fit in memory");
    let end = start + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[start..end].copy_from_slice(bytes);
}
