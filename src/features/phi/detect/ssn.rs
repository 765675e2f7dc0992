//! Social Security numbers: three, two and four digits, and what the SSA never gave out is none.

use super::cues::Cue;
use super::text::{Text, is_dash};
use crate::features::phi::model::Kind;

/// Numbers that were printed in advertisements and withdrawn (SSA, "Misused SSNs").
const WITHDRAWN: [(i64, i64, i64); 2] = [(78, 5, 1120), (219, 9, 9999)];

pub(super) fn find(text: &mut Text<'_>) {
    for at in 0..text.len() {
        if parted(text, at) {
            text.take(Kind::Ssn, at, at + 3);
        } else if whole(text, at) {
            text.take(Kind::Ssn, at, at + 1);
        }
    }
}

fn parted(text: &Text<'_>, at: usize) -> bool {
    if !(text.number(at, 3) && text.number(at + 1, 2) && text.number(at + 2, 4)) {
        return false;
    }
    let (Some(first), Some(second)) = (joint(text, at + 1), joint(text, at + 2)) else { return false };
    // Dashes say enough; spaces and full stops part other numbers too.
    let certain = is_dash(first) && is_dash(second);
    let alone = !text.goes_on_before(at) && !text.goes_on_at(at + 3);
    let (Some(area), Some(group), Some(serial)) = (text.value(at), text.value(at + 1), text.value(at + 2)) else {
        return false;
    };
    alone && given_out(area, group, serial) && (certain || (first == second && spoken_of(text, at, at + 3)))
}

/// The character between two groups; a dash may have spaces around it.
fn joint(text: &Text<'_>, before: usize) -> Option<char> {
    let gap = text.gap(before);
    let mut chars = if gap.len() > 1 { gap.trim_matches(' ') } else { gap }.chars();
    let joint = chars.next().filter(|_| chars.next().is_none())?;
    (is_dash(joint) || (gap.len() == 1 && matches!(joint, ' ' | '.'))).then_some(joint)
}

fn whole(text: &Text<'_>, at: usize) -> bool {
    if !text.number(at, 9) || text.goes_on_before(at) || text.goes_on_at(at + 1) {
        return false;
    }
    let digits = text.piece(at);
    let part = |from: usize, to: usize| digits[from..to].parse().unwrap_or(0);
    given_out(part(0, 3), part(3, 5), part(5, 9)) && spoken_of(text, at, at + 1)
}

fn spoken_of(text: &Text<'_>, from: usize, to: usize) -> bool {
    text.near(from, to, 5, 2, Cue::SSN)
}

/// 20 CFR 422.103; the SSA's randomisation of 2011 left area 000, 666 and 900–999, group 00 and serial 0000 unused.
fn given_out(area: i64, group: i64, serial: i64) -> bool {
    !matches!(area, 0 | 666 | 900..) && group != 0 && serial != 0 && !WITHDRAWN.contains(&(area, group, serial))
}
