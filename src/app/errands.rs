//! What the command line asks a running server to do: a request is a small file in a folder that only the server's
//! account can write to, the answer is another beside it. No socket, no port, the same on every system; whoever can
//! write there can read the database as well.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::snapshot::Publisher;
use crate::crypto::WrappedKey;
use crate::error::{Context, Error, Kind, Result};
use crate::gate::{Gate, SlotText};
use crate::store::{Manifest, Store};

/// How long the command line waits for a server to take a request.
const TAKEN_WITHIN: Duration = Duration::from_secs(10);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "camelCase")]
pub enum Errand {
    /// Publish the snapshot now.
    Publish,
    /// Follow the audit chain from its first row.
    VerifyAudit,
    /// Show the wrapped keys, to wrap them for another slot.
    Slots,
    /// Keep these wrapped keys.
    KeepSlots {
        /// As they go into the database.
        slots: Vec<SlotText>,
    },
}

/// What comes back.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Reply {
    /// What went wrong, for a person.
    pub error: Option<String>,
    /// Of [`Errand::Publish`].
    pub manifest: Option<Manifest>,
    /// Of [`Errand::VerifyAudit`].
    pub audit_rows: Option<i64>,
    /// Of [`Errand::Slots`].
    pub slots: Option<Vec<SlotText>>,
}

/// Where requests are put; `None` when the database is not in a folder of ours.
pub fn folder(store: &Store) -> Option<PathBuf> {
    store.file().and_then(Path::parent).map(|live| live.join("errands"))
}

/// Does what is asked, one after the other.
pub struct Errands {
    folder: PathBuf,
    publisher: Arc<Publisher>,
    gate: Gate,
}

impl Errands {
    /// Looks in `folder`.
    pub fn new(folder: PathBuf, publisher: Arc<Publisher>, gate: Gate) -> Self {
        Self { folder, publisher, gate }
    }

    /// Does everything that waits.
    pub async fn run(&self) -> Result<()> {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return Ok(()) };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.extension().is_none_or(|e| e != "ask") {
                continue;
            }
            let text = std::fs::read(&path).context("reading an errand")?;
            let _ = std::fs::remove_file(&path);
            let reply = match serde_json::from_slice::<Errand>(&text) {
                Ok(errand) => self.answer(errand).await.unwrap_or_else(|error| failed(&error)),
                Err(_) => failed(&Error::invalid("bad_errand", "This server does not know how to do that.")),
            };
            write(&path.with_extension("answer"), &reply)?;
        }
        Ok(())
    }

    async fn answer(&self, errand: Errand) -> Result<Reply> {
        let mut reply = Reply::default();
        match errand {
            Errand::Publish => {
                let publisher = self.publisher.clone();
                let outcome = tokio::task::spawn_blocking(move || publisher.publish()).await.context("publishing")?;
                reply.manifest = Some(outcome?);
            }
            Errand::VerifyAudit => reply.audit_rows = Some(self.gate.verify_audit().await?.number),
            Errand::Slots => reply.slots = Some(self.gate.slots().await?),
            Errand::KeepSlots { slots } => self.gate.keep_slots(slots).await?,
        }
        Ok(reply)
    }
}

fn failed(error: &Error) -> Reply {
    tracing::warn!(cause = error.chain(), "an errand of the command line failed");
    let text = if error.kind() == Kind::Internal { error.chain() } else { error.to_string() };
    Reply { error: Some(text), ..Reply::default() }
}

/// Asks the server that has `data_dir` open, and waits for its answer up to `within`.
pub fn ask(data_dir: &Path, errand: &Errand, within: Duration) -> Result<Reply> {
    let folder = data_dir.join("live").join("errands");
    std::fs::create_dir_all(&folder).context("asking the running server")?;
    let id = std::process::id();
    let (question, answer) = (folder.join(format!("{id}.ask")), folder.join(format!("{id}.answer")));
    write(&question, errand)?;
    let mut waited = Duration::ZERO;
    loop {
        if let Ok(text) = std::fs::read(&answer) {
            let _ = std::fs::remove_file(&answer);
            let reply: Reply = serde_json::from_slice(&text).context("reading the running server's answer")?;
            return match reply.error {
                Some(error) => Err(Error::conflict("errand_failed", error)),
                None => Ok(reply),
            };
        }
        if waited >= within || (waited >= TAKEN_WITHIN && question.exists()) {
            let _ = std::fs::remove_file(&question);
            return Err(Error::busy("no_answer", "The running server does not answer. Is it stopping, or hung?"));
        }
        std::thread::sleep(LOOK_EVERY);
        waited += LOOK_EVERY;
    }
}

fn write(path: &Path, value: &impl Serialize) -> Result<()> {
    let draft = path.with_extension("draft");
    let text = serde_json::to_vec(value).context("writing an errand")?;
    std::fs::write(&draft, text).and_then(|()| std::fs::rename(&draft, path)).context("writing an errand")
}

/// The rows that a [`WrappedKey`] becomes on the way through a file; nothing in them is secret.
pub fn texts(slots: &[WrappedKey]) -> Vec<SlotText> {
    slots.iter().map(SlotText::of).collect()
}
