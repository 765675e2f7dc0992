//! The store and its keys: what every command that touches data opens, server or not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::clock::SharedClock;
use crate::config::{Config, Secret};
use crate::crypto::{Keyring, SystemEntropy, TokenKeys};
use crate::error::{Context, Result};
use crate::gate::{KeyPlaces, Vault};
use crate::store::Store;

/// An opened data folder.
pub struct Data {
    /// The database.
    pub store: Store,
    /// Its keys.
    pub keyring: Arc<Keyring>,
    vault: Vault,
}

impl Data {
    /// Opens, migrates and unlocks. Refusals say what to do.
    pub fn open(config: &Config, clock: &SharedClock) -> Result<Self> {
        let store = Store::open(&config.store)?;
        make_private(&key_file(&config.store.data_dir))?;
        let vault = Vault::open(&store, &places(config), &SystemEntropy::shared(), clock)?;
        if vault.recovered {
            tracing::info!("the recovery key opened the database; this machine has a key of its own from now on");
        }
        Ok(Self { store, keyring: vault.keyring.clone(), vault })
    }

    /// The keys of the tokens.
    pub fn token_keys(&self, config: &Config) -> Result<TokenKeys> {
        self.vault.token_keys(&self.store, config.auth.jwt_secret.as_ref().map(Secret::reveal))
    }

    /// Writes down how often each key has sealed; for commands, which have no jobs that do so.
    pub fn keep_key_uses(&self) -> Result<()> {
        self.vault.keep_key_uses(&self.store)
    }

    /// The vault, for what changes its slots.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }
}

/// Where the keys outside the database are.
pub fn places(config: &Config) -> KeyPlaces {
    let reveal = |secret: &Option<Secret>| secret.as_ref().map(|s| s.reveal().to_owned());
    KeyPlaces {
        master: reveal(&config.keys.encryption),
        metadata: reveal(&config.keys.metadata),
        recovery: reveal(&config.keys.recovery),
        file: key_file(&config.store.data_dir),
    }
}

pub(super) fn key_file(data_dir: &Path) -> PathBuf {
    data_dir.join("keys").join("machine.key")
}

/// The key file's folder, for this account alone.
pub(super) fn make_private(file: &Path) -> Result<()> {
    let Some(folder) = file.parent() else { return Ok(()) };
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).context(format!("making {}", folder.display()))
}
