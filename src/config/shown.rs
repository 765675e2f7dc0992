//! Every setting as the dashboard shows it: what it is, what holds, and where that comes from. Secrets are masked
//! here, so that nobody further on has them.

use super::kind::Kind;
use super::{Config, Origins, sections};

/// One setting, for a person.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The environment variable.
    pub name: &'static str,
    /// The section of the file; `mode` for what is outside any.
    pub group: &'static str,
    /// The section's heading.
    pub title: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// A word for the kind of control that shows it.
    pub kind: &'static str,
    /// The words of a choice.
    pub choices: Vec<&'static str>,
    /// What is allowed, in words.
    pub allowed: String,
    /// The default in words.
    pub default: String,
    /// What holds, as a person would write it, masked if it is secret; `None` = unset.
    pub value: Option<String>,
    /// `default`, `environment`, `command line`, or a file.
    pub origin: String,
    /// Whether the value is never shown.
    pub secret: bool,
    /// Whether a changed configuration file counts without a restart.
    pub live: bool,
}

/// Settings that a running server takes over from a changed file.
const LIVE: [&str; 2] = ["LOG_LEVEL", "ALLOWED_NETWORK_RANGE"];

/// Every setting of `config`, in the order of the reference.
pub fn shown(config: &Config, origins: &Origins) -> Vec<Shown> {
    sections()
        .iter()
        .flat_map(|section| section.settings.iter().map(move |setting| (section, setting)))
        .map(|(section, setting)| Shown {
            name: setting.name,
            group: if section.name.is_empty() { "mode" } else { section.name },
            title: section.title,
            doc: setting.doc,
            kind: word(&setting.kind),
            choices: match setting.kind {
                Kind::OneOf(choices) => choices.iter().map(|choice| choice.word).collect(),
                _ => Vec::new(),
            },
            allowed: setting.kind.allowed(),
            default: setting.default_words(),
            value: setting.show(config).filter(|value| !value.is_empty()),
            origin: origins.get(setting.name).cloned().unwrap_or_else(|| "default".to_owned()),
            secret: setting.kind.is_secret(),
            live: LIVE.contains(&setting.name),
        })
        .collect()
}

fn word(kind: &Kind) -> &'static str {
    match kind {
        Kind::Whole { .. } => "number",
        Kind::Bytes { .. } => "bytes",
        Kind::Span { .. } => "duration",
        Kind::Flag => "flag",
        Kind::OneOf(_) => "choice",
        Kind::Text { .. } => "text",
        Kind::Path => "path",
        Kind::Secret { .. } | Kind::Key => "secret",
        _ => "list",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{MASK, Secret, settings};

    #[test]
    fn every_setting_is_shown_and_no_secret_is() {
        let mut config = Config::default();
        config.auth.jwt_secret = Some(Secret::new("hush-hush-hush-hush-hush-hush-hush"));
        let origins = Origins::from([("JWT_SECRET", "environment".to_owned())]);
        let all = shown(&config, &origins);
        assert_eq!(all.len(), settings().count());
        let secret = all.iter().find(|one| one.name == "JWT_SECRET").unwrap();
        assert_eq!(
            (secret.value.as_deref(), secret.origin.as_str(), secret.kind),
            (Some(MASK), "environment", "secret")
        );
        assert!(!format!("{all:?}").contains("hush"));
        for live in LIVE {
            assert!(all.iter().any(|one| one.name == live), "{live}");
        }
    }
}
