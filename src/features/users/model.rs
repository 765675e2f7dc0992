//! Validated names and passwords.

use zeroize::Zeroizing;

use crate::error::{FieldFault, Result};
use crate::wire::Change;

/// Characters of a username (the column's width).
pub const USERNAME_CHARS_MAX: usize = 50;
/// Characters of an e-mail address (the column's width).
pub const EMAIL_CHARS_MAX: usize = 255;
/// Characters of a given or family name (the column's width).
pub const NAME_CHARS_MAX: usize = 100;
/// Bytes of a password; long enough for any passphrase (NIST SP 800-63B-4 asks for at least 64 characters).
pub const PASSWORD_BYTES_MAX: usize = 1_024;

/// Passwords that everyone tries first, of a length that the minimum would let through. The comparison is with
/// the whole password (NIST SP 800-63B-4, 3.1.1.2), without regard to case.
const BLOCKED: &[&str] = &[
    "123456789012345",
    "1234567890123456",
    "12345678901234567890",
    "000000000000000",
    "abcdefghijklmno",
    "abcdefghijklmnop",
    "administrator123",
    "administratoradministrator",
    "changemechangeme",
    "correcthorsebatterystaple",
    "correct horse battery staple",
    "iloveyouiloveyou",
    "letmeinletmeinletmein",
    "mcpmessenger123",
    "mcpmessengermcpmessenger",
    "passw0rdpassw0rd",
    "password1234567",
    "password123456789",
    "passwordpassword",
    "passwordpassword1",
    "q1w2e3r4t5y6u7i8",
    "qazwsxedcrfvtgb",
    "qwertyqwertyqwerty",
    "qwertyuiopasdfgh",
    "qwertyuiopasdfghjklzxcvbnm",
    "thisismypassword",
    "welcomewelcome1",
    "welcometothejungle",
    "zaq12wsxcde34rfv",
];

/// What is wrong with a value, if anything.
type Checked<T> = std::result::Result<T, String>;

/// A name to sign in with, 1–50 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username {
    shown: String,
    key: String,
}

impl Username {
    /// Letters and digits of any script, and `. _ - @ +`.
    pub fn parse(text: &str) -> Checked<Self> {
        let count = text.chars().count();
        if count == 0 || count > USERNAME_CHARS_MAX {
            return Err(format!("must have 1 to {USERNAME_CHARS_MAX} characters"));
        }
        if !text.chars().all(|c| c.is_alphanumeric() || "._-@+".contains(c)) {
            return Err("may have letters, digits and . _ - @ + only".to_owned());
        }
        Ok(Self { shown: text.to_owned(), key: Self::fold(text) })
    }

    /// The form in which names are compared.
    pub fn fold(text: &str) -> String {
        text.to_lowercase()
    }

    /// As it was chosen.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// As it is compared.
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// An e-mail address; only its shape is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// One `@` with something on both sides, no spaces, at most 255 characters.
    pub fn parse(text: &str) -> Checked<Self> {
        let well_formed = text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@') && !domain.starts_with('.')
        });
        if !well_formed
            || text.chars().count() > EMAIL_CHARS_MAX
            || text.chars().any(|c| c.is_whitespace() || is_unprintable(c))
        {
            return Err(format!("must be an address as name@clinic.example, at most {EMAIL_CHARS_MAX} characters"));
        }
        Ok(Self(text.to_owned()))
    }

    /// As it was given.
    pub fn shown(&self) -> &str {
        &self.0
    }

    /// As it is compared.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

/// A given or family name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonName(String);

impl PersonName {
    /// 1–100 characters, not all of them spaces, none of them a control or a direction override.
    pub fn parse(text: &str) -> Checked<Self> {
        let count = text.chars().count();
        if count > NAME_CHARS_MAX || text.trim().is_empty() {
            return Err(format!("must have 1 to {NAME_CHARS_MAX} characters"));
        }
        if text.chars().any(is_unprintable) {
            return Err("may not have control characters".to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    pub fn shown(&self) -> &str {
        &self.0
    }
}

/// Controls, and the characters that turn the direction of what follows (Unicode TR 36).
pub fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It may.
    Active,
    /// Its person is away or has left.
    Inactive,
    /// It may not until somebody has looked into why.
    Locked,
}

impl Status {
    /// `active`, `inactive` or `locked`.
    pub fn parse(text: &str) -> Checked<Self> {
        [Self::Active, Self::Inactive, Self::Locked]
            .into_iter()
            .find(|status| status.name() == text)
            .ok_or_else(|| "must be active, inactive or locked".to_owned())
    }

    /// The stored and shown name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Locked => "locked",
        }
    }
}

