//! The keys of one database: found, opened, or made when the database is new.
//!
//! The data keys are in the database, wrapped; what unwraps them is outside. A key that does not open the database
//! stops the start: a new key over existing data would make that data unreadable for ever, so none is ever made
//! while there are slots.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::cells::time;
use super::rows;
use super::trail::{self, Verified};
use crate::clock::{SharedClock, Timestamp};
use crate::crypto::{
    Cell, Entropy, Keyring, MasterKey, Purpose, RecoveryKey, SharedEntropy, Slot, TokenKeys, Unlock, WrappedKey, token,
};
use crate::error::{Context, Error, Result};
use crate::id::uuid_v7;
use crate::store::{Json, Micros, Param, Store, Tx, View};

/// Bytes of a generated token secret.
const TOKEN_SECRET_BYTES: usize = 48;

/// Where the keys outside the database come from.
#[derive(Debug, Default)]
pub struct KeyPlaces {
    /// The master key as it was configured.
    pub master: Option<String>,
    /// The second master key, for metadata, as it was configured.
    pub metadata: Option<String>,
    /// The recovery key as it was configured.
    pub recovery: Option<String>,
    /// The key file, used when no master key is configured.
    pub file: PathBuf,
}

/// The opened keys.
pub struct Vault {
    /// Every data key.
    pub keyring: Arc<Keyring>,
    /// Whether the machine's key was missing and the recovery key opened the database.
    pub recovered: bool,
    entropy: SharedEntropy,
    clock: SharedClock,
}

const SLOTS: &str = "SELECT purpose, version, slot, kdf, wrapped FROM key_slots ORDER BY purpose, version, slot";
const NEW_SLOT: &str = "INSERT INTO key_slots (id, purpose, version, slot, kdf, wrapped, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) \
     ON CONFLICT (purpose, version, slot) DO UPDATE SET kdf = excluded.kdf, wrapped = excluded.wrapped, \
     created_at = excluded.created_at";
const NEW_DATA_KEY: &str = "INSERT INTO data_keys (purpose, version, created_at, uses) VALUES ($1, $2, $3, 0)";
const DATA_KEYS: &str = "SELECT purpose, version, created_at, uses FROM data_keys";
const SETTING: &str = "SELECT value FROM settings WHERE name = $1";
const KEEP_SETTING: &str = "INSERT INTO settings (name, value, updated_at) VALUES ($1, $2, $3) \
     ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at";
const TOKEN_SECRET: &str = "token_secret";

impl Vault {
    /// Opens the keys of `store`, or makes them when the database has none.
    pub fn open(store: &Store, places: &KeyPlaces, entropy: &SharedEntropy, clock: &SharedClock) -> Result<Self> {
        let slots = store.read_blocking(slots)?;
        let vault = |keyring: Keyring, recovered| Self {
            keyring: Arc::new(keyring),
            recovered,
            entropy: entropy.clone(),
            clock: clock.clone(),
        };
        if slots.is_empty() {
            let vault = vault(Keyring::create(entropy.clone()), false);
            let unlock = vault.machine_key(places)?;
            store.write_blocking(|tx| vault.store_all(tx, &unlock))?;
            return Ok(vault);
        }
        let vault = if let Some(unlock) = machine_key_at_hand(places)? {
            vault(Keyring::unlock(&slots, &unlock, entropy.clone())?, false)
        } else {
            let Some(recovery) = &places.recovery else { return Err(key_missing(places)) };
            let unlock = Unlock::Recovery(RecoveryKey::parse(recovery)?);
            let vault = vault(Keyring::unlock(&slots, &unlock, entropy.clone())?, true);
            // From here on this machine opens the database by itself.
            let machine = vault.machine_key(places)?;
            store.write_blocking(|tx| vault.store_slots(tx, &vault.keyring.wrapped_for(&machine)?))?;
            vault
        };
        for (purpose, version, created, uses) in store.read_blocking(data_keys)? {
            vault.keyring.remember(purpose, version, created, uses);
        }
        Ok(vault)
    }

