//! Keys and codes that people read aloud and type: Crockford's base 32, which leaves out I, L, O and U.
//!
//! Reading forgives what people do: case, spaces, dashes, O for 0, I and L for 1.

use zeroize::Zeroizing;

use crate::error::{Error, Result};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Letters in a group, as people are shown them.
pub const GROUP_LETTERS: usize = 5;

/// The five-bit values as letters, in groups of five with dashes between.
pub fn show(values: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(values.len() + values.len() / GROUP_LETTERS));
    for (place, value) in values.iter().enumerate() {
        if place > 0 && place % GROUP_LETTERS == 0 {
            text.push('-');
        }
        text.push(char::from(ALPHABET[usize::from(value & 31)]));
    }
    text
}

/// The five-bit values that were typed. `what` is what the text should have been, for the error.
///
/// # Errors
/// `mistyped` when a character cannot stand in such a text or there are not `count` of them. The error names
/// the group, never what was typed.
pub fn read(text: &str, count: usize, what: &str) -> Result<Zeroizing<Vec<u8>>> {
    let mut values = Zeroizing::new(Vec::with_capacity(count));
    for letter in text.chars() {
        if letter.is_whitespace() || matches!(letter, '-' | '_' | '.' | '\u{2010}'..='\u{2015}') {
            continue;
        }
        if values.len() == count {
            return Err(Error::invalid("mistyped", format!("The {what} is too long: it has {count} letters.")));
        }
        let Some(value) = value_of(letter) else {
            let group = values.len() / GROUP_LETTERS + 1;
            return Err(Error::invalid(
                "mistyped",
                format!("Group {group} of the {what} holds a character that is never part of one."),
            ));
        };
        values.push(value);
    }
    if values.len() < count {
        let (typed, group) = (values.len(), values.len() / GROUP_LETTERS + 1);
        return Err(Error::invalid(
            "mistyped",
            format!("The {what} is too short: {typed} of {count} letters; it ends in group {group}."),
        ));
    }
    Ok(values)
}

fn value_of(letter: char) -> Option<u8> {
    let letter = match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let letter = u8::try_from(letter).ok()?;
    ALPHABET.iter().position(|known| *known == letter).and_then(|place| u8::try_from(place).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_shown_can_be_read(values in prop::collection::vec(0u8..32, 1..60)) {
            let shown = show(&values);
            prop_assert_eq!(&*read(&shown, values.len(), "code").unwrap(), &values);
            let sloppy = shown.to_lowercase().replace('0', "o").replace('1', "l").replace('-', " ");
            prop_assert_eq!(&*read(&sloppy, values.len(), "code").unwrap(), &values);
        }
    }

    #[test]
    fn mistakes_are_named_by_group() {
        let wrong = read("ABCDE-FGHJ*", 10, "code").unwrap_err();
        assert!(wrong.detail().contains("Group 2"), "{wrong}");
        assert!(!wrong.detail().contains('*'));
        assert!(read("ABCDE-FGHJ", 10, "code").unwrap_err().detail().contains("too short"));
        assert!(read("ABCDE-FGHJK-M", 10, "code").unwrap_err().detail().contains("too long"));
        assert!(read("ABCDU", 5, "code").is_err(), "U is left out of the alphabet");
    }
}