/// A password that may be set: long enough, and not one of those that are tried first.
pub struct NewPassword(Zeroizing<String>);

impl NewPassword {
    /// At least `chars_min` characters, at most 1,024 bytes, not in the blocklist, not the username. There are no
    /// rules of composition (NIST SP 800-63B-4, 3.1.1.2).
    pub fn parse(text: Zeroizing<String>, username: &str, chars_min: usize) -> Checked<Self> {
        if text.chars().count() < chars_min {
            return Err(format!("must have at least {chars_min} characters; a few words in a row are a good password"));
        }
        if text.len() > PASSWORD_BYTES_MAX {
            return Err(format!("may have at most {PASSWORD_BYTES_MAX} bytes"));
        }
        let folded = Zeroizing::new(text.to_lowercase());
        let mut letters = folded.chars();
        let first = letters.next();
        if BLOCKED.contains(&folded.as_str()) || letters.all(|c| Some(c) == first) || *folded == username.to_lowercase()
        {
            return Err("is one of those that are tried first: choose another".to_owned());
        }
        Ok(Self(text))
    }

    /// The text, to be hashed.
    pub fn into_inner(self) -> Zeroizing<String> {
        self.0
    }
}

/// Collects what is wrong with several fields.
#[derive(Default)]
pub(super) struct Faults(Vec<FieldFault>);

impl Faults {
    /// The value, or a fault for `field`.
    pub(super) fn take<T>(&mut self, field: &'static str, checked: Checked<T>) -> Option<T> {
        checked.map_err(|detail| self.0.push(FieldFault { field, detail })).ok()
    }

    /// As [`Faults::take`] for a field that may be missing.
    pub(super) fn maybe<T>(&mut self, field: &'static str, checked: Option<Checked<T>>) -> Option<T> {
        checked.and_then(|checked| self.take(field, checked))
    }

    /// As [`Faults::take`] for a field of a change.
    pub(super) fn change<T>(
        &mut self,
        field: &'static str,
        change: Change<String>,
        parse: impl FnOnce(&str) -> Checked<T>,
    ) -> Change<T> {
        let read = change.try_map(|text| parse(&text));
        self.take(field, read).unwrap_or_default()
    }

    pub(super) fn finish(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(crate::error::Error::fields(self.0)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_taken_at_the_limits_and_refused_beyond() {
        assert!(Username::parse("a").is_ok());
        assert!(Username::parse(&"ä".repeat(50)).is_ok());
        assert!(Username::parse(&"a".repeat(51)).is_err());
        for bad in ["", "a b", "a\n", "a\u{202e}b", "<script>", "a/b"] {
            assert!(Username::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Username::parse("Dr.Ärzt").unwrap().key(), "dr.ärzt");
    }

    #[test]
    fn passwords_are_judged_by_length_and_blocklist_alone() {
        let parse = |text: &str| NewPassword::parse(Zeroizing::new(text.to_owned()), "administratorin1", 15);
        assert!(parse("fifteen letters").is_ok());
        assert!(parse("fourteen chars").is_err());
        assert!(parse(&"é".repeat(14)).is_err());
        assert!(parse("PasswordPassword").is_err());
        assert!(parse("aaaaaaaaaaaaaaaaaaaa").is_err());
        assert!(parse("administratorin1").is_err());
        assert!(parse(&"ab".repeat(512)).is_ok());
        assert!(parse(&"ab".repeat(513)).is_err());
    }

    #[test]
    fn addresses_have_the_shape_of_one() {
        assert!(Email::parse("a@b").is_ok());
        for bad in ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@.b", &format!("{}@b", "a".repeat(255))] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
    }
}
