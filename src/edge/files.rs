//! The files under `DATA_DIR/tls`: private, written whole or not at all, keys sealed by whoever keeps the keys.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::{Context, Result};

/// Seals private keys before they are written. The edge may not use `crypto`, so the application passes this in.
pub trait KeyVault: Send + Sync + 'static {
    /// What to write in place of `plain`.
    fn seal(&self, plain: &[u8]) -> Result<Vec<u8>>;
    /// The plain bytes of what [`KeyVault::seal`] returned.
    fn open(&self, sealed: &[u8]) -> Result<Vec<u8>>;
}

/// Writes keys as they are: for tests and tools.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainVault;

impl KeyVault for PlainVault {
    fn seal(&self, plain: &[u8]) -> Result<Vec<u8>> {
        Ok(plain.to_vec())
    }

    fn open(&self, sealed: &[u8]) -> Result<Vec<u8>> {
        Ok(sealed.to_vec())
    }
}

/// A folder that only we may enter (0700 on Unix).
#[derive(Debug, Clone)]
pub(super) struct PrivateDir(PathBuf);

impl PrivateDir {
    pub fn open(path: &Path) -> Result<Self> {
        let doing = || format!("preparing the folder {}", path.display());
        fs::create_dir_all(path).context(doing())?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(path, fs::Permissions::from_mode(0o700)).context(doing())?;
        }
        Ok(Self(path.to_owned()))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The file's bytes; `None` when there is no such file.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        match fs::read(self.path(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).context(format!("reading {}", self.path(name).display())),
        }
    }

    /// Replaces the file: temporary → fsync → rename → fsync of the folder, so a power cut leaves the old or the new.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let temporary = self.path(&format!(".{name}.tmp"));
        let target = self.path(name);
        self.write_through(&temporary, &target, bytes).context(format!("writing {}", target.display()))
    }

    fn write_through(&self, temporary: &Path, target: &Path, bytes: &[u8]) -> io::Result<()> {
        match fs::remove_file(temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let mut file = options.open(temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        drop(file);
        fs::rename(temporary, target)?;
        #[cfg(unix)]
        fs::File::open(&self.0)?.sync_all()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_replaced_whole_and_are_private() {
        let root = tempfile::tempdir().unwrap();
        let dir = PrivateDir::open(&root.path().join("a/tls")).unwrap();
        assert_eq!(dir.read("x").unwrap(), None);
        fs::write(dir.path(".x.tmp"), b"left by a crash").unwrap();
        dir.write("x", b"one").unwrap();
        dir.write("x", b"two").unwrap();
        assert_eq!(dir.read("x").unwrap().unwrap(), b"two");
        assert!(!dir.path(".x.tmp").exists());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |p: PathBuf| fs::metadata(p).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(dir.path("x")), 0o600);
            assert_eq!(mode(dir.path(".")), 0o700);
        }
    }
}
