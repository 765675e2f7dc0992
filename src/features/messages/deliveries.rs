//! What devices say that they have received, collected in memory and written down once a second.
//!
//! Every device of a channel receives every message. A row and a frame for each would cost more than the messages
//! themselves; so only the newest place of each person is kept, and what is told skips those between.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::{ChannelId, MessageId, UserId};

/// Pairs of a person and a channel that may wait to be written down.
const WAITING_MAX: usize = 100_000;

/// How far a person's devices have received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Delivery {
    pub(super) channel: ChannelId,
    pub(super) user: UserId,
    pub(super) message: MessageId,
    pub(super) seq: i64,
    pub(super) at: Timestamp,
}

/// What waits to be written down.
#[derive(Debug, Default)]
pub struct Deliveries(Mutex<HashMap<(ChannelId, UserId), Delivery>>);

impl Deliveries {
    /// Keeps the newest place of a person in a channel.
    pub(super) fn note(&self, new: Delivery) -> Result<()> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= WAITING_MAX && !waiting.contains_key(&(new.channel, new.user)) {
            return Err(Error::busy("busy", "More is waiting to be written down than the server takes."));
        }
        let kept = waiting.entry((new.channel, new.user)).or_insert(new);
        if kept.seq < new.seq {
            *kept = new;
        }
        Ok(())
    }

    pub(super) fn take(&self) -> Vec<Delivery> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;
    use uuid::Uuid;

    #[test]
    fn the_newest_place_of_each_is_kept_once() {
        let deliveries = Deliveries::default();
        let new = |user: u128, seq: i64| Delivery {
            channel: ChannelId::from_uuid(Uuid::nil()),
            user: UserId::from_uuid(Uuid::from_u128(user)),
            message: MessageId::from_uuid(Uuid::nil()),
            seq,
            at: Timestamp::default(),
        };
        for (user, seq) in [(1, 3), (1, 5), (1, 4), (2, 1)] {
            deliveries.note(new(user, seq)).unwrap();
        }
        let mut taken: Vec<i64> = deliveries.take().iter().map(|delivery| delivery.seq).collect();
        taken.sort_unstable();
        assert_eq!(taken, [1, 5]);
        assert!(deliveries.take().is_empty());
    }
}
