//! The master key: the one secret that stays outside the database.
//!
//! It is given by the environment or lives in a file that only the server may read. It never seals data
//! itself; it unwraps the data keys, so changing it means wrapping a few keys again, not the whole database.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::entropy::Entropy;
use crate::error::{Context, Error, Result};

/// Longer than any spelling of a key with its line end; a file beyond it is something else.
const FILE_BYTES_MAX: u64 = 4_096;

/// 256 random bits.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// A new key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 32];
        entropy.fill_fresh(&mut bytes);
        Self(bytes)
    }

    /// Reads 64 hex digits, or base64 of 32 bytes (either alphabet, padded or not); white space around is cut.
    ///
    /// # Errors
    /// Invalid `bad_master_key` with what is allowed; also for a key that is one byte repeated, which is a
    /// placeholder that someone forgot to replace.
    pub fn parse(text: &str) -> Result<Self> {
        let bytes = from_hex(text.trim()).or_else(|| from_base64(text.trim())).ok_or_else(|| {
            Error::invalid("bad_master_key", "A master key is 64 hex digits, or base64 of exactly 32 bytes.")
        })?;
        if bytes.iter().all(|byte| *byte == bytes[0]) {
            return Err(Error::invalid(
                "bad_master_key",
                "The master key is one byte repeated, which is a placeholder. Make one with `openssl rand -hex 32`.",
            ));
        }
        let mut key = [0; 32];
        key.copy_from_slice(&bytes);
        Ok(Self(key))
    }

    /// Reads the key file.
    ///
    /// # Errors
    /// Missing when there is no file; Refused `key_file_exposed` when others may read or change it (Unix);
    /// Invalid `bad_master_key` when it holds something else. None of these may ever lead to a new key being
    /// made over existing data.
    pub fn read_file(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|cause| match cause.kind() {
            ErrorKind::NotFound => Error::missing("master key file"),
            _ => Error::internal(format!("reading the master key {}", path.display())).because(cause),
        })?;
        refuse_exposed(&file, path)?;
        let mut text = Zeroizing::new(String::with_capacity(128));
        file.take(FILE_BYTES_MAX)
            .read_to_string(&mut text)
            .context(format!("reading the master key {}", path.display()))?;
        Self::parse(&text)
    }

    /// Writes the key as 64 hex digits to a file of mode 0600, so that either the whole key stands there or
    /// nothing, even when the power fails in between.
    ///
    /// # Errors
    /// Conflict `key_exists` when the file is there already: a key is never written over.
    pub fn write_file(&self, path: &Path, entropy: &dyn Entropy) -> Result<()> {
        let doing = || format!("writing the master key {}", path.display());
        let mut tail = [0; 8];
        entropy.fill(&mut tail);
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".{:016x}.tmp", u64::from_be_bytes(tail)));
        let temporary = path.with_file_name(name);

        let written = self.write_new(&temporary).context(doing());
        // A hard link, unlike a rename, never replaces what is there.
        let placed = written.and_then(|()| match fs::hard_link(&temporary, path) {
            Ok(()) => Ok(()),
            Err(cause) if cause.kind() == ErrorKind::AlreadyExists => Err(exists(path)),
            // File systems without hard links: the check and the rename are two steps, which is the best they offer.
            Err(_) if path.exists() => Err(exists(path)),
            Err(_) => fs::rename(&temporary, path).context(doing()),
        });
        match fs::remove_file(&temporary) {
            Err(cause) if cause.kind() != ErrorKind::NotFound && placed.is_ok() => return Err(cause).context(doing()),
            _ => {}
        }
        placed?;
        sync_folder(path).context(doing())
    }

    fn write_new(&self, path: &Path) -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let mut file = options.open(path)?;
        file.write_all(self.to_hex().as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    }

    /// The key as 64 hex digits. Every call is a place to look at twice.
    pub fn to_hex(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(64));
        super::token::push_hex(&mut text, &self.0);
        text
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(********)")
    }
}

