//! `config show`: every setting, its value (secrets masked) and where it came from.

use std::fmt::Write as _;

use super::{Loaded, sections, settings};

/// A table for a terminal, in aligned columns.
pub fn show_text(loaded: &Loaded) -> String {
    let mut text = match &loaded.file {
        Some(path) => format!("Configuration file: {}\n", path.display()),
        None => "Configuration file: none\n".into(),
    };
    let name_width = settings().map(|s| s.name.len()).max().unwrap_or_default();
    let values: Vec<String> = settings().map(|s| value(s, loaded)).collect();
    // One very long value shall not push the origins of all others off the screen.
    let value_width = values.iter().map(|v| v.chars().count()).filter(|width| *width <= 50).max().unwrap_or_default();
    let mut values = values.iter();
    for section in sections() {
        let _ = writeln!(text, "\n{}", section.title);
        for (setting, value) in section.settings.iter().zip(values.by_ref()) {
            let origin = loaded.origins.get(setting.name).map_or("default", String::as_str);
            let _ = writeln!(text, "  {:name_width$}  {value:value_width$}  {origin}", setting.name);
        }
    }
    text
}

fn value(setting: &super::Setting, loaded: &Loaded) -> String {
    match setting.show(&loaded.config) {
        Some(shown) if !shown.is_empty() => shown.escape_debug().to_string(),
        _ if setting.unset.is_empty() => "(none)".into(),
        _ => format!("({})", setting.unset),
    }
}

/// The same for programs: `{file, warnings, settings: {NAME: {value, origin, key}}}`; an unset value is `null`.
pub fn show_json(loaded: &Loaded) -> serde_json::Value {
    let table: serde_json::Map<String, serde_json::Value> = settings()
        .map(|setting| {
            let origin = loaded.origins.get(setting.name).map_or("default", String::as_str);
            let value = setting.show(&loaded.config).filter(|value| !value.is_empty());
            (setting.name.into(), serde_json::json!({ "value": value, "origin": origin, "key": setting.path() }))
        })
        .collect();
    serde_json::json!({
        "file": loaded.file.as_ref().map(|path| path.display().to_string()),
        "warnings": loaded.warnings,
        "settings": table,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{MASK, Sources, load};

    fn loaded() -> Loaded {
        let environment = [("PORT", "4000"), ("JWT_SECRET", "hush-hush-hush-hush-hush-hush-hush")];
        let environment = environment.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        load(&Sources { environment, ..Sources::default() }).unwrap()
    }

    #[test]
    fn columns_are_aligned_and_secrets_masked() {
        let text = show_text(&loaded());
        let at = |name: &str, word: &str| {
            let line = text.lines().find(|l| l.trim_start().starts_with(&format!("{name} "))).unwrap();
            line.find(word).unwrap()
        };
        assert_eq!(at("PORT", "environment"), at("LOG_LEVEL", "default"));
        assert_eq!(at("PORT", "4000"), at("JWT_SECRET", MASK));
        assert!(!text.contains("hush"));
        assert_eq!(text.lines().filter(|l| l.starts_with("  ")).count(), settings().count());
    }

    #[test]
    fn programs_get_the_same() {
        let json = show_json(&loaded());
        assert_eq!(json["settings"]["PORT"]["value"], "4000");
        assert_eq!(json["settings"]["PORT"]["origin"], "environment");
        assert_eq!(json["settings"]["JWT_SECRET"]["value"], MASK);
        for unset in ["DB_PASSWORD", "BIND_ADDRESS", "ALLOWED_NETWORK_RANGE"] {
            assert_eq!(json["settings"][unset]["value"], serde_json::Value::Null, "{unset}");
        }
        assert!(!json.to_string().contains("hush"));
    }
}
