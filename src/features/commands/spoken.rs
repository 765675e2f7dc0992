//! What was typed.

use std::time::Duration;

/// A text that begins with one slash and a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spoken<'a> {
    pub(super) name: &'a str,
    pub(super) rest: &'a str,
}

/// Reads `/name rest`; `None` for a message.
pub(super) fn spoken(text: &str) -> Option<Spoken<'_>> {
    let after = text.strip_prefix('/')?;
    let (name, rest) = after.split_once(char::is_whitespace).unwrap_or((after, ""));
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    (!name.is_empty() && name.chars().all(fits)).then(|| Spoken { name, rest: rest.trim() })
}

/// Reads a name that may stand after an `@`, and what follows it.
pub(super) fn person(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let name = name.strip_prefix('@').unwrap_or(name);
    (!name.is_empty()).then(|| (name, rest.trim()))
}

/// Reads how long: `90s`, `20m`, `2h`, `3d`, also after `in`; and what follows it.
pub(super) fn span(text: &str) -> Option<(Duration, &str)> {
    let text = text.strip_prefix("in ").map_or(text, str::trim_start);
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let (at, unit) = word.char_indices().next_back()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let number: u64 = word[..at].parse().ok().filter(|n| (1..=1_000_000).contains(n))?;
    Some((Duration::from_secs(number * seconds), rest.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_after_one_slash_is_a_command_and_all_else_a_message() {
        let said = |text| spoken(text).map(|s| (s.name, s.rest));
        assert_eq!(said("/topic Rounds at 8"), Some(("topic", "Rounds at 8")));
        assert_eq!(said("/me"), Some(("me", "")));
        assert_eq!(said("/hand-over\nline"), Some(("hand-over", "line")));
        for text in ["//topic x", "/", "/ x", " /topic", "/etc/passwd", "/Topic", "hello", "/tö"] {
            assert_eq!(said(text), None, "{text:?}");
        }
    }

    #[test]
    fn spans_and_names_are_read_with_what_follows() {
        assert_eq!(span("20m call"), Some((Duration::from_mins(20), "call")));
        assert_eq!(span("in 2h  call the lab"), Some((Duration::from_hours(2), "call the lab")));
        assert_eq!(span("3d"), Some((Duration::from_hours(72), "")));
        for text in ["", "m", "0m", "-1m", "1.5h", "20", "20w x", "1000001s x", "ü"] {
            assert_eq!(span(text), None, "{text:?}");
        }
        assert_eq!(person("@bob 20m"), Some(("bob", "20m")));
        assert_eq!(person("bob"), Some(("bob", "")));
        assert_eq!(person("@"), None);
    }
}
