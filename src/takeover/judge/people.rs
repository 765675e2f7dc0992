//! Roles and accounts: what they may, what they are called, and what their passwords are checked against.

use zeroize::Zeroizing;

use super::{Judge, ROLE_CHARS_MAX, Role, RolePlace, SALT_CHARS_MAX, Secret, User, default_role, printable, short};
use crate::crypto::{Pbkdf2, password};
use crate::error::{Error, Result};
use crate::features::users::{Email, PersonName, USERNAME_CHARS_MAX, Username, is_unprintable};
use crate::gate::{Permission, SEED_ROLES};
use crate::takeover::Hashes;
use crate::takeover::older::rows::{OldRole, OldUser, Words};
use crate::takeover::report::{Report, Table};

impl Judge<'_> {
    /// A role of the clinic's own; the four that every clinic has stay what they are here.
    pub(in crate::takeover) fn role(&mut self, old: OldRole) -> Option<Role> {
        let table = Table::Roles;
        let folded = old.name.text().trim().to_lowercase();
        for _ in old.allows.iter().filter(|name| permission(name.text()).is_none()) {
            self.report.remark(table, old.id, "it allows something that this server does not know; that was left out");
        }
        self.report.taken(table);
        if let Some(seed) = SEED_ROLES.iter().find(|seed| seed.name == folded) {
            self.roles.insert(old.id, RolePlace::Seeded(seed.name));
            return None;
        }
        let mut name: String = printable(old.name.text()).trim().chars().take(ROLE_CHARS_MAX).collect();
        if name.is_empty() || !self.role_names.insert(name.clone()) {
            name = format!("role-{}", short(old.id));
            self.role_names.insert(name.clone());
            self.report.remark(table, old.id, "its name could not be kept; it has one made of its id");
        }
        let mut allows: Vec<Permission> = old.allows.iter().filter_map(|name| permission(name.text())).collect();
        allows.sort();
        allows.dedup();
        self.roles.insert(old.id, RolePlace::Own(old.id));
        let description = old.description.map(|words| printable(words.text()));
        Some(Role { id: old.id, name, description, allows })
    }

    pub(in crate::takeover) fn user(&mut self, old: &OldUser) -> User {
        let table = Table::Users;
        let id = old.id;
        let username = self.username(old);
        let email = self.email(old);
        let name = |words: Option<&Words>, report: &mut Report| {
            let words = words.filter(|words| !words.text().is_empty())?;
            if words.is_mended() || PersonName::parse(words.text()).is_err() {
                report.remark(table, id, "a given or family name with characters that no name has was left out");
                return None;
            }
            Some(words.text().to_owned())
        };
        let first_name = name(old.first_name.as_ref(), &mut self.report);
        let last_name = name(old.last_name.as_ref(), &mut self.report);
        let role = old.role.and_then(|role| self.roles.get(&role).cloned()).unwrap_or_else(|| {
            self.report.remark(table, id, "it had no role and got the default one");
            RolePlace::Seeded(default_role())
        });
        let status = match old.status.as_ref().map(Words::text) {
            Some("active") => "active",
            Some("inactive") => "inactive",
            _ => {
                self.report.remark(table, id, "its status is not known here, so it is inactive");
                "inactive"
            }
        };
        let secret = self.secret(old);
        if old.second_factor {
            self.report.remark(table, id, "its second factor has to be set up again");
        }
        self.users.insert(id);
        self.report.taken(table);
        let created = old.created.unwrap_or(self.now);
        User {
            id,
            username,
            email,
            secret,
            first_name,
            last_name,
            role,
            status,
            last_login: old.last_login,
            created,
            updated: old.updated.unwrap_or(created),
            must_change: old.must_change,
            password_changed: old.password_changed,
        }
    }

    fn username(&mut self, old: &OldUser) -> String {
        let table = Table::Users;
        let shown = old.username.text();
        let fits = |name: &str| {
            let (chars, key) = (name.chars().count(), Username::fold(name));
            chars > 0 && chars <= USERNAME_CHARS_MAX && key.chars().count() <= USERNAME_CHARS_MAX
        };
        let sound = !old.username.is_mended() && fits(shown) && shown == shown.trim();
        if sound && !shown.chars().any(is_unprintable) {
            if self.names.insert(Username::fold(shown)) {
                return shown.to_owned();
            }
            self.report.remark(
                table,
                old.id,
                "its name differed from an earlier one by case alone; a number was added",
            );
        } else {
            self.report.remark(table, old.id, "its name could not be kept; it has one made of its id");
        }
        let base = if sound { shown.to_owned() } else { format!("user-{}", short(old.id)) };
        (2..1_000_000)
            .map(|n| {
                let room = USERNAME_CHARS_MAX.saturating_sub(12);
                let base: String = base.chars().take(room).collect();
                if sound || n > 2 { format!("{base}-{n}") } else { base }
            })
            .find(|name| fits(name) && self.names.insert(Username::fold(name)))
            .unwrap_or_else(|| old.id.simple().to_string())
    }

    fn email(&mut self, old: &OldUser) -> Option<String> {
        let words = old.email.as_ref().filter(|words| !words.text().is_empty())?;
        let Ok(email) = Email::parse(words.text()) else {
            self.report.remark(Table::Users, old.id, "its e-mail address is none and was left out");
            return None;
        };
        if email.key().chars().count() > 255 || !self.emails.insert(email.key()) {
            self.report.remark(
                Table::Users,
                old.id,
                "its e-mail address belongs to an earlier account and was left out",
            );
            return None;
        }
        Some(email.shown().to_owned())
    }

    fn secret(&mut self, old: &OldUser) -> Secret {
        let table = Table::Users;
        let hash = old.hash.text().trim();
        if hash.starts_with("$argon2") {
            if password::is_readable(hash) {
                return Secret::Phc(hash.to_owned());
            }
            self.report.remark(table, old.id, "its Argon2 hash cannot be checked here; a password has to be set");
            return Secret::None;
        }
        let older = old.hash_type.as_ref().is_none_or(|kind| kind.text().to_lowercase().starts_with("pbkdf2"));
        match self.options.hashes.read(hash, old.salt.text()) {
            Ok((way, bytes)) if older && way.to_string().chars().count() <= SALT_CHARS_MAX => Secret::Older(way, bytes),
            _ => {
                self.report.remark(table, old.id, "its password hash is of no known kind; a password has to be set");
                Secret::None
            }
        }
    }
}

/// A permission by our name, or by the usual other spellings of it: `messages:send`, `message.send`, `send_messages`.
fn permission(name: &str) -> Option<Permission> {
    let plain = name.trim().to_lowercase().replace([':', '/', ' '], ".");
    let plural = plain.split_once('.').map(|(category, verb)| format!("{category}s.{verb}"));
    let turned = plain.split_once('_').map(|(verb, category)| format!("{category}.{verb}"));
    Permission::named(&plain)
        .or_else(|| plural.as_deref().and_then(Permission::named))
        .or_else(|| turned.as_deref().and_then(Permission::named))
}

/// What is said of the older server's password hashes.
pub(in crate::takeover) fn read_hash(options: Hashes, hash: &str, salt: &str) -> Result<(Pbkdf2, Zeroizing<Vec<u8>>)> {
    let bytes = crate::crypto::older::spelled(hash)
        .ok_or_else(|| Error::invalid("bad_older_hash", "A PBKDF2 hash is spelled in hex or base64."))?;
    let way = Pbkdf2::new(options.digest, options.rounds, bytes.len(), options.salt, salt)?;
    Ok((way, bytes))
}
