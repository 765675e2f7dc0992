//! Sealing one cell of one row: AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce.
//!
//! The associated data says where the cell stands. A sealed value that is copied into another row, column,
//! channel or under another sender does not open, so whoever can write the database file still cannot move
//! words into someone's mouth. The encoding is length-prefixed: no two places share one encoding.
//!
//! A sealed value is `format ‖ key version ‖ nonce ‖ ciphertext ‖ tag`. The format byte and the version let
//! the cipher and the key change while old values stay readable (ASVS 11.2.2).

use aes_gcm::aead::{AeadInOut, inout::InOutBuf};
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, UnboundKey};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// AES-256-GCM, as described above. Another cipher gets another number.
const FORMAT: u8 = 1;
const VERSION_AT: usize = 1;
const NONCE_AT: usize = 5;
const TEXT_AT: usize = 17;
const TAG_BYTES: usize = 16;

/// How many bytes longer a sealed value is than what it holds.
pub const OVERHEAD_BYTES: usize = TEXT_AT + TAG_BYTES;

/// What a data key is for. Each purpose has keys of its own, so that one that leaks opens nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// Message bodies.
    Messages,
    /// The metadata of messages and channels.
    Metadata,
    /// Private keys, second-factor secrets, the token secret.
    Secrets,
    /// The key of the audit chain; it authenticates and seals nothing.
    Audit,
}

impl Purpose {
    /// Every purpose; a keyring has at least one key for each.
    pub const ALL: [Self; 4] = [Self::Messages, Self::Metadata, Self::Secrets, Self::Audit];

    /// The name that the database keeps and the key slots are bound to.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Metadata => "metadata",
            Self::Secrets => "secrets",
            Self::Audit => "audit",
        }
    }

    /// The purpose that the database calls `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }
}

/// Where a sealed value stands. A value opens only in the cell it was sealed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell<'a> {
    /// The table's name.
    pub table: &'a str,
    /// The row's id.
    pub row: Uuid,
    /// The column's name.
    pub column: &'a str,
    /// The channel the row belongs to, if any.
    pub channel: Option<Uuid>,
    /// Who wrote it, if anyone.
    pub sender: Option<Uuid>,
}

impl Cell<'_> {
    /// The associated data: every field with its length or presence before it.
    fn encode(&self, purpose: Purpose, version: u32) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(128);
        self.encode_into(purpose, version, &mut bytes);
        bytes
    }

    fn encode_into(&self, purpose: Purpose, version: u32, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(b"mcp-messenger cell 1");
        put_text(bytes, purpose.name());
        bytes.extend_from_slice(&version.to_be_bytes());
        put_text(bytes, self.table);
        bytes.extend_from_slice(self.row.as_bytes());
        put_text(bytes, self.column);
        put_uuid(bytes, self.channel);
        put_uuid(bytes, self.sender);
    }
}

/// A text with its length before it, for encodings that are authenticated.
pub(super) fn put_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

/// An id that may be absent, for encodings that are authenticated.
pub(super) fn put_uuid(bytes: &mut Vec<u8>, id: Option<Uuid>) {
    match id {
        None => bytes.push(0),
        Some(id) => {
            bytes.push(1);
            bytes.extend_from_slice(id.as_bytes());
        }
    }
}

/// The key version that a sealed value names.
///
/// # Errors
/// Internal, when it is too short or of a format this program does not know.
pub(super) fn version_of(sealed: &[u8]) -> Result<u32> {
    if sealed.len() < OVERHEAD_BYTES {
        return Err(Error::internal("a sealed value is cut short"));
    }
    if sealed[0] != FORMAT {
        return Err(Error::internal(format!("a sealed value has the unknown format {}", sealed[0])));
    }
    let mut version = [0; 4];
    version.copy_from_slice(&sealed[VERSION_AT..NONCE_AT]);
    Ok(u32::from_be_bytes(version))
}

