//! Documents lead somewhere: every link between files of the repository, and every page found from the map.

use super::nothing_but;
use super::source::{Source, file, files, root};

fn documents() -> Vec<Source> {
    files(".", &[".md"])
}

/// The targets of `[text](target)` outside of code.
fn links(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced || line.starts_with("    ") {
            continue;
        }
        for (at, _) in line.match_indices("](") {
            if line[..at].matches('`').count() % 2 == 1 {
                continue;
            }
            let target = line[at + 2..].split(')').next().unwrap_or_default();
            found.push(target.split_whitespace().next().unwrap_or_default().to_owned());
        }
    }
    found
}

/// A heading as GitHub makes an anchor of it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    kept.chars()
        .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn links_lead_somewhere() {
    let mut found = Vec::new();
    for document in documents() {
        let folder = root().join(&document.path).parent().expect("a folder").to_owned();
        for link in links(&document.text) {
            if link.starts_with("https://") || link.starts_with("http://") || link.starts_with("mailto:") {
                continue;
            }
            let (path, heading) = link.split_once('#').map_or((link.as_str(), None), |(path, h)| (path, Some(h)));
            let target = if path.is_empty() { root().join(&document.path) } else { folder.join(path) };
            if !target.exists() {
                found.push(format!("{}: {link} is not there", document.path));
            } else if let Some(heading) = heading {
                let text = std::fs::read_to_string(&target).unwrap_or_default();
                let anchors =
                    text.lines().filter(|line| line.starts_with('#')).map(|line| anchor(line.trim_start_matches('#')));
                if !anchors.into_iter().any(|a| a == heading) {
                    found.push(format!("{}: {link} has no such heading", document.path));
                }
            }
        }
    }
    nothing_but(&found, "Links that lead nowhere.");
}

#[test]
fn the_map_shows_every_document() {
    let map = links(&file("docs/README.md").text);
    let found: Vec<String> = files("docs", &[".md", ".json"])
        .into_iter()
        .map(|document| document.path.trim_start_matches("docs/").to_owned())
        .filter(|path| path != "README.md" && !path.starts_with("adr/"))
        .filter(|path| !map.contains(path))
        .collect();
    nothing_but(&found, "docs/README.md does not mention these.");
    let decisions = links(&file("docs/adr/README.md").text);
    let unlisted: Vec<String> = files("docs/adr", &[".md"])
        .into_iter()
        .map(|document| document.path.trim_start_matches("docs/adr/").to_owned())
        .filter(|path| path != "README.md" && !decisions.contains(path))
        .collect();
    nothing_but(&unlisted, "docs/adr/README.md does not list these decisions.");
}

/// Clients are written from `docs/protocol.md`: each route is in it. The files of pages are nobody's interface.
#[test]
fn every_route_is_described() {
    let table = file("src/http/routes.rs").text;
    let described = file("docs/protocol.md").text;
    let rows: Vec<(&str, String)> = table
        .lines()
        .filter(|line| line.contains("\"/") && line.contains(" op::"))
        .filter_map(|line| {
            let (method, rest) = line.trim().split_once(' ')?;
            let path = rest.split('"').nth(1)?;
            Some((method, path.replace("{user}", ":userId").replace('{', ":").replace('}', "")))
        })
        .filter(|(_, path)| !path.starts_with("/assets/"))
        .collect();
    assert!(rows.len() > 20, "the table of routes has changed its looks: {rows:?}");
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || ['/', ':', '-', '.'].contains(&c));
    let is_described = |method: &str, path: &str| {
        let begin = format!("`{method} {path}");
        described.match_indices(&begin).any(|(at, _)| ends(&described[at + begin.len()..]))
    };
    let found: Vec<String> = rows
        .into_iter()
        .filter(|(method, path)| !is_described(method, path))
        .map(|(method, path)| format!("{method} {path}"))
        .collect();
    nothing_but(&found, "docs/protocol.md does not describe these routes.");
}

/// Settings, commands and files that a document names are looked up by readers.
#[test]
fn every_setting_that_a_document_names_exists() {
    let known = file("docs/configuration.md").text;
    let others = [
        "DATA_DIR",
        "MCPM_WEB_OUT",
        "MCPM_WEB_SKIP",
        "CURL_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
        "CARGO_TARGET_DIR",
        "RUST_LOG",
        "TEST_POSTGRES_URL",
        "UPDATE_DOCS",
        "MCP_MESSENGER_BIN",
        "UPDATE_SNAPSHOTS",
    ];
    let mut found = Vec::new();
    for document in documents().iter().filter(|d| !d.path.contains("configuration")) {
        for word in document.text.split('`').skip(1).step_by(2).filter_map(|code| code.split(['=', ' ', '/']).next()) {
            let is_variable =
                word.contains('_') && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
            let base = word.strip_suffix("_FILE").unwrap_or(word);
            if is_variable && !others.contains(&word) && !known.contains(&format!("`{base}`")) && !is_prefix(word) {
                found.push(format!("{}: {word}", document.path));
            }
        }
    }
    nothing_but(&found, "No such setting is in docs/configuration.md.");
}

/// `DB_` for `DB_*`, and constants of SQLite and the like.
fn is_prefix(word: &str) -> bool {
    word.ends_with('_') || word.starts_with("SQLITE_") || word.starts_with("TLS_AES")
}
