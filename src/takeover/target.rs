//! Writing what was judged, a slice at a time. Each slice and the note that it is done are one transaction, so a
//! break anywhere leaves whole slices, and the next attempt knows which.

use std::collections::HashMap;

use uuid::Uuid;

use super::judge::{Channel, Entry, Member, Message, Reaction, Role, RolePlace, Secret, User, default_role};
use super::report::Table;
use super::rows::{self, Sealed, Stored};
use crate::clock::Timestamp;
use crate::crypto::{Keyring, SharedEntropy, Wrapper, token};
use crate::error::{Error, Result};
use crate::features::users::{Email, Username};
use crate::features::{flags, messages};
use crate::id::{ChannelId, FlagId, Id, MessageId, UserId, uuid_v7};
use crate::store::{Store, Tx};

/// Bytes of a secret that nobody knows, for accounts whose hash cannot be used.
const UNKNOWN_BYTES: usize = 32;
/// The account that stands in for senders that are not known.
const STAND_IN: &str = "unknown-sender";

/// Our database, while nobody serves it.
pub(super) struct Target<'a> {
    pub(super) store: &'a Store,
    pub(super) keys: &'a Keyring,
    pub(super) entropy: SharedEntropy,
    pub(super) now: Timestamp,
    wrapper: Wrapper,
    roles: HashMap<&'static str, Uuid>,
    seqs: HashMap<Uuid, i64>,
    rev: i64,
    number: i64,
}

impl<'a> Target<'a> {
    pub(super) fn open(store: &'a Store, keys: &'a Keyring, entropy: SharedEntropy, now: Timestamp) -> Result<Self> {
        let (rev, seqs) = store.read_blocking(rows::places)?;
        let number = store.read_blocking(rows::last_number)?;
        let mut roles = HashMap::new();
        for seed in &crate::gate::SEED_ROLES {
            let id = store.read_blocking(|view| rows::role_named(view, seed.name))?;
            roles.insert(seed.name, id.ok_or_else(|| Error::internal("a role that every clinic has is missing"))?);
        }
        Ok(Self { store, keys, entropy, now, wrapper: Wrapper::default(), roles, seqs, rev, number })
    }

    /// Rows of `table` that an earlier attempt has read and dealt with.
    pub(super) fn done(&self, table: Table) -> Result<i64> {
        self.store.read_blocking(|view| rows::rows_read(view, table.name()))
    }

