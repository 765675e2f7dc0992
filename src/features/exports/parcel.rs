//! The file: a tar (POSIX ustar) inside a seal, written in one pass.
//!
//! Rows come in slices, and each slice is an entry of its own, because a tar wants to know an entry's length before
//! the entry: so no more than a slice is ever in memory. The manifest comes last and has the hash of every entry.

use std::fs::File;
use std::io::{self, Write};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::crypto::age::{Lock, Sealer};
use crate::crypto::{Entropy, token};
use crate::error::Result;

const BLOCK: usize = 512;

/// Hashes and counts what passes through to the file.
struct Counted {
    file: File,
    digest: Sha256,
    bytes: u64,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.digest.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// An export that is being written.
pub(super) struct Parcel {
    to: Sealer<Counted>,
    entries: Vec<Value>,
    /// Seconds since 1970, for the entries.
    at: i64,
}

/// A finished file.
pub(super) struct Packed {
    pub(super) file: File,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

impl Parcel {
    /// Begins a file.
    pub(super) fn begin(file: File, lock: &Lock, entropy: &dyn Entropy, at: i64) -> Result<Self> {
        let to = Sealer::new(lock, entropy, Counted { file, digest: Sha256::new(), bytes: 0 })?;
        Ok(Self { to, entries: Vec::new(), at })
    }

    /// Adds an entry.
    pub(super) fn add(&mut self, name: &str, content: &[u8], rows: usize) -> io::Result<()> {
        let sha256 = token::hex(&Sha256::digest(content));
        self.entries.push(json!({ "name": name, "bytes": content.len(), "rows": rows, "sha256": sha256 }));
        self.write(name, content)
    }

    /// Adds the manifest and ends the file.
    pub(super) fn finish(mut self, mut about: Value) -> io::Result<Packed> {
        about["entries"] = Value::Array(std::mem::take(&mut self.entries));
        self.write("manifest.json", format!("{about:#}\n").as_bytes())?;
        // Two empty blocks are the end of a tar.
        self.to.write_all(&[0; 2 * BLOCK])?;
        let Counted { file, digest, bytes } = self.to.finish()?;
        Ok(Packed { file, bytes, sha256: token::hex(&digest.finalize()) })
    }

    fn write(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.to.write_all(&header(name, content.len(), self.at))?;
        self.to.write_all(content)?;
        let rest = content.len() % BLOCK;
        if rest > 0 {
            self.to.write_all(&[0; BLOCK][rest..])?;
        }
        Ok(())
    }
}

/// The header of an entry (POSIX.1-1988, ustar). Names are ours and short.
pub(super) fn header(name: &str, bytes: usize, at: i64) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |from: usize, text: &str| block[from..from + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000600\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{bytes:011o}\0"));
    put(136, &format!("{:011o}\0", at.max(0)));
    // The checksum is computed as if it were spaces.
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\0");
    put(263, "00");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}