    /// Opens the keys of a database that comes from elsewhere: by this machine's key, or else by the recovery key.
    /// Where `keep`, this machine opens it by itself from then on. True when the recovery key was needed.
    pub fn take_in(
        store: &Store,
        places: &KeyPlaces,
        entropy: &SharedEntropy,
        clock: &SharedClock,
        keep: bool,
    ) -> Result<Self> {
        let slots = store.read_blocking(slots)?;
        let vault = |keyring: Keyring, recovered| Self {
            keyring: Arc::new(keyring),
            recovered,
            entropy: entropy.clone(),
            clock: clock.clone(),
        };
        let machine = machine_key_at_hand(places)?;
        let by_machine = machine.as_ref().map(|unlock| Keyring::unlock(&slots, unlock, entropy.clone()));
        let vault = match (by_machine, &places.recovery) {
            (Some(Ok(keyring)), _) => vault(keyring, false),
            (Some(Err(error)), None) => return Err(error),
            (None, None) => return Err(key_missing(places)),
            (_, Some(recovery)) => {
                let unlock = Unlock::Recovery(RecoveryKey::parse(recovery)?);
                let vault = vault(Keyring::unlock(&slots, &unlock, entropy.clone())?, true);
                if keep {
                    let machine = vault.machine_key(places)?;
                    store.write_blocking(|tx| vault.store_slots(tx, &vault.keyring.wrapped_for(&machine)?))?;
                }
                vault
            }
        };
        for (purpose, version, created, uses) in store.read_blocking(data_keys)? {
            vault.keyring.remember(purpose, version, created, uses);
        }
        Ok(vault)
    }

    /// The keys of the tokens: from the configured secret, or one that is made once and kept sealed.
    pub fn token_keys(&self, store: &Store, configured: Option<&str>) -> Result<TokenKeys> {
        if let Some(secret) = configured {
            return TokenKeys::new(secret.as_bytes());
        }
        let cell = Cell { table: "settings", row: Uuid::nil(), column: TOKEN_SECRET, channel: None, sender: None };
        let secret = if let Some(json) = self.setting(store, TOKEN_SECRET)? {
            let sealed: String = serde_json::from_str(&json).context("reading the stored token secret")?;
            let sealed = unhex(&sealed).ok_or_else(|| Error::internal("the stored token secret is damaged"))?;
            self.keyring.open_text(Purpose::Secrets, &cell, &sealed)?
        } else {
            let secret = token::random_secret(TOKEN_SECRET_BYTES, self.entropy.as_ref());
            let sealed = token::hex(&self.keyring.seal_text(Purpose::Secrets, &cell, &secret)?);
            self.keep_setting(store, TOKEN_SECRET, &Value::String(sealed).to_string())?;
            secret
        };
        TokenKeys::new(secret.as_bytes())
    }

    /// What the server itself keeps in the database under `name`, as JSON. Secrets in it are sealed by their owner.
    pub fn setting(&self, store: &Store, name: &str) -> Result<Option<String>> {
        store.read_blocking(|view| view.first(SETTING, &[Param::Text(name)], |row| Ok(row.get::<Json>(0)?.0)))
    }

    /// Keeps `json` under `name`. Only before the writer runs.
    pub fn keep_setting(&self, store: &Store, name: &str, json: &str) -> Result<()> {
        let now = self.clock.now();
        store
            .write_blocking(|tx| tx.execute(KEEP_SETTING, &[Param::Text(name), Param::Json(json), time(now)]).map(drop))
    }

    /// Makes a recovery key and stores the slots that it opens. An earlier one opens nothing any more.
    pub fn new_recovery_key(&self, store: &Store) -> Result<RecoveryKey> {
        let key = RecoveryKey::generate(self.entropy.as_ref());
        let unlock = Unlock::Recovery(RecoveryKey::parse(&key.reveal())?);
        store.write_blocking(|tx| self.store_slots(tx, &self.keyring.wrapped_for(&unlock)?))?;
        Ok(key)
    }

