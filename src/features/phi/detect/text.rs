//! A text cut into words and numbers, with what stands between them left where it is.

use super::Finding;
use super::cues::{self, Cue};
use crate::features::phi::model::Kind;

/// How a piece looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// ASCII digits alone.
    Number,
    /// No digit in it.
    Word,
    /// Both, or digits of another script.
    Mixed,
}

/// A run of letters and digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) shape: Shape,
    pub(super) cue: Cue,
    /// Part of something that was found, or of a date that is nobody's birthday.
    pub(super) taken: bool,
    /// Of which identifier.
    pub(super) kind: Option<Kind>,
}

/// A text being looked through.
pub(super) struct Text<'t> {
    pub(super) all: &'t str,
    pub(super) pieces: Vec<Piece>,
    pub(super) found: Vec<Finding>,
}

/// Dashes that people and their word processors put between digits.
pub(super) fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2014}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}')
}

fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

impl<'t> Text<'t> {
    pub(super) fn of(all: &'t str) -> Self {
        let mut pieces: Vec<Piece> = Vec::with_capacity(all.len() / 5 + 1);
        let mut chars = all.char_indices().peekable();
        while let Some((start, first)) = chars.next() {
            if !first.is_alphanumeric() {
                continue;
            }
            let (mut end, mut digits, mut others) = (start, 0, 0);
            let mut c = first;
            loop {
                end += c.len_utf8();
                if c.is_ascii_digit() {
                    digits += 1;
                } else {
                    others += 1;
                }
                let Some(&(_, next)) = chars.peek() else { break };
                let apostrophe = matches!(next, '\'' | '\u{2019}') && digits == 0 && {
                    let after = all[end + next.len_utf8()..].chars().next();
                    after.is_some_and(char::is_alphabetic)
                };
                if !(next.is_alphanumeric() || is_mark(next) || apostrophe) {
                    break;
                }
                c = next;
                chars.next();
            }
            let shape = match (digits, others) {
                (_, 0) => Shape::Number,
                (0, _) if !all[start..end].contains(char::is_numeric) => Shape::Word,
                _ => Shape::Mixed,
            };
            let cue = if shape == Shape::Number { Cue::NONE } else { cues::of(&all[start..end]) };
            pieces.push(Piece { start, end, shape, cue, taken: false, kind: None });
        }
        let mut text = Self { all, pieces, found: Vec::new() };
        cues::join(&mut text);
        text
    }

    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// The characters of a piece; empty behind the last.
    pub(super) fn piece(&self, at: usize) -> &'t str {
        self.pieces.get(at).map_or("", |piece| &self.all[piece.start..piece.end])
    }

    /// What stands before a piece, or behind the last.
    pub(super) fn gap(&self, before: usize) -> &'t str {
        let start = before.checked_sub(1).and_then(|at| self.pieces.get(at)).map_or(0, |piece| piece.end);
        let end = self.pieces.get(before).map_or(self.all.len(), |piece| piece.start);
        &self.all[start..end]
    }

    /// The gap, if it is a single character.
    pub(super) fn joint(&self, before: usize) -> Option<char> {
        let mut chars = self.gap(before).chars();
        chars.next().filter(|_| chars.next().is_none())
    }

    /// Whether a piece is a free number of this many digits.
    pub(super) fn number(&self, at: usize, digits: usize) -> bool {
        self.pieces.get(at).is_some_and(|p| p.shape == Shape::Number && p.end - p.start == digits && !p.taken)
    }

    /// The value of a free number of at most four digits.
    pub(super) fn value(&self, at: usize) -> Option<i64> {
        let piece = self.pieces.get(at).filter(|p| p.shape == Shape::Number && p.end - p.start <= 4 && !p.taken)?;
        self.all[piece.start..piece.end].parse().ok()
    }

    /// Whether a number that starts at this piece goes on to the left of it: then it is another number.
    pub(super) fn goes_on_before(&self, at: usize) -> bool {
        let Some(previous) = at.checked_sub(1).and_then(|p| self.pieces.get(p)) else { return false };
        match self.joint(at) {
            Some('.' | '/') => previous.shape != Shape::Word,
            Some('_') => true,
            Some(c) if is_dash(c) => previous.shape != Shape::Word || !previous.cue.has(Cue::NAMES_A_NUMBER),
            _ => false,
        }
    }

    /// The same to the right, for the piece behind the last one.
    pub(super) fn goes_on_at(&self, behind: usize) -> bool {
        let Some(next) = self.pieces.get(behind) else { return false };
        match self.joint(behind) {
            Some('.' | '/' | '@') => next.shape != Shape::Word,
            Some('_') => true,
            Some(c) if is_dash(c) => true,
            _ => false,
        }
    }

    /// Whether one of these cues is among the pieces around `from..to`, within a sentence.
    pub(super) fn near(&self, from: usize, to: usize, before: usize, after: usize, cues: Cue) -> bool {
        let left = (from.saturating_sub(before)..from).rev().take_while(|at| !self.ends_line(at + 1));
        let right = (to..self.len().min(to + after)).take_while(|at| !self.ends_line(*at));
        left.chain(right).any(|at| self.pieces[at].cue.has(cues))
    }

    /// Whether a line or a sentence ends before this piece.
    pub(super) fn ends_line(&self, before: usize) -> bool {
        let gap = self.gap(before);
        gap.contains('\n') || gap.contains("; ") || gap.contains("? ") || gap.contains("! ")
    }

    /// Notes what was found, unless a part of it was found already.
    pub(super) fn take(&mut self, kind: Kind, from: usize, to: usize) {
        if self.pieces[from..to].iter().any(|piece| piece.taken) {
            return;
        }
        for piece in &mut self.pieces[from..to] {
            piece.taken = true;
            piece.kind = Some(kind);
        }
        self.found.push(Finding { kind, start: self.pieces[from].start, end: self.pieces[to - 1].end });
    }

    /// Notes that these pieces are known not to identify anybody.
    pub(super) fn pass_over(&mut self, from: usize, to: usize) {
        self.pieces[from..to].iter_mut().for_each(|piece| piece.taken = true);
    }

    /// The pieces that lie within these bytes, as a range; `None` where the bytes cut through one.
    pub(super) fn within(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        let from = self.pieces.partition_point(|piece| piece.start < start);
        let to = self.pieces.partition_point(|piece| piece.start < end);
        let whole = from < to
            && self.pieces[to - 1].end <= end
            && from.checked_sub(1).is_none_or(|before| self.pieces[before].end <= start);
        whole.then_some((from, to))
    }
}

/// Whether all characters of a gap satisfy `allowed`, and there is a sensible number of them.
pub(super) fn only(gap: &str, chars_max: usize, allowed: impl Fn(char) -> bool) -> bool {
    gap.chars().count() <= chars_max && gap.chars().all(allowed)
}