/// Seals `plain` for `cell` under the key of this `version`; the nonce must be fresh.
pub(super) fn seal(
    cipher: &Aes256Gcm,
    purpose: Purpose,
    version: u32,
    nonce: [u8; 12],
    cell: &Cell,
    plain: &[u8],
) -> Result<Vec<u8>> {
    let mut sealed = Vec::with_capacity(plain.len() + OVERHEAD_BYTES);
    sealed.push(FORMAT);
    sealed.extend_from_slice(&version.to_be_bytes());
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    let aad = cell.encode(purpose, version);
    let tag = encrypt(cipher, nonce, &aad, &mut sealed[TEXT_AT..])?;
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

/// Opens what [`seal`] made for the same cell.
pub(super) fn open(cipher: &Aes256Gcm, purpose: Purpose, cell: &Cell, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
    open_into(cipher, purpose, cell, sealed, &mut Vec::with_capacity(128), &mut plain)?;
    Ok(plain)
}

/// A key for opening a great many cells. It is the same cipher by another hand (AWS-LC, which is in the program for
/// TLS): for texts as short as messages it needs a third of the time.
pub(super) type Swift = LessSafeKey;

/// Prepares a key; `None` never happens to a key of 32 bytes.
pub(super) fn swift(bytes: &[u8; 32]) -> Option<Swift> {
    UnboundKey::new(&AES_256_GCM, bytes).ok().map(LessSafeKey::new)
}

/// As [`open`], into a buffer that is used again; so is `aad`, which needs no more than room.
pub(super) fn open_swiftly(
    key: &Swift,
    purpose: Purpose,
    cell: &Cell,
    sealed: &[u8],
    aad: &mut Vec<u8>,
    plain: &mut Vec<u8>,
) -> Result<()> {
    let version = version_of(sealed)?;
    let (text, tag) = sealed[TEXT_AT..].split_at(sealed.len() - OVERHEAD_BYTES);
    let mut nonce = [0; 12];
    nonce.copy_from_slice(&sealed[NONCE_AT..TEXT_AT]);
    aad.clear();
    cell.encode_into(purpose, version, aad);
    // What the buffer held is overwritten or cut off, so only its growing costs anything.
    plain.resize(text.len(), 0);
    let nonce = aws_lc_rs::aead::Nonce::assume_unique_for_key(nonce);
    key.open_separate_gather(nonce, Aad::from(&*aad), text, tag, plain).map_err(|_| altered(cell))
}

/// As [`open`], into a buffer that is used again; so is `aad`, which needs no more than room.
fn open_into(
    cipher: &Aes256Gcm,
    purpose: Purpose,
    cell: &Cell,
    sealed: &[u8],
    aad: &mut Vec<u8>,
    plain: &mut Vec<u8>,
) -> Result<()> {
    let version = version_of(sealed)?;
    let (text, tag) = sealed[TEXT_AT..].split_at(sealed.len() - OVERHEAD_BYTES);
    let mut nonce = [0; 12];
    nonce.copy_from_slice(&sealed[NONCE_AT..TEXT_AT]);
    let mut tag_bytes = [0; TAG_BYTES];
    tag_bytes.copy_from_slice(tag);
    plain.clear();
    plain.extend_from_slice(text);
    aad.clear();
    cell.encode_into(purpose, version, aad);
    decrypt(cipher, nonce, aad, plain, tag_bytes).map_err(|_| altered(cell))
}

fn altered(cell: &Cell) -> Error {
    Error::internal(format!(
        "{}.{} of row {} does not open: it was altered or moved, or the key is another",
        cell.table, cell.column, cell.row
    ))
}

/// Encrypts in place and returns the tag.
pub(super) fn encrypt(cipher: &Aes256Gcm, nonce: [u8; 12], aad: &[u8], text: &mut [u8]) -> Result<[u8; TAG_BYTES]> {
    cipher
        .encrypt_inout_detached(&Nonce::from(nonce), aad, InOutBuf::from(text))
        .map(Into::into)
        .map_err(|_| Error::too_large("Longer than can be sealed in one piece."))
}

/// Decrypts in place once the tag has been found good; on an error `text` is not to be used.
pub(super) fn decrypt(
    cipher: &Aes256Gcm,
    nonce: [u8; 12],
    aad: &[u8],
    text: &mut [u8],
    tag: [u8; TAG_BYTES],
) -> std::result::Result<(), aes_gcm::Error> {
    cipher.decrypt_inout_detached(&Nonce::from(nonce), aad, InOutBuf::from(text), &Tag::from(tag))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aes_gcm::KeyInit;
    use proptest::prelude::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    fn array<const N: usize>(hex: &str) -> [u8; N] {
        bytes(hex).try_into().unwrap()
    }

    struct Vector {
        key: &'static str,
        nonce: &'static str,
        aad: &'static str,
        plain: &'static str,
        cipher: &'static str,
        tag: &'static str,
    }

    /// From "The Galois/Counter Mode of Operation" (2005), test cases 13, 14, 15 and 16.
    const VECTORS: [Vector; 4] = [
        Vector {
            key: "0000000000000000000000000000000000000000000000000000000000000000",
            nonce: "000000000000000000000000",
            aad: "",
            plain: "",
            cipher: "",
            tag: "530f8afbc74536b9a963b4f1c4cb738b",
        },
        Vector {
            key: "0000000000000000000000000000000000000000000000000000000000000000",
            nonce: "000000000000000000000000",
            aad: "",
            plain: "00000000000000000000000000000000",
            cipher: "cea7403d4d606b6e074ec5d3baf39d18",
            tag: "d0d1c8a799996bf0265b98b5d48ab919",
        },
        Vector {
            key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            nonce: "cafebabefacedbaddecaf888",
            aad: "",
            plain: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                    1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
            cipher: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                     8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
            tag: "b094dac5d93471bdec1a502270e3cc6c",
        },
        Vector {
            key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            nonce: "cafebabefacedbaddecaf888",
            aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            plain: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                    1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            cipher: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                     8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
            tag: "76fc6ece0f4e1768cddf8853bb2d551b",
        },
    ];

    #[test]
    fn the_published_vectors_come_out() {
        for vector in &VECTORS {
            let cipher = Aes256Gcm::new(&array::<32>(vector.key).into());
            let mut text = bytes(vector.plain);
            let tag = encrypt(&cipher, array(vector.nonce), &bytes(vector.aad), &mut text).unwrap();
            assert_eq!((&text, tag), (&bytes(vector.cipher), array(vector.tag)));
            decrypt(&cipher, array(vector.nonce), &bytes(vector.aad), &mut text, tag).unwrap();
            assert_eq!(text, bytes(vector.plain));
            let mut bent = tag;
            bent[15] ^= 1;
            assert!(decrypt(&cipher, array(vector.nonce), &bytes(vector.aad), &mut text, bent).is_err());
        }
    }

    fn cipher() -> Aes256Gcm {
        Aes256Gcm::new(&[7; 32].into())
    }

    fn cell<'a>() -> Cell<'a> {
        Cell {
            table: "messages",
            row: Uuid::from_u128(1),
            column: "encrypted_text",
            channel: Some(Uuid::from_u128(2)),
            sender: Some(Uuid::from_u128(3)),
        }
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_and_shows_nothing(plain in prop::collection::vec(any::<u8>(), 0..600)) {
            let sealed = seal(&cipher(), Purpose::Messages, 9, [4; 12], &cell(), &plain).unwrap();
            prop_assert_eq!(sealed.len(), plain.len() + OVERHEAD_BYTES);
            prop_assert_eq!(version_of(&sealed).unwrap(), 9);
            prop_assert_eq!(&*open(&cipher(), Purpose::Messages, &cell(), &sealed).unwrap(), &plain);
            if plain.len() >= 16 {
                prop_assert!(!sealed.windows(plain.len()).any(|part| part == plain));
            }
        }

        #[test]
        fn a_changed_or_missing_byte_is_refused(
            plain in prop::collection::vec(any::<u8>(), 0..80), at in any::<prop::sample::Index>(), bit in 0u8..8,
        ) {
            let sealed = seal(&cipher(), Purpose::Messages, 1, [4; 12], &cell(), &plain).unwrap();
            let mut bent = sealed.clone();
            bent[at.index(sealed.len())] ^= 1 << bit;
            prop_assert!(open(&cipher(), Purpose::Messages, &cell(), &bent).is_err());
            let cut = &sealed[..at.index(sealed.len())];
            prop_assert!(open(&cipher(), Purpose::Messages, &cell(), cut).is_err());
        }

        #[test]
        fn two_places_never_share_an_encoding(
            a in ("[a-c]{0,3}", "[a-c]{0,3}", any::<Option<u8>>(), any::<Option<u8>>()),
            b in ("[a-c]{0,3}", "[a-c]{0,3}", any::<Option<u8>>(), any::<Option<u8>>()),
        ) {
            let place = |part: &(String, String, Option<u8>, Option<u8>)| Cell {
                table: &part.0,
                column: &part.1,
                row: Uuid::nil(),
                channel: part.2.map(|n| Uuid::from_u128(n.into())),
                sender: part.3.map(|n| Uuid::from_u128(n.into())),
            }.encode(Purpose::Messages, 1);
            prop_assert_eq!(a == b, place(&a) == place(&b));
        }
    }

    #[test]
    fn a_sealed_value_opens_only_in_its_own_cell() {
        let sealed = seal(&cipher(), Purpose::Messages, 1, [4; 12], &cell(), b"potassium 6.1").unwrap();
        let other = Uuid::from_u128(99);
        let moved = [
            Cell { table: "channels", ..cell() },
            Cell { row: other, ..cell() },
            Cell { column: "metadata", ..cell() },
            Cell { channel: Some(other), ..cell() },
            Cell { channel: None, ..cell() },
            Cell { sender: Some(other), ..cell() },
            Cell { sender: None, ..cell() },
            Cell { channel: cell().sender, sender: cell().channel, ..cell() },
        ];
        for place in &moved {
            let refused = open(&cipher(), Purpose::Messages, place, &sealed).unwrap_err();
            assert!(!refused.chain().contains("potassium"));
        }
        assert!(open(&cipher(), Purpose::Metadata, &cell(), &sealed).is_err());
        assert!(open(&Aes256Gcm::new(&[8; 32].into()), Purpose::Messages, &cell(), &sealed).is_err());
        assert!(open(&cipher(), Purpose::Messages, &cell(), &sealed).is_ok());
    }

    #[test]
    fn purposes_keep_their_names() {
        for purpose in Purpose::ALL {
            assert_eq!(Purpose::parse(purpose.name()), Some(purpose));
        }
        assert_eq!(Purpose::parse("tokens"), None);
    }
}
