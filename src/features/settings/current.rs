//! The policies in force.

use std::sync::{Arc, PoisonError, RwLock};

use super::model::Clinic;

/// The policies in force, for everyone who acts by them.
#[derive(Debug, Default)]
pub struct Current {
    now: RwLock<Arc<Clinic>>,
    /// Held from reading the database to keeping what was read, so that of two changes the later one stays.
    pub(super) reading: tokio::sync::Mutex<()>,
}

impl Current {
    /// The policies as they are now; a caller who asks once sees them all of one moment.
    pub fn now(&self) -> Arc<Clinic> {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn keep(&self, clinic: Clinic) {
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(clinic);
    }
}