fn exists(path: &Path) -> Error {
    Error::conflict("key_exists", format!("{} is there already and is not written over.", path.display()))
}

fn from_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(32));
    for pair in text.as_bytes().chunks_exact(2) {
        bytes.push(u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?);
    }
    Some(bytes)
}

fn from_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let unpadded = text.trim_end_matches('=');
    let padded = Zeroizing::new(format!("{unpadded}{}", &"==="[..(4 - unpadded.len() % 4) % 4]));
    let bytes = STANDARD.decode(padded.as_str()).or_else(|_| URL_SAFE.decode(padded.as_str())).ok()?;
    let bytes = Zeroizing::new(bytes);
    (bytes.len() == 32).then_some(bytes)
}

#[cfg(unix)]
fn refuse_exposed(file: &File, path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().context("looking at the master key file")?.permissions().mode();
    // A group may read it, because secret stores mount files so; the world may not, and nobody may change it.
    if mode & 0o027 != 0 {
        return Err(Error::refused(
            "key_file_exposed",
            format!("{0} can be read or changed by other users. Run: chmod 600 {0}", path.display()),
        ));
    }
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same shape as on Unix; Windows guards the folder by its ACL")]
fn refuse_exposed(_file: &File, _path: &Path) -> Result<()> {
    Ok(())
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same shape as on Unix; NTFS journals the entry itself")]
fn sync_folder(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SeededEntropy;
    use crate::error::Kind;

    fn key() -> MasterKey {
        MasterKey::generate(&SeededEntropy::new(5))
    }

    #[test]
    fn every_spelling_of_a_key_is_read() {
        let hex = key().to_hex();
        let padded = STANDARD.encode(key().bytes());
        let url = URL_SAFE.encode(key().bytes());
        let bare = padded.trim_end_matches('=').to_string();
        for text in [hex.as_str(), &hex.to_uppercase(), &format!(" {}\n", *hex), &padded, &url, &bare] {
            assert_eq!(MasterKey::parse(text).unwrap().bytes(), key().bytes(), "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused_without_repeating_it() {
        let short = STANDARD.encode([3; 31]);
        let zeros = "0".repeat(64);
        for text in ["", "hunter2", &"ab".repeat(31), &"zz".repeat(32), &short, &zeros, "é".repeat(32).as_str()] {
            let refused = MasterKey::parse(text).unwrap_err();
            assert_eq!(refused.code(), "bad_master_key");
            assert!(text.is_empty() || !refused.chain().contains(text));
        }
    }

    #[test]
    fn a_key_file_is_written_once_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        assert_eq!(MasterKey::read_file(&path).unwrap_err().kind(), Kind::Missing);
        key().write_file(&path, &SeededEntropy::new(1)).unwrap();
        assert_eq!(MasterKey::read_file(&path).unwrap().bytes(), key().bytes());

        let other = MasterKey::generate(&SeededEntropy::new(6));
        assert_eq!(other.write_file(&path, &SeededEntropy::new(2)).unwrap_err().code(), "key_exists");
        assert_eq!(MasterKey::read_file(&path).unwrap().bytes(), key().bytes());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary is left");
    }

    #[test]
    fn an_empty_or_foreign_file_is_no_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        for content in ["", "\n", "not a key\n", &"a".repeat(10_000)] {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(&path).unwrap().write_all(content.as_bytes()).unwrap();
            assert_eq!(MasterKey::read_file(&path).unwrap_err().code(), "bad_master_key");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        key().write_file(&path, &SeededEntropy::new(1)).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(MasterKey::read_file(&path).unwrap_err().code(), "key_file_exposed");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).unwrap();
        assert!(MasterKey::read_file(&path).is_ok());
    }

    #[test]
    fn a_key_does_not_print_itself() {
        assert_eq!(format!("{:?}", key()), "MasterKey(********)");
    }
}
