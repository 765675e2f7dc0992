//! PBKDF2 (RFC 8018) as Node's `crypto.pbkdf2` does it: the hashes of the older server.
//!
//! None of them is kept as it came. What PBKDF2 made of a password goes through Argon2id once more when it is taken
//! over, so that a stolen database holds nothing weaker than its other hashes; what is left beside the new hash is
//! only how to get from a password to the old one. At the first sign-in even that goes.

use std::fmt;

use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// Rounds that a stored hash may ask for; more would let one row of a database keep a core busy for minutes.
pub const ROUNDS_MAX: u32 = 5_000_000;
/// Bytes of a hash; Node's examples have 64.
pub const HASH_BYTES_MAX: usize = 128;
/// What the text of [`Pbkdf2`] begins with.
const PREFIX: &str = "pbkdf2-";

/// The hash function inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Digest {
    const ALL: [Self; 4] = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    /// Node's name for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The digest that Node calls `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|digest| digest.name() == name)
    }
}

/// How the bytes of a salt follow from its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaltForm {
    /// The text itself is the salt, also where it looks like hex: what `pbkdf2(password, salt, …)` does with a string.
    Text,
    /// `Buffer.from(salt, 'hex')`.
    Hex,
    /// `Buffer.from(salt, 'base64')`.
    Base64,
}

impl SaltForm {
    const ALL: [Self; 3] = [Self::Text, Self::Hex, Self::Base64];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Hex => "hex",
            Self::Base64 => "base64",
        }
    }

    /// The form of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }

    fn bytes(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Text => Some(text.as_bytes().to_vec()),
            Self::Hex => super::text::hex(text),
            Self::Base64 => super::text::base64(text),
        }
    }
}

/// The way from a password to the hash that the older server kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Pbkdf2 {
    digest: Digest,
    rounds: u32,
    bytes: usize,
    form: SaltForm,
    salt: String,
}

impl Pbkdf2 {
    /// Checks that it can be computed at a price that the server will pay.
    ///
    /// # Errors
    /// Invalid `bad_older_hash`, for what it is that cannot be.
    pub fn new(digest: Digest, rounds: u32, bytes: usize, form: SaltForm, salt: &str) -> Result<Self> {
        let bad = |what: &str| Err(Error::invalid("bad_older_hash", what));
        if rounds == 0 || rounds > ROUNDS_MAX {
            return bad("PBKDF2 is done with 1 to 5,000,000 rounds.");
        }
        if !(16..=HASH_BYTES_MAX).contains(&bytes) {
            return bad("A PBKDF2 hash has 16 to 128 bytes.");
        }
        if form.bytes(salt).is_none() {
            return bad("The salt is not spelled as it should be.");
        }
        Ok(Self { digest, rounds, bytes, form, salt: salt.to_owned() })
    }

    /// Reads what [`Display`](fmt::Display) wrote.
    ///
    /// # Errors
    /// Internal: it comes from our own database.
    pub fn parse(text: &str) -> Result<Self> {
        let parts = || {
            let mut parts = text.strip_prefix(PREFIX)?.splitn(5, '$');
            let digest = Digest::named(parts.next()?)?;
            let (rounds, bytes) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            Some((digest, rounds, bytes, SaltForm::named(parts.next()?)?, parts.next()?))
        };
        let unreadable = || Error::internal("the parameters of a taken-over password hash are unreadable");
        let (digest, rounds, bytes, form, salt) = parts().ok_or_else(unreadable)?;
        Self::new(digest, rounds, bytes, form, salt).map_err(|cause| unreadable().because(cause))
    }

