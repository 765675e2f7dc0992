//! E-mail addresses, as people write them: the everyday part of RFC 5321, letters of all scripts (RFC 6531).

use super::text::Text;
use crate::features::phi::model::Kind;

pub(super) fn find(text: &mut Text<'_>) {
    let all = text.all;
    let mut floor = 0;
    for (at, _) in all.match_indices('@') {
        let (Some(start), Some(end)) = (local(&all[floor..at]).map(|n| at - n), domain(&all[at + 1..])) else {
            continue;
        };
        let end = at + 1 + end;
        if let Some((from, to)) = text.within(start, end) {
            text.take(Kind::Email, from, to);
        }
        // What was looked at for one address is not looked at for the next, so many @ cost no more than one.
        floor = end;
    }
}

/// Bytes before the @ that are its local part.
fn local(before: &str) -> Option<usize> {
    let is_part = |c: char| c.is_alphanumeric() || "._%+-'".contains(c);
    let long = before.chars().rev().take(64).take_while(|c| is_part(*c)).map(char::len_utf8).sum::<usize>();
    let part = &before[before.len() - long..];
    let part = part.trim_start_matches(|c: char| !c.is_alphanumeric());
    (!part.is_empty() && !part.ends_with('.')).then_some(part.len())
}

/// Bytes behind the @ that are its domain: two labels at least, the last of letters.
fn domain(after: &str) -> Option<usize> {
    let is_part = |c: char| c.is_alphanumeric() || c == '-' || c == '.';
    let long = after.chars().take(255).take_while(|c| is_part(*c)).map(char::len_utf8).sum::<usize>();
    let name = after[..long].trim_end_matches(['.', '-']);
    let (rest, top) = name.rsplit_once('.')?;
    let labels = rest.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
    let good = labels && top.chars().count() >= 2 && top.chars().all(char::is_alphabetic);
    good.then_some(name.len())
}
