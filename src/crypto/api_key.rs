//! The tokens of API keys: `mcpm_`, then the key's id, 256 random bits and a checksum, in one unbroken word.
//!
//! The prefix is for secret scanners and for whoever finds one in a file. The checksum tells a mistyped or cut token
//! from one that was revoked, without a look at the database; it keeps nobody out, the hash does.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::entropy::Entropy;
use crate::error::{Error, Result};

/// What every token of an API key begins with.
pub const PREFIX: &str = "mcpm_";
const ID_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;
const CHECK_BYTES: usize = 4;
const BYTES: usize = ID_BYTES + SECRET_BYTES + CHECK_BYTES;

/// A new token of the key `id`; what is kept of it is its hash.
pub fn new_token(id: Uuid, entropy: &dyn Entropy) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0; BYTES]);
    bytes[..ID_BYTES].copy_from_slice(id.as_bytes());
    entropy.fill(&mut bytes[ID_BYTES..ID_BYTES + SECRET_BYTES]);
    let check = check(&bytes[..ID_BYTES + SECRET_BYTES]);
    bytes[ID_BYTES + SECRET_BYTES..].copy_from_slice(&check);
    Zeroizing::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&bytes[..])))
}

/// The key that a token names; `None` when it is no token of an API key at all.
///
/// # Errors
/// Unauthenticated `api_key_mistyped` when it is one with a mistake.
pub fn key_of(token: &str) -> Option<Result<Uuid>> {
    let encoded = token.strip_prefix(PREFIX)?;
    Some(parse(encoded).ok_or_else(|| {
        Error::unauthenticated("api_key_mistyped", "This API key is incomplete or mistyped: its checksum is wrong.")
    }))
}

fn parse(encoded: &str) -> Option<Uuid> {
    // The length is asked first: a body of megabytes is not decoded.
    if encoded.len() != (BYTES * 4).div_ceil(3) {
        return None;
    }
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(encoded).ok()?);
    let (rest, sum) = bytes.split_at_checked(ID_BYTES + SECRET_BYTES)?;
    (sum == check(rest)).then(|| Uuid::from_slice(&rest[..ID_BYTES]).ok()).flatten()
}

fn check(bytes: &[u8]) -> [u8; CHECK_BYTES] {
    let digest = Sha256::digest(bytes);
    std::array::from_fn(|n| digest[n])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SeededEntropy;

    #[test]
    fn a_token_names_its_key_and_every_mistake_shows() {
        let id = Uuid::from_u128(7);
        let token = new_token(id, &SeededEntropy::new(1));
        assert!(token.starts_with("mcpm_") && token.len() == 75, "{}", token.len());
        assert!(matches!(key_of(&token), Some(Ok(found)) if found == id));
        assert_ne!(*token, *new_token(id, &SeededEntropy::new(2)));
        for at in PREFIX.len()..token.len() {
            let mut wrong = token.to_string().into_bytes();
            wrong[at] = if wrong[at] == b'A' { b'B' } else { b'A' };
            let wrong = String::from_utf8(wrong).unwrap();
            assert!(matches!(key_of(&wrong), Some(Err(error)) if error.code() == "api_key_mistyped"), "at {at}");
        }
        assert!(matches!(key_of(&token[..token.len() - 1]), Some(Err(_))));
        assert!(key_of("eyJ0eXAi").is_none());
    }
}
