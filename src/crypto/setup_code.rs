//! The one-time code that opens the set-up page while there is no administrator.
//!
//! It is typed from a terminal into a browser, so it is short and in letters that cannot be confused; 100 bits
//! are beyond guessing even without a limit on tries.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use super::crockford;
use super::entropy::Entropy;

const LETTERS: usize = 20;

/// Twenty letters in four groups.
#[derive(Clone)]
pub struct SetupCode([u8; LETTERS]);

impl SetupCode {
    /// A new code.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut values = [0; LETTERS];
        entropy.fill_fresh(&mut values);
        for value in &mut values {
            *value &= 31;
        }
        Self(values)
    }

    /// Reads a code back from the file it was written to.
    ///
    /// # Errors
    /// `mistyped` when it is not a code.
    pub fn parse(text: &str) -> crate::error::Result<Self> {
        let values = crockford::read(text, LETTERS, "set-up code")?;
        let mut code = [0; LETTERS];
        code.copy_from_slice(&values);
        Ok(Self(code))
    }

    /// `ABCDE-FGHJK-MNPQR-STVWX`, for the terminal and the file.
    pub fn reveal(&self) -> Zeroizing<String> {
        crockford::show(&self.0)
    }

    /// Whether `typed` is this code; takes the same time for every wrong code of the right form.
    pub fn matches(&self, typed: &str) -> bool {
        crockford::read(typed, LETTERS, "set-up code").is_ok_and(|values| bool::from(values.as_slice().ct_eq(&self.0)))
    }
}

impl Drop for SetupCode {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for SetupCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SetupCode(********)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SeededEntropy;

    #[test]
    fn only_the_code_matches_however_it_is_typed() {
        let code = SetupCode::generate(&SeededEntropy::new(1));
        let shown = code.reveal();
        assert_eq!(shown.len(), 23);
        assert!(code.matches(&shown));
        assert!(code.matches(&shown.to_lowercase().replace('-', "")));
        assert!(!code.matches(""));
        assert!(!code.matches(&SetupCode::generate(&SeededEntropy::new(2)).reveal()));
        let mut last = shown.to_string();
        let end = last.pop().unwrap();
        last.push(if end == 'A' { 'B' } else { 'A' });
        assert!(!code.matches(&last));
        assert!(SetupCode::parse(&shown).unwrap().matches(&shown));
        assert!(!format!("{code:?}").contains(&*shown));
    }
}
