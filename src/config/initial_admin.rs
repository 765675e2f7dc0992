//! The first administrator, for an installation that nobody watches.

use super::Secret;
use super::kind::Kind;
use super::setting::Setting;

/// The first administrator, created unattended when there is no `super_admin` yet.
#[derive(Debug, Clone, Default)]
pub struct InitialAdmin {
    /// `INITIAL_ADMIN_USERNAME`.
    pub username: Option<String>,
    /// `INITIAL_ADMIN_EMAIL`.
    pub email: Option<String>,
    /// `INITIAL_ADMIN_PASSWORD`; generated, shown once and to be changed when unset.
    pub password: Option<Secret>,
}

fn username(text: &str) -> Result<String, String> {
    line(text, 50)
}

fn email(text: &str) -> Result<String, String> {
    let text = line(text, 255)?;
    match text.split_once('@') {
        Some((name, domain)) if !name.is_empty() && !domain.is_empty() && !text.contains(char::is_whitespace) => {
            Ok(text)
        }
        _ => Err("is not an e-mail address".into()),
    }
}

fn line(text: &str, chars_max: usize) -> Result<String, String> {
    if text.chars().count() > chars_max {
        Err(format!("is longer than {chars_max} characters"))
    } else if text.chars().any(char::is_control) {
        Err("has a control character in it".into())
    } else {
        Ok(text.to_owned())
    }
}

/// What can be set here.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: "INITIAL_ADMIN_USERNAME",
        section: "initial_admin",
        key: "username",
        kind: Kind::Text { check: username, allowed: "1 to 50 characters" },
        at: |c| &mut c.initial_admin.username,
        unset: "the set-up page asks",
        common: false,
        doc: "The name of the first administrator, who is created at start while there is no super_admin.",
    },
    Setting {
        name: "INITIAL_ADMIN_EMAIL",
        section: "initial_admin",
        key: "email",
        kind: Kind::Text { check: email, allowed: "an e-mail address of at most 255 characters" },
        at: |c| &mut c.initial_admin.email,
        unset: "",
        common: false,
        doc: "The e-mail address of that administrator.",
    },
    Setting {
        name: "INITIAL_ADMIN_PASSWORD",
        section: "initial_admin",
        key: "password",
        kind: Kind::Secret { bytes_min: 1 },
        at: |c| &mut c.initial_admin.password,
        unset: "generated and shown once",
        common: false,
        doc: "The password of that administrator, at least LIMIT_PASSWORD_CHARS characters. A generated one must be changed at the first sign-in.",
    },
];
