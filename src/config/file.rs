//! The configuration file: `config.toml`, or the older `config.json`.
//!
//! Both are read into the same tree. A leaf is known by its path in any spelling: `[listen] port`,
//! `{"listen": {"port": …}}`, and the older flat `{"port": …, "jwtExpiresIn": …}`. Words are compared with their
//! case and separators folded away, so `jwt.expiresIn` is `JWT_EXPIRES_IN` as well. What is not known is a fault,
//! because a typing mistake in a file is otherwise noticed the day it matters.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::Value as Tree;

use super::spelling::{known, unknown};
use super::{Fault, Setting};

/// A configuration file that was read.
#[derive(Default)]
pub struct File {
    /// Where it is.
    pub path: PathBuf,
    /// What it sets: the key as it was spelled, and the value as text.
    pub values: BTreeMap<&'static str, (String, String)>,
}

/// The largest file that is read, in bytes; whatever is larger is no configuration.
const BYTES_MAX: usize = 1 << 20;

/// Finds the file that holds: the one asked for, or the first in the usual places, of which a second in the same
/// folder is warned about.
pub fn find(asked: Option<&Path>, folders: &[PathBuf], warnings: &mut Vec<String>) -> Option<PathBuf> {
    if let Some(path) = asked {
        return Some(path.to_owned());
    }
    let is_there = |path: &PathBuf| path.is_file();
    let folder = folders.iter().find(|f| is_there(&f.join("config.toml")) || is_there(&f.join("config.json")))?;
    let (toml, json) = (folder.join("config.toml"), folder.join("config.json"));
    match (is_there(&toml), is_there(&json)) {
        (true, true) => {
            warnings.push(format!("{} is not read, because config.toml beside it is.", json.display()));
            Some(toml)
        }
        (true, false) => Some(toml),
        _ => Some(json),
    }
}

/// Reads a text file; the error is a sentence.
pub fn read_text(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "this user may not read the file".to_owned(),
        ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => format!("the file cannot be read: {error}"),
    })?;
    if bytes.len() > BYTES_MAX {
        return Err("the file is larger than 1MiB".into());
    }
    String::from_utf8(bytes).map_err(|_| "the file is not UTF-8 text".into())
}

/// Reads the file at `path`; what is wrong with it goes to `faults`.
pub fn read(path: PathBuf, faults: &mut Vec<Fault>) -> File {
    let name = path.display().to_string();
    let tree = match read_text(&path) {
        Ok(text) if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) => read_json(&text),
        Ok(text) => read_toml(&text),
        Err(problem) => Err(problem),
    };
    let mut file = File { path, ..File::default() };
    match tree {
        Ok(Tree::Object(tree)) => {
            let mut trail = Vec::new();
            for (key, value) in &tree {
                if key != "$schema" {
                    walk(&mut trail, key, value, &name, &mut file.values, faults);
                }
            }
        }
        Ok(_) => faults.push(Fault::new("configuration file", name, "it does not hold settings by name")),
        Err(problem) => faults.push(Fault::new("configuration file", name, problem)),
    }
    file
}

fn read_json(text: &str) -> Result<Tree, String> {
    serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| format!("it is not JSON: {error}"))
}

/// The parser's own display would repeat the line, which may hold a secret; its message does not.
fn read_toml(text: &str) -> Result<Tree, String> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("it is not TOML: {} (line {line}, column {column})", error.message())
    })
}

fn walk(
    trail: &mut Vec<String>,
    key: &str,
    value: &Tree,
    file: &str,
    values: &mut BTreeMap<&'static str, (String, String)>,
    faults: &mut Vec<Fault>,
) {
    trail.push(key.to_owned());
    let path = trail.join(".");
    let place = || format!("{file}, {path}");
    match value {
        Tree::Object(inside) => {
            for (key, value) in inside {
                walk(trail, key, value, file, values, faults);
            }
        }
        _ => match known(&path) {
            None => faults.push(Fault::new(path.clone(), file, unknown(&path))),
            Some(setting) => match as_text(setting, value) {
                Err(problem) => faults.push(Fault::of(setting, &value.to_string(), place(), problem)),
                Ok(None) => {}
                Ok(Some(text)) => {
                    let first = values.entry(setting.name).or_insert_with(|| (path.clone(), text));
                    if first.0 != path {
                        let problem = format!("is given a second time; {} says it already", first.0);
                        faults.push(Fault::new(setting.name, place(), problem));
                    }
                }
            },
        },
    }
    trail.pop();
}

