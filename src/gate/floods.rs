//! Refusals of those who come too often. They are counted in memory first and handed to the writer once in a while:
//! a flood that made a job of the writer of every refusal would be as heavy as what it was refused.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::deed::Details;
use super::doing::BY_KEY;
use super::principal::Peer;
use super::refusals::{Key, Said};
use super::{Cx, Gate, trail};
use crate::error::Result;
use crate::id::{ApiKeyId, UserId};

/// Kinds of refusals that are remembered at once; those of further callers are counted together.
const REMEMBERED_MAX: usize = 1_000;
/// Rows that one job of the writer may write.
const ROWS_PER_JOB: usize = 100;

/// Somebody who came too often.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Flood {
    /// Whose account, if that is known.
    user: Option<UserId>,
    /// Under which API key.
    key: Option<ApiKeyId>,
    /// From where.
    address: Option<IpAddr>,
    /// What was asked, as `requests.read`.
    asked: &'static str,
    /// The code of the refusal.
    code: &'static str,
}

/// What was not yet handed over.
#[derive(Debug, Default)]
pub(super) struct Floods(Mutex<HashMap<Flood, i64>>);

impl Floods {
    fn note(&self, flood: Flood, times: i64) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.len() < REMEMBERED_MAX || kept.contains_key(&flood);
        let flood = if known { flood } else { Flood { user: None, key: None, address: None, ..flood } };
        *kept.entry(flood).or_default() += times;
    }

    fn take(&self) -> Vec<(Flood, i64)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_iter().collect()
    }
}

impl Cx {
    /// The caller came too often and was refused; it is written down soon, and repeats are one row with a count.
    pub fn came_too_often(&self, asked: &'static str, code: &'static str) {
        let (user, key) = (self.who().user(), self.who().key());
        self.gate().parts().floods.note(Flood { user, key, address: self.peer().ip, asked, code }, 1);
    }
}

impl Gate {
    /// Writes down who came too often since the last time. Called by a job, and at the stop.
    pub async fn keep_floods(&self) -> Result<()> {
        let all = self.parts().floods.take();
        for slice in all.chunks(ROWS_PER_JOB) {
            let (slice, kept) = (slice.to_vec(), slice);
            let written = self
                .writer()
                .write(move |tx, ledger| {
                    let (now, wall) = (ledger.parts.clock.monotonic(), ledger.parts.clock.now());
                    for (flood, times) in &slice {
                        let Flood { user, key, address, asked, code } = *flood;
                        let counted = Key { user, ip: address, action: asked, about: code.to_owned() };
                        if ledger.count_repeats(counted, *times, now) == Said::Counted {
                            continue;
                        }
                        let mut details = Details::default();
                        details.word("deed", asked);
                        details.word("code", code);
                        if let Some(key) = key {
                            details.id(BY_KEY, key);
                        }
                        if *times > 1 {
                            details.count("times", *times);
                        }
                        let peer = Peer { ip: address, agent: None };
                        trail::append(tx, ledger, user, &peer, wall, "access.refused", &details.canonical())?;
                    }
                    Ok(())
                })
                .await;
            if let Err(error) = written {
                for (flood, times) in kept {
                    self.parts().floods.note(flood.clone(), *times);
                }
                return Err(error);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_from_many_addresses_takes_bounded_memory_and_nothing_goes_uncounted() {
        let floods = Floods::default();
        for n in 0..5_000_u32 {
            let address = Some(IpAddr::from(n.to_be_bytes()));
            let flood = Flood { user: None, key: None, address, asked: "requests.read", code: "too_many_requests" };
            floods.note(flood.clone(), 1);
            floods.note(flood, 1);
        }
        let kept = floods.take();
        assert!(kept.len() <= REMEMBERED_MAX + 1, "{}", kept.len());
        assert_eq!(kept.iter().map(|(_, times)| times).sum::<i64>(), 10_000);
        assert!(floods.take().is_empty());
    }
}
