//! Opening what was sealed, piece by piece: nothing is handed on that was not authenticated.

use std::io::{self, BufRead, BufReader, Read};

use base64::Engine as _;
use chacha20poly1305::aead::{AeadInOut, KeyInit, inout::InOutBuf};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use zeroize::Zeroizing;

use super::{BASE64, CHUNK_BYTES, FILE_KEY_BYTES, INTRO, LOG_N_MAX, Lock, TAG_BYTES, nonce_of, wrapping_key};
use crate::error::{Context, Error, Result};

/// Bytes that a line of a header may have; ours have 70.
const LINE_BYTES_MAX: u64 = 1_024;

/// Opens what is read through it.
pub struct Opener<R: Read> {
    from: BufReader<R>,
    cipher: ChaCha20Poly1305,
    counter: u64,
    piece: Zeroizing<Vec<u8>>,
    given: usize,
    ended: bool,
}

impl<R: Read> Opener<R> {
    /// Reads the header. Takes as long as making one, and as much memory, at most 1 GiB.
    ///
    /// # Errors
    /// Invalid `not_an_export` when it is no such file, Invalid `wrong_passphrase`; Internal when it cannot be read.
    pub fn new(passphrase: &str, from: R) -> Result<Self> {
        let mut from = BufReader::with_capacity(CHUNK_BYTES, from);
        let intro = line(&mut from)?;
        let stanza = if intro == INTRO { line(&mut from)? } else { return Err(foreign()) };
        let body = line(&mut from)?;
        let end = line(&mut from)?;
        let header = format!("{intro}\n{stanza}\n{body}\n---");
        let stated = end.strip_prefix("--- ").and_then(|text| BASE64.decode(text).ok()).ok_or_else(foreign)?;
        let (salt, log_n) = recipe(&stanza).ok_or_else(foreign)?;
        let wrapped = BASE64.decode(&body).ok().filter(|body| body.len() == FILE_KEY_BYTES + TAG_BYTES);
        let wrapped = wrapped.ok_or_else(foreign)?;
        let mut nonce = [0; 16];
        from.read_exact(&mut nonce).map_err(|_| foreign())?;

        let mut file_key = Zeroizing::new([0; FILE_KEY_BYTES]);
        file_key.copy_from_slice(&wrapped[..FILE_KEY_BYTES]);
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&wrapped[FILE_KEY_BYTES..]);
        ChaCha20Poly1305::new((&*wrapping_key(passphrase, &salt, log_n)?).into())
            .decrypt_inout_detached(&Nonce::default(), b"", InOutBuf::from(file_key.as_mut_slice()), &tag.into())
            .map_err(|_| Error::invalid("wrong_passphrase", "The passphrase is another, or the file was altered."))?;
        let lock = Lock::of(header, file_key);
        if lock.mac()[..] != stated[..] {
            return Err(foreign());
        }
        let piece = Zeroizing::new(Vec::with_capacity(CHUNK_BYTES + TAG_BYTES));
        Ok(Self { from, cipher: lock.cipher(&nonce), counter: 0, piece, given: 0, ended: false })
    }

    /// Opens the next piece. A piece is the last if nothing comes after it, and says so itself.
    fn next(&mut self) -> io::Result<()> {
        let altered = || io::Error::new(io::ErrorKind::InvalidData, "the file was altered or cut off");
        self.piece.clear();
        self.given = 0;
        let full = (CHUNK_BYTES + TAG_BYTES) as u64;
        (&mut self.from).take(full).read_to_end(&mut self.piece)?;
        let last = self.from.fill_buf()?.is_empty();
        let text = self.piece.len().checked_sub(TAG_BYTES).ok_or_else(altered)?;
        // Only a file without any text has an empty piece.
        if text == 0 && self.counter > 0 {
            return Err(altered());
        }
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&self.piece[text..]);
        self.piece.truncate(text);
        let nonce = nonce_of(self.counter, last);
        self.cipher
            .decrypt_inout_detached(&nonce, b"", InOutBuf::from(self.piece.as_mut_slice()), &tag.into())
            .map_err(|_| altered())?;
        self.counter += 1;
        self.ended = last;
        Ok(())
    }
}

impl<R: Read> Read for Opener<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given == self.piece.len() {
            if self.ended {
                return Ok(0);
            }
            if let Err(error) = self.next() {
                // What did not open is not given out at a second try either.
                self.piece.clear();
                self.given = 0;
                return Err(error);
            }
        }
        let taken = into.len().min(self.piece.len() - self.given);
        into[..taken].copy_from_slice(&self.piece[self.given..self.given + taken]);
        self.given += taken;
        Ok(taken)
    }
}

/// `-> scrypt SALT LOG_N`.
fn recipe(stanza: &str) -> Option<([u8; 16], u8)> {
    let mut words = stanza.strip_prefix("-> scrypt ")?.split(' ');
    let salt = BASE64.decode(words.next()?).ok()?.try_into().ok()?;
    let log_n = words.next()?.parse().ok().filter(|log_n| (1..=LOG_N_MAX).contains(log_n))?;
    words.next().is_none().then_some((salt, log_n))
}

fn line(from: &mut impl BufRead) -> Result<String> {
    let mut bytes = Vec::new();
    from.take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes).context("reading an export")?;
    if bytes.pop() != Some(b'\n') {
        return Err(foreign());
    }
    String::from_utf8(bytes).map_err(|_| foreign())
}

fn foreign() -> Error {
    Error::invalid("not_an_export", "This is no export that a passphrase opens, or it was altered.")
}
