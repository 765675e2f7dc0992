//! The one-time code, while it is good.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::crypto::SetupCode;

/// Open while there is no administrator.
pub struct SetupDoor {
    code: Mutex<Option<SetupCode>>,
    closed: Box<dyn Fn() + Send + Sync>,
}

impl SetupDoor {
    /// Open for those who know `code`; `closed` is called once when it has been used.
    pub fn open(code: SetupCode, closed: impl Fn() + Send + Sync + 'static) -> Self {
        Self { code: Mutex::new(Some(code)), closed: Box::new(closed) }
    }

    /// Shut: there is an administrator.
    pub fn shut() -> Self {
        Self { code: Mutex::new(None), closed: Box::new(|| ()) }
    }

    /// Whether the code would still be taken.
    pub fn is_open(&self) -> bool {
        self.code().is_some()
    }

    /// Whether `typed` is the code.
    pub(super) fn admits(&self, typed: &str) -> bool {
        self.code().as_ref().is_some_and(|code| code.matches(typed))
    }

    pub(super) fn close(&self) {
        if self.code().take().is_some() {
            (self.closed)();
        }
    }

    fn code(&self) -> MutexGuard<'_, Option<SetupCode>> {
        self.code.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
