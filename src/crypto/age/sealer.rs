//! Sealing what is written.

use std::io::{self, Write};

use base64::Engine as _;
use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::{AeadInOut, inout::InOutBuf};
use zeroize::Zeroizing;

use super::{BASE64, CHUNK_BYTES, Lock, nonce_of};
use crate::crypto::entropy::Entropy;
use crate::error::{Context, Result};

/// Seals what is written to it.
pub struct Sealer<W: Write> {
    to: W,
    cipher: ChaCha20Poly1305,
    /// The number of the next piece.
    counter: u64,
    chunk: Zeroizing<Vec<u8>>,
}

impl<W: Write> Sealer<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// Internal, with the cause of a failed writing.
    pub fn new(lock: &Lock, entropy: &dyn Entropy, mut to: W) -> Result<Self> {
        let mut nonce = [0; 16];
        entropy.fill_fresh(&mut nonce);
        let write = |to: &mut W| {
            writeln!(to, "{} {}", lock.header(), BASE64.encode(*lock.mac()))?;
            to.write_all(&nonce)
        };
        write(&mut to).context("writing an export")?;
        let chunk = Zeroizing::new(Vec::with_capacity(CHUNK_BYTES));
        Ok(Self { to, cipher: lock.cipher(&nonce), counter: 0, chunk })
    }

    /// Writes the last piece and gives back what is below.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(mut self) -> io::Result<W> {
        self.piece(true)?;
        self.to.flush()?;
        Ok(self.to)
    }

    fn piece(&mut self, last: bool) -> io::Result<()> {
        let nonce = nonce_of(self.counter, last);
        self.counter += 1;
        let tag = self
            .cipher
            .encrypt_inout_detached(&nonce, b"", InOutBuf::from(self.chunk.as_mut_slice()))
            .map_err(|_| io::Error::other("sealing a piece of an export"))?;
        self.to.write_all(&self.chunk)?;
        self.to.write_all(&tag)?;
        self.chunk.clear();
        Ok(())
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full piece is written when more comes: only then it is not the last.
        if self.chunk.len() == CHUNK_BYTES {
            self.piece(false)?;
        }
        let taken = bytes.len().min(CHUNK_BYTES - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
