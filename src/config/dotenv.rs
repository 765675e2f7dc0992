//! The `.env` file: lines of `NAME=value`.
//!
//! Read by ourselves and not by a crate, because the usual one replaces `$NAME` inside values from the
//! environment of the process (a password with a `$` in it would silently become another) and repeats the whole
//! line, secret and all, in its errors. Unknown names are ignored, as in the environment.

use std::collections::BTreeMap;

/// Reads the text of a `.env` file. An error is the number of the line and what is wrong with it, never the line.
pub fn read(text: &str) -> Result<BTreeMap<String, String>, Vec<(usize, &'static str)>> {
    let mut variables = BTreeMap::new();
    let mut faults = Vec::new();
    for (nth, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        match read_line(line.trim()) {
            Ok(Some((name, value))) => {
                variables.insert(name, value);
            }
            Ok(None) => {}
            Err(problem) => faults.push((nth + 1, problem)),
        }
    }
    if faults.is_empty() { Ok(variables) } else { Err(faults) }
}

fn read_line(line: &str) -> Result<Option<(String, String)>, &'static str> {
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=').ok_or("is not of the form NAME=value")?;
    let name = name.trim();
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.') {
        return Err("is not of the form NAME=value");
    }
    Ok(Some((name.to_owned(), read_value(value.trim())?)))
}

fn read_value(text: &str) -> Result<String, &'static str> {
    match text.chars().next() {
        Some(quote @ ('"' | '\'' | '`')) => read_quoted(&text[1..], quote),
        _ => Ok(without_comment(text).to_owned()),
    }
}

/// A comment begins at a `#` after a space: `p#ss` is a password, `3000 # the port` is not.
fn without_comment(text: &str) -> &str {
    if text.starts_with('#') {
        return "";
    }
    text.match_indices('#')
        .find(|(at, _)| text[..*at].ends_with(char::is_whitespace))
        .map_or(text, |(at, _)| text[..at].trim_end())
}

fn read_quoted(text: &str, quote: char) -> Result<String, &'static str> {
    let mut value = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            _ if c == quote => {
                let after = rest.as_str().trim();
                let ends = after.is_empty() || after.starts_with('#');
                return if ends { Ok(value) } else { Err("goes on after the closing quote") };
            }
            '\\' if quote == '"' => match rest.next() {
                Some('n') => value.push('\n'),
                Some('r') => value.push('\r'),
                Some('t') => value.push('\t'),
                Some(other @ ('"' | '\\' | '$')) => value.push(other),
                Some(other) => value.extend(['\\', other]),
                None => return Err("has no closing quote"),
            },
            _ => value.push(c),
        }
    }
    Err("has no closing quote")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(line: &str) -> String {
        read(line).unwrap().into_values().next().unwrap()
    }

    #[test]
    fn values_are_read_as_node_reads_them() {
        assert_eq!(value("A=b"), "b");
        assert_eq!(value("  export A = b c  "), "b c");
        assert_eq!(value("A="), "");
        assert_eq!(value("A=3000 # the port"), "3000");
        assert_eq!(value("A=# nothing"), "");
        assert_eq!(value("A='b # c'"), "b # c");
        assert_eq!(value("A='b\\n'"), "b\\n");
        assert_eq!(value("A=\"b\\n\\\"c\\\"\" # d"), "b\n\"c\"");
        assert_eq!(value("A=`it's`"), "it's");
        assert_eq!(value("\u{feff}A=b\r\n"), "b");
        assert_eq!(value("A=b=c=="), "b=c==");
    }

    #[test]
    fn a_password_stays_what_it_is() {
        assert_eq!(value("A=p$HOME#1"), "p$HOME#1");
        assert_eq!(value("A=${x}"), "${x}");
        assert_eq!(value("A=\"$x\""), "$x");
    }

    #[test]
    fn comments_and_empty_lines_are_nothing() {
        assert_eq!(read("\n# A=b\n\n").unwrap().len(), 0);
    }

    #[test]
    fn the_last_line_of_a_name_wins() {
        assert_eq!(read("A=1\nA=2").unwrap()["A"], "2");
    }

    #[test]
    fn faults_name_their_lines() {
        let faults = read("A=1\nsecret without name\nB=\"open\nC='x' y\n=z\n").unwrap_err();
        assert_eq!(faults.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3, 4, 5]);
    }
}
