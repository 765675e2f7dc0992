//! Key slots: a data key wrapped by a key that is not in the database.
//!
//! Every data key has one slot a wrapping key: one for the machine, one for the recovery key once someone has
//! taken it. A slot is bound to its purpose, version and kind, so a slot that is copied over another does
//! not open. The wrapping key is derived afresh for each slot by HKDF (RFC 5869) with a random salt, so the
//! master key itself never meets the cipher and may serve other ends later.

use aes_gcm::{Aes256Gcm, KeyInit};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::entropy::Entropy;
use super::keyring::Unlock;
use super::master::MasterKey;
use super::recovery::RecoveryKey;
use super::seal::{self, Purpose, put_text};
use crate::error::{Error, Result};

const FORMAT: u8 = 1;
const WRAPPED_BYTES: usize = 1 + 12 + 32 + 16;

/// Which key opens a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slot {
    /// The master key of this machine.
    Machine,
    /// The recovery key on paper.
    Recovery,
}

impl Slot {
    /// The name that the database keeps.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Recovery => "recovery",
        }
    }

    /// The slot that the database calls `name`.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Machine, Self::Recovery].into_iter().find(|slot| slot.name() == name)
    }
}

/// One row of the key table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// What the data key is for.
    pub purpose: Purpose,
    /// Which key of that purpose; the highest seals, all open.
    pub version: u32,
    /// Which key opens it.
    pub slot: Slot,
    /// How the wrapping key is derived, as JSON.
    pub kdf_json: String,
    /// `format ‖ nonce ‖ wrapped key ‖ tag`.
    pub wrapped: Vec<u8>,
}

/// How a wrapping key is derived; the JSON of [`WrappedKey::kdf_json`].
#[derive(Serialize, Deserialize)]
struct Kdf {
    kdf: String,
    salt: String,
}

const KDF: &str = "hkdf-sha256";

/// Wraps a data key for this machine.
///
/// # Errors
/// Internal only, and none is known.
pub fn wrap(
    master: &MasterKey,
    purpose: Purpose,
    version: u32,
    key: &[u8; 32],
    entropy: &dyn Entropy,
) -> Result<WrappedKey> {
    wrap_with(master.bytes(), Slot::Machine, purpose, version, key, entropy)
}

/// Unwraps a data key with the key of this machine.
///
/// # Errors
/// Conflict `wrong_key` when it was wrapped by another master key, or altered.
pub fn unwrap(master: &MasterKey, wrapped: &WrappedKey) -> Result<Zeroizing<[u8; 32]>> {
    unwrap_with(master.bytes(), Slot::Machine, wrapped)
}

/// Wraps a data key for the key that `unlock` has for it.
pub(super) fn wrap_for(
    unlock: &Unlock,
    purpose: Purpose,
    version: u32,
    key: &[u8; 32],
    entropy: &dyn Entropy,
) -> Result<WrappedKey> {
    wrap_with(secret_of(unlock, purpose), unlock.slot(), purpose, version, key, entropy)
}

/// Unwraps a data key with the key that `unlock` has for it.
pub(super) fn unwrap_for(unlock: &Unlock, wrapped: &WrappedKey) -> Result<Zeroizing<[u8; 32]>> {
    unwrap_with(secret_of(unlock, wrapped.purpose), unlock.slot(), wrapped)
}

fn secret_of(unlock: &Unlock, purpose: Purpose) -> &[u8] {
    match unlock {
        Unlock::Machine { metadata: Some(master), .. } if purpose == Purpose::Metadata => master.bytes(),
        Unlock::Machine { master, .. } => master.bytes(),
        Unlock::Recovery(key) => RecoveryKey::bytes(key),
    }
}

fn wrap_with(
    secret: &[u8],
    slot: Slot,
    purpose: Purpose,
    version: u32,
    key: &[u8; 32],
    entropy: &dyn Entropy,
) -> Result<WrappedKey> {
    let mut salt = [0; 32];
    entropy.fill_fresh(&mut salt);
    let mut nonce = [0; 12];
    entropy.fill_fresh(&mut nonce);
    let place = place(purpose, version, slot);
    let cipher = Aes256Gcm::new((&*hkdf(&salt, secret, &place)?).into());

    let mut wrapped = Vec::with_capacity(WRAPPED_BYTES);
    wrapped.push(FORMAT);
    wrapped.extend_from_slice(&nonce);
    wrapped.extend_from_slice(key);
    let tag = seal::encrypt(&cipher, nonce, &place, &mut wrapped[13..])?;
    wrapped.extend_from_slice(&tag);

    let kdf = Kdf { kdf: KDF.into(), salt: URL_SAFE_NO_PAD.encode(salt) };
    let kdf_json = serde_json::to_string(&kdf).map_err(|cause| Error::internal("writing a key slot").because(cause))?;
    Ok(WrappedKey { purpose, version, slot, kdf_json, wrapped })
}

