//! What can change while the server runs: who is let in, and how talkative the log is. The configuration is read
//! again when its file changed; when it is wrong, what held goes on to hold and the log says what is wrong.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::config::{Config, Sources, load};
use crate::edge::{AllowList, EdgeParts};
use crate::error::Result;
use crate::logging::LogHandle;

/// What the configuration was read from, and the log that it sets.
pub struct Live {
    /// The command line, the environment and where files are looked for.
    pub sources: Sources,
    /// The running log.
    pub log: LogHandle,
}

/// Looks at the configuration file again and again.
pub struct Reload {
    live: Live,
    edge: Arc<EdgeParts>,
    /// The file as it was when it was last read: which, and its time and length.
    seen: Mutex<Option<(PathBuf, SystemTime, u64)>>,
}

impl Reload {
    /// From what was read at the start.
    pub fn new(live: Live, edge: Arc<EdgeParts>) -> Self {
        let seen = load(&live.sources).ok().and_then(|loaded| loaded.file).and_then(stamp);
        Self { live, edge, seen: Mutex::new(seen) }
    }

    /// Reads the configuration again if its file changed, came or went, or if somebody `asked` for it.
    pub fn look(&self, asked: bool) -> Result<()> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !asked
            && let Some(before) = &*seen
            && stamp(before.0.clone()).as_ref() == Some(before)
        {
            return Ok(());
        }
        let loaded = match load(&self.live.sources) {
            Ok(loaded) => loaded,
            Err(faults) if asked => {
                tracing::error!("the configuration is wrong and was not read again: {faults}");
                return Ok(());
            }
            Err(faults) => {
                // Told once for each change of the file, not at every look.
                if let Some(before) = seen.take() {
                    *seen = stamp(before.0);
                    tracing::error!("the changed configuration is wrong and was not taken over: {faults}");
                }
                return Ok(());
            }
        };
        let now = loaded.file.clone().and_then(stamp);
        if *seen == now && !asked {
            return Ok(());
        }
        *seen = now;
        self.take_over(&loaded.config)
    }

    fn take_over(&self, config: &Config) -> Result<()> {
        self.live.log.set_level(config.log.level.into());
        let allowed = match &config.network.allowed {
            Some(rules) => AllowList::parse(rules)?,
            None => self.edge.unconfigured(),
        };
        let changed = self.edge.allowed.replace(allowed);
        crate::logging::administration("config.reload", "The configuration was read again.");
        tracing::info!(allow_list_changed = changed, "the configuration file was read again");
        Ok(())
    }
}

fn stamp(file: PathBuf) -> Option<(PathBuf, SystemTime, u64)> {
    let data = std::fs::metadata(&file).ok()?;
    Some((file, data.modified().ok()?, data.len()))
}
