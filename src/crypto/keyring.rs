//! The keyring: every data key that is unwrapped, ready to use.
//!
//! Sealing is on the path of every message, so the prepared ciphers stand behind a lock that is only read;
//! it is written when a key is rotated. A key of a purpose has a version: the highest seals, all of them open.
//!
//! A key counts its uses. Random 96-bit nonces are safe for 2^32 messages a key (NIST SP 800-38D §8.3); we
//! retire at 2^28 or after 90 days and refuse at 2^32, so the bound holds even if nobody rotates.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use aes_gcm::{Aes256Gcm, KeyInit};
use zeroize::Zeroizing;

use super::chain::{self, AuditRecord};
use super::entropy::{Entropy, SharedEntropy};
use super::master::MasterKey;
use super::recovery::RecoveryKey;
use super::seal::{self, Cell, Purpose};
use super::slots::{self, Slot, WrappedKey};
use crate::error::{Error, Result};

/// Uses after which a key should be replaced.
pub const USES_DUE: u64 = 1 << 28;
/// Uses after which a key seals nothing more.
pub const USES_MAX: u64 = 1 << 32;
/// Age after which a key should be replaced: 90 days.
pub const AGE_DUE_MICROS: i64 = 90 * 86_400 * 1_000_000;

/// What opens the key slots.
#[derive(Debug, Clone)]
pub enum Unlock {
    /// The key of this machine, and a second one for metadata if the clinic keeps its own (`METADATA_KEY`).
    Machine {
        /// Opens everything, except metadata when there is a second key.
        master: MasterKey,
        /// Opens metadata.
        metadata: Option<MasterKey>,
    },
    /// The recovery key, which opens everything.
    Recovery(RecoveryKey),
}

impl Unlock {
    /// One master key for everything.
    pub fn machine(master: MasterKey) -> Self {
        Self::Machine { master, metadata: None }
    }

    /// Which slots it opens.
    pub fn slot(&self) -> Slot {
        match self {
            Self::Machine { .. } => Slot::Machine,
            Self::Recovery(_) => Slot::Recovery,
        }
    }
}

impl From<MasterKey> for Unlock {
    fn from(master: MasterKey) -> Self {
        Self::machine(master)
    }
}

impl From<RecoveryKey> for Unlock {
    fn from(key: RecoveryKey) -> Self {
        Self::Recovery(key)
    }
}

/// One data key. The bytes are kept beside the cipher, because they have to be wrapped again for new slots.
struct DataKey {
    bytes: Zeroizing<[u8; 32]>,
    cipher: Aes256Gcm,
    uses: AtomicU64,
    created_micros: AtomicI64,
}

impl DataKey {
    fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        let cipher = Aes256Gcm::new((&*bytes).into());
        Self { bytes, cipher, uses: AtomicU64::new(0), created_micros: AtomicI64::new(i64::MAX) }
    }
}

/// The keys by purpose and version.
type Keys = BTreeMap<(Purpose, u32), DataKey>;

/// A data key that is made but not in use yet: its slots are stored first, then it is adopted.
pub struct FreshKey {
    purpose: Purpose,
    version: u32,
    bytes: Zeroizing<[u8; 32]>,
}

impl FreshKey {
    /// The version it will have.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The slot for `unlock`, to be stored before the key is adopted.
    ///
    /// # Errors
    /// Internal only.
    pub fn wrapped_for(&self, unlock: &Unlock, entropy: &dyn Entropy) -> Result<WrappedKey> {
        slots::wrap_for(unlock, self.purpose, self.version, &self.bytes, entropy)
    }
}

/// Every unwrapped data key, for all threads.
pub struct Keyring {
    keys: RwLock<Keys>,
    entropy: SharedEntropy,
}

impl Keyring {
    /// A keyring for a new database: version 1 of every purpose. Store [`Self::wrapped_for`] before anything
    /// is sealed with it.
    pub fn create(entropy: SharedEntropy) -> Self {
        let mut keys = Keys::new();
        for purpose in Purpose::ALL {
            keys.insert((purpose, 1), DataKey::new(new_bytes(&*entropy)));
        }
        Self { keys: RwLock::new(keys), entropy }
    }

