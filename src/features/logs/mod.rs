//! Looking the server's logs through from the dashboard, watching them live, and changing how talkative they are.
//!
//! The lines come from the files that [`crate::logging`] keeps. Nothing in them is about a patient, because nothing
//! that is goes into a line; the system log is shown to whoever watches the machine, the other two, which say what
//! people did and asked for, to whoever may read the audit log.

mod deeds;
mod ops;

use std::path::PathBuf;
use std::sync::Mutex;

use crate::features::Watchers;
use crate::logging::{Follow, Kind};

pub use ops::{Asked, level, list, state, tail, watch};

/// One log, and who watches it.
#[derive(Default)]
struct Tail {
    watchers: Watchers,
    follow: Mutex<Option<Follow>>,
}

/// Where the logs are, and who watches them.
pub struct Desk {
    folder: PathBuf,
    tails: [Tail; Kind::ALL.len()],
}

impl Desk {
    /// The logs in `folder`.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, tails: Default::default() }
    }

    /// Where they are.
    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    fn tail(&self, kind: Kind) -> &Tail {
        match kind {
            Kind::System => &self.tails[0],
            Kind::Admin => &self.tails[1],
            Kind::Access => &self.tails[2],
        }
    }
}
