//! Where exports are written: a folder for the server's account alone, and places for few at a time.

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::crypto::SharedEntropy;
use crate::error::{Context, Result};
use crate::id::ExportId;

/// Exports that are written at the same time; others wait. Each needs 64 MiB for a moment, and reads a lot.
const AT_ONCE: usize = 2;

/// The folder and the places.
pub struct Desk {
    folder: PathBuf,
    /// How long files are kept.
    pub(super) kept: Duration,
    pub(super) entropy: SharedEntropy,
    pub(super) places: Arc<Semaphore>,
}

impl Desk {
    /// Over `folder`, which is made when it is needed first.
    pub fn new(folder: PathBuf, kept: Duration, entropy: SharedEntropy) -> Self {
        Self { folder, kept, entropy, places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// The finished file.
    pub(super) fn file(&self, export: ExportId) -> PathBuf {
        self.folder.join(format!("{export}.age"))
    }

    fn draft(&self, export: ExportId) -> PathBuf {
        self.folder.join(format!("{export}.part"))
    }

    /// Opens the file to write into; only this account may read it.
    pub(super) fn begin(&self, export: ExportId) -> Result<File> {
        let what = "making a file for an export";
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder).context(what)?;
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(self.draft(export)).context(what)
    }

    /// Gives the complete file its name.
    pub(super) fn place(&self, export: ExportId, file: &File) -> std::io::Result<()> {
        file.sync_all()?;
        fs::rename(self.draft(export), self.file(export))
    }

    /// Removes whatever there is of an export.
    pub(super) fn clear(&self, export: ExportId) {
        let _ = fs::remove_file(self.draft(export));
        let _ = fs::remove_file(self.file(export));
    }

    /// Removes every file that belongs to none of `kept`.
    pub(super) fn sweep(&self, kept: &[ExportId]) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            if !kept.iter().any(|export| self.file(*export) == path) {
                let _ = fs::remove_file(path);
            }
        }
    }
}