    /// Writes down how often each key has sealed. Only before the writer runs.
    pub fn keep_key_uses(&self, store: &Store) -> Result<()> {
        store.write_blocking(|tx| keep_uses(tx, &self.keyring))
    }

    fn machine_key(&self, places: &KeyPlaces) -> Result<Unlock> {
        if let Some(unlock) = machine_key_at_hand(places)? {
            return Ok(unlock);
        }
        let key = MasterKey::generate(self.entropy.as_ref());
        key.write_file(&places.file, self.entropy.as_ref())?;
        with_metadata(key, places)
    }

    fn store_all(&self, tx: &mut Tx<'_>, unlock: &Unlock) -> Result<()> {
        let now = self.clock.now();
        for purpose in Purpose::ALL {
            let version = i64::from(self.keyring.current_version(purpose));
            tx.execute(NEW_DATA_KEY, &[Param::Text(purpose.name()), Param::Int(version), time(now)])?;
            self.keyring.remember(purpose, self.keyring.current_version(purpose), now.micros(), 0);
        }
        self.store_slots(tx, &self.keyring.wrapped_for(unlock)?)
    }

    fn store_slots(&self, tx: &mut Tx<'_>, slots: &[WrappedKey]) -> Result<()> {
        keep_slots(tx, slots, self.clock.now(), self.entropy.as_ref())
    }
}

/// Stores wrapped keys; a slot of the same kind is replaced.
pub(super) fn keep_slots(tx: &mut Tx<'_>, slots: &[WrappedKey], now: Timestamp, entropy: &dyn Entropy) -> Result<()> {
    for slot in slots {
        let mut random = [0; 10];
        entropy.fill(&mut random);
        let values = [
            Param::Id(uuid_v7(u64::try_from(now.micros() / 1_000).unwrap_or(0), random)),
            Param::Text(slot.purpose.name()),
            Param::Int(i64::from(slot.version)),
            Param::Text(slot.slot.name()),
            Param::Json(&slot.kdf_json),
            Param::Bytes(&slot.wrapped),
            time(now),
        ];
        tx.execute(NEW_SLOT, &values)?;
    }
    Ok(())
}

/// A wrapped key as text, on its way between the command line and a running server. Nothing in it is secret: it is
/// what the database keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SlotText {
    purpose: String,
    version: u32,
    slot: String,
    kdf: String,
    wrapped: String,
}

impl SlotText {
    /// The text of a wrapped key.
    pub fn of(key: &WrappedKey) -> Self {
        Self {
            purpose: key.purpose.name().to_owned(),
            version: key.version,
            slot: key.slot.name().to_owned(),
            kdf: key.kdf_json.clone(),
            wrapped: token::hex(&key.wrapped),
        }
    }

    /// The wrapped key of a text.
    pub fn wrapped(&self) -> Result<WrappedKey> {
        let bad = || Error::invalid("bad_slot", "A key slot cannot be read.");
        Ok(WrappedKey {
            purpose: Purpose::parse(&self.purpose).ok_or_else(bad)?,
            version: self.version,
            slot: Slot::parse(&self.slot).ok_or_else(bad)?,
            kdf_json: self.kdf.clone(),
            wrapped: unhex(&self.wrapped).ok_or_else(bad)?,
        })
    }
}

/// The machine's key, which must be there.
pub fn machine_key(places: &KeyPlaces) -> Result<Unlock> {
    machine_key_at_hand(places)?.ok_or_else(|| key_missing(places))
}

fn machine_key_at_hand(places: &KeyPlaces) -> Result<Option<Unlock>> {
    if let Some(text) = &places.master {
        return with_metadata(MasterKey::parse(text)?, places).map(Some);
    }
    if !places.file.exists() {
        return Ok(None);
    }
    with_metadata(MasterKey::read_file(&places.file)?, places).map(Some)
}

fn with_metadata(master: MasterKey, places: &KeyPlaces) -> Result<Unlock> {
    let metadata = places.metadata.as_deref().map(MasterKey::parse).transpose()?;
    Ok(Unlock::Machine { master, metadata })
}

