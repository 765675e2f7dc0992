//! Error codes are a promise to those who write clients: what the program can say is listed, and what is listed the
//! program can say.

use std::collections::BTreeMap;

use super::nothing_but;
use super::source::{file, is_code, rust, words_in_quotes};

/// The constructors of `crate::error::Error` that take a code, and what stands before it.
const MAKERS: [&str; 7] = [
    "Error::invalid(",
    "Error::unauthenticated(",
    "Error::refused(",
    "Error::conflict(",
    "Error::too_many(",
    "Error::busy(",
    "Error::new(",
];

/// Codes of `src/error.rs` itself.
const BUILT_IN: [&str; 4] = ["invalid_field", "not_found", "too_large", "internal"];

/// Every code in the program, with the first place where it is made.
fn made() -> BTreeMap<String, String> {
    let mut codes: BTreeMap<String, String> =
        BUILT_IN.iter().map(|code| ((*code).to_owned(), "src/error.rs".to_owned())).collect();
    for source in rust("src").iter().filter(|source| source.path != "src/error.rs") {
        let text = source.program_text();
        let constants = constants(&text);
        for maker in MAKERS {
            for after in text.split(maker).skip(1) {
                // `Error::new` has the kind first.
                let after =
                    if maker == "Error::new(" { after.split_once(',').map_or("", |(_, rest)| rest) } else { after };
                let first = after.trim_start();
                let code = match first.strip_prefix('"') {
                    Some(literal) => literal.split('"').next().unwrap_or_default(),
                    None => {
                        constants.get(first.split([',', ')']).next().unwrap_or_default()).copied().unwrap_or_default()
                    }
                };
                if is_code(code) {
                    codes.entry(code.to_owned()).or_insert_with(|| source.path.clone());
                }
            }
        }
    }
    assert!(codes.len() > 40, "hardly any codes were found: did the constructors change their names? {codes:?}");
    codes
}

/// `const NAME: &str = "code";`
fn constants(text: &str) -> BTreeMap<&str, &str> {
    let declared = text.split("const ").skip(1).filter_map(|after| {
        let (name, rest) = after.split_once(':')?;
        let value = rest.split(';').next()?.split('"').nth(1)?;
        Some((name.trim(), value))
    });
    declared.collect()
}

/// Every code in the tables of `docs/errors.md`: the words in backticks of a row's first cell.
fn listed() -> Vec<String> {
    let text = file("docs/errors.md").text;
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.filter_map(|line| line.split('|').nth(1).map(str::to_owned));
    let codes: Vec<String> =
        cells.flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()).collect();
    assert!(codes.len() > 40, "docs/errors.md has lost its tables");
    codes
}

#[test]
fn every_code_is_documented() {
    let listed = listed();
    let found: Vec<String> = made()
        .into_iter()
        .filter(|(code, _)| !listed.contains(code))
        .map(|(code, path)| format!("{code} ({path})"))
        .collect();
    nothing_but(&found, "These codes are not in docs/errors.md.");
}

#[test]
fn every_documented_code_exists_once() {
    let mut in_source = Vec::new();
    for source in rust("src") {
        let text = source.program_text();
        in_source.extend(words_in_quotes(&text).map(str::to_owned));
    }
    let listed = listed();
    let mut found: Vec<String> = listed
        .iter()
        .filter(|code| !in_source.contains(code))
        .map(|code| format!("{code} is nowhere in src"))
        .collect();
    for code in &listed {
        if listed.iter().filter(|other| *other == code).count() > 1 {
            found.push(format!("{code} is listed twice"));
        }
    }
    nothing_but(&found, "docs/errors.md lists codes that the program does not have.");
}
