//! The reference in `docs/configuration.md`, as Markdown. What stands above the mark in that file is written by
//! hand; what stands below is this.

use std::fmt::Write as _;

use super::{Section, sections};

/// One table for each section of settings.
pub fn reference() -> String {
    let mut text = String::new();
    for section in sections() {
        write_section(&mut text, section);
    }
    text
}

fn write_section(text: &mut String, section: &Section) {
    let _ = match section.name {
        "" => writeln!(text, "## {} (at the top of the file, outside any section)\n", section.title),
        name => writeln!(text, "## {} (`[{name}]`)\n", section.title),
    };
    let _ = writeln!(text, "| variable | key in the file | default | allowed | what it does |");
    let _ = writeln!(text, "|---|---|---|---|---|");
    for setting in section.settings {
        let secret = if setting.kind.is_secret() { " Secret." } else { "" };
        let _ = writeln!(
            text,
            "| `{}` | `{}` | {} | {} | {}{secret} |",
            setting.name,
            setting.key,
            setting.default_words(),
            setting.kind.allowed(),
            setting.doc,
        );
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{schema, settings};

    /// Where the generated part of `docs/configuration.md` begins.
    const MARK: &str =
        "<!-- From here on this page is made from the table in src/config; `UPDATE_DOCS=1 cargo test` rewrites it. -->";

    /// Compares a file of `docs` with what it should be, or writes it when `UPDATE_DOCS` is set.
    fn same(name: &str, make: impl Fn(&str) -> String) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
        let now = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
        let wanted = make(&now);
        #[expect(clippy::disallowed_methods, reason = "a switch of the test, not of the server")]
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, wanted).unwrap();
        } else {
            assert!(
                now == wanted,
                "docs/{name} is not what the code says: run UPDATE_DOCS=1 cargo test --lib config::"
            );
        }
    }

    #[test]
    fn the_reference_is_what_the_code_says() {
        same("configuration.md", |now| {
            let by_hand = now.split(MARK).next().unwrap_or_default();
            format!("{by_hand}{MARK}\n\n{}\n", reference().trim_end())
        });
    }

    #[test]
    fn the_schema_is_what_the_code_says() {
        same("config.schema.json", |_| serde_json::to_string_pretty(&schema()).unwrap() + "\n");
    }

    #[test]
    fn every_setting_has_one_row_of_five_cells() {
        let reference = reference();
        for setting in settings() {
            let row = format!("| `{}` |", setting.name);
            let rows: Vec<&str> = reference.lines().filter(|line| line.starts_with(&row)).collect();
            assert_eq!(rows.len(), 1, "{}", setting.name);
            assert_eq!(rows[0].matches(" | ").count(), 4, "{}", rows[0]);
        }
    }
}
