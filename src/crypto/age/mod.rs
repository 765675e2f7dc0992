//! Files for people: sealed with a passphrase, in the format of age (<https://age-encryption.org/v1>, C2SP).
//!
//! An export leaves the server and is read years later by somebody who has neither the server nor its keys, so it is
//! not sealed in a format of ours: `age --decrypt` and other programs open it. The file is written in one pass and
//! only sealed; every 64 KiB are authenticated, and the last piece says that it is the last, so nothing can be cut
//! off unseen.
//!
//! The passphrase goes through scrypt (RFC 7914) with 64 MiB, which is what a small server can spare.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use chacha20poly1305::aead::{AeadInOut, KeyInit, inout::InOutBuf};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::entropy::Entropy;
use crate::error::{Context, Result};

const INTRO: &str = "age-encryption.org/v1";
/// scrypt's N is 2 to this power; with r = 8 that takes 64 MiB.
const LOG_N: u8 = 16;
const CHUNK_BYTES: usize = 64 * 1_024;
const FILE_KEY_BYTES: usize = 16;

/// Seals what is written to it.
pub struct Sealer<W: Write> {
    to: W,
    cipher: ChaCha20Poly1305,
    /// The number of the next piece.
    counter: u64,
    chunk: Zeroizing<Vec<u8>>,
}

impl<W: Write> Sealer<W> {
    /// Writes the header. Takes some tenths of a second and 64 MiB: not for a thread that has other things to do.
    ///
    /// # Errors
    /// Internal, with the cause of a failed writing.
    pub fn new(passphrase: &str, entropy: &dyn Entropy, mut to: W) -> Result<Self> {
        let mut file_key = Zeroizing::new([0; FILE_KEY_BYTES]);
        entropy.fill_fresh(file_key.as_mut_slice());
        let (mut salt, mut nonce) = ([0; 16], [0; 16]);
        entropy.fill_fresh(&mut salt);
        entropy.fill_fresh(&mut nonce);

        let mut wrapped = file_key.to_vec();
        let tag = ChaCha20Poly1305::new((&*wrapping_key(passphrase, &salt, LOG_N)?).into())
            .encrypt_inout_detached(&Nonce::default(), b"", InOutBuf::from(wrapped.as_mut_slice()))
            .map_err(|_| io::Error::other("sealing a key"))
            .context("sealing an export")?;
        wrapped.extend_from_slice(&tag);
        let (salt, body) = (BASE64.encode(salt), BASE64.encode(&wrapped));
        let header = format!("{INTRO}\n-> scrypt {salt} {LOG_N}\n{body}\n---");
        let mac = mac(&*derive(&*file_key, b"", b"header"), &[header.as_bytes()]);
        let write = |to: &mut W| {
            writeln!(to, "{header} {}", BASE64.encode(*mac))?;
            to.write_all(&nonce)
        };
        write(&mut to).context("writing an export")?;
        let cipher = ChaCha20Poly1305::new((&*derive(&*file_key, &nonce, b"payload")).into());
        Ok(Self { to, cipher, counter: 0, chunk: Zeroizing::new(Vec::with_capacity(CHUNK_BYTES)) })
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
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&self.counter.to_be_bytes());
        nonce[11] = u8::from(last);
        self.counter += 1;
        let tag = self
            .cipher
            .encrypt_inout_detached(&Nonce::from(nonce), b"", InOutBuf::from(self.chunk.as_mut_slice()))
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

/// Opens a sealed file as its format says, in memory; `None` when the passphrase or any byte is another.
pub fn open(passphrase: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let at = sealed.windows(5).position(|part| part == b"\n--- ")?;
    let header = std::str::from_utf8(&sealed[..at + 4]).ok()?;
    let rest = &sealed[at + 5..];
    let line = rest.iter().position(|byte| *byte == b'\n')?;
    let (stated, payload) = (BASE64.decode(&rest[..line]).ok()?, &rest[line + 1..]);
    let mut lines = header.lines();
    if lines.next()? != INTRO {
        return None;
    }
    let mut stanza = lines.next()?.strip_prefix("-> scrypt ")?.split(' ');
    let salt: [u8; 16] = BASE64.decode(stanza.next()?).ok()?.try_into().ok()?;
    let log_n = stanza.next()?.parse().ok()?;
    let mut file_key = BASE64.decode(lines.next()?).ok()?;
    let tag: [u8; 16] = file_key.split_off(FILE_KEY_BYTES).try_into().ok()?;
    ChaCha20Poly1305::new((&*wrapping_key(passphrase, &salt, log_n).ok()?).into())
        .decrypt_inout_detached(&Nonce::default(), b"", InOutBuf::from(file_key.as_mut_slice()), &tag.into())
        .ok()?;
    if *mac(&*derive(&file_key, b"", b"header"), &[header.as_bytes()]) != *stated {
        return None;
    }
    let (nonce, mut payload) = payload.split_at_checked(16)?;
    let cipher = ChaCha20Poly1305::new((&*derive(&file_key, nonce, b"payload")).into());
    let mut opened = Vec::new();
    for counter in 0_u64.. {
        let last = payload.len() <= CHUNK_BYTES + 16;
        let (piece, more) = payload.split_at(payload.len().min(CHUNK_BYTES + 16));
        let (text, tag) = piece.split_at_checked(piece.len().checked_sub(16)?)?;
        let (mut text, tag): (Vec<u8>, [u8; 16]) = (text.to_vec(), tag.try_into().ok()?);
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&counter.to_be_bytes());
        nonce[11] = u8::from(last);
        cipher
            .decrypt_inout_detached(&Nonce::from(nonce), b"", InOutBuf::from(text.as_mut_slice()), &tag.into())
            .ok()?;
        opened.extend(text);
        if last {
            break;
        }
        payload = more;
    }
    Some(opened)
}

