//! A role's name, and lists of permissions by name.

use crate::error::{Error, Result};
use crate::features::users::is_unprintable;
use crate::gate::{Permission, Permissions, SEED_ROLES};

/// Characters of a role's name (the column's width).
pub(super) const NAME_CHARS_MAX: usize = 50;
/// Characters of what it is for.
const DESCRIPTION_CHARS_MAX: usize = 300;
/// Roles there may be.
pub(super) const ROLES_MAX: i64 = 100;
/// The role that is always everything.
pub(super) const HIGHEST: &str = "super_admin";

/// A role's name.
#[derive(Debug)]
pub(super) struct Name(String);

impl Name {
    /// 1–50 characters: letters, digits, spaces, `_`, `-` and `.`, not at the ends a space.
    pub(super) fn parse(text: &str) -> std::result::Result<Self, String> {
        let text = text.trim();
        let count = text.chars().count();
        if count == 0 || count > NAME_CHARS_MAX {
            return Err(format!("must have 1 to {NAME_CHARS_MAX} characters"));
        }
        if !text.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.')) {
            return Err("may have letters, digits, spaces, _, - and . only".to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    pub(super) fn shown(&self) -> &str {
        &self.0
    }

    /// As names are compared: one that differs by case alone is the same to a person.
    pub(super) fn is_like(&self, other: &str) -> bool {
        self.0.to_lowercase() == other.to_lowercase()
    }
}

pub(super) fn description(text: &str) -> std::result::Result<String, String> {
    if text.chars().count() > DESCRIPTION_CHARS_MAX {
        return Err(format!("must have at most {DESCRIPTION_CHARS_MAX} characters"));
    }
    if text.chars().any(|c| is_unprintable(c) && c != '\n') {
        return Err("may not have control characters".to_owned());
    }
    Ok(text.to_owned())
}

/// The permissions of these names; an unknown one is refused, because leaving it out would be another role.
pub(super) fn named(names: &[String]) -> Result<Permissions> {
    let known: Option<Permissions> = names.iter().map(|name| Permission::named(name)).collect();
    known.ok_or_else(|| Error::field("permissions", "must be names of permissions, as GET /api/permissions lists them"))
}

pub(super) fn names(permissions: Permissions) -> Vec<&'static str> {
    permissions.iter().map(Permission::name).collect()
}

/// What is in the one and not in the other.
pub(super) fn without(from: Permissions, taken: Permissions) -> Permissions {
    from.iter().filter(|permission| !taken.has(*permission)).collect()
}

pub(super) fn is_built_in(name: &str) -> bool {
    SEED_ROLES.iter().any(|seed| seed.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_up_to_their_limit() {
        for good in ["Night nurse", "Ärztin-2", &"x".repeat(NAME_CHARS_MAX), " trimmed "] {
            assert!(Name::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "   ", &"x".repeat(NAME_CHARS_MAX + 1), "a\nb", "a<b>", "\u{202e}x"] {
            assert!(Name::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Name::parse("Nurse").unwrap().is_like("nURSE"));
    }

    #[test]
    fn an_unknown_permission_is_refused_and_not_left_out() {
        assert_eq!(names(named(&["audit.read".into()]).unwrap()), ["audit.read"]);
        assert_eq!(named(&["audit.read".into(), "audit.write".into()]).unwrap_err().code(), "invalid_field");
        let both = named(&["audit.read".into(), "users.read".into()]).unwrap();
        assert_eq!(names(without(both, named(&["users.read".into()]).unwrap())), ["audit.read"]);
    }
}
