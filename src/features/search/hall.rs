//! The threads that search, and the seats of those who search.
//!
//! Searching is the one reading that is heavy, so it may neither fill the runtime's threads nor take its turn before
//! a message. It has a few threads of its own, started when somebody searches and ended when nobody does, at a low
//! priority; and only so many searches go on at once, few of them one person's.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::error::{Context, Error, Result};
use crate::id::UserId;

/// Searches of one person at a time: a page and the one that replaces it.
pub(super) const EACH_MAX: u32 = 2;
/// More threads would take cores that others need.
const THREADS_MAX: usize = 4;
/// A thread without work ends after this long.
const THREAD_WAITS: Duration = Duration::from_secs(10);
/// After this long it is worth trying again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

type Work = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct State {
    work: VecDeque<Work>,
    threads: usize,
    waiting: usize,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    more: Condvar,
}

/// Where searches are done.
pub struct Hall {
    queue: Arc<Queue>,
    threads: usize,
    searches_max: u32,
    seats: Arc<Mutex<HashMap<UserId, u32>>>,
}

/// The right to search, given back when it is dropped.
pub(super) struct Seat {
    seats: Arc<Mutex<HashMap<UserId, u32>>>,
    user: UserId,
}

impl Hall {
    /// A hall for `searches_max` searches at once.
    pub fn new(searches_max: u32) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { queue: Arc::default(), threads: cores.min(THREADS_MAX), searches_max, seats: Arc::default() }
    }

    /// Slices that are looked through at the same time.
    pub(super) fn threads(&self) -> usize {
        self.threads
    }

    /// Takes a seat.
    pub(super) fn enter(&self, user: UserId) -> Result<Seat> {
        let mut seats = lock(&self.seats);
        let own = seats.get(&user).copied().unwrap_or(0);
        if own >= EACH_MAX {
            let detail = format!("You may have {EACH_MAX} searches at a time: wait for one to end.");
            return Err(Error::too_many("too_many_searches", detail, RETRY_AFTER));
        }
        if seats.values().sum::<u32>() >= self.searches_max {
            return Err(Error::busy("search_busy", "Too many people are searching: try again in a moment."));
        }
        seats.insert(user, own + 1);
        Ok(Seat { seats: self.seats.clone(), user })
    }

    /// Does `work` on one of the threads, when one is free.
    pub(super) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        self.push(Box::new(move || {
            if !sender.is_closed() {
                drop(sender.send(work()));
            }
        }))?;
        receiver.await.unwrap_or_else(|_| Err(Error::internal("a slice of a search broke off")))
    }

    fn push(&self, work: Work) -> Result<()> {
        let mut state = lock(&self.queue.state);
        if state.waiting == 0 && state.threads < self.threads {
            let queue = self.queue.clone();
            let thread = std::thread::Builder::new().name("search".into()).spawn(move || queue.work_off());
            match thread {
                Ok(_) => state.threads += 1,
                Err(cause) if state.threads == 0 => return Err(cause).context("starting a thread for searching"),
                Err(_) => {}
            }
        }
        state.work.push_back(work);
        drop(state);
        self.queue.more.notify_one();
        Ok(())
    }
}

impl Queue {
    fn work_off(&self) {
        // On Linux priority belongs to the thread, and nobody means the calling one. Elsewhere the scheduler has to
        // do without the hint.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::setpriority_process(None, 19);
        let mut state = lock(&self.state);
        loop {
            if let Some(work) = state.work.pop_front() {
                drop(state);
                if catch_unwind(AssertUnwindSafe(work)).is_err() {
                    tracing::error!("a slice of a search panicked");
                }
                state = lock(&self.state);
                continue;
            }
            state.waiting += 1;
            let (woken, waited) = self.more.wait_timeout(state, THREAD_WAITS).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.waiting -= 1;
            if waited.timed_out() && state.work.is_empty() {
                state.threads -= 1;
                return;
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = lock(&self.seats);
        if let Some(own) = seats.get_mut(&self.user) {
            *own -= 1;
            if *own == 0 {
                seats.remove(&self.user);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;
    use uuid::Uuid;

    fn user(n: u128) -> UserId {
        UserId::from_uuid(Uuid::from_u128(n))
    }

    #[test]
    fn seats_are_counted_by_person_and_in_all_and_given_back() {
        let hall = Hall::new(3);
        let code = |user| hall.enter(user).err().map(|error| error.code());
        let first = hall.enter(user(1)).unwrap();
        let _second = hall.enter(user(1)).unwrap();
        assert_eq!(code(user(1)), Some("too_many_searches"));
        let _third = hall.enter(user(2)).unwrap();
        assert_eq!(code(user(3)), Some("search_busy"));
        drop(first);
        assert_eq!(code(user(3)), None);
        assert_eq!(code(user(1)), None);
    }

    #[tokio::test]
    async fn work_is_done_and_what_breaks_ends_nothing_else() {
        let hall = Hall::new(1);
        for n in 0..20 {
            assert_eq!(hall.run(move || Ok(n)).await.unwrap(), n);
        }
        let broken: Result<()> = hall.run(|| panic!("a bug in a slice")).await;
        assert_eq!(broken.unwrap_err().code(), "internal");
        assert_eq!(hall.run(|| Ok("on")).await.unwrap(), "on");
        assert!(lock(&hall.queue.state).threads <= hall.threads);
    }
}
