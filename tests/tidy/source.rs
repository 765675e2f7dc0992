//! The files of this repository, as the checks want to read them.

use std::fs;
use std::path::{Path, PathBuf};

/// The repository's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One text file.
pub struct Source {
    /// From the repository's folder, with `/`.
    pub path: String,
    /// All of it.
    pub text: String,
    /// It is compiled for tests only.
    pub for_tests: bool,
}

impl Source {
    /// The lines that are compiled into the program, with their numbers: without the tests at the foot and without
    /// comments.
    pub fn program(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = if self.for_tests { 0 } else { self.program_lines() };
        let numbered = self.text.lines().take(lines).enumerate().map(|(n, line)| (n + 1, line));
        numbered.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// How many lines come before the tests at the foot.
    pub fn program_lines(&self) -> usize {
        let lines: Vec<&str> = self.text.lines().collect();
        let foot = |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{');
        lines.windows(2).position(foot).unwrap_or(lines.len())
    }

    /// The program without tests and comments, as one text.
    pub fn program_text(&self) -> String {
        self.program().map(|(_, line)| line).collect::<Vec<_>>().join("\n")
    }

    /// The room it belongs to: `gate` for `src/gate/act.rs` and for `src/gate.rs`.
    pub fn room(&self) -> &str {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        inside.split(['/', '.']).next().unwrap_or(inside)
    }
}

/// Every Rust file under `folder`.
pub fn rust(folder: &str) -> Vec<Source> {
    let mut sources = files(folder, &["rs"]);
    let test_modules: Vec<String> = sources.iter().flat_map(test_modules).collect();
    for source in &mut sources {
        source.for_tests = test_modules.iter().any(|module| {
            let inside = source.path.strip_prefix(module.as_str());
            inside.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        });
    }
    assert!(sources.len() > 3, "{folder} has hardly any files: is the test looking in the right place?");
    sources
}

/// What a file declares as `#[cfg(test)] mod name;`, as paths without `.rs`.
fn test_modules(source: &Source) -> Vec<String> {
    let home = match source.path.strip_suffix("/mod.rs").or_else(|| source.path.strip_suffix("/lib.rs")) {
        Some(folder) => folder,
        None => source.path.trim_end_matches(".rs"),
    };
    let lines: Vec<&str> = source.text.lines().collect();
    let declared = lines.windows(2).filter(|pair| pair[0].trim() == "#[cfg(test)]").filter_map(|pair| {
        let name = pair[1].trim().trim_start_matches("pub(crate) ").strip_prefix("mod ")?.strip_suffix(';')?;
        Some(format!("{home}/{name}"))
    });
    declared.collect()
}

/// Every file under `folder` whose name ends in one of these.
pub fn files(folder: &str, endings: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root().join(folder), endings, &mut found);
    found.sort();
    found.into_iter().map(|path| read(&path)).collect()
}

/// One file.
pub fn file(path: &str) -> Source {
    read(&root().join(path))
}

fn read(path: &Path) -> Source {
    let text = fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let path = path.strip_prefix(root()).expect("a file of the repository").to_string_lossy().replace('\\', "/");
    Source { path, text, for_tests: false }
}

fn collect(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    for entry in entries {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            // What is made, and what belongs to others.
            if !["target", "node_modules", ".git", "data", "dist"].contains(&name.as_str()) {
                collect(&path, endings, found);
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
}

/// The string literals of a text that look like a code: lower case, digits and underscores.
pub fn words_in_quotes(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').filter(|word| is_code(word))
}

/// Whether `word` could be an error's code.
pub fn is_code(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[test]
fn tests_at_the_foot_and_comments_are_not_the_program() {
    let text =
        "//! Why.\nfn a() {}\n    // crate::b\n#[cfg(test)]\nuse x;\n#[cfg(test)]\nmod tests {\n    fn c() {}\n}\n";
    let source = Source { path: "src/gate/act.rs".into(), text: text.into(), for_tests: false };
    assert_eq!(source.program_text(), "fn a() {}\n#[cfg(test)]\nuse x;");
    assert_eq!(source.room(), "gate");
    let testing = rust("src").into_iter().find(|s| s.path == "src/store/testing.rs").expect("it is there");
    assert!(testing.for_tests && testing.program_text().is_empty());
}