    /// Opens the slots that `unlock` fits; slots of the other kind are passed over.
    ///
    /// # Errors
    /// Conflict `wrong_key` when the key is another; Conflict `key_slots_missing` when a purpose has no slot
    /// of this kind at all, or a version that exists cannot be opened by it.
    pub fn unlock(wrapped: &[WrappedKey], unlock: &Unlock, entropy: SharedEntropy) -> Result<Self> {
        let mut keys = Keys::new();
        for slot in wrapped.iter().filter(|slot| slot.slot == unlock.slot()) {
            keys.insert((slot.purpose, slot.version), DataKey::new(slots::unwrap_for(unlock, slot)?));
        }
        let lacking = wrapped.iter().map(|slot| (slot.purpose, slot.version)).chain(Purpose::ALL.map(|p| (p, 1)));
        for (purpose, version) in lacking {
            // Old versions may have been retired, so only what has a slot, and one key a purpose, is demanded.
            let has_slot = wrapped.iter().any(|slot| (slot.purpose, slot.version) == (purpose, version));
            let opened = keys.contains_key(&(purpose, version));
            let any = keys.keys().any(|(kept, _)| *kept == purpose);
            if (has_slot && !opened) || !any {
                return Err(Error::conflict(
                    "key_slots_missing",
                    format!("The database has no {} slot for its {} key.", unlock.slot().name(), purpose.name()),
                ));
            }
        }
        Ok(Self { keys: RwLock::new(keys), entropy })
    }

    /// A slot of every key for `unlock`, to be stored.
    ///
    /// # Errors
    /// Internal only.
    pub fn wrapped_for(&self, unlock: &Unlock) -> Result<Vec<WrappedKey>> {
        self.keys()
            .iter()
            .map(|((purpose, version), key)| slots::wrap_for(unlock, *purpose, *version, &key.bytes, &*self.entropy))
            .collect()
    }

    /// Seals `plain` for `cell` with the current key.
    ///
    /// # Errors
    /// Busy `key_worn_out` after 2^32 uses; `TooLarge` beyond 64 GiB.
    pub fn seal(&self, purpose: Purpose, cell: &Cell, plain: &[u8]) -> Result<Vec<u8>> {
        let keys = self.keys();
        let (version, key) = newest(&keys, purpose)?;
        if key.uses.fetch_add(1, Ordering::Relaxed) >= USES_MAX {
            return Err(Error::busy("key_worn_out", "The encryption key is worn out and has to be rotated first."));
        }
        let mut nonce = [0; 12];
        self.entropy.fill_fresh(&mut nonce);
        seal::seal(&key.cipher, purpose, version, nonce, cell, plain)
    }

    /// Opens what was sealed for the same cell, with whichever version it names.
    ///
    /// # Errors
    /// Internal, when it was altered or moved, or its key is not there.
    pub fn open(&self, purpose: Purpose, cell: &Cell, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let version = seal::version_of(sealed)?;
        let keys = self.keys();
        let key = keys
            .get(&(purpose, version))
            .ok_or_else(|| Error::internal(format!("there is no {} key of version {version}", purpose.name())))?;
        seal::open(&key.cipher, purpose, cell, sealed)
    }

    /// All keys of a purpose, for opening a great many cells.
    pub fn opener(&self, purpose: Purpose) -> Opener {
        let keys = self.keys();
        let own = keys.range((purpose, 0)..=(purpose, u32::MAX)).rev();
        Opener {
            purpose,
            keys: own.filter_map(|((_, version), key)| Some((*version, seal::swift(&key.bytes)?))).collect(),
            aad: Vec::new(),
        }
    }

    /// [`Self::seal`] for text.
    ///
    /// # Errors
    /// As [`Self::seal`].
    pub fn seal_text(&self, purpose: Purpose, cell: &Cell, text: &str) -> Result<Vec<u8>> {
        self.seal(purpose, cell, text.as_bytes())
    }

    /// [`Self::open`] for text.
    ///
    /// # Errors
    /// As [`Self::open`]; Internal when what was sealed is not UTF-8.
    pub fn open_text(&self, purpose: Purpose, cell: &Cell, sealed: &[u8]) -> Result<Zeroizing<String>> {
        let mut plain = self.open(purpose, cell, sealed)?;
        match String::from_utf8(std::mem::take(&mut *plain)) {
            Ok(text) => Ok(Zeroizing::new(text)),
            Err(wrong) => {
                drop(Zeroizing::new(wrong.into_bytes()));
                Err(Error::internal("a sealed text is not UTF-8"))
            }
        }
    }

    /// The version that seals now; 0 when the purpose has no key, which an opened keyring never has.
    pub fn current_version(&self, purpose: Purpose) -> u32 {
        newest(&self.keys(), purpose).map_or(0, |(version, _)| version)
    }

