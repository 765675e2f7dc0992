//! What a text names, before anybody is looked up.
//!
//! Code is left out as Markdown understands it: `@Override` in a code span is nobody. An `@` within a word, as in an
//! address, is none either.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, TextMergeStream};

use crate::features::users::{USERNAME_CHARS_MAX, Username};

/// Mentions of one message that count; further ones are words.
pub const MENTIONS_MAX: usize = 50;

/// Somebody, as a text names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// `@name`: the names it may be, folded, the likeliest first. A full stop after a name may belong to it.
    Person(Vec<String>),
    /// `@role:name`, folded.
    Role(String),
    /// `@here`: everybody in the channel.
    Here,
    /// `@moderators`: the owners and moderators of the channel.
    Moderators,
}

/// Whom a text names, each once, in order.
pub fn named(text: &str) -> Vec<Name> {
    let mut found = Vec::new();
    if !text.contains('@') {
        return found;
    }
    let mut in_code = false;
    for event in TextMergeStream::new(Parser::new_ext(text, Options::empty())) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Text(words) if !in_code => collect(&words, &mut found),
            _ => {}
        }
        if found.len() >= MENTIONS_MAX {
            break;
        }
    }
    found.truncate(MENTIONS_MAX);
    found
}

fn collect(words: &str, found: &mut Vec<Name>) {
    let mut before = None;
    let mut rest = words;
    while let Some(at) = rest.find('@') {
        let previous = rest[..at].chars().next_back().or(before);
        let after = &rest[at + 1..];
        if !previous.is_some_and(is_of_a_name)
            && let Some(name) = name(after)
            && !found.contains(&name)
        {
            found.push(name);
        }
        before = Some('@');
        rest = after;
    }
}

fn name(after: &str) -> Option<Name> {
    if let Some(role) = after.strip_prefix("role:") {
        let role = run(role, |c| c.is_alphanumeric() || "_-".contains(c));
        return (!role.is_empty()).then(|| Name::Role(Username::fold(role)));
    }
    let whole = run(after, is_of_a_name);
    match Username::fold(whole.trim_end_matches(is_mark)).as_str() {
        "" => return None,
        "here" => return Some(Name::Here),
        "moderators" => return Some(Name::Moderators),
        _ => {}
    }
    // The name may end in a mark of its own, and another `@` may begin within it.
    let mut names: Vec<String> = Vec::new();
    for name in [whole, whole.trim_end_matches(is_mark), whole.split('@').next().unwrap_or_default()] {
        let name = Username::fold(name);
        if !name.is_empty() && name.chars().count() <= USERNAME_CHARS_MAX && !names.contains(&name) {
            names.push(name);
        }
    }
    (!names.is_empty()).then_some(Name::Person(names))
}

fn run(text: &str, is_part: impl Fn(char) -> bool) -> &str {
    let end = text.find(|c: char| !is_part(c)).unwrap_or(text.len());
    &text[..end]
}

fn is_of_a_name(c: char) -> bool {
    c.is_alphanumeric() || is_mark(c)
}

fn is_mark(c: char) -> bool {
    "._-@+".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(text: &str) -> Vec<String> {
        named(text)
            .into_iter()
            .map(|name| match name {
                Name::Person(names) => names.join("|"),
                Name::Role(role) => format!("role:{role}"),
                Name::Here => "here".to_owned(),
                Name::Moderators => "moderators".to_owned(),
            })
            .collect()
    }

    #[test]
    fn names_are_found_outside_of_code_and_addresses() {
        for (text, found) in [
            ("@bob", vec!["bob"]),
            ("hello @Bob, and (@alice)", vec!["bob", "alice"]),
            ("ask @dr.who.", vec!["dr.who.|dr.who"]),
            ("@john_doe_", vec!["john_doe_|john_doe"]),
            ("**@bob** and _@alice_", vec!["bob", "alice"]),
            ("@bob @BOB @bob", vec!["bob"]),
            ("@here @moderators @role:Admin", vec!["here", "moderators", "role:admin"]),
            ("@here!", vec!["here"]),
            ("mail bob@clinic.example", vec![]),
            ("`@bob`", vec![]),
            ("``a ` @bob``", vec![]),
            ("```\n@bob\n```\n@alice", vec!["alice"]),
            ("    @bob", vec![]),
            ("@", vec![]),
            ("@ bob", vec![]),
            ("@role:", vec![]),
            ("a@@bob", vec![]),
            ("@müller", vec!["müller"]),
            ("no names", vec![]),
        ] {
            assert_eq!(people(text), found, "{text:?}");
        }
    }

    #[test]
    fn there_is_an_end_to_how_many_count() {
        let text = (0..60).map(|n| format!("@u{n}")).collect::<Vec<_>>().join(" ");
        assert_eq!(named(&text).len(), MENTIONS_MAX);
    }
}
