//! Refusals and readings that repeat: a row at once for the first, one row with a count for the rest of the
//! minute. So an attacker cannot fill the audit log, and nothing goes unrecorded.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use super::deed::Details;
use crate::id::UserId;

/// How long repeats are counted into one row.
const WINDOW: Duration = Duration::from_mins(1);
/// Kinds of repeats that are remembered at once; beyond it each one is a row of its own again.
const REMEMBERED_MAX: usize = 10_000;

/// What repeats.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) user: Option<UserId>,
    pub(super) ip: Option<IpAddr>,
    pub(super) action: &'static str,
    /// Tells things apart that one person does to many: the canonical details of a reading.
    pub(super) about: String,
}

/// How often it has been since the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Count {
    since: Duration,
    repeats: i64,
}

/// What to write down now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// The first of a minute: a row.
    First,
    /// Counted; a row will follow.
    Counted,
}

/// What was counted in a minute that is over.
#[derive(Debug)]
pub(super) struct Over {
    pub(super) key: Key,
    pub(super) repeats: i64,
}

/// Everything that is being counted.
#[derive(Debug, Default)]
pub(super) struct Repeats(HashMap<Key, Count>);

impl Repeats {
    pub(super) fn known(&self, key: &Key) -> Option<Count> {
        self.0.get(key).cloned()
    }

    pub(super) fn put_back(&mut self, key: Key, before: Option<Count>) {
        match before {
            Some(count) => self.0.insert(key, count),
            None => self.0.remove(&key),
        };
    }

    #[cfg(test)]
    fn count(&mut self, key: Key, now: Duration) -> Said {
        self.count_many(key, 1, now)
    }

    /// It happened so many `times` at once; where it is the first, the row has to say how many.
    pub(super) fn count_many(&mut self, key: Key, times: i64, now: Duration) -> Said {
        if let Some(count) = self.0.get_mut(&key)
            && now.saturating_sub(count.since) < WINDOW
        {
            count.repeats += times;
            return Said::Counted;
        }
        // A count that is over and not yet written is kept for `over`, and this one goes on with it.
        if let Some(count) = self.0.get_mut(&key)
            && count.repeats > 0
        {
            count.repeats += times;
            return Said::Counted;
        }
        if self.0.len() < REMEMBERED_MAX {
            self.0.insert(key, Count { since: now, repeats: 0 });
        }
        Said::First
    }

    /// What is over and is to be written, at most `max`; entries without repeats are simply forgotten.
    pub(super) fn over(&mut self, now: Duration, max: usize, all: bool) -> Vec<Over> {
        let done: Vec<Key> = self
            .0
            .iter()
            .filter(|(_, count)| all || now.saturating_sub(count.since) >= WINDOW)
            .map(|(key, _)| key.clone())
            .take(max)
            .collect();
        done.into_iter()
            .filter_map(|key| {
                let count = self.0.remove(&key)?;
                (count.repeats > 0).then_some(Over { key, repeats: count.repeats })
            })
            .collect()
    }
}

impl Over {
    pub(super) fn details(&self) -> Details {
        let mut details = Details::default();
        details.word("repeated", self.key.action);
        details.count("times", self.repeats);
        details
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(action: &'static str) -> Key {
        Key { user: None, ip: Some("10.0.0.1".parse().unwrap()), action, about: String::new() }
    }

    #[test]
    fn the_first_is_a_row_and_the_rest_of_the_minute_one_more() {
        let mut repeats = Repeats::default();
        let at = Duration::from_secs;
        assert_eq!(repeats.count(key("a"), at(0)), Said::First);
        assert_eq!(repeats.count(key("b"), at(1)), Said::First);
        for second in 1..60 {
            assert_eq!(repeats.count(key("a"), at(second)), Said::Counted);
        }
        assert!(repeats.over(at(59), 100, false).is_empty());
        let over = repeats.over(at(61), 100, false);
        assert_eq!(over.len(), 1, "b did not repeat");
        assert_eq!(over[0].repeats, 59);
        assert_eq!(over[0].details().canonical(), r#"{"repeated":"a","times":59}"#);
        assert_eq!(repeats.count(key("a"), at(62)), Said::First);
    }

    #[test]
    fn nothing_is_dropped_when_the_minute_ends_before_it_is_written() {
        let mut repeats = Repeats::default();
        repeats.count(key("a"), Duration::ZERO);
        repeats.count(key("a"), Duration::from_secs(1));
        assert_eq!(repeats.count(key("a"), Duration::from_secs(100)), Said::Counted);
        assert_eq!(repeats.over(Duration::from_secs(101), 1, false)[0].repeats, 2);
    }
}