    /// The link of the audit chain that `record` makes after `previous`, with the audit key of `version`.
    ///
    /// # Errors
    /// Internal when that key is not there.
    pub fn audit_link(&self, version: u32, previous: &[u8; 32], record: &AuditRecord) -> Result<[u8; 32]> {
        let keys = self.keys();
        let key = keys
            .get(&(Purpose::Audit, version))
            .ok_or_else(|| Error::internal(format!("there is no audit key of version {version}")))?;
        Ok(chain::link(&key.bytes, previous, record))
    }

    /// Tells when a key was made and how often it was used before this start, as the database remembers it.
    pub fn remember(&self, purpose: Purpose, version: u32, created_micros: i64, uses: u64) {
        if let Some(key) = self.keys().get(&(purpose, version)) {
            key.created_micros.store(created_micros, Ordering::Relaxed);
            key.uses.fetch_add(uses, Ordering::Relaxed);
        }
    }

    /// Which version of its key a cell was sealed with; Internal when it is no sealed cell.
    pub fn version_of(sealed: &[u8]) -> Result<u32> {
        seal::version_of(sealed)
    }

    /// How often the current key has sealed, to be written down now and then.
    pub fn uses(&self, purpose: Purpose) -> u64 {
        newest(&self.keys(), purpose).map_or(0, |(_, key)| key.uses.load(Ordering::Relaxed))
    }

    /// Whether the current key should be replaced: 2^28 uses or 90 days, whichever comes first.
    pub fn due(&self, purpose: Purpose, now_micros: i64) -> bool {
        newest(&self.keys(), purpose).is_ok_and(|(_, key)| {
            let age = now_micros.saturating_sub(key.created_micros.load(Ordering::Relaxed));
            key.uses.load(Ordering::Relaxed) >= USES_DUE || age >= AGE_DUE_MICROS
        })
    }

    /// The next version of a purpose, not in use yet. Store its slots, then [`Self::adopt`] it: in the other
    /// order a crash would leave sealed rows whose key is gone.
    pub fn fresh(&self, purpose: Purpose) -> FreshKey {
        FreshKey { purpose, version: self.current_version(purpose) + 1, bytes: new_bytes(&*self.entropy) }
    }

    /// Seals with `fresh` from now on.
    ///
    /// # Errors
    /// Conflict `key_version_taken` when another key took that version meanwhile.
    pub fn adopt(&self, fresh: FreshKey, now_micros: i64) -> Result<()> {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let place = (fresh.purpose, fresh.version);
        if keys.contains_key(&place) {
            return Err(Error::conflict("key_version_taken", "Another rotation of this key came first."));
        }
        let key = DataKey::new(fresh.bytes);
        key.created_micros.store(now_micros, Ordering::Relaxed);
        keys.insert(place, key);
        Ok(())
    }

    /// A poisoned lock means that a thread died between two whole states, so the state is still whole.
    fn keys(&self) -> RwLockReadGuard<'_, Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The keys of one purpose, taken out of the ring by somebody who opens a great many cells: no lock is held and
/// nothing is allocated for each.
pub struct Opener {
    purpose: Purpose,
    keys: Vec<(u32, seal::Swift)>,
    aad: Vec<u8>,
}

impl Opener {
    /// As [`Keyring::open`], into a buffer that is used again.
    ///
    /// # Errors
    /// As [`Keyring::open`]; then the buffer holds nothing that is of use.
    pub fn open_into(&mut self, cell: &Cell, sealed: &[u8], plain: &mut Vec<u8>) -> Result<()> {
        let version = seal::version_of(sealed)?;
        let (_, key) =
            self.keys.iter().find(|(known, _)| *known == version).ok_or_else(|| {
                Error::internal(format!("there is no {} key of version {version}", self.purpose.name()))
            })?;
        seal::open_swiftly(key, self.purpose, cell, sealed, &mut self.aad, plain)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.keys().keys()).finish()
    }
}

fn new_bytes(entropy: &dyn Entropy) -> Zeroizing<[u8; 32]> {
    let mut bytes = Zeroizing::new([0; 32]);
    entropy.fill_fresh(bytes.as_mut_slice());
    bytes
}

