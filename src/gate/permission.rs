//! Permissions by category, and the four roles every clinic starts with.
//!
//! A permission is what a deed asks for; a role is a set of them. What a person may do *in a channel* needs
//! membership besides, which is a fact and no permission.

use std::fmt;

macro_rules! permissions {
    ($($variant:ident, $name:literal, $what:literal;)*) => {
        /// One thing that a role may allow.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Permission { $(#[doc = $what] $variant),* }

        impl Permission {
            /// Every permission, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stored and shown name, `category.verb`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// What it allows, for the roles page.
            pub fn description(self) -> &'static str {
                match self { $(Self::$variant => $what),* }
            }
        }
    };
}

permissions! {
    MessagesSend, "messages.send", "Post in own channels.";
    MessagesRead, "messages.read", "Read in own channels.";
    MessagesReact, "messages.react", "React in own channels.";
    MessagesFlag, "messages.flag", "Flag messages for review.";
    MessagesDeleteAny, "messages.delete_any", "Delete the messages of others.";
    MessagesMonitor, "messages.monitor", "List messages of channels one is not a member of, without patient details.";
    ChannelsCreate, "channels.create", "Create channels.";
    ChannelsJoin, "channels.join", "Join public channels.";
    ChannelsManage, "channels.manage", "Change channels and memberships that are not one's own.";
    ChannelsMute, "channels.mute", "Mute members.";
    ChannelsList, "channels.list", "See channels one is not a member of.";
    UsersRead, "users.read", "See who has an account.";
    UsersCreate, "users.create", "Create accounts.";
    UsersManage, "users.manage", "Change, deactivate and delete accounts.";
    RolesRead, "roles.read", "See the roles and what they allow.";
    RolesManage, "roles.manage", "Change what roles allow.";
    AuditRead, "audit.read", "Read the audit log.";
    SettingsRead, "settings.read", "See the server's settings.";
    SettingsManage, "settings.manage", "Change the server's settings.";
    PhiRead, "phi.read", "Read patient details in own channels.";
    PhiReveal, "phi.reveal", "Reveal patient details elsewhere, with a recorded reason.";
    FilesSend, "files.send", "Send files in own channels.";
    FilesRead, "files.read", "Fetch files in own channels.";
    SystemIntegrate, "system.integrate", "Make and revoke API keys.";
    SystemMonitor, "system.monitor", "See the server's figures, state and log.";
    SystemManage, "system.manage", "Back up, restore, update and stop the server.";
}

impl Permission {
    /// The part of the name before the dot.
    pub fn category(self) -> &'static str {
        self.name().split_once('.').map_or(self.name(), |(category, _)| category)
    }

    /// The permission of that name; `None` for a name that this version does not know.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|p| p.name() == name)
    }
}

/// A set of permissions.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Permissions(u64);

impl Permissions {
    /// None at all.
    pub const NONE: Self = Self(0);

    /// Those of a list.
    pub fn of(list: &[Permission]) -> Self {
        list.iter().copied().collect()
    }

    /// Every one.
    pub fn all() -> Self {
        Self::of(Permission::ALL)
    }

    /// Whether the set has `permission`.
    pub fn has(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u8) != 0
    }

    /// Whether the set has all of `other`.
    pub fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What is in both.
    #[must_use]
    pub fn within(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The members of the set.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |p| self.has(*p))
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(list: I) -> Self {
        Self(list.into_iter().fold(0, |set, p| set | 1 << p as u8))
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Permission::name)).finish()
    }
}

/// A role that every database starts with.
#[derive(Debug, Clone, Copy)]
pub struct SeedRole {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// Whether new accounts get it.
    pub is_default: bool,
    /// What it allows; of `super_admin`, everything, whatever a later version adds.
    pub allows: &'static [Permission],
}

use Permission as P;

const USER: &[Permission] = &[
    P::MessagesSend,
    P::MessagesRead,
    P::MessagesReact,
    P::ChannelsCreate,
    P::ChannelsJoin,
    P::UsersRead,
    P::PhiRead,
    P::FilesSend,
    P::FilesRead,
];

const MODERATOR: &[Permission] = &[
    P::MessagesSend,
    P::MessagesRead,
    P::MessagesReact,
    P::MessagesFlag,
    P::MessagesDeleteAny,
    P::ChannelsCreate,
    P::ChannelsJoin,
    P::ChannelsManage,
    P::ChannelsMute,
    P::ChannelsList,
    P::UsersRead,
    P::PhiRead,
    P::FilesSend,
    P::FilesRead,
];

const ADMIN: &[Permission] = &[
    P::MessagesSend,
    P::MessagesRead,
    P::MessagesReact,
    P::MessagesFlag,
    P::MessagesDeleteAny,
    P::MessagesMonitor,
    P::ChannelsCreate,
    P::ChannelsJoin,
    P::ChannelsManage,
    P::ChannelsMute,
    P::ChannelsList,
    P::UsersRead,
    P::UsersCreate,
    P::UsersManage,
    P::RolesRead,
    P::AuditRead,
    P::SettingsRead,
    P::SettingsManage,
    P::SystemIntegrate,
    P::SystemMonitor,
    P::PhiRead,
    P::FilesSend,
    P::FilesRead,
];

/// The four roles, weakest first.
pub const SEED_ROLES: [SeedRole; 4] = [
    SeedRole { name: "user", description: "Sends and reads in own channels.", is_default: true, allows: USER },
    SeedRole {
        name: "moderator",
        description: "Flags and deletes messages, mutes, manages channels.",
        is_default: false,
        allows: MODERATOR,
    },
    SeedRole {
        name: "admin",
        description: "Manages accounts, channels and settings, reads the audit log.",
        is_default: false,
        allows: ADMIN,
    },
    SeedRole { name: "super_admin", description: "Everything.", is_default: false, allows: Permission::ALL },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found_again() {
        for permission in Permission::ALL {
            assert_eq!(Permission::named(permission.name()), Some(*permission));
            assert!(
                ["messages", "channels", "users", "roles", "audit", "settings", "phi", "files", "system"]
                    .contains(&permission.category())
            );
        }
        assert!(Permission::ALL.len() <= 64, "the set is one word");
    }

    #[test]
    fn each_seeded_role_covers_the_weaker_one() {
        for pair in SEED_ROLES.windows(2) {
            assert!(Permissions::of(pair[1].allows).covers(Permissions::of(pair[0].allows)), "{}", pair[1].name);
        }
        assert_eq!(Permissions::of(SEED_ROLES[3].allows), Permissions::all());
    }
}
