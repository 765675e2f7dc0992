//! Files for people: sealed with a passphrase, in the format of age (<https://age-encryption.org/v1>, C2SP).
//!
//! An export leaves the server and is read years later by somebody who has neither the server nor its keys, so it is
//! not sealed in a format of ours: `age --decrypt` and other programs open it. It is written and read in one pass:
//! every 64 KiB are authenticated, and the last piece says that it is the last, so nothing can be cut off unseen.
//!
//! The passphrase goes through scrypt (RFC 7914) with 64 MiB, which is what a small server can spare. What it makes is
//! a [`Lock`]: who has the passphrase can make one and leave the sealing to somebody else.

mod opener;
mod sealer;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use chacha20poly1305::aead::{AeadInOut, KeyInit, inout::InOutBuf};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

pub use opener::Opener;
pub use sealer::Sealer;

use super::entropy::Entropy;
use crate::error::{Context, Error, Result};

/// Whether a file that begins so is sealed with a passphrase.
pub fn is_sealed(first_bytes: &[u8]) -> bool {
    first_bytes.starts_with(INTRO.as_bytes())
}

const INTRO: &str = "age-encryption.org/v1";
/// scrypt's N is 2 to this power; with r = 8 that takes 64 MiB.
const LOG_N: u8 = 16;
/// The most that a file may ask for when it is opened: 1 GiB.
const LOG_N_MAX: u8 = 20;
const CHUNK_BYTES: usize = 64 * 1_024;
const TAG_BYTES: usize = 16;
/// Bytes of the key that a file is sealed with.
pub const FILE_KEY_BYTES: usize = 16;

/// What a file is sealed with, and the header that says how a passphrase opens it.
pub struct Lock {
    /// Up to the three dashes before its MAC.
    header: String,
    file_key: Zeroizing<[u8; FILE_KEY_BYTES]>,
}

impl Lock {
    /// A lock that `passphrase` opens. Takes some tenths of a second and 64 MiB: not for a thread that has other
    /// things to do.
    ///
    /// # Errors
    /// Internal only.
    pub fn new(passphrase: &str, entropy: &dyn Entropy) -> Result<Self> {
        let mut file_key = Zeroizing::new([0; FILE_KEY_BYTES]);
        entropy.fill_fresh(file_key.as_mut_slice());
        let mut salt = [0; 16];
        entropy.fill_fresh(&mut salt);
        let mut wrapped = file_key.to_vec();
        let tag = ChaCha20Poly1305::new((&*wrapping_key(passphrase, &salt, LOG_N)?).into())
            .encrypt_inout_detached(&Nonce::default(), b"", InOutBuf::from(wrapped.as_mut_slice()))
            .map_err(|_| Error::internal("sealing the key of an export"))?;
        wrapped.extend_from_slice(&tag);
        let (salt, body) = (BASE64.encode(salt), BASE64.encode(&wrapped));
        Ok(Self { header: format!("{INTRO}\n-> scrypt {salt} {LOG_N}\n{body}\n---"), file_key })
    }

    /// A lock that somebody else made.
    pub fn of(header: String, file_key: Zeroizing<[u8; FILE_KEY_BYTES]>) -> Self {
        Self { header, file_key }
    }

    /// What stands at the head of the file; it is no secret.
    pub fn header(&self) -> &str {
        &self.header
    }

    /// The key of the file.
    pub fn file_key(&self) -> &[u8; FILE_KEY_BYTES] {
        &self.file_key
    }

    /// What holds the header together.
    fn mac(&self) -> Zeroizing<[u8; 32]> {
        mac(&*derive(&*self.file_key, b"", b"header"), &[self.header.as_bytes()])
    }

    /// The cipher of the pieces after `nonce`.
    fn cipher(&self, nonce: &[u8]) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new((&*derive(&*self.file_key, nonce, b"payload")).into())
    }
}

/// The nonce of a piece: its number, and whether it is the last.
fn nonce_of(counter: u64, last: bool) -> Nonce {
    let mut nonce = [0; 12];
    nonce[3..11].copy_from_slice(&counter.to_be_bytes());
    nonce[11] = u8::from(last);
    nonce.into()
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

/// Opens a sealed file as its format says, in memory; `None` when the passphrase or any byte is another.
pub fn open(passphrase: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let mut opened = Vec::new();
    std::io::Read::read_to_end(&mut Opener::new(passphrase, sealed).ok()?, &mut opened).ok()?;
    Some(opened)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::crypto::SystemEntropy;

    fn sealed(passphrase: &str, text: &[u8]) -> Vec<u8> {
        let mut sealer =
            Sealer::new(&Lock::new(passphrase, &SystemEntropy).unwrap(), &SystemEntropy, Vec::new()).unwrap();
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

    #[test]
    fn what_is_no_such_file_is_said_and_asks_for_no_more_than_it_may() {
        let file = sealed("correct horse battery", b"text");
        let at = file.windows(5).position(|part| part == b"\n--- ").unwrap();
        let head = std::str::from_utf8(&file[..at]).unwrap();
        let with = |from: &str, to: &str| [head.replace(from, to).as_bytes(), &file[at..]].concat();
        let code = |file: &[u8]| Opener::new("correct horse battery", file).err().map(|error| error.code());
        assert_eq!(code(&file), None);
        for (wrong, what) in [
            (b"".to_vec(), "nothing"),
            (b"PK\x03\x04".to_vec(), "another kind of file"),
            (vec![b'a'; 100_000], "a long line"),
            (with("v1", "v2"), "another version"),
            (with("-> scrypt", "-> X25519"), "another recipient"),
            (with(" 16\n", " 21\n"), "too much memory"),
            (with(" 16\n", " 99\n"), "nonsense"),
            (with(" 16\n", "\n"), "a piece is missing"),
            (head.as_bytes().to_vec(), "cut off in its head"),
            (file[..at + 60].to_vec(), "cut off in its nonce"),
        ] {
            assert_eq!(code(&wrong), Some("not_an_export"), "{what}");
        }
        // A body of another length than a wrapped key has must not be cut where there is nothing.
        let body = head.lines().last().unwrap();
        assert_eq!(code(&with(body, &BASE64.encode([0; 31]))), Some("not_an_export"));
        assert_eq!(code(&with(body, &BASE64.encode([0; 32]))), Some("wrong_passphrase"));
        assert_eq!(Opener::new("another", &*file).err().unwrap().code(), "wrong_passphrase");
    }
}
