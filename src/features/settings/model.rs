//! The one table of policies. A row gives the field, its kind, its default, its name and what it means; listing,
//! checking, storing and documentation follow from it.

use serde_json::Value;

use super::kinds::{Kind, choice};
use super::phi::{PhiPolicy, RecordNumbers};
use super::place::{ClinicName, Language, Minutes, Roles, TimeZone};
use crate::features::phi::Kinds;

/// One row of the table.
pub(super) struct Policy {
    /// The name in the API; in the database it has a prefix.
    pub(super) name: &'static str,
    /// What it decides.
    pub(super) description: &'static str,
    /// What is allowed.
    pub(super) allowed: fn() -> String,
    /// The value in force.
    pub(super) show: fn(&Clinic) -> Value,
    /// Puts a value in force; `false` when it is not allowed.
    pub(super) set: fn(&mut Clinic, &Value) -> bool,
}

macro_rules! policies {
    ($($field:ident: $kind:ty = $default:expr, $name:literal, $what:literal;)*) => {
        /// The policies of a clinic.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Clinic { $(#[doc = $what] pub $field: $kind),* }

        impl Default for Clinic {
            fn default() -> Self {
                Self { $($field: $default),* }
            }
        }

        /// Every policy, in the order in which they are listed.
        pub(super) static POLICIES: &[Policy] = &[$(Policy {
            name: $name,
            description: $what,
            allowed: <$kind as Kind>::allowed,
            show: |clinic| clinic.$field.show(),
            set: |clinic, value| <$kind as Kind>::read(value).map(|read| clinic.$field = read).is_some(),
        }),*];
    };
}

choice! {
    /// Who is shown who has read a message.
    Receipts {
        /// The members of the channel, unless the reader chose otherwise.
        Optional = "optional",
        /// The members of the channel, whatever the reader chose.
        Required = "required",
        /// Nobody.
        Off = "off",
    }
}

policies! {
    receipts: Receipts = Receipts::Optional, "messages.receipts",
        "Whether the members of a channel are shown who has received and read a message; optional leaves it to each reader.";
    pins_by_members: bool = false, "messages.pinsByMembers",
        "Whether every member who may write in a channel may pin its messages, or only its owners and moderators.";
    registration_open: bool = false, "registration.open",
        "Whether anybody on the clinic's network may make an account without an invitation.";
    clinic_name: ClinicName = ClinicName::default(), "clinic.name",
        "What the clinic is called, on its pages and on what is printed.";
    language: Language = Language::English, "clinic.language",
        "The language of the web clients for whoever has chosen none.";
    time_zone: TimeZone = TimeZone::default(), "clinic.timeZone",
        "The clinic's time zone, in which its pages show times.";
    auto_lock: Minutes<480> = Minutes(15), "security.autoLockMinutes",
        "After how many minutes without a touch the web clients lock themselves (45 CFR 164.312(a)(2)(iii)).";
    second_factor_roles: Roles = Roles::default(), "security.secondFactorRoles",
        "The roles whose people sign in with a second factor; whoever has none yet sets one up before anything else.";
    https_alone: bool = false, "security.hsts",
        "Whether browsers are told to reach this server by HTTPS alone, with no way round a warning (HSTS); only once every device trusts the server.";
    phi_policy: PhiPolicy = PhiPolicy::Suggest, "phi.policy",
        "What happens to a message that looks like patient details and is not marked: nothing, a hint to its sender, the mark, or a refusal.";
    phi_kinds: Kinds = Kinds::all(), "phi.kinds",
        "The kinds of identifiers that are looked for in messages that are not marked.";
    phi_record_numbers: RecordNumbers = RecordNumbers::default(), "phi.mrnPatterns",
        "The clinic's own forms of a medical record number, as regular expressions; they are found without a word beside them.";
}

/// The policy of that name.
pub(super) fn policy(name: &str) -> Option<&'static Policy> {
    POLICIES.iter().find(|policy| policy.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_allowed_and_every_name_is_once() {
        let mut names = std::collections::HashSet::new();
        for policy in POLICIES {
            let mut clinic = Clinic::default();
            let value = (policy.show)(&clinic);
            assert!((policy.set)(&mut clinic, &value), "{}: its own default must be allowed", policy.name);
            assert_eq!(clinic, Clinic::default());
            assert!(names.insert(policy.name));
            assert!(!(policy.set)(&mut clinic, &serde_json::json!({"no": "such kind"})), "{}", policy.name);
        }
    }
}
