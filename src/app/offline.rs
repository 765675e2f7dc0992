//! What the command line does: by itself when no server has the folder open, else by asking the one that has.

use std::time::Duration;

use super::data::{Data, places};
use super::errands::{self, Errand, Reply};
use super::snapshot::Publisher;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::crypto::{Keyring, RecoveryKey, SystemEntropy, Unlock};
use crate::error::{Error, Result};
pub use crate::features::exports::{Contents, open as open_export};
use crate::gate::{self, SlotText, Verified};
use crate::store::Manifest;

/// A snapshot of a large database takes minutes.
const PUBLISHED_WITHIN: Duration = Duration::from_hours(1);
/// Anything else is quick.
const ANSWERED_WITHIN: Duration = Duration::from_mins(10);

/// Publishes the snapshot.
pub fn backup(config: &Config) -> Result<Manifest> {
    match open(config)? {
        Some(data) => {
            let clock = SystemClock::shared();
            Publisher::new(data.store.clone(), data.keyring.clone(), clock).publish()
        }
        None => asked(config, &Errand::Publish, PUBLISHED_WITHIN)?.manifest.ok_or_else(empty),
    }
}

/// Follows the audit chain from its first row to its head; says how many rows it has.
pub fn verify_audit(config: &Config) -> Result<i64> {
    match open(config)? {
        Some(data) => {
            let verified = data.store.read_blocking(|view| gate::verify(view, &data.keyring, Verified::default()))?;
            Ok(verified.number)
        }
        None => asked(config, &Errand::VerifyAudit, PUBLISHED_WITHIN)?.audit_rows.ok_or_else(empty),
    }
}

/// Makes a recovery key that opens the data from now on; an earlier one opens nothing any more. The key itself is
/// made here and never goes to the running server: that gets the wrapped keys only.
pub fn recovery_kit(config: &Config) -> Result<RecoveryKey> {
    if let Some(data) = open(config)? {
        return data.vault().new_recovery_key(&data.store);
    }
    let stored = asked(config, &Errand::Slots, ANSWERED_WITHIN)?.slots.ok_or_else(empty)?;
    let wrapped = stored.iter().map(SlotText::wrapped).collect::<Result<Vec<_>>>()?;
    let unlock = gate::machine_key(&places(config))?;
    let entropy = SystemEntropy::shared();
    let keyring = Keyring::unlock(&wrapped, &unlock, entropy.clone())?;
    let key = RecoveryKey::generate(entropy.as_ref());
    let slots = keyring.wrapped_for(&Unlock::Recovery(RecoveryKey::parse(&key.reveal())?))?;
    asked(config, &Errand::KeepSlots { slots: errands::texts(&slots) }, ANSWERED_WITHIN)?;
    Ok(key)
}

/// `None` when a running server has the folder.
fn open(config: &Config) -> Result<Option<Data>> {
    if !config.store.data_dir.exists() {
        return Err(Error::missing("data folder: give the server's own with --data-dir"));
    }
    match Data::open(config, &SystemClock::shared()) {
        Ok(data) => Ok(Some(data)),
        Err(error) if error.code() == "database_held" => Ok(None),
        Err(error) => Err(error),
    }
}

fn asked(config: &Config, errand: &Errand, within: Duration) -> Result<Reply> {
    errands::ask(&config.store.data_dir, errand, within)
}

fn empty() -> Error {
    Error::internal("the running server answered something else")
}
