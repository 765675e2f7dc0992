//! Whole dates in the forms that people write. Which day it is does not matter here, only that it is one.

use super::cues::Cue;
use super::text::{Shape, Text, is_dash, only};

/// The pieces of a date that starts here, if one does and it may be somebody's birthday.
pub(super) fn at(text: &Text<'_>, at: usize, this_year: i64) -> Option<usize> {
    if text.goes_on_before(at) {
        return None;
    }
    let pieces = [numeric(text, at, this_year), spelled(text, at, this_year), packed(text, at, this_year)];
    pieces.into_iter().flatten().next().filter(|pieces| !text.goes_on_at(at + pieces))
}

/// 1980-05-04, 05/04/1980, 4.5.80.
fn numeric(text: &Text<'_>, at: usize, this_year: i64) -> Option<usize> {
    let part = |c: char| c == '/' || c == '.' || is_dash(c);
    let (first, second) = (text.gap(at + 1).trim(), text.gap(at + 2).trim());
    let alike = first == second && only(first, 1, part) && !first.is_empty();
    if !alike || text.gap(at + 1).len() > 4 || text.gap(at + 2).len() > 4 {
        return None;
    }
    let (a, b, c) = (text.value(at)?, text.value(at + 1)?, text.value(at + 2)?);
    let long = |n: usize| text.piece(at + n).len();
    let good = match (long(0), long(1), long(2)) {
        (4, 1..=2, 1..=2) => year(a, 4, this_year) && day(b, c),
        (1..=2, 1..=2, 2 | 4) => year(c, long(2), this_year) && (day(a, b) || day(b, a)),
        _ => false,
    };
    good.then_some(3)
}

/// 4 May 1980, May 4th, 1980, 4-May-80, 4th of May 1980.
fn spelled(text: &Text<'_>, at: usize, this_year: i64) -> Option<usize> {
    let is_month = |at: usize| text.pieces.get(at).is_some_and(|piece| piece.cue.has(Cue::MONTH) && !piece.taken);
    let seam = |before: usize| only(text.gap(before), 3, |c| matches!(c, ' ' | '.' | ',' | '/') || is_dash(c));
    let whole_year = |at: usize| text.value(at).is_some_and(|value| year(value, text.piece(at).len(), this_year));
    if is_month(at) && day_number(text, at + 1) && seam(at + 1) {
        return (seam(at + 2) && whole_year(at + 2) && text.piece(at + 2).len() == 4).then_some(3);
    }
    if !day_number(text, at) {
        return None;
    }
    let of = usize::from(["of", "de"].iter().any(|word| text.piece(at + 1).eq_ignore_ascii_case(word)));
    let month = at + 1 + of;
    let again = usize::from(text.piece(month + 1).eq_ignore_ascii_case("de"));
    let last = month + 1 + again;
    let seams = (at + 1..=last).all(seam);
    (is_month(month) && seams && whole_year(last)).then_some(last + 1 - at)
}

/// 19800504.
fn packed(text: &Text<'_>, at: usize, this_year: i64) -> Option<usize> {
    if !text.number(at, 8) {
        return None;
    }
    let digits = text.piece(at);
    let part = |from: usize, to: usize| digits[from..to].parse().unwrap_or(0);
    (year(part(0, 4), 4, this_year) && day(part(4, 6), part(6, 8))).then_some(1)
}

/// "4", "04", "4th".
fn day_number(text: &Text<'_>, at: usize) -> bool {
    let Some(piece) = text.pieces.get(at).filter(|piece| !piece.taken) else { return false };
    let digits = match piece.shape {
        Shape::Number => text.piece(at),
        Shape::Mixed => text.piece(at).trim_end_matches(|c: char| c.is_ascii_alphabetic()),
        Shape::Word => return false,
    };
    let suffix = &text.piece(at)[digits.len()..];
    let ordinal = suffix.is_empty() || ["st", "nd", "rd", "th"].iter().any(|end| suffix.eq_ignore_ascii_case(end));
    ordinal && digits.len() <= 2 && digits.parse().is_ok_and(|day: u32| (1..=31).contains(&day))
}

/// Nobody alive was born before 1900, nor is anybody after this year.
fn year(value: i64, digits: usize, this_year: i64) -> bool {
    match digits {
        2 => true,
        4 => (1900..=this_year).contains(&value),
        _ => false,
    }
}

fn day(month: i64, day: i64) -> bool {
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}
