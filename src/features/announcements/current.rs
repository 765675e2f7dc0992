//! What holds now.

use std::sync::{Arc, PoisonError, RwLock};

use crate::clock::Timestamp;
use crate::wire::announcements::Announcement;

/// What holds now, for everyone who signs in.
#[derive(Default)]
pub struct Current {
    now: RwLock<Option<Arc<Announcement>>>,
    /// Held from reading the database to keeping what was read, so that of two changes the later one stays.
    pub(super) reading: tokio::sync::Mutex<()>,
}

impl Current {
    pub(super) fn at(&self, now: Timestamp) -> Option<Arc<Announcement>> {
        let current = self.now.read().unwrap_or_else(PoisonError::into_inner);
        current.clone().filter(|announcement| now < announcement.until)
    }

    pub(super) fn keep(&self, announcement: Option<Announcement>) {
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = announcement.map(Arc::new);
    }
}
