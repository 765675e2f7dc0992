//! Medical record numbers: every clinic has its own form, so they are known by the word before them, or by the
//! patterns that the clinic configured.

use regex::Regex;

use super::cues::Cue;
use super::text::{Shape, Text, is_dash};
use crate::features::phi::model::Kind;

/// Words between the cue and the number: "the MRN of the patient is 00123".
const BETWEEN_MAX: usize = 4;
/// Letters and digits of a number.
const CHARS_MAX: usize = 15;
/// Digits that it has at least.
const DIGITS_MIN: usize = 4;
/// The same where the word before it has other uses.
const DIGITS_MIN_UNSURE: usize = 5;

pub(super) fn find(text: &mut Text<'_>, patterns: &[Regex]) {
    let all = text.all;
    for pattern in patterns {
        for found in pattern.find_iter(all) {
            if let Some((from, to)) = text.within(found.start(), found.end()) {
                text.take(Kind::Mrn, from, to);
            }
        }
    }
    for at in 0..text.len() {
        let cue = text.pieces[at].cue;
        if cue.has(Cue::MRN.or(Cue::CHART)) {
            let digits = if cue.has(Cue::MRN) { DIGITS_MIN } else { DIGITS_MIN_UNSURE };
            behind(text, at + 1, digits);
        } else if glued(text.piece(at)) && !text.goes_on_before(at) {
            text.take(Kind::Mrn, at, at + 1);
        }
    }
}

/// "MRN00123456".
fn glued(word: &str) -> bool {
    let Some((head, digits)) = word.split_at_checked(3) else { return false };
    let number = (DIGITS_MIN..=CHARS_MAX).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    head.eq_ignore_ascii_case("mrn") && number
}

/// The first number behind a cue, over a few words that may stand between.
fn behind(text: &mut Text<'_>, cue_end: usize, digits_min: usize) {
    let mut at = cue_end;
    while at < text.len() && at <= cue_end + BETWEEN_MAX && !text.ends_line(at) {
        let piece = text.pieces[at];
        if piece.taken {
            return;
        }
        let end = run(text, at);
        let token = &text.all[piece.start..text.pieces[end - 1].end];
        let digits = token.bytes().filter(u8::is_ascii_digit).count();
        let chars = token.bytes().filter(u8::is_ascii_alphanumeric).count();
        if digits >= digits_min && chars <= CHARS_MAX {
            text.take(Kind::Mrn, at, end);
            return;
        }
        if piece.shape != Shape::Word || !piece.cue.has(Cue::FILLER.or(Cue::PATIENT).or(Cue::MRN).or(Cue::CHART)) {
            return;
        }
        at += 1;
    }
}

/// Where a number of several groups ends: "12-34-56", "A-001234".
fn run(text: &Text<'_>, at: usize) -> usize {
    let mut end = at + 1;
    while text.joint(end).is_some_and(is_dash) && end < text.len() && !text.pieces[end].taken {
        end += 1;
    }
    end
}
