//! What can be done by searching.

use crate::gate::{Deed, Need, Permission, Trail};
use crate::id::SearchId;

pub(super) enum SearchDeed {
    /// Find out which channels and people a query names.
    Plan,
    /// Look through a part of what the caller may read, and show nothing of it.
    Scan,
    /// Show what was found. Each search is a reading of its own.
    Read { search: SearchId, results: i64, phi: i64 },
}

impl Deed for SearchDeed {
    fn need(&self) -> Need {
        Need::Holds(Permission::MessagesRead)
    }

    fn trail(&self) -> Trail {
        match self {
            Self::Plan | Self::Scan => Trail::nothing("messages.search"),
            Self::Read { search, results, phi } => Trail::reading("messages.search")
                .with("searchId", *search)
                .count("results", *results)
                .count("containingPHI", *phi),
        }
    }
}
