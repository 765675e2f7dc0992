//! The recovery key: what opens the database when the machine and its key are gone.
//!
//! It is printed or written down, kept in a safe and typed once, on a bad day. So it is in letters that cannot
//! be confused, in groups of five, and each group carries a check letter: a mistake is answered with the
//! number of the group, not with "wrong key".
//!
//! It holds 160 random bits. Slow hashing (Argon2id) protects secrets that people choose; nobody can search
//! 2^160 values at any speed, so HKDF is enough and the recovery does not depend on memory or patience.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::crockford::{self, GROUP_LETTERS};
use super::entropy::Entropy;
use crate::error::{Error, Result};

const GROUPS: usize = 8;
const LETTERS: usize = GROUPS * GROUP_LETTERS;
/// Letters of a group that carry the key; the last one checks them.
const DATA_LETTERS: usize = GROUP_LETTERS - 1;
const VALUES: usize = GROUPS * DATA_LETTERS;

/// 160 random bits as 32 five-bit values.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct RecoveryKey([u8; VALUES]);

impl RecoveryKey {
    /// A new key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut values = [0; VALUES];
        entropy.fill_fresh(&mut values);
        for value in &mut values {
            *value &= 31;
        }
        Self(values)
    }

    /// Reads what a person typed; see the module for what is forgiven.
    ///
    /// # Errors
    /// Invalid `mistyped`, naming the groups that do not check.
    pub fn parse(text: &str) -> Result<Self> {
        let letters = crockford::read(text, LETTERS, "recovery key")?;
        let mut values = Zeroizing::new([0; VALUES]);
        let mut wrong = Vec::new();
        for (number, group) in letters.chunks_exact(GROUP_LETTERS).enumerate() {
            let (data, check) = group.split_at(DATA_LETTERS);
            if check_letter(number, data) != check[0] {
                wrong.push((number + 1).to_string());
            }
            values[number * DATA_LETTERS..][..DATA_LETTERS].copy_from_slice(data);
        }
        if wrong.is_empty() {
            return Ok(Self(*values));
        }
        let groups = if wrong.len() == 1 { "group" } else { "groups" };
        let detail = format!("The recovery key is mistyped in {groups} {}.", wrong.join(", "));
        Err(Error::invalid("mistyped", detail))
    }

    /// The key for paper: eight groups of five letters. Every call is a place to look at twice.
    pub fn reveal(&self) -> Zeroizing<String> {
        let mut letters = Zeroizing::new(Vec::with_capacity(LETTERS));
        for (number, data) in self.0.chunks_exact(DATA_LETTERS).enumerate() {
            letters.extend_from_slice(data);
            letters.push(check_letter(number, data));
        }
        crockford::show(&letters)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for RecoveryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryKey(********)")
    }
}

/// A weighted sum over GF(32). The weights are different powers of x, so every single wrong letter and every
/// swap of two letters of a group changes it; the group's own term catches groups in the wrong order.
fn check_letter(group: usize, data: &[u8]) -> u8 {
    let mut sum = u8::try_from(group & 31).unwrap_or_default();
    let mut weight = 1;
    for value in data {
        weight = times(weight, 2);
        sum ^= times(weight, *value);
    }
    sum
}

/// Multiplication in GF(2^5) modulo x^5 + x^2 + 1.
fn times(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    while b != 0 {
        if b & 1 == 1 {
            product ^= a;
        }
        a <<= 1;
        if a & 32 != 0 {
            a ^= 0b10_0101;
        }
        b >>= 1;
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SeededEntropy;
    use proptest::prelude::*;

    fn key(seed: u64) -> RecoveryKey {
        RecoveryKey::generate(&SeededEntropy::new(seed))
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read(seed: u64) {
            let shown = key(seed).reveal();
            prop_assert_eq!(shown.len(), LETTERS + GROUPS - 1);
            prop_assert!(RecoveryKey::parse(&shown).unwrap().bytes() == key(seed).bytes());
            let sloppy = format!("  {}\n", shown.to_lowercase().replace('-', " ").replace('0', "O").replace('1', "I"));
            prop_assert!(RecoveryKey::parse(&sloppy).unwrap().bytes() == key(seed).bytes());
        }

        #[test]
        fn one_wrong_letter_is_named(seed: u64, at in 0..LETTERS, by in 1u8..32) {
            let mut letters = crockford::read(&key(seed).reveal(), LETTERS, "key").unwrap();
            letters[at] = (letters[at] + by) & 31;
            let refused = RecoveryKey::parse(&crockford::show(&letters)).unwrap_err();
            let group = format!("in group {}.", at / GROUP_LETTERS + 1);
            prop_assert!(refused.detail().contains(&group), "{}", refused);
        }

        #[test]
        fn swapped_letters_and_groups_are_noticed(seed: u64, a in 0..LETTERS, b in 0..LETTERS, g in 0..GROUPS, h in 0..GROUPS) {
            let letters = crockford::read(&key(seed).reveal(), LETTERS, "key").unwrap();
            let mut swapped = letters.clone();
            let same_group = a / GROUP_LETTERS == b / GROUP_LETTERS;
            if same_group && letters[a] != letters[b] {
                swapped.swap(a, b);
                prop_assert!(RecoveryKey::parse(&crockford::show(&swapped)).is_err());
            }
            if g != h {
                let mut groups: Vec<Vec<u8>> = letters.chunks(GROUP_LETTERS).map(<[u8]>::to_vec).collect();
                groups.swap(g, h);
                prop_assert!(RecoveryKey::parse(&crockford::show(&groups.concat())).is_err());
            }
        }
    }

    #[test]
    fn several_mistakes_are_all_named_and_nothing_is_repeated() {
        let mut letters = crockford::read(&key(3).reveal(), LETTERS, "key").unwrap();
        letters[0] ^= 1;
        letters[39] ^= 1;
        let typed = crockford::show(&letters);
        let refused = RecoveryKey::parse(&typed).unwrap_err();
        assert!(refused.detail().ends_with("in groups 1, 8."), "{refused}");
        assert!(!refused.detail().contains(&typed[..5]));
        assert!(RecoveryKey::parse("").is_err());
        assert!(!format!("{:?}", key(3)).contains(&key(3).reveal()[..5]));
    }
}
