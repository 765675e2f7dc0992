//! National Provider Identifiers: ten digits with a check digit (45 CFR 162.406, ISO/IEC 7812).

use super::cues::Cue;
use super::text::Text;
use crate::features::phi::model::Kind;

/// What cards put before it: health, United States.
const ISSUER: &str = "80840";

pub(super) fn find(text: &mut Text<'_>) {
    for at in 0..text.len() {
        if text.goes_on_before(at) || text.goes_on_at(at + 1) {
            continue;
        }
        let digits = text.piece(at);
        // One number in ten has a good check digit by chance, so ten digits alone say nothing.
        let bare = text.number(at, 10)
            && digits.starts_with(['1', '2'])
            && text.near(at, at + 1, 5, 2, Cue::NPI)
            && checks(ISSUER.bytes().chain(digits.bytes()));
        let carded = text.number(at, 15) && digits.starts_with(ISSUER) && checks(digits.bytes());
        if bare || carded {
            text.take(Kind::Npi, at, at + 1);
        }
    }
}

/// Luhn's sum over fifteen digits, the check digit last.
fn checks(digits: impl Iterator<Item = u8>) -> bool {
    let sum: u32 = digits
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0');
            // Fifteen digits: those at odd places from the left are doubled.
            let doubled = if place % 2 == 1 { digit * 2 } else { digit };
            doubled / 10 + doubled % 10
        })
        .sum();
    sum.is_multiple_of(10)
}
