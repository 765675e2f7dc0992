//! Tokens: random secrets for links and keys, and the signed token that a sign-in answers with.
//!
//! The signed token is a JWT by the rules of RFC 8725. One algorithm is accepted, HS256; the type, issuer and
//! audience must be ours; nothing in the header chooses a key. The time is passed in. A good token is not yet
//! a sign-in: the session row decides, so that a sign-out holds at once.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::entropy::Entropy;
use crate::error::{Context, Error, Result};

/// Who issues the tokens.
pub const ISSUER: &str = "mcp-messenger";
/// Whom they are for.
pub const AUDIENCE: &str = "mcp-messenger-clients";
/// A longer token is refused before it is looked at: ours have about 500 bytes.
pub const TOKEN_BYTES_MAX: usize = 4_096;
/// The shortest signing secret: RFC 7518 §3.2 wants at least the hash's 256 bits.
pub const SECRET_BYTES_MIN: usize = 32;
/// A clock that was set back a little must not refuse the tokens it has just made.
const CLOCK_STEP_SECS: i64 = 60;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The user.
    pub sub: Uuid,
    /// The session row that decides whether the token counts.
    pub sid: Uuid,
    /// The token itself: a refresh keeps `sid` and changes this.
    pub jti: Uuid,
    /// Made at, seconds since 1970.
    pub iat: i64,
    /// Not good before, seconds since 1970.
    pub nbf: i64,
    /// Not good from then on, seconds since 1970.
    pub exp: i64,
    /// [`ISSUER`].
    pub iss: Cow<'static, str>,
    /// [`AUDIENCE`].
    pub aud: Cow<'static, str>,
}

impl Claims {
    /// Claims of ours, good from `iat` until `exp`.
    pub fn new(sub: Uuid, sid: Uuid, jti: Uuid, iat: i64, exp: i64) -> Self {
        Self { sub, sid, jti, iat, nbf: iat, exp, iss: ISSUER.into(), aud: AUDIENCE.into() }
    }
}

/// Signs and verifies tokens.
pub struct TokenKeys {
    signing: EncodingKey,
    verifying: DecodingKey,
    header: Header,
    validation: Validation,
}

impl TokenKeys {
    /// From the signing secret, `JWT_SECRET` or a generated one.
    ///
    /// # Errors
    /// Invalid `weak_jwt_secret` below 32 bytes.
    pub fn new(secret: &[u8]) -> Result<Self> {
        if secret.len() < SECRET_BYTES_MIN {
            return Err(Error::invalid("weak_jwt_secret", "The token secret needs at least 32 bytes."));
        }
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        // The library would ask the machine for the time; `verify` checks both against the time it is given.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Ok(Self {
            signing: EncodingKey::from_secret(secret),
            verifying: DecodingKey::from_secret(secret),
            header: Header::new(Algorithm::HS256),
            validation,
        })
    }

    /// The token for `claims`.
    ///
    /// # Errors
    /// Internal only.
    pub fn sign(&self, claims: &Claims) -> Result<String> {
        jsonwebtoken::encode(&self.header, claims, &self.signing).context("signing a token")
    }

    /// What a token says, if it is one of ours and good at `now_secs` (seconds since 1970).
    ///
    /// # Errors
    /// Unauthenticated `token_expired` for a token of ours whose time is over, `token_invalid` for all else.
    pub fn verify(&self, token: &str, now_secs: i64) -> Result<Claims> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(invalid());
        }
        let decoded =
            jsonwebtoken::decode::<Claims>(token, &self.verifying, &self.validation).map_err(|_| invalid())?;
        let header = &decoded.header;
        // RFC 8725 §3.10 and §3.11: keys from the header are an attack, and so is another kind of token.
        // RFC 7515 §4.1.11: an extension that is marked critical and not known must be refused.
        let foreign = header.jku.is_some()
            || header.jwk.is_some()
            || header.x5u.is_some()
            || header.x5c.is_some()
            || header.crit.is_some()
            || !header.typ.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("JWT"));
        if foreign || decoded.claims.nbf > now_secs.saturating_add(CLOCK_STEP_SECS) {
            return Err(invalid());
        }
        if decoded.claims.exp <= now_secs {
            return Err(Error::unauthenticated("token_expired", "The sign-in has expired. Sign in again."));
        }
        Ok(decoded.claims)
    }
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKeys(********)")
    }
}

