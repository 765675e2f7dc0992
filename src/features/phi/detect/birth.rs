//! Dates of birth: a date beside a word that says so. Other dates are too many to be told.

use super::cues::Cue;
use super::dates;
use super::text::Text;
use crate::features::phi::model::Kind;

pub(super) fn find(text: &mut Text<'_>, this_year: i64) {
    let mut at = 0;
    while at < text.len() {
        let Some(pieces) = dates::at(text, at, this_year) else {
            at += 1;
            continue;
        };
        if text.near(at, at + pieces, 6, 3, Cue::BIRTH) {
            text.take(Kind::BirthDate, at, at + pieces);
        } else if pieces > 1 {
            // A record number can look like 19800504, not like 1980-05-04.
            text.pass_over(at, at + pieces);
        }
        at += pieces;
    }
}
