//! What a clinic says of itself, and how long its screens stay open.

use serde_json::Value;

use super::kinds::{Kind, choice};

/// Characters of a clinic's name.
const NAME_CHARS_MAX: usize = 100;
/// Characters of a time zone's name; the longest has 30.
const ZONE_CHARS_MAX: usize = 64;
/// Roles in a list of them.
const ROLES_MAX: usize = 100;
/// Characters of a role's name.
const ROLE_CHARS_MAX: usize = 50;

choice! {
    /// A language of the web clients.
    Language {
        /// English.
        English = "en",
        /// Spanish.
        Spanish = "es",
        /// Arabic.
        Arabic = "ar",
    }
}

/// The name of a clinic; empty until it has one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClinicName(String);

impl ClinicName {
    /// The name, if there is one.
    pub fn shown(&self) -> Option<&str> {
        Some(self.0.as_str()).filter(|name| !name.is_empty())
    }
}

impl Kind for ClinicName {
    fn allowed() -> String {
        format!("a text of at most {NAME_CHARS_MAX} characters")
    }

    fn read(value: &Value) -> Option<Self> {
        let name = value.as_str()?.trim();
        let good = name.chars().count() <= NAME_CHARS_MAX && !name.chars().any(char::is_control);
        good.then(|| Self(name.to_owned()))
    }

    fn show(&self) -> Value {
        self.0.clone().into()
    }
}

/// A time zone by its name in the IANA database, in which devices look it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeZone(String);

impl TimeZone {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl Default for TimeZone {
    fn default() -> Self {
        Self("UTC".to_owned())
    }
}

impl Kind for TimeZone {
    fn allowed() -> String {
        "the name of a time zone, as Europe/Madrid or UTC".to_owned()
    }

    fn read(value: &Value) -> Option<Self> {
        let name = value.as_str()?;
        let part = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_uppercase())
                && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+'))
        };
        (name.len() <= ZONE_CHARS_MAX && name.split('/').count() <= 3 && name.split('/').all(part))
            .then(|| Self(name.to_owned()))
    }

    fn show(&self) -> Value {
        self.0.clone().into()
    }
}

/// Whole minutes, at most so many; 0 is never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minutes<const MAX: u32>(pub u32);

impl<const MAX: u32> Kind for Minutes<MAX> {
    fn allowed() -> String {
        format!("a whole number of minutes from 0 (never) to {MAX}")
    }

    fn read(value: &Value) -> Option<Self> {
        value.as_u64().and_then(|n| u32::try_from(n).ok()).filter(|n| *n <= MAX).map(Self)
    }

    fn show(&self) -> Value {
        self.0.into()
    }
}

/// Names of roles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roles(Vec<String>);

impl Roles {
    /// Whether a role of that name is among them.
    pub fn has(&self, role: &str) -> bool {
        self.0.iter().any(|name| name == role)
    }
}

impl Kind for Roles {
    fn allowed() -> String {
        format!("a list of at most {ROLES_MAX} names of roles")
    }

    fn read(value: &Value) -> Option<Self> {
        let names = value.as_array().filter(|names| names.len() <= ROLES_MAX)?;
        let name = |name: &Value| {
            name.as_str().filter(|n| !n.is_empty() && n.chars().count() <= ROLE_CHARS_MAX).map(str::to_owned)
        };
        names.iter().map(name).collect::<Option<Vec<_>>>().map(Self)
    }

    fn show(&self) -> Value {
        self.0.clone().into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn time_zones_look_like_their_names() {
        for good in ["UTC", "Europe/Madrid", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "America/Port-au-Prince"] {
            assert_eq!(TimeZone::read(&json!(good)).unwrap().name(), good);
        }
        for bad in [json!(""), json!("../etc"), json!("Europe/"), json!("a b"), json!("A/B/C/D"), json!(3)] {
            assert_eq!(TimeZone::read(&bad), None, "{bad}");
        }
    }

    #[test]
    fn limits_of_names_minutes_and_lists() {
        assert!(
            ClinicName::read(&json!("é".repeat(100))).is_some() && ClinicName::read(&json!("é".repeat(101))).is_none()
        );
        assert!(ClinicName::read(&json!("a\nb")).is_none());
        assert_eq!(ClinicName::read(&json!("  North Clinic ")).unwrap().shown(), Some("North Clinic"));
        assert_eq!(ClinicName::default().shown(), None);
        assert_eq!(Minutes::<240>::read(&json!(240)), Some(Minutes(240)));
        for bad in [json!(241), json!(-1), json!(1.5), json!("5")] {
            assert_eq!(Minutes::<240>::read(&bad), None, "{bad}");
        }
        assert!(Roles::read(&json!(["admin", "user"])).unwrap().has("admin"));
        assert!(Roles::read(&json!([""])).is_none() && Roles::read(&json!(vec!["a"; 101])).is_none());
    }
}