    fn slice<T>(
        &self,
        table: Table,
        read: i64,
        rows: &[T],
        write: impl Fn(&mut Tx<'_>, &T) -> Result<()>,
    ) -> Result<()> {
        self.store.write_blocking(|tx| {
            for row in rows {
                write(tx, row)?;
            }
            rows::keep_step(tx, table.name(), read)
        })
    }

    pub(super) fn roles(&self, roles: &[Role], read: i64) -> Result<()> {
        let now = self.now;
        self.slice(Table::Roles, read, roles, |tx, role| rows::new_role(tx, role, now))
    }

    pub(super) fn users(&mut self, users: &[User], read: i64) -> Result<()> {
        // Hashing takes long, so it is done before the transaction begins.
        let mut ready = Vec::with_capacity(users.len());
        for user in users {
            let stored = self.stored(&user.secret)?;
            let role = match user.role {
                RolePlace::Seeded(name) => self.roles.get(name).copied(),
                RolePlace::Own(id) => Some(id),
            };
            let role = role.ok_or_else(|| Error::internal("a role that every clinic has is missing"))?;
            ready.push((user, stored, role));
        }
        self.slice(Table::Users, read, &ready, |tx, (user, stored, role)| {
            let email_key = user.email.as_deref().and_then(|email| Email::parse(email).ok()).map(|email| email.key());
            rows::new_user(tx, user, &Username::fold(&user.username), email_key.as_deref(), stored, *role)
        })
    }

    fn stored(&mut self, secret: &Secret) -> Result<Stored> {
        let plain = |hash| Stored { hash, salt: String::new(), kind: "argon2id" };
        Ok(match secret {
            Secret::Phc(phc) => plain(phc.clone()),
            Secret::Older(way, bytes) => Stored {
                hash: self.wrapper.wrap(bytes, self.entropy.as_ref())?,
                salt: way.to_string(),
                kind: "pbkdf2+argon2id",
            },
            Secret::None => {
                let unknown = token::random_secret(UNKNOWN_BYTES, self.entropy.as_ref());
                plain(self.wrapper.wrap(unknown.as_bytes(), self.entropy.as_ref())?)
            }
        })
    }

    /// Makes the closed account that stands in for unknown senders.
    pub(super) fn stand_in_once(&mut self, id: Uuid) -> Result<()> {
        if self.store.read_blocking(|view| rows::is_user(view, id))? {
            return Ok(());
        }
        let now = self.now.micros();
        let user = User {
            id,
            // No name that came over begins so: those are judged, this one is made.
            username: format!("{STAND_IN}-{}", &id.simple().to_string()[24..]),
            email: None,
            secret: Secret::None,
            first_name: None,
            last_name: None,
            role: RolePlace::Seeded(default_role()),
            status: "inactive",
            last_login: None,
            created: now,
            updated: now,
            must_change: false,
            password_changed: None,
        };
        let read = self.done(Table::Users)?;
        self.users(std::slice::from_ref(&user), read)
    }

    pub(super) fn channels(&self, channels: &[Channel], read: i64) -> Result<()> {
        self.slice(Table::Channels, read, channels, rows::new_channel)
    }

    pub(super) fn members(&self, members: &[Member], read: i64) -> Result<()> {
        self.slice(Table::Members, read, members, rows::new_member)
    }

    pub(super) fn messages(&mut self, messages: &[Message], read: i64) -> Result<()> {
        let mut sealed = Vec::with_capacity(messages.len());
        for message in messages {
            let seq = self.seqs.entry(message.channel).or_insert(0);
            *seq += 1;
            self.rev += 1;
            let mut random = [0; 10];
            self.entropy.fill(&mut random);
            let millis = u64::try_from(self.now.micros() / 1_000).unwrap_or(0);
            let flag = FlagId::from_uuid(uuid_v7(millis, random));
            sealed.push(seal(self.keys, message, *seq, self.rev, flag)?);
        }
        self.slice(Table::Messages, read, &sealed, rows::new_message)
    }

    pub(super) fn reactions(&self, reactions: &[Reaction], read: i64) -> Result<()> {
        self.slice(Table::Reactions, read, reactions, rows::new_reaction)
    }

    pub(super) fn entries(&mut self, entries: &[Entry], read: i64) -> Result<()> {
        let first = self.number + 1;
        let numbered: Vec<(i64, &Entry)> = (first..).zip(entries).collect();
        self.number += i64::try_from(entries.len()).unwrap_or(0);
        self.slice(Table::Audit, read, &numbered, |tx, (number, entry)| rows::new_entry(tx, entry, *number))
    }
}

/// Seals a message anew. Why somebody flagged it is about a patient too: that becomes the note of a flag that waits
/// for review.
fn seal<'m>(keys: &Keyring, message: &'m Message, seq: i64, rev: i64, flag: FlagId) -> Result<Sealed<'m>> {
    let id = MessageId::from_uuid(message.id);
    let (channel, sender) = (ChannelId::from_uuid(message.channel), UserId::from_uuid(message.sender));
    let body = messages::seal(keys, id, channel, sender, &message.text)?;
    let metadata =
        message.metadata.as_ref().map(|value| messages::seal_metadata(keys, id, channel, sender, value)).transpose()?;
    let reporter = message.flagged_by.map(UserId::from_uuid);
    let note = message.flag_reason.as_ref().filter(|_| message.flagged);
    let note = note.map(|text| flags::seal_reason(keys, flag, channel, reporter, text)).transpose()?;
    let flag = message.flagged.then_some((flag, note));
    let key_version = Keyring::version_of(&body)?;
    Ok(Sealed { of: message, body, flag, metadata, seq, rev, key_version })
}