fn unwrap_with(secret: &[u8], slot: Slot, wrapped: &WrappedKey) -> Result<Zeroizing<[u8; 32]>> {
    let unreadable = || {
        Error::internal(format!(
            "the {} slot of {} key {} is unreadable",
            slot.name(),
            wrapped.purpose.name(),
            wrapped.version
        ))
    };
    if wrapped.slot != slot || wrapped.wrapped.len() != WRAPPED_BYTES || wrapped.wrapped[0] != FORMAT {
        return Err(unreadable());
    }
    let kdf: Kdf = serde_json::from_str(&wrapped.kdf_json).map_err(|cause| unreadable().because(cause))?;
    if kdf.kdf != KDF {
        return Err(unreadable());
    }
    let salt = URL_SAFE_NO_PAD.decode(&kdf.salt).map_err(|cause| unreadable().because(cause))?;
    let place = place(wrapped.purpose, wrapped.version, slot);
    let cipher = Aes256Gcm::new((&*hkdf(&salt, secret, &place)?).into());

    let mut nonce = [0; 12];
    nonce.copy_from_slice(&wrapped.wrapped[1..13]);
    let mut key = Zeroizing::new([0; 32]);
    key.copy_from_slice(&wrapped.wrapped[13..45]);
    let mut tag = [0; 16];
    tag.copy_from_slice(&wrapped.wrapped[45..]);
    seal::decrypt(&cipher, nonce, &place, key.as_mut_slice(), tag).map_err(|_| {
        let which = match slot {
            Slot::Machine => "master",
            Slot::Recovery => "recovery",
        };
        Error::conflict("wrong_key", format!("This {which} key does not open this database."))
    })?;
    Ok(key)
}

/// What a slot is bound to.
fn place(purpose: Purpose, version: u32, slot: Slot) -> Vec<u8> {
    let mut bytes = b"mcp-messenger key slot 1".to_vec();
    put_text(&mut bytes, purpose.name());
    bytes.extend_from_slice(&version.to_be_bytes());
    put_text(&mut bytes, slot.name());
    bytes
}

/// HKDF-SHA256 (RFC 5869) for one block of output, which is all that a key needs.
fn hkdf(salt: &[u8], secret: &[u8], info: &[u8]) -> Result<Zeroizing<[u8; 32]>> {
    let extracted = Zeroizing::new(hmac(salt, &[secret])?);
    Ok(Zeroizing::new(hmac(extracted.as_slice(), &[info, &[1]])?))
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Result<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|cause| Error::internal("keying HMAC").because(cause))?;
    for part in parts {
        mac.update(part);
    }
    Ok(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SeededEntropy;
    use crate::error::Kind;

    fn master(seed: u64) -> MasterKey {
        MasterKey::generate(&SeededEntropy::new(seed))
    }

    fn slot() -> WrappedKey {
        wrap(&master(1), Purpose::Messages, 3, &[9; 32], &SeededEntropy::new(2)).unwrap()
    }

    #[test]
    fn hkdf_gives_what_the_rfc_gives() {
        // RFC 5869, appendix A.1; the first 32 of its 42 bytes are the first block.
        let salt: Vec<u8> = (0x00..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let key = hkdf(&salt, &[0x0b; 22], &info).unwrap();
        let expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf";
        assert_eq!(crate::crypto::token::hex(key.as_slice()), expected);
    }

    #[test]
    fn a_wrapped_key_comes_back() {
        assert_eq!(*unwrap(&master(1), &slot()).unwrap(), [9; 32]);
        assert!(!slot().wrapped.windows(8).any(|part| part == [9; 8]));
    }

    #[test]
    fn another_key_is_called_wrong() {
        let refused = unwrap(&master(2), &slot()).unwrap_err();
        assert_eq!((refused.kind(), refused.code()), (Kind::Conflict, "wrong_key"));
    }

    #[test]
    fn a_slot_that_is_moved_or_altered_does_not_open() {
        let moved = [
            WrappedKey { purpose: Purpose::Secrets, ..slot() },
            WrappedKey { version: 4, ..slot() },
            WrappedKey { slot: Slot::Recovery, ..slot() },
            WrappedKey { kdf_json: slot().kdf_json.replace("sha256", "md5"), ..slot() },
            WrappedKey { kdf_json: String::new(), ..slot() },
            WrappedKey { wrapped: Vec::new(), ..slot() },
        ];
        for wrapped in &moved {
            assert!(unwrap(&master(1), wrapped).is_err(), "{wrapped:?}");
        }
        for at in 0..WRAPPED_BYTES {
            let mut bent = slot();
            bent.wrapped[at] ^= 0x40;
            assert!(unwrap(&master(1), &bent).is_err(), "byte {at}");
        }
    }

    #[test]
    fn slots_keep_their_names() {
        assert_eq!(Slot::parse("machine"), Some(Slot::Machine));
        assert_eq!(Slot::parse("recovery"), Some(Slot::Recovery));
        assert_eq!(Slot::parse(""), None);
    }
}
