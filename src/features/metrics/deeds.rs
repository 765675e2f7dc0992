//! What can be done with the figures.

use crate::gate::{Deed, Need, Permission, Trail};

pub(super) enum MetricsDeed {
    /// Look at them.
    Read,
    /// Fetch them as a scraper; `listed` when the configuration names its address.
    Scrape { listed: bool },
    /// Write them down.
    Keep,
}

impl Deed for MetricsDeed {
    fn need(&self) -> Need {
        match self {
            Self::Read | Self::Scrape { listed: false } => Need::Holds(Permission::SystemMonitor),
            Self::Scrape { listed: true } => Need::Open,
            Self::Keep => Need::System,
        }
    }

    fn trail(&self) -> Trail {
        match self {
            Self::Read => Trail::nothing("metrics.read"),
            Self::Scrape { .. } => Trail::nothing("metrics.scrape"),
            Self::Keep => Trail::nothing("metrics.keep"),
        }
    }
}
