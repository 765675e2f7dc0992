//! Medicare beneficiary identifiers: eleven places, each with its own alphabet (CMS, "Understanding the MBI").

use super::text::{Text, is_dash};
use crate::features::phi::model::Kind;

/// For each place: C 1–9, N 0–9, A a letter, X either.
const PLACES: &[u8; 11] = b"CAXNAXNAANN";

pub(super) fn find(text: &mut Text<'_>) {
    for at in 0..text.len() {
        if text.goes_on_before(at) {
            continue;
        }
        if fits(text.piece(at).bytes()) && !text.goes_on_at(at + 1) {
            text.take(Kind::Mbi, at, at + 1);
            continue;
        }
        let parts = [text.piece(at), text.piece(at + 1), text.piece(at + 2)];
        let joined = |before| text.joint(before).is_some_and(|c| is_dash(c) || c == ' ');
        if parts.map(str::len) == [4, 3, 4]
            && joined(at + 1)
            && joined(at + 2)
            && fits(parts.into_iter().flat_map(str::bytes))
            && !text.goes_on_at(at + 3)
        {
            text.take(Kind::Mbi, at, at + 3);
        }
    }
}

fn fits(text: impl Iterator<Item = u8>) -> bool {
    let mut places = PLACES.iter();
    for byte in text {
        let Some(place) = places.next() else { return false };
        let letter = byte.is_ascii_alphabetic() && !b"SLOIBZ".contains(&byte.to_ascii_uppercase());
        let good = match place {
            b'C' => matches!(byte, b'1'..=b'9'),
            b'N' => byte.is_ascii_digit(),
            b'A' => letter,
            _ => letter || byte.is_ascii_digit(),
        };
        if !good {
            return false;
        }
    }
    places.next().is_none()
}
