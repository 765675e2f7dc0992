//! The rules: what becomes of each row. They are stated in `docs/takeover.md`, in the same words as the remarks.
//!
//! Everything is judged twice, once before anything is written and once while it is: the same rows in the same order
//! come to the same end, so that the first pass is a promise that the second one keeps.

mod people;
mod records;

pub(super) use people::read_hash;

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::Options;
use super::report::Report;
use crate::crypto::Pbkdf2;
use crate::crypto::older::Opener;
use crate::error::Error;
use crate::features::users::is_unprintable;
use crate::gate::{MemberRole, Permission, SEED_ROLES};

/// Characters of the salt's column.
const SALT_CHARS_MAX: usize = 255;
/// Characters of a role's name and of a reaction (the columns' widths).
const ROLE_CHARS_MAX: usize = 50;
const REACTION_CHARS_MAX: usize = 20;
const ACTION_CHARS_MAX: usize = 100;

/// Where a role of the older server leads.
#[derive(Clone)]
pub(in crate::takeover) enum RolePlace {
    /// One of the four that every clinic has.
    Seeded(&'static str),
    /// Its own.
    Own(Uuid),
}

pub(in crate::takeover) struct Role {
    pub(in crate::takeover) id: Uuid,
    pub(in crate::takeover) name: String,
    pub(in crate::takeover) description: Option<String>,
    pub(in crate::takeover) allows: Vec<Permission>,
}

/// What a sign-in will be checked against.
pub(in crate::takeover) enum Secret {
    /// An Argon2id PHC string, as it is.
    Phc(String),
    /// A PBKDF2 hash, to be put into Argon2id.
    Older(Pbkdf2, Zeroizing<Vec<u8>>),
    /// Nothing: an administrator sets a password.
    None,
}

pub(in crate::takeover) struct User {
    pub(in crate::takeover) id: Uuid,
    pub(in crate::takeover) username: String,
    pub(in crate::takeover) email: Option<String>,
    pub(in crate::takeover) secret: Secret,
    pub(in crate::takeover) first_name: Option<String>,
    pub(in crate::takeover) last_name: Option<String>,
    pub(in crate::takeover) role: RolePlace,
    pub(in crate::takeover) status: &'static str,
    pub(in crate::takeover) last_login: Option<i64>,
    pub(in crate::takeover) created: i64,
    pub(in crate::takeover) updated: i64,
    pub(in crate::takeover) must_change: bool,
    pub(in crate::takeover) password_changed: Option<i64>,
}

pub(in crate::takeover) struct Channel {
    pub(in crate::takeover) id: Uuid,
    pub(in crate::takeover) name: String,
    pub(in crate::takeover) description: Option<String>,
    pub(in crate::takeover) private: bool,
    pub(in crate::takeover) created_by: Option<Uuid>,
    pub(in crate::takeover) created: i64,
    pub(in crate::takeover) active: Option<i64>,
    pub(in crate::takeover) archived: bool,
    pub(in crate::takeover) metadata: Option<String>,
}

pub(in crate::takeover) struct Member {
    pub(in crate::takeover) channel: Uuid,
    pub(in crate::takeover) user: Uuid,
    pub(in crate::takeover) role: MemberRole,
    pub(in crate::takeover) joined: i64,
    pub(in crate::takeover) last_read: Option<i64>,
}

/// A message, opened. It has no `Debug`.
pub(in crate::takeover) struct Message {
    pub(in crate::takeover) id: Uuid,
    pub(in crate::takeover) channel: Uuid,
    pub(in crate::takeover) sender: Uuid,
    pub(in crate::takeover) text: Zeroizing<String>,
    pub(in crate::takeover) at: i64,
    pub(in crate::takeover) edited: Option<i64>,
    pub(in crate::takeover) deleted: bool,
    pub(in crate::takeover) deleted_at: Option<i64>,
    pub(in crate::takeover) deleted_by: Option<Uuid>,
    pub(in crate::takeover) flagged: bool,
    pub(in crate::takeover) flag_reason: Option<Zeroizing<String>>,
    pub(in crate::takeover) flagged_by: Option<Uuid>,
    pub(in crate::takeover) flagged_at: Option<i64>,
    pub(in crate::takeover) metadata: Option<Value>,
    pub(in crate::takeover) phi: bool,
}

pub(in crate::takeover) struct Reaction {
    pub(in crate::takeover) id: Uuid,
    pub(in crate::takeover) message: Uuid,
    pub(in crate::takeover) user: Uuid,
    pub(in crate::takeover) text: String,
    pub(in crate::takeover) created: i64,
}

pub(in crate::takeover) struct Entry {
    pub(in crate::takeover) id: Uuid,
    pub(in crate::takeover) user: Option<Uuid>,
    pub(in crate::takeover) action: String,
    pub(in crate::takeover) details: Option<String>,
    pub(in crate::takeover) ip: Option<std::net::IpAddr>,
    pub(in crate::takeover) agent: Option<String>,
    pub(in crate::takeover) at: i64,
}

/// Judges row after row, and remembers what later rows depend on.
pub(in crate::takeover) struct Judge<'a> {
    options: &'a Options,
    opener: Option<Opener>,
    /// Messages without a known sender are put under this account.
    pub(in crate::takeover) nobody: Uuid,
    pub(in crate::takeover) stands_in: bool,
    /// When a row says none.
    now: i64,
    roles: HashMap<Uuid, RolePlace>,
    role_names: HashSet<String>,
    users: HashSet<Uuid>,
    names: HashSet<String>,
    emails: HashSet<String>,
    channels: HashSet<Uuid>,
    owned: HashSet<Uuid>,
    creators: HashMap<Uuid, Uuid>,
    messages: HashSet<Uuid>,
    reacted: (Option<Uuid>, HashSet<(Uuid, String)>),
    pub(in crate::takeover) report: Report,
}