    /// What the older server kept for `password`.
    pub fn derive(&self, password: &str) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(vec![0; self.bytes]);
        let salt = self.form.bytes(&self.salt).unwrap_or_default();
        let (password, rounds) = (password.as_bytes(), self.rounds);
        match self.digest {
            Digest::Sha1 => ::pbkdf2::pbkdf2_hmac::<Sha1>(password, &salt, rounds, &mut out),
            Digest::Sha256 => ::pbkdf2::pbkdf2_hmac::<Sha256>(password, &salt, rounds, &mut out),
            Digest::Sha384 => ::pbkdf2::pbkdf2_hmac::<Sha384>(password, &salt, rounds, &mut out),
            Digest::Sha512 => ::pbkdf2::pbkdf2_hmac::<Sha512>(password, &salt, rounds, &mut out),
        }
        out
    }
}

/// As the `salt` column keeps it; the salt is last because it may hold anything.
impl fmt::Display for Pbkdf2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { digest, rounds, bytes, form, salt } = self;
        write!(f, "{PREFIX}{}${rounds}${bytes}${}${salt}", digest.name(), form.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::token::hex;

    #[test]
    fn it_computes_what_node_computes() {
        // Made by Node 20: crypto.pbkdf2Sync('correct horse', SALT, ROUNDS, BYTES, DIGEST).toString('hex').
        let cases = [
            (Digest::Sha1, 1, 20, SaltForm::Text, "NaCl", "72c19ac7c8db164118e1b397dbc8c454ebe91bc9"),
            (
                Digest::Sha512,
                1_000,
                64,
                SaltForm::Text,
                "00ff00ff00ff00ff",
                "0d9b3eee1cda6b88ba6e015623b574f9dce4cb0ead37e2a9662911752cbff1c91119b569f7bbd04831a13556b88804ad78beed571b9b90c9f1d98077e425bab1",
            ),
            (
                Digest::Sha512,
                1_000,
                64,
                SaltForm::Hex,
                "00ff00ff00ff00ff",
                "c128ea3709cc71fbe57f8d0d43a7e707f388dfbe4d8332aec41b1a1524789b233452412e0cd4534b4442f4efdb63684a01676b82dc787cd795aef01385593b15",
            ),
            (
                Digest::Sha256,
                10,
                32,
                SaltForm::Base64,
                "AP8A/wD/AP8=",
                "2a60096140a21bb87d9cbedc1d47db25a4d679fa0412449987a87b6f5ea3a657",
            ),
            (
                Digest::Sha384,
                10,
                48,
                SaltForm::Text,
                "s$a$l$t",
                "56a56cd270e80353e8fcff85ed4a8d77e418d7441cd0704faddc28a9aac088ae77ea0ca14c19f04dc3ce4473047d015c",
            ),
        ];
        for (digest, rounds, bytes, form, salt, expected) in cases {
            let way = Pbkdf2::new(digest, rounds, bytes, form, salt).unwrap();
            assert_eq!(hex(&way.derive("correct horse")), expected, "{way}");
            assert_eq!(Pbkdf2::parse(&way.to_string()).unwrap().to_string(), way.to_string());
        }
    }

    #[test]
    fn what_cannot_be_paid_or_read_is_refused() {
        let new = |rounds, bytes, form, salt| Pbkdf2::new(Digest::Sha512, rounds, bytes, form, salt).is_ok();
        assert!(new(1, 16, SaltForm::Text, "") && new(ROUNDS_MAX, HASH_BYTES_MAX, SaltForm::Hex, "00"));
        assert!(!new(0, 64, SaltForm::Text, "s") && !new(ROUNDS_MAX + 1, 64, SaltForm::Text, "s"));
        assert!(!new(1, 15, SaltForm::Text, "s") && !new(1, HASH_BYTES_MAX + 1, SaltForm::Text, "s"));
        assert!(!new(1, 64, SaltForm::Hex, "0") && !new(1, 64, SaltForm::Base64, "!"));
        for text in ["", "pbkdf2-md5$1$64$text$s", "pbkdf2-sha512$x$64$text$s", "pbkdf2-sha512$1$64$text"] {
            assert!(Pbkdf2::parse(text).is_err(), "{text}");
        }
    }
}