/// The key that the passphrase stands for.
fn wrapping_key(passphrase: &str, salt: &[u8; 16], log_n: u8) -> Result<Zeroizing<[u8; 32]>> {
    let params = scrypt::Params::new(log_n, 8, 1).context("setting scrypt up")?;
    let mut labelled = format!("{INTRO}/scrypt").into_bytes();
    labelled.extend_from_slice(salt);
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(passphrase.as_bytes(), &labelled, &params, key.as_mut_slice()).context("deriving a key")?;
    Ok(key)
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    // A key of at most 64 bytes is padded with zeros (RFC 2104 §2).
    let mut block = Zeroizing::new([0; 64]);
    block[..key.len()].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    for part in parts {
        mac.update(part);
    }
    Zeroizing::new(mac.finalize().into_bytes().into())
}

/// HKDF-SHA256 (RFC 5869) for one block: extract, then expand once.
fn derive(secret: &[u8], salt: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    let extracted = mac(salt, &[secret]);
    mac(&*extracted, &[info, &[1]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SystemEntropy;

    fn sealed(passphrase: &str, text: &[u8]) -> Vec<u8> {
        let mut sealer = Sealer::new(passphrase, &SystemEntropy, Vec::new()).unwrap();
        for part in text.chunks(10_007) {
            sealer.write_all(part).unwrap();
        }
        sealer.finish().unwrap()
    }

    #[test]
    fn what_the_reference_implementation_sealed_opens() {
        // Made by the `age` crate 0.12.1 (rage) from the text below.
        let file = BASE64.decode("YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBmSEk5WS90S2dXOTRqZnJwZHRPL0l3IDEyCjdTQ3E1S1FhZUVJSFI3eC81UUxDWU05SENsSnFOUldVRmZuZHZnR1FqdjAKLS0tIGhDalZVckU4ZUZWU2w5KzdvZUR4cWd6bjN4MWoxaFRZUlFyYXU1RWI4dk0K2PUt+1yE5q2y6QLBlcM9Vev3EyGxzf9hi1pZkXwCFRq4c+VAOEMzz3PYrGeIBivChg").unwrap();
        assert_eq!(open("a passphrase of the clinic", &file).unwrap(), b"Bed 4: kalium 6.1");
        assert!(open("another passphrase", &file).is_none());
    }

    #[test]
    fn what_is_sealed_opens_at_every_length_and_nothing_can_be_changed_or_cut_off() {
        for length in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES] {
            let text: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect();
            let file = sealed("correct horse battery", &text);
            assert!(file.starts_with(b"age-encryption.org/v1\n-> scrypt "));
            assert_eq!(open("correct horse battery", &file).unwrap(), text, "{length} bytes");
            assert!(open("correct horse batterz", &file).is_none());
            assert!(open("correct horse battery", &file[..file.len() - 1]).is_none(), "{length} bytes, cut");
        }
        let text = vec![7; 2 * CHUNK_BYTES];
        let file = sealed("correct horse battery", &text);
        assert!(open("correct horse battery", &file[..file.len() - CHUNK_BYTES - 16]).is_none(), "a piece is gone");
        for at in [30, file.len() / 2, file.len() - 1] {
            let mut altered = file.clone();
            altered[at] ^= 1;
            assert!(open("correct horse battery", &altered).is_none(), "byte {at}");
        }
    }
}
