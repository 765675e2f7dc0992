//! What every file of the program keeps to.

use super::nothing_but;
use super::source::{Source, files, rust};

/// A file that is longer should have been split well before.
const LINES_MAX: usize = 500;

#[test]
fn every_module_says_why_it_is_there() {
    let silent = |source: &&Source| !source.text.starts_with("//! ");
    let mut found: Vec<String> = Vec::new();
    for folder in ["src", "tests", "benches"] {
        found.extend(rust(folder).iter().filter(silent).map(|source| source.path.clone()));
    }
    nothing_but(&found, "These modules do not begin with `//!` and a sentence on why they are there.");
}

#[test]
fn files_are_small() {
    let long: Vec<String> = rust("src")
        .iter()
        .filter(|source| !source.for_tests)
        .filter(|source| source.program_lines() > LINES_MAX)
        .map(|source| format!("{}: {} lines without its tests", source.path, source.program_lines()))
        .collect();
    nothing_but(&long, "Files of more than 500 lines. Split them along what they are about.");
}

#[test]
fn sql_stands_where_it_may() {
    let may = |path: &str| {
        path.ends_with("/rows.rs")
            || path.contains("/rows/")
            || path.starts_with("src/store/")
            || ["src/gate/vault.rs", "src/gate/kinship.rs", "src/gate/trail.rs"].contains(&path)
    };
    let begins = [
        "\"SELECT ",
        "\"INSERT ",
        "\"UPDATE ",
        "\"DELETE ",
        "\"CREATE ",
        "\"ALTER ",
        "\"DROP ",
        "\"WITH ",
        "\"PRAGMA ",
    ];
    let mut found = Vec::new();
    for source in rust("src").iter().filter(|source| !may(&source.path)) {
        for (number, line) in source.program() {
            if begins.iter().any(|begin| line.contains(begin)) {
                found.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    nothing_but(
        &found,
        "SQL belongs into a feature's rows (rows.rs or rows/), into the store, or into the gate's rows, vault and trail.",
    );
}

#[test]
fn nothing_is_left_for_later_in_the_source() {
    let marks = ["TODO", "FIXME", "HACK", "todo!", "unimplemented!", "dbg!"];
    let mut found = Vec::new();
    for folder in ["src", "tests", "benches"] {
        for source in rust(folder).iter().filter(|source| source.path != "tests/tidy/modules.rs") {
            for (n, line) in source.text.lines().enumerate() {
                let is_word = |mark: &&&str| {
                    line.match_indices(**mark)
                        .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
                };
                if let Some(mark) = marks.iter().find(is_word) {
                    found.push(format!("{}:{}: {mark}", source.path, n + 1));
                }
            }
        }
    }
    nothing_but(&found, "Do it, or open an issue; the source says what is.");
}

/// A server's standard output belongs to the welcome and to commands; everything else goes to the log.
#[test]
fn only_those_who_talk_to_a_person_print() {
    let may = ["src/cli/telling.rs", "src/app/welcome.rs", "src/app/first_admin.rs"];
    // Without randomness there is nothing to log with safely; the process ends there.
    let last_words = "src/crypto/entropy.rs";
    let mut found = Vec::new();
    for source in rust("src").iter().filter(|s| !may.contains(&s.path.as_str()) && s.path != last_words) {
        for (number, line) in source.program() {
            if ["println!", "eprintln!", "print!(", "eprint!("].iter().any(|print| line.contains(print)) {
                found.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    nothing_but(&found, "Use tracing. Printing is for the command line and the welcome.");
}

#[test]
fn names_say_what_a_thing_is() {
    let vague = ["Manager", "Helper", "Util", "Misc"];
    let mut found = Vec::new();
    for source in rust("src") {
        for (number, line) in source.program() {
            let code = line.trim_start();
            let declared =
                ["struct ", "enum ", "trait ", "mod ", "fn "].iter().filter_map(|kind| code.split_once(kind));
            for (before, after) in declared {
                let is_declaration = before.is_empty() || before.starts_with("pub") || before.starts_with("async ");
                let name = after.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().unwrap_or_default();
                let is_vague =
                    vague.iter().any(|word| name.contains(word)) || name.starts_with("get_") || name == "utils";
                if is_declaration && is_vague {
                    found.push(format!("{}:{number}: {name}", source.path));
                }
            }
        }
    }
    nothing_but(&found, "No Manager, Helper or util, and no `get_`: say what it is or does.");
}

/// A path of somebody's machine or a private registry works nowhere else.
#[test]
fn nothing_here_is_of_one_machine() {
    let (slash, at) = ("/", "//");
    let marks = [
        format!("{slash}home/"),
        format!("{slash}Users/"),
        format!("{slash}root/"),
        format!("{slash}work/"),
        format!("{at}localhost:4873"),
        "artifactory".to_owned(),
        "\"resolved\":".to_owned(),
    ];
    let mut found = Vec::new();
    for source in
        files(".", &["rs", "md", "toml", "lock", "json", "mjs", "sh", "html", "css", "js", "sql", "run", ".npmrc"])
    {
        if source.path == "tests/tidy/modules.rs" {
            continue;
        }
        for (n, line) in source.text.lines().enumerate() {
            if let Some(mark) = marks.iter().find(|mark| line.contains(mark.as_str())) {
                found.push(format!("{}:{}: {mark}", source.path, n + 1));
            }
        }
    }
    nothing_but(&found, "These name somebody's machine or registry.");
}
