//! Names: capitalised words beside a word for patients, behind a title, or beside another identifier. A name by
//! itself is not told from any other word, and those who work in the clinic are no patients.

use super::cues::Cue;
use super::text::{Shape, Text, is_dash, only};
use crate::features::phi::model::Kind;

/// Words between a name and the identifier that makes it one.
const REACH: usize = 5;
/// Words of one name.
const WORDS_MAX: usize = 4;

pub(super) fn find(text: &mut Text<'_>) {
    let mut at = 0;
    while at < text.len() {
        let words = name(text, at);
        if words == 0 {
            at += 1;
            continue;
        }
        if is_patient(text, at, words) {
            text.take(Kind::Name, at, at + words);
        }
        at += words;
    }
}

/// How many words of a name start here.
fn name(text: &Text<'_>, at: usize) -> usize {
    if !is_name_word(text, at) || at > 0 && text.gap(at).ends_with(['@', '#', '/']) {
        return 0;
    }
    let mut words = 1;
    while words < WORDS_MAX {
        let here = at + words;
        let gap = text.gap(here);
        let seam = gap == " " || gap == ", " || gap == ". " || only(gap, 1, is_dash) && !gap.is_empty();
        // A full stop belongs to an initial, a comma to "Smith, John".
        let initial = text.piece(here - 1).chars().count() == 1;
        let fits = seam && (gap != ". " || initial) && (gap != ", " || words == 1);
        let particles = (0..2).take_while(|n| is_particle(text.piece(here + n)) && text.gap(here + n) == " ").count();
        if particles > 0 && text.gap(here + particles) == " " && is_name_word(text, here + particles) {
            words += particles + 1;
        } else if fits && is_name_word(text, here) {
            words += 1;
        } else {
            break;
        }
    }
    words
}

fn is_particle(word: &str) -> bool {
    ["de", "van", "von", "der", "la", "del", "da", "di", "bin", "al", "el", "ben", "y"].contains(&word)
}

/// A capital first and small letters behind it, or capitals alone; no common word and no abbreviation.
fn is_name_word(text: &Text<'_>, at: usize) -> bool {
    let Some(piece) = text.pieces.get(at) else { return false };
    // A month may be somebody's name; it is not worth the false alarms.
    if piece.shape != Shape::Word || piece.cue != Cue::NONE || piece.taken {
        return false;
    }
    let mut chars = text.piece(at).chars();
    chars.next().is_some_and(char::is_uppercase)
}

fn is_patient(text: &Text<'_>, at: usize, words: usize) -> bool {
    let cue_before = |back: usize| at.checked_sub(back).map_or(Cue::NONE, |before| text.pieces[before].cue);
    let gap = text.gap(at);
    let close = only(gap, 3, |c| " .:,-#(\"'“‘".contains(c));
    if cue_before(1).has(Cue::STAFF) || text.pieces.get(at + words).is_some_and(|next| next.cue.has(Cue::STAFF)) {
        return false;
    }
    let real = words > 1 || text.piece(at).chars().filter(|c| c.is_lowercase()).count() >= 2;
    if close && cue_before(1).has(Cue::TITLE) && real {
        return true;
    }
    // "pt. Smith" is one sentence, "… by the patient. Smith …" are two.
    let abbreviated = at > 0 && text.piece(at - 1).len() <= 3;
    if close && cue_before(1).has(Cue::PATIENT) && (abbreviated || !gap.contains('.')) && real {
        return words > 1 || !text.ends_line(at);
    }
    // "Patient name: Smith", "pt is John Smith", "patient called John".
    let named = cue_before(1).has(Cue::NAME.or(Cue::FILLER)) && cue_before(2).has(Cue::PATIENT.or(Cue::NAME));
    if close && real && (named || cue_before(1).has(Cue::NAME) && words > 1) {
        return true;
    }
    words > 1 && beside_identifier(text, at, words)
}

/// Whether another identifier is a few words away, with nobody of the staff between.
fn beside_identifier(text: &Text<'_>, at: usize, words: usize) -> bool {
    let end = at + words;
    let stops = |n: usize| text.pieces[n].cue.has(Cue::STAFF);
    let right = (end..text.len().min(end + REACH)).take_while(|n| !text.ends_line(*n) && !stops(*n));
    let left = (at.saturating_sub(REACH)..at).rev().take_while(|n| !text.ends_line(n + 1) && !stops(*n));
    // Not a provider's number: it stands beside the names of those who work here.
    left.chain(right).any(|n| text.pieces[n].kind.is_some_and(|kind| kind != Kind::Npi))
}