fn newest(keys: &Keys, purpose: Purpose) -> Result<(u32, &DataKey)> {
    keys.range((purpose, 0)..=(purpose, u32::MAX))
        .next_back()
        .map(|((_, version), key)| (*version, key))
        .ok_or_else(|| Error::internal(format!("there is no {} key", purpose.name())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{SeededEntropy, SystemEntropy};
    use proptest::prelude::*;
    use std::collections::HashSet;
    use std::net::{IpAddr, Ipv4Addr};
    use uuid::Uuid;

    fn master(seed: u64) -> MasterKey {
        MasterKey::generate(&SeededEntropy::new(seed))
    }

    fn cell(row: u128) -> Cell<'static> {
        Cell { table: "messages", row: Uuid::from_u128(row), column: "encrypted_text", channel: None, sender: None }
    }

    fn keyring() -> Keyring {
        Keyring::create(SeededEntropy::shared(1))
    }

    fn code<T>(result: Result<T>) -> &'static str {
        result.err().map_or("none", |error| error.code())
    }

    #[test]
    fn a_database_opens_with_either_key_and_with_no_other() {
        let keyring = keyring();
        let machine = Unlock::machine(master(1));
        let recovery = Unlock::from(RecoveryKey::generate(&SeededEntropy::new(2)));
        let mut slots = keyring.wrapped_for(&machine).unwrap();
        slots.extend(keyring.wrapped_for(&recovery).unwrap());
        let sealed = keyring.seal_text(Purpose::Messages, &cell(1), "call bed 4").unwrap();

        for unlock in [&machine, &recovery] {
            let opened = Keyring::unlock(&slots, unlock, SystemEntropy::shared()).unwrap();
            assert_eq!(&**opened.open_text(Purpose::Messages, &cell(1), &sealed).unwrap(), "call bed 4");
        }
        let stranger = Unlock::machine(master(9));
        assert_eq!(code(Keyring::unlock(&slots, &stranger, SystemEntropy::shared())), "wrong_key");
        let stranger = Unlock::from(RecoveryKey::generate(&SeededEntropy::new(9)));
        assert_eq!(code(Keyring::unlock(&slots, &stranger, SystemEntropy::shared())), "wrong_key");
    }

    #[test]
    fn a_missing_slot_is_an_error_and_never_a_new_key() {
        let keyring = keyring();
        let machine = Unlock::machine(master(1));
        let recovery = Unlock::from(RecoveryKey::generate(&SeededEntropy::new(2)));
        let slots = keyring.wrapped_for(&machine).unwrap();
        let entropy = SystemEntropy::shared;
        assert_eq!(code(Keyring::unlock(&[], &machine, entropy())), "key_slots_missing");
        assert_eq!(code(Keyring::unlock(&slots, &recovery, entropy())), "key_slots_missing");
        assert_eq!(code(Keyring::unlock(&slots[1..], &machine, entropy())), "key_slots_missing");

        // A newer version that only the machine can open: the recovery key would lose rows.
        let mut some = keyring.wrapped_for(&recovery).unwrap();
        let fresh = keyring.fresh(Purpose::Messages);
        some.push(fresh.wrapped_for(&machine, &SystemEntropy).unwrap());
        assert_eq!(code(Keyring::unlock(&some, &recovery, entropy())), "key_slots_missing");
    }

    #[test]
    fn metadata_may_have_a_master_of_its_own() {
        let keyring = keyring();
        let both = Unlock::Machine { master: master(1), metadata: Some(master(2)) };
        let slots = keyring.wrapped_for(&both).unwrap();
        assert!(Keyring::unlock(&slots, &both, SystemEntropy::shared()).is_ok());
        assert_eq!(code(Keyring::unlock(&slots, &master(1).into(), SystemEntropy::shared())), "wrong_key");
        for slot in &slots {
            assert_eq!(slots::unwrap(&master(1), slot).is_ok(), slot.purpose != Purpose::Metadata);
            assert_eq!(slots::unwrap(&master(2), slot).is_ok(), slot.purpose == Purpose::Metadata);
        }
    }

    #[test]
    fn rotation_seals_with_the_new_key_and_still_opens_the_old() {
        let keyring = keyring();
        let machine = Unlock::machine(master(1));
        let old = keyring.seal(Purpose::Messages, &cell(1), b"before").unwrap();
        let fresh = keyring.fresh(Purpose::Messages);
        let late = keyring.fresh(Purpose::Messages);
        assert_eq!(fresh.version(), 2);
        let mut slots = keyring.wrapped_for(&machine).unwrap();
        slots.push(fresh.wrapped_for(&machine, &SystemEntropy).unwrap());
        keyring.adopt(fresh, 0).unwrap();
        assert_eq!(code(keyring.adopt(late, 0)), "key_version_taken");

        assert_eq!(keyring.current_version(Purpose::Messages), 2);
        assert_eq!(keyring.current_version(Purpose::Metadata), 1);
        let new = keyring.seal(Purpose::Messages, &cell(1), b"after").unwrap();
        let reopened = Keyring::unlock(&slots, &machine, SystemEntropy::shared()).unwrap();
        for ring in [&keyring, &reopened] {
            assert_eq!(&**ring.open(Purpose::Messages, &cell(1), &old).unwrap(), b"before");
            assert_eq!(&**ring.open(Purpose::Messages, &cell(1), &new).unwrap(), b"after");
            let (mut opener, mut plain) = (ring.opener(Purpose::Messages), b"what was before".to_vec());
            for (sealed, text) in [(&old, b"before".as_slice()), (&new, b"after")] {
                opener.open_into(&cell(1), sealed, &mut plain).unwrap();
                assert_eq!(plain, text);
                assert!(opener.open_into(&cell(2), sealed, &mut plain).is_err());
            }
            assert!(ring.opener(Purpose::Secrets).open_into(&cell(1), &new, &mut plain).is_err());
            assert!(ring.open(Purpose::Messages, &cell(2), &new).is_err());
            assert!(ring.open(Purpose::Secrets, &cell(1), &new).is_err());
        }
        // A value that claims another version does not open under that version's key.
        let mut relabelled = old.clone();
        relabelled[4] = 2;
        assert!(keyring.open(Purpose::Messages, &cell(1), &relabelled).is_err());
        relabelled[4] = 7;
        assert!(keyring.open(Purpose::Messages, &cell(1), &relabelled).is_err());
    }

    #[test]
    fn a_key_is_due_by_use_or_by_age_and_stops_when_worn_out() {
        let keyring = keyring();
        let messages = Purpose::Messages;
        assert!(!keyring.due(messages, i64::MAX), "an age that is not known is no age");
        keyring.remember(messages, 1, 1_000, 0);
        assert!(!keyring.due(messages, 1_000 + AGE_DUE_MICROS - 1));
        assert!(keyring.due(messages, 1_000 + AGE_DUE_MICROS));

        keyring.remember(messages, 1, 1_000, USES_DUE - 1);
        assert!(!keyring.due(messages, 1_000));
        keyring.seal(messages, &cell(1), b"").unwrap();
        assert_eq!(keyring.uses(messages), USES_DUE);
        assert!(keyring.due(messages, 1_000));
        assert!(!keyring.due(Purpose::Secrets, 1_000));

        keyring.remember(messages, 1, 1_000, USES_MAX - USES_DUE);
        assert_eq!(code(keyring.seal(messages, &cell(1), b"")), "key_worn_out");
        let fresh = keyring.fresh(messages);
        keyring.adopt(fresh, 2_000).unwrap();
        assert!(keyring.seal(messages, &cell(1), b"").is_ok());
        assert!(!keyring.due(messages, 2_000));
    }

    #[test]
    fn many_threads_never_share_a_nonce() {
        let keyring = Keyring::create(SystemEntropy::shared());
        let nonces: Vec<Vec<u8>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        let seal = |n| keyring.seal(Purpose::Messages, &cell(n), b"x").unwrap()[5..17].to_vec();
                        (0..2_000).map(seal).collect::<Vec<_>>()
                    })
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(nonces.iter().collect::<HashSet<_>>().len(), 8_000);
        assert_eq!(keyring.uses(Purpose::Messages), 8_000);
    }

    proptest! {
        #[test]
        fn nothing_that_is_stored_upsets_the_reader(mut bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let keyring = keyring();
            prop_assert!(keyring.open(Purpose::Messages, &cell(1), &bytes).is_err());
            // The same with a head that passes for ours.
            for (at, byte) in bytes.iter_mut().zip([1, 0, 0, 0, 1]) {
                *at = byte;
            }
            prop_assert!(keyring.open(Purpose::Messages, &cell(1), &bytes).is_err());
        }
    }

    #[test]
    fn the_audit_chain_needs_the_audit_key() {
        let record = AuditRecord {
            number: 1,
            id: Uuid::from_u128(1),
            user: None,
            action: "login",
            details: "{}",
            ip: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            user_agent: None,
            timestamp_micros: 5,
        };
        let keyring = keyring();
        let link = keyring.audit_link(1, &[0; 32], &record).unwrap();
        assert_eq!(link, keyring.audit_link(1, &[0; 32], &record).unwrap());
        assert_ne!(link, Keyring::create(SeededEntropy::shared(2)).audit_link(1, &[0; 32], &record).unwrap());
        assert!(keyring.audit_link(2, &[0; 32], &record).is_err());
    }

    #[test]
    fn a_keyring_prints_no_key() {
        assert_eq!(format!("{:?}", keyring()), "{(Messages, 1), (Metadata, 1), (Secrets, 1), (Audit, 1)}");
    }
}
