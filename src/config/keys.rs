//! Keys given from outside the data folder.

use super::Secret;
use super::kind::Kind;
use super::setting::Setting;

/// Keys given from outside; each is generated and kept when unset.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    /// `ENCRYPTION_KEY`: the master key, 64 hex digits or base64 of 32 bytes.
    pub encryption: Option<Secret>,
    /// `METADATA_KEY`: the master key of the metadata chain, same forms.
    pub metadata: Option<Secret>,
    /// `RECOVERY_KEY`: opens a database whose machine key is missing.
    pub recovery: Option<Secret>,
}

/// What can be set here.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: "ENCRYPTION_KEY",
        section: "keys",
        key: "encryption_key",
        kind: Kind::Key,
        at: |c| &mut c.keys.encryption,
        unset: "generated and kept in a file",
        common: false,
        doc: "The master key: it opens the keys that seal messages. When it is not given it is made at the first start and kept outside the database. Whoever loses it needs the recovery key.",
    },
    Setting {
        name: "METADATA_KEY",
        section: "keys",
        key: "metadata_key",
        kind: Kind::Key,
        at: |c| &mut c.keys.metadata,
        unset: "generated and kept",
        common: false,
        doc: "The master key for metadata of messages.",
    },
    Setting {
        name: "RECOVERY_KEY",
        section: "keys",
        key: "recovery_key",
        kind: Kind::Secret { bytes_min: 16 },
        at: |c| &mut c.keys.recovery,
        unset: "",
        common: false,
        doc: "The recovery key that was printed for this clinic. Needed once, to open a database on a machine that has not its machine key.",
    },
];
