//! Codes of a second factor: RFC 6238 with what every authenticator understands (HMAC-SHA-1, six digits, thirty
//! seconds), and the recovery codes for whoever has lost the device.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::entropy::Entropy;
use super::{crockford, sha256_hex};
use crate::error::{Error, Result};

/// Bytes of a secret: as many as the hash gives (RFC 4226, section 4, R6).
pub const SECRET_BYTES: usize = 20;
/// Seconds that a code stands for.
const STEP_SECS: i64 = 30;
/// Steps that a clock may be off, to either side (RFC 6238, section 5.2).
const STEPS_OFF: i64 = 1;
/// Digits of a code.
const DIGITS: usize = 6;
/// Letters of a recovery code, five bits each.
const RECOVERY_LETTERS: usize = 15;

/// A secret that an authenticator and the server share.
pub struct TotpSecret(Zeroizing<[u8; SECRET_BYTES]>);

impl TotpSecret {
    /// A new one.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        entropy.fill_fresh(bytes.as_mut_slice());
        Self(bytes)
    }

    /// One that was kept.
    pub fn of(bytes: &[u8]) -> Result<Self> {
        let kept = <[u8; SECRET_BYTES]>::try_from(bytes)
            .map_err(|_| Error::internal("a second factor's secret has another length"))?;
        Ok(Self(Zeroizing::new(kept)))
    }

    /// To be sealed.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// In base 32 (RFC 4648, section 6), as authenticators take it.
    pub fn base32(&self) -> Zeroizing<String> {
        const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let mut text = Zeroizing::new(String::with_capacity(SECRET_BYTES * 8 / 5));
        let (mut held, mut bits) = (0_u32, 0);
        for byte in self.0.iter() {
            held = (held << 8) | u32::from(*byte);
            bits += 8;
            while bits >= 5 {
                bits -= 5;
                text.push(char::from(LETTERS[((held >> bits) & 31) as usize]));
            }
            held &= (1 << bits) - 1;
        }
        text
    }

    /// The step that `code` stands for around `now` (seconds since 1970), if it does and comes after `used`: nobody
    /// who looked over a shoulder can use it again.
    pub fn step_of(&self, code: &str, now: i64, used: i64) -> Option<i64> {
        let current = now.div_euclid(STEP_SECS);
        let mut found = None;
        // Each is compared, so that the time tells nothing.
        for step in current - STEPS_OFF..=current + STEPS_OFF {
            let same = bool::from(self.code(step).as_bytes().ct_eq(code.as_bytes()));
            if same && step > used {
                found = Some(step);
            }
        }
        found
    }

    /// RFC 4226, section 5.3.
    fn code(&self, step: i64) -> Zeroizing<String> {
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(self.0.as_slice()) else { return Zeroizing::default() };
        mac.update(&step.to_be_bytes());
        let hash = mac.finalize().into_bytes();
        let at = usize::from(hash[hash.len() - 1] & 15);
        let number = u32::from_be_bytes([hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]]);
        Zeroizing::new(format!("{:0DIGITS$}", number % 1_000_000))
    }
}

/// What was typed where a code is asked for.
pub enum TypedCode {
    /// Six digits.
    Digits(Zeroizing<String>),
    /// The hash of a recovery code.
    Recovery(String),
}

/// Reads it; `None` when it can be neither.
pub fn typed(text: &str) -> Option<TypedCode> {
    let plain: Zeroizing<String> = Zeroizing::new(
        text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}')).collect(),
    );
    if plain.len() == DIGITS && plain.bytes().all(|b| b.is_ascii_digit()) {
        return Some(TypedCode::Digits(plain));
    }
    let values = crockford::read(text, RECOVERY_LETTERS, "recovery code").ok()?;
    Some(TypedCode::Recovery(sha256_hex(crockford::show(&values).as_bytes())))
}

/// A new recovery code and the hash to keep. It has 75 bits, so a plain hash gives nothing away.
pub fn recovery_code(entropy: &dyn Entropy) -> (Zeroizing<String>, String) {
    let mut values = Zeroizing::new([0; RECOVERY_LETTERS]);
    entropy.fill_fresh(values.as_mut_slice());
    for value in values.iter_mut() {
        *value &= 31;
    }
    let shown = crockford::show(values.as_slice());
    let hash = sha256_hex(shown.as_bytes());
    (shown, hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, in six digits.
    #[test]
    fn the_codes_are_those_of_the_standard() {
        let secret = TotpSecret::of(b"12345678901234567890").unwrap();
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret.code(time / 30).as_str(), code, "{time}");
            assert_eq!(secret.step_of(code, time, 0), Some(time / 30));
        }
        assert_eq!(secret.base32().as_str(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn a_code_is_good_once_and_a_step_to_either_side() {
        let secret = TotpSecret::of(b"12345678901234567890").unwrap();
        let code = secret.code(100);
        for (now, good) in
            [(99 * 30 - 1, false), (99 * 30, true), (100 * 30, true), (102 * 30 - 1, true), (102 * 30, false)]
        {
            assert_eq!(secret.step_of(&code, now, 0).is_some(), good, "{now}");
        }
        assert_eq!(secret.step_of(&code, 3_000, 99), Some(100));
        assert_eq!(secret.step_of(&code, 3_000, 100), None);
        assert_eq!(secret.step_of("", 3_000, 0), None);
        assert!(TotpSecret::of(b"short").is_err());
    }

    #[test]
    fn what_is_typed_is_read_kindly() {
        let entropy = super::super::SeededEntropy::new(7);
        let (shown, hash) = recovery_code(&entropy);
        assert_eq!((shown.len(), shown.matches('-').count()), (17, 2));
        for text in [shown.to_string(), shown.to_lowercase(), shown.replace('-', " "), shown.replace('-', "")] {
            assert!(matches!(typed(&text), Some(TypedCode::Recovery(h)) if h == hash), "{text}");
        }
        assert!(matches!(typed(" 123 456 "), Some(TypedCode::Digits(d)) if d.as_str() == "123456"));
        for none in ["", "12345", "1234567", "UUUUU-UUUUU-UUUUU", "\u{661}23456"] {
            assert!(typed(none).is_none(), "{none}");
        }
    }
}