fn invalid() -> Error {
    Error::unauthenticated("token_invalid", "The token is not valid. Sign in again.")
}

/// A random secret of `bytes` bytes in URL-safe base64. ASVS 11.5.1 asks for 16 bytes at least.
pub fn random_secret(bytes: usize, entropy: &dyn Entropy) -> Zeroizing<String> {
    let mut raw = Zeroizing::new(vec![0; bytes]);
    entropy.fill_fresh(&mut raw);
    Zeroizing::new(URL_SAFE_NO_PAD.encode(raw.as_slice()))
}

/// SHA-256 in lower-case hex: what is stored of a random secret. Such a secret cannot be guessed, so a fast
/// hash is enough; passwords go to [`super::password`].
pub fn sha256_hex(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    push_hex(&mut text, bytes);
    text
}

pub(super) fn push_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(digit.into(), 16).unwrap_or('0'));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SeededEntropy;
    use hmac::{Hmac, KeyInit, Mac};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
    const NOW: i64 = 1_800_000_000;

    fn keys() -> TokenKeys {
        TokenKeys::new(SECRET).unwrap()
    }

    fn claims() -> Claims {
        Claims::new(Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3), NOW, NOW + 3_600)
    }

    /// A token built by hand from its parts and signed by our own HMAC.
    fn forge(header: &Value, claims: &Value, secret: &[u8]) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let mac = Hmac::<Sha256>::new_from_slice(secret).unwrap().chain_update(&message).finalize().into_bytes();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac))
    }

    fn good_header() -> Value {
        json!({"typ": "JWT", "alg": "HS256"})
    }

    fn good_claims() -> Value {
        serde_json::to_value(claims()).unwrap()
    }

    fn code(token: &str) -> &'static str {
        keys().verify(token, NOW).err().map_or("good", |error| error.code())
    }

    #[test]
    fn a_signed_token_is_good_until_it_expires() {
        let token = keys().sign(&claims()).unwrap();
        assert!(token.len() < 600, "{}", token.len());
        assert_eq!(keys().verify(&token, NOW).unwrap(), claims());
        assert!(keys().verify(&token, NOW + 3_599).is_ok());
        for late in [NOW + 3_600, NOW + 3_601, i64::MAX] {
            assert_eq!(keys().verify(&token, late).unwrap_err().code(), "token_expired");
        }
        assert!(keys().verify(&token, NOW - CLOCK_STEP_SECS).is_ok());
        assert_eq!(keys().verify(&token, NOW - CLOCK_STEP_SECS - 1).unwrap_err().code(), "token_invalid");
    }

    #[test]
    fn the_signature_is_plain_hs256() {
        assert_eq!(code(&forge(&good_header(), &good_claims(), SECRET)), "good");
        assert_eq!(
            code(&forge(&json!({"typ": "jwt", "alg": "HS256", "kid": "../../x"}), &good_claims(), SECRET)),
            "good"
        );
    }

    #[test]
    fn foreign_headers_are_refused_even_when_signed() {
        let headers = [
            json!({"alg": "HS256"}),
            json!({"typ": "at+jwt", "alg": "HS256"}),
            json!({"typ": "JWT"}),
            json!({"typ": "JWT", "alg": "none"}),
            json!({"typ": "JWT", "alg": "None"}),
            json!({"typ": "JWT", "alg": "HS512"}),
            json!({"typ": "JWT", "alg": "HS384"}),
            json!({"typ": "JWT", "alg": "RS256"}),
            json!({"typ": "JWT", "alg": "HS256", "jku": "https://evil.example/keys"}),
            json!({"typ": "JWT", "alg": "HS256", "x5u": "https://evil.example/keys"}),
            json!({"typ": "JWT", "alg": "HS256", "x5c": ["AAAA"]}),
            json!({"typ": "JWT", "alg": "HS256", "jwk": {"kty": "oct", "k": "AAAA"}}),
            json!({"typ": "JWT", "alg": "HS256", "crit": ["b64"], "b64": false}),
            json!([]),
        ];
        for header in &headers {
            assert_eq!(code(&forge(header, &good_claims(), SECRET)), "token_invalid", "{header}");
        }
    }

    #[test]
    fn a_token_signed_with_another_algorithm_of_the_library_is_refused() {
        for alg in [Algorithm::HS384, Algorithm::HS512] {
            let token = jsonwebtoken::encode(&Header::new(alg), &claims(), &EncodingKey::from_secret(SECRET)).unwrap();
            assert_eq!(code(&token), "token_invalid");
        }
    }

    #[test]
    fn foreign_or_missing_claims_are_refused_even_when_signed() {
        for field in ["sub", "sid", "jti", "iat", "nbf", "exp", "iss", "aud"] {
            for value in [Value::Null, json!("someone else"), json!(true), json!(-1e300)] {
                let mut bent = good_claims();
                bent[field] = value;
                assert_ne!(code(&forge(&good_header(), &bent, SECRET)), "good", "{bent}");
            }
            let mut bent = good_claims();
            bent.as_object_mut().unwrap().remove(field);
            assert_eq!(code(&forge(&good_header(), &bent, SECRET)), "token_invalid", "without {field}");
        }
    }

    #[test]
    fn another_secret_is_refused() {
        assert_eq!(code(&forge(&good_header(), &good_claims(), &[9; 32])), "token_invalid");
        assert_eq!(code(&forge(&good_header(), &good_claims(), b"")), "token_invalid");
        assert_eq!(TokenKeys::new(&[1; 31]).unwrap_err().code(), "weak_jwt_secret");
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let token = keys().sign(&claims()).unwrap();
        let (message, _) = token.rsplit_once('.').unwrap();
        let long = "a".repeat(TOKEN_BYTES_MAX + 1);
        let padded = forge(&good_header(), &json!({"sub": Uuid::nil(), "pad": "x".repeat(4_000)}), SECRET);
        for text in [
            "",
            ".",
            "..",
            "...",
            "a.b.c",
            "é.é.é",
            message,
            &format!("{message}."),
            &format!("{token}."),
            &long,
            &padded,
        ] {
            assert_eq!(code(text), "token_invalid", "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_altered_token_is_refused(at in any::<prop::sample::Index>(), by in 1u8..64) {
            let token = keys().sign(&claims()).unwrap();
            let mut bytes = token.clone().into_bytes();
            let at = at.index(bytes.len());
            // The last letter of each part carries unused bits, which a strict decoder refuses as well.
            bytes[at] = bytes[at].wrapping_add(by) & 0x7f;
            let bent = String::from_utf8(bytes).unwrap();
            prop_assume!(bent != token);
            prop_assert_eq!(code(&bent), "token_invalid");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_sent_upsets_the_reader(text in "\\PC{0,300}", header in "\\PC{0,60}", body in "\\PC{0,60}") {
            prop_assert_eq!(code(&text), "token_invalid");
            let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
            prop_assert_eq!(code(&format!("{}.{}.AAAA", part(&header), part(&body))), "token_invalid");
        }
    }

    #[test]
    fn random_secrets_are_url_safe_and_differ() {
        let secret = random_secret(32, &SeededEntropy::new(1));
        assert_eq!(secret.len(), 43);
        assert!(secret.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        assert_ne!(secret, random_secret(32, &SeededEntropy::new(2)));
        // FIPS 180-2, appendix B.1.
        assert_eq!(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