/// What a leaf says, as the text that the other layers would give; `None` = unset.
fn as_text(setting: &Setting, value: &Tree) -> Result<Option<String>, &'static str> {
    match value {
        Tree::Null => Ok(None),
        Tree::String(text) if text.is_empty() => Ok(None),
        Tree::String(text) => Ok(Some(text.clone())),
        Tree::Bool(on) => Ok(Some(on.to_string())),
        Tree::Number(number) => Ok(Some(number.to_string())),
        Tree::Array(entries) if setting.kind.is_list() => {
            let words: Option<Vec<&str>> = entries.iter().map(Tree::as_str).collect();
            words.map(|words| Some(words.join(","))).ok_or("is a list of something else than text")
        }
        Tree::Array(_) => Err("is a list, and only one value may be given"),
        Tree::Object(_) => Err("is a section, and a value is wanted"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str, text: &str) -> (File, Vec<Fault>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let mut faults = Vec::new();
        (read(path, &mut faults), faults)
    }

    fn problem(name: &str, text: &str) -> String {
        let (_, faults) = parse(name, text);
        assert_eq!(faults.len(), 1, "{text}: {faults:?}");
        faults[0].problem.clone()
    }

    #[test]
    fn every_spelling_of_a_key_is_the_same_setting() {
        for text in [
            r#"{"jwtExpiresIn": "7d"}"#,
            r#"{"auth": {"jwtExpiresIn": "7d"}}"#,
            r#"{"auth": {"jwt_expires_in": "7d"}}"#,
            r#"{"jwt": {"expiresIn": "7d"}}"#,
            r#"{"JWT_EXPIRES_IN": "7d", "$schema": "x"}"#,
        ] {
            let (file, faults) = parse("config.json", text);
            assert!(faults.is_empty(), "{text}: {faults:?}");
            assert_eq!(file.values["JWT_EXPIRES_IN"].1, "7d", "{text}");
        }
    }

    #[test]
    fn an_unknown_key_is_a_fault_that_helps() {
        assert_eq!(problem("a.toml", "[listen]\nprot = 1"), "is not known; did you mean listen.port?");
        assert_eq!(problem("a.toml", "[lisen]\nport = 1"), "is not known; did you mean listen.port?");
        assert_eq!(problem("a.toml", "[network]\nport = 1"), "is not known; did you mean listen.port?");
        assert_eq!(problem("a.toml", "[limits]\nbody_byte = 1"), "is not known; did you mean limits.body_bytes?");
        assert_eq!(problem("a.json", r#"{"jwtSecrt": ""}"#), "is not known; did you mean auth.jwt_secret?");
        assert_eq!(problem("a.toml", "colour = 'red'"), "is not known");
    }

    #[test]
    fn a_broken_file_is_told_by_line_and_never_quoted() {
        let told = problem("a.toml", "[auth]\njwt_secret = \"hush-hush\n");
        assert!(told.contains("line 2"), "{told}");
        assert!(!told.contains("hush"), "{told}");
        let told = problem("a.json", "{\"jwtSecret\": \"hush\" x}");
        assert!(told.contains("line 1"), "{told}");
        assert!(!told.contains("hush"), "{told}");
        assert_eq!(problem("a.json", "[1]"), "it does not hold settings by name");
    }

    #[test]
    fn values_have_one_text_whatever_their_type() {
        let text = "[listen]\nport = 4000\nbind_address = ['127.0.0.1', '::1']\n[network]\nproxy_protocol = true\n";
        let (file, faults) = parse("a.toml", text);
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(file.values["PORT"], ("listen.port".into(), "4000".into()));
        assert_eq!(file.values["BIND_ADDRESS"].1, "127.0.0.1,::1");
        assert_eq!(file.values["PROXY_PROTOCOL"].1, "true");
        assert_eq!(problem("a.toml", "[listen]\nport = [1]"), "is a list, and only one value may be given");
        assert_eq!(problem("a.toml", "[listen]\nhost_names = [1]"), "is a list of something else than text");
    }

    #[test]
    fn empty_and_null_are_unset() {
        let (file, faults) = parse("a.json", r#"{"jwtSecret": "", "port": null}"#);
        assert!(faults.is_empty() && file.values.is_empty());
    }

    #[test]
    fn a_setting_given_twice_in_one_file_is_a_fault() {
        let told = problem("a.json", r#"{"port": 1, "listen": {"port": 2}}"#);
        assert!(told.contains("second time"), "{told}");
    }

    #[test]
    fn a_secret_of_the_wrong_type_is_masked() {
        let (_, faults) = parse("a.toml", "[auth]\njwt_secret = ['hush']");
        assert!(!format!("{faults:?}").contains("hush"));
    }
}