impl<'a> Judge<'a> {
    pub(in crate::takeover) fn new(
        options: &'a Options,
        opener: Option<Opener>,
        report: Report,
        nobody: Uuid,
        now: i64,
    ) -> Self {
        Self {
            options,
            opener,
            nobody,
            stands_in: false,
            now,
            roles: HashMap::new(),
            role_names: SEED_ROLES.iter().map(|role| role.name.to_owned()).collect(),
            users: HashSet::new(),
            names: HashSet::new(),
            emails: HashSet::new(),
            channels: HashSet::new(),
            owned: HashSet::new(),
            creators: HashMap::new(),
            messages: HashSet::new(),
            reacted: (None, HashSet::new()),
            report,
        }
    }

    pub(in crate::takeover) fn into_parts(self) -> (Report, Option<Opener>) {
        (self.report, self.opener)
    }

    fn known(&self, user: Option<Uuid>) -> Option<Uuid> {
        user.filter(|user| self.users.contains(user))
    }
}

/// The role of new accounts.
pub(in crate::takeover) fn default_role() -> &'static str {
    SEED_ROLES.iter().find(|role| role.is_default).map_or("user", |role| role.name)
}

fn canonical(json: &str) -> Option<String> {
    serde_json::from_str::<Value>(json).ok().filter(|value| !value.is_null()).map(|value| value.to_string())
}

fn printable(text: &str) -> String {
    text.chars().map(|c| if is_unprintable(c) { ' ' } else { c }).collect()
}

fn printable_lines(text: &str) -> String {
    text.chars().map(|c| if is_unprintable(c) && c != '\n' { ' ' } else { c }).collect()
}

fn short(id: Uuid) -> String {
    // The end of an id is random in every version of UUIDs that the older server made.
    let text = id.simple().to_string();
    text.get(20..).unwrap_or(&text).to_owned()
}

/// That a key is needed and there is none, or that it is the wrong one.
pub(in crate::takeover) fn key_fault(opener: bool, report: &Report) -> Error {
    let n = report.unopened;
    if !opener {
        return Error::invalid(
            "source_key_needed",
            format!(
                "{n} messages are sealed: give the older server's ENCRYPTION_KEY in a file, as \
                 --encryption-key-file FILE. Nothing was written."
            ),
        );
    }
    Error::conflict(
        "source_key_wrong",
        format!(
            "{n} sealed messages do not open: the key, or what was said of how they are put together, is not the older \
             server's. Nothing was written. `--dry-run` lists them; --skip-unreadable leaves them out."
        ),
    )
}
