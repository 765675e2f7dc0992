//! What the backups are made with: the publisher of snapshots, and the rehearsal of a restore.

use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::restore;
use super::snapshot::Publisher;
use crate::config::Config;
use crate::error::{Context, Result};
use crate::features::backups::{Press, Published};

/// Over one server's data folder.
pub(super) struct SnapshotPress {
    pub(super) publisher: Arc<Publisher>,
    pub(super) config: Config,
}

impl Press for SnapshotPress {
    fn publish(&self) -> Result<Published> {
        let manifest = self.publisher.publish()?;
        let manifest = serde_json::to_value(manifest).context("reading a manifest")?;
        Ok(Published { file: self.config.store.data_dir.join("messenger.db"), manifest })
    }

    fn rehearse(&self, file: &Path, passphrase: Option<Zeroizing<String>>) -> Result<i64> {
        restore::rehearse(&self.config, file, passphrase).map(|outcome| outcome.audit_rows)
    }
}
