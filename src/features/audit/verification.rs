//! Following the chain of the audit log from its first row, while somebody looks on: one run at a time, in the
//! background, with how far it has come.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::deeds::AuditDeed;
use super::rows;
use crate::clock::Timestamp;
use crate::error::{Kind, Result};
use crate::features::Means;
use crate::gate::{Cx, Gate};
use crate::wire::audit::Verification;

#[derive(Debug, Clone, Default)]
enum State {
    #[default]
    Never,
    Running,
    Over {
        at: Timestamp,
        outcome: std::result::Result<(), (Kind, &'static str, String)>,
    },
}

/// The last run, and how far it came.
#[derive(Debug, Default)]
pub struct Verifying {
    state: Mutex<(State, Option<Timestamp>)>,
    checked: AtomicI64,
    all: AtomicI64,
}

impl Verifying {
    fn state(&self) -> MutexGuard<'_, (State, Option<Timestamp>)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the last run found that the log was tampered with.
    pub fn found_broken(&self) -> bool {
        matches!(&self.state().0, State::Over { outcome: Err((Kind::Conflict, ..)), .. })
    }

    fn shown(&self) -> Verification {
        let (state, started_at) = self.state().clone();
        let (name, finished_at, code, text) = match state {
            State::Never => ("never", None, None, None),
            State::Running => ("running", None, None, None),
            State::Over { at, outcome: Ok(()) } => ("intact", Some(at), None, None),
            State::Over { at, outcome: Err((Kind::Conflict, code, text)) } => {
                ("broken", Some(at), Some(code), Some(text))
            }
            State::Over { at, outcome: Err((_, code, text)) } => ("failed", Some(at), Some(code), Some(text)),
        };
        Verification {
            state: name,
            checked_rows: self.checked.load(Ordering::Relaxed),
            all_rows: self.all.load(Ordering::Relaxed),
            started_at,
            finished_at,
            code,
            text,
        }
    }
}

/// How the last run stands.
pub async fn verification(cx: &Cx, means: &Means) -> Result<Verification> {
    cx.permit(AuditDeed::Verification).await?;
    Ok(means.verifying.shown())
}

/// Begins a run, unless one is under way.
pub async fn verify(cx: &Cx, gate: &Gate, means: &Arc<Means>) -> Result<Verification> {
    cx.act(AuditDeed::Verify, |_| Ok(())).await?;
    {
        let mut state = means.verifying.state();
        if matches!(state.0, State::Running) {
            drop(state);
            return Ok(means.verifying.shown());
        }
        *state = (State::Running, Some(cx.now()));
    }
    means.verifying.checked.store(0, Ordering::Relaxed);
    let all = cx.view(AuditDeed::Verification, rows::head).await.unwrap_or_default();
    means.verifying.all.store(all, Ordering::Relaxed);
    let (kept, gate, system) = (means.clone(), gate.clone(), gate.system());
    tokio::spawn(async move {
        let told = kept.clone();
        let outcome = gate.verify_audit_telling(move |row| told.verifying.checked.store(row, Ordering::Relaxed)).await;
        let outcome = match outcome {
            Ok(verified) => {
                kept.verifying.all.store(verified.number, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => {
                tracing::error!(code = error.code(), cause = error.chain(), "the audit log could not be verified");
                let text =
                    if error.kind() == Kind::Internal { "It could not be read.".to_owned() } else { error.to_string() };
                Err((error.kind(), error.code(), text))
            }
        };
        kept.verifying.state().0 = State::Over { at: system.now(), outcome };
    });
    Ok(means.verifying.shown())
}
