//! Telephone numbers: of North America by their form (NANP), others by the plus or by a word beside them.

use super::cues::Cue;
use super::text::{Shape, Text, is_dash, only};
use crate::features::phi::model::Kind;

pub(super) fn find(text: &mut Text<'_>) {
    for at in 0..text.len() {
        let pieces = international(text, at)
            .or_else(|| grouped(text, at))
            .or_else(|| american(text, at))
            .or_else(|| local(text, at));
        if let Some(pieces) = pieces {
            text.take(Kind::Phone, at, at + pieces);
        }
    }
}

fn spoken_of(text: &Text<'_>, from: usize, to: usize) -> bool {
    text.near(from, to, 4, 2, Cue::PHONE)
}

/// (212) 555-0187, 212-555-0187, 212.555.0187, 1-212-555-0187.
fn grouped(text: &Text<'_>, at: usize) -> Option<usize> {
    let one = usize::from(text.piece(at) == "1");
    let first = at + one;
    if !(text.number(first, 3) && text.number(first + 1, 3) && text.number(first + 2, 4)) {
        return None;
    }
    if one == 1 && !only(text.gap(first), 2, |c| " .(".contains(c) || is_dash(c)) {
        return None;
    }
    let bracketed = text.gap(first).ends_with('(');
    let (area, exchange) = (text.gap(first + 1), text.gap(first + 2));
    let opened = if bracketed { area.strip_prefix(')')?.trim_start() } else { area };
    let joint = |gap: &str| gap.chars().count() == 1 && gap.chars().all(|c| " ./".contains(c) || is_dash(c));
    let joined = joint(exchange) && (joint(area) || (bracketed && (opened.is_empty() || joint(opened))));
    // Three numbers with spaces between may be anything.
    let certain = bracketed || one == 1 || (area != " " && exchange != " ");
    let alone = !text.goes_on_before(at) && !text.goes_on_at(first + 3);
    let good = alone && joined && assigned(text.piece(first), text.piece(first + 1));
    (good && (certain || spoken_of(text, at, first + 3))).then_some(3 + one)
}

/// 2125550187, 12125550187.
fn american(text: &Text<'_>, at: usize) -> Option<usize> {
    let digits = text.piece(at);
    let digits = match digits.len() {
        10 if text.number(at, 10) => digits,
        11 if text.number(at, 11) => digits.strip_prefix('1')?,
        _ => return None,
    };
    let alone = !text.goes_on_before(at) && !text.goes_on_at(at + 1);
    (alone && assigned(&digits[..3], &digits[3..6]) && spoken_of(text, at, at + 1)).then_some(1)
}

/// 555-0187, and 020 7946 0018 with the zero that other countries dial first.
fn local(text: &Text<'_>, at: usize) -> Option<usize> {
    if text.goes_on_before(at) || !text.near(at, at + 3, 4, 1, Cue::PHONE) {
        return None;
    }
    if text.number(at, 3) && text.number(at + 1, 4) {
        let joined = text.joint(at + 1).is_some_and(|c| is_dash(c) || c == '.');
        if joined && office(text.piece(at)) && !text.goes_on_at(at + 2) {
            return Some(2);
        }
    }
    if !text.piece(at).starts_with('0') {
        return None;
    }
    let (pieces, digits) = run(text, at);
    (9..=12).contains(&digits).then_some(pieces)
}

/// +44 20 7946 0018 (ITU-T E.164: at most fifteen digits).
fn international(text: &Text<'_>, at: usize) -> Option<usize> {
    if !text.gap(at).ends_with('+') && !text.gap(at).ends_with("+(") {
        return None;
    }
    let (pieces, digits) = run(text, at);
    let first = text.piece(at);
    if first == "1" || (first.len() == 11 && first.starts_with('1')) {
        let area = if pieces == 1 { first.get(1..4)? } else { text.piece(at + 1).get(..3)? };
        return (digits == 11 && area_assigned(area)).then_some(pieces);
    }
    let good = first.starts_with(|c: char| ('1'..='9').contains(&c)) && !text.goes_on_at(at + pieces);
    let enough = if spoken_of(text, at, at + pieces) { 8 } else { 10 };
    (good && (enough..=15).contains(&digits)).then_some(pieces)
}

/// Numbers that follow each other closely: how many, and their digits.
fn run(text: &Text<'_>, at: usize) -> (usize, usize) {
    let is_number = |at: usize| text.pieces.get(at).is_some_and(|p| p.shape == Shape::Number && !p.taken);
    let (mut pieces, mut digits) = (0, 0);
    while is_number(at + pieces) && digits <= 15 {
        let seam = only(text.gap(at + pieces), 3, |c| " ()./".contains(c) || is_dash(c));
        if pieces > 0 && !seam {
            break;
        }
        digits += text.piece(at + pieces).len();
        pieces += 1;
    }
    (pieces, digits)
}

fn assigned(area: &str, exchange: &str) -> bool {
    area_assigned(area) && office(exchange)
}

/// An area code of people: no service code, none kept back, and none that a company pays the call for.
fn area_assigned(area: &str) -> bool {
    let bytes = area.as_bytes();
    let free = ["800", "833", "844", "855", "866", "877", "888", "900"];
    office(area) && bytes.get(1).is_some_and(|b| *b != b'9') && !free.contains(&area)
}

/// Three digits that a NANP number can have here: 2–9 first, and not 211, 311 … 911.
fn office(code: &str) -> bool {
    let bytes = code.as_bytes();
    bytes.len() == 3 && bytes[0] >= b'2' && !code.ends_with("11")
}