fn key_missing(places: &KeyPlaces) -> Error {
    Error::conflict(
        "key_missing",
        format!(
            "The key of this database is not here: there is no {}. Put that file back, or give the key as \
             ENCRYPTION_KEY, or give the recovery key as RECOVERY_KEY. No new key was made: it would make the \
             stored messages unreadable for ever.",
            places.file.display()
        ),
    )
}

pub(super) fn slots(view: &mut View<'_>) -> Result<Vec<WrappedKey>> {
    let unknown = || Error::conflict("database_newer", "The database has key slots that this version does not know.");
    view.all(SLOTS, &[], |row| {
        Ok(WrappedKey {
            purpose: Purpose::parse(&row.get::<String>(0)?).ok_or_else(unknown)?,
            version: version(row.get(1)?)?,
            slot: Slot::parse(&row.get::<String>(2)?).ok_or_else(unknown)?,
            kdf_json: row.get::<Json>(3)?.0,
            wrapped: row.get(4)?,
        })
    })
}

fn data_keys(view: &mut View<'_>) -> Result<Vec<(Purpose, u32, i64, u64)>> {
    let rows = view.all(DATA_KEYS, &[], |row| {
        let created = Timestamp::from_micros(row.get::<Micros>(2)?.0).micros();
        let uses = u64::try_from(row.get::<i64>(3)?).unwrap_or(0);
        Ok((Purpose::parse(&row.get::<String>(0)?), version(row.get(1)?)?, created, uses))
    })?;
    Ok(rows
        .into_iter()
        .filter_map(|(purpose, version, created, uses)| Some((purpose?, version, created, uses)))
        .collect())
}

fn version(stored: i64) -> Result<u32> {
    u32::try_from(stored).context("reading a key's version")
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(text.get(i..i + 2)?, 16).ok()).collect()
}

const KEEP_USES: &str = "UPDATE data_keys SET uses = $3 WHERE purpose = $1 AND version = $2 AND uses < $3";

/// Writes down how often each key has sealed, so that a restart does not start the count again.
pub(super) fn keep_uses(tx: &mut Tx<'_>, keyring: &Keyring) -> Result<()> {
    for purpose in Purpose::ALL {
        let version = i64::from(keyring.current_version(purpose));
        let uses = i64::try_from(keyring.uses(purpose)).unwrap_or(i64::MAX);
        if uses > 0 {
            tx.execute(KEEP_USES, &[Param::Text(purpose.name()), Param::Int(version), Param::Int(uses)])?;
        }
    }
    Ok(())
}

const NEWEST: &str = "SELECT id, channel_id, sender_id, encrypted_text FROM messages \
     WHERE encrypted_text IS NOT NULL ORDER BY rev DESC LIMIT 1";
const COUNTS: &str = "SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM channels)";

/// Looks into a finished snapshot: the audit chain follows from `from` to its head, and the newest message opens.
/// Gives the figures for its manifest, and how far the chain went.
pub fn inspect(view: &mut View<'_>, keyring: &Keyring, from: Verified) -> Result<(Value, Verified)> {
    let chain = trail::verify(view, keyring, from)?;
    let newest = view.first(NEWEST, &[], |row| {
        let (message, channel, sender): (Uuid, Uuid, Uuid) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok((message, channel, sender, row.get::<Vec<u8>>(3)?))
    })?;
    if let Some((row, channel, sender, sealed)) = newest {
        let (channel, sender) = (Some(channel), Some(sender));
        let cell = Cell { table: "messages", row, column: "encrypted_text", channel, sender };
        keyring.open(Purpose::Messages, &cell, &sealed)?;
    }
    let (head, _) = rows::head(view)?.ok_or_else(|| Error::internal("a snapshot has no head"))?;
    let (users, channels) = view.one(COUNTS, &[], |row| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?)))?;
    let facts = json!({
        "rev": head.rev,
        "auditNumber": chain.number,
        "auditMac": token::hex(&chain.mac),
        "users": users,
        "channels": channels,
    });
    Ok((facts, chain))
}
