//! What can be done with the list.

use std::net::IpAddr;

use crate::gate::{ByKey, Deed, Need, Permission, Trail};
use crate::id::BlockId;

pub(super) enum BlockDeed {
    /// Look through it.
    List,
    /// Put something on it.
    Add { block: BlockId, network: IpAddr, prefix: u8, minutes: Option<i64> },
    /// Take something off.
    Remove { block: BlockId },
    /// Read what is in force, to act by it.
    Load,
}

impl Deed for BlockDeed {
    fn need(&self) -> Need {
        match self {
            Self::List => Need::Holds(Permission::SettingsRead),
            Self::Add { .. } | Self::Remove { .. } => Need::Holds(Permission::SettingsManage),
            Self::Load => Need::System,
        }
    }

    fn by_key(&self) -> ByKey {
        match self {
            Self::List | Self::Load => ByKey::AsNeeded,
            Self::Add { .. } | Self::Remove { .. } => ByKey::Never,
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::List => Trail::nothing("blocks.list"),
            Self::Load => Trail::nothing("blocks.load"),
            Self::Add { block, network, prefix, minutes } => Trail::record("blocks.add")
                .with("blockId", *block)
                .address("network", *network)
                .count("prefix", i64::from(*prefix))
                .count("minutes", minutes.unwrap_or(0)),
            Self::Remove { block } => Trail::record("blocks.remove").with("blockId", *block),
        }
    }
}
