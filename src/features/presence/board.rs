//! The board: who is connected, what each chose, and what others were told last.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::model::{Choice, Shown, Status};
use crate::clock::SharedClock;
use crate::id::{ChannelId, UserId};

/// Whoever is back within this was never gone: a reload or a lift without reception is no news.
const GRACE: Duration = Duration::from_secs(10);
/// The same person typing in the same channel is told this often at most.
const TYPING_EVERY: Duration = Duration::from_secs(1);
/// Entries of who typed when that are kept before stale ones are dropped.
const TYPED_SWEPT_AT: usize = 4_096;

#[derive(Default)]
struct Person {
    sockets: u32,
    /// Monotonic milliseconds of the last thing the person did on any device.
    active: Arc<AtomicU64>,
    choice: Option<Choice>,
    /// When the last device went.
    left: Duration,
    told: Shown,
}

/// Who is there; one for the whole server.
pub struct Board {
    clock: SharedClock,
    away_after: Duration,
    people: Mutex<HashMap<UserId, Person>>,
    typed: Mutex<HashMap<(UserId, ChannelId), (bool, Duration)>>,
    /// Held from finding out what changed to handing it to the hub, so that an older state never overtakes a newer.
    pub(super) telling: tokio::sync::Mutex<()>,
}

/// One connected device; its owner is there until it is dropped.
pub struct Here {
    board: Arc<Board>,
    user: UserId,
    active: Arc<AtomicU64>,
}

impl Here {
    /// The person did something.
    pub fn active(&self) {
        self.active.store(self.board.millis(), Ordering::Relaxed);
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        let now = self.board.clock.monotonic();
        if let Some(person) = self.board.people().get_mut(&self.user) {
            person.sockets = person.sockets.saturating_sub(1);
            person.left = now;
        }
    }
}

impl Board {
    /// An empty board; who does nothing for `away_after` is away.
    pub fn new(clock: SharedClock, away_after: Duration) -> Arc<Self> {
        Arc::new(Self {
            clock,
            away_after,
            people: Mutex::default(),
            typed: Mutex::default(),
            telling: tokio::sync::Mutex::default(),
        })
    }

    /// A device of `user` is connected.
    pub fn arrive(self: &Arc<Self>, user: UserId) -> Here {
        let mut people = self.people();
        let person = people.entry(user).or_default();
        person.sockets += 1;
        person.active.store(self.millis(), Ordering::Relaxed);
        Here { board: self.clone(), user, active: person.active.clone() }
    }

    /// `user` chose how to be shown.
    pub fn choose(&self, user: UserId, choice: Choice) {
        let plain = choice.status == Status::Online && choice.text.is_none();
        let mut people = self.people();
        let person = people.entry(user).or_default();
        person.choice = (!plain).then_some(choice);
        person.active.store(self.millis(), Ordering::Relaxed);
    }

    /// How `user` is shown now, told or not.
    pub fn now(&self, user: UserId) -> Shown {
        self.people().get(&user).map_or_else(Shown::default, |person| self.shown(person))
    }

    /// How `user` was shown to others last.
    pub(super) fn told(&self, user: UserId) -> Shown {
        self.people().get(&user).map_or_else(Shown::default, |person| person.told.clone())
    }

    /// What others have not been told yet.
    pub(super) fn news(&self) -> Vec<(UserId, Shown)> {
        let people = self.people();
        let shown = people.iter().map(|(user, person)| (*user, self.shown(person), &person.told));
        shown.filter(|(_, now, told)| now != *told).map(|(user, now, _)| (user, now)).collect()
    }

    /// Others have been told this. Whoever is gone and chose nothing is forgotten.
    pub(super) fn tell(&self, news: &[(UserId, Shown)]) {
        let mut people = self.people();
        for (user, shown) in news {
            let Some(person) = people.get_mut(user) else { continue };
            person.told = shown.clone();
            if shown.status == Status::Offline && person.sockets == 0 && person.choice.is_none() {
                people.remove(user);
            }
        }
    }

    /// Whether it is news that `user` types (or has stopped) in `channel`; the next time soon after is not.
    pub(super) fn types(&self, user: UserId, channel: ChannelId, typing: bool) -> bool {
        let now = self.clock.monotonic();
        let mut typed = self.typed.lock().unwrap_or_else(PoisonError::into_inner);
        if typed.len() >= TYPED_SWEPT_AT {
            typed.retain(|_, (_, at)| now.saturating_sub(*at) < TYPING_EVERY);
        }
        match typed.get(&(user, channel)) {
            Some((same, at)) if *same == typing && now.saturating_sub(*at) < TYPING_EVERY => false,
            _ => {
                typed.insert((user, channel), (typing, now));
                true
            }
        }
    }

    fn shown(&self, person: &Person) -> Shown {
        let now = self.clock.monotonic();
        if person.sockets == 0 {
            let back_soon = now.saturating_sub(person.left) < GRACE && person.told.status != Status::Offline;
            return if back_soon { person.told.clone() } else { Shown::default() };
        }
        let idle = now.saturating_sub(Duration::from_millis(person.active.load(Ordering::Relaxed)));
        let by_itself = if idle >= self.away_after { Status::Away } else { Status::Online };
        let wall = self.clock.now();
        match person.choice.as_ref().filter(|choice| choice.until.is_none_or(|until| wall < until)) {
            None => Shown { status: by_itself, text: None, until: None },
            Some(choice) => Shown {
                status: if choice.status == Status::Online { by_itself } else { choice.status },
                text: choice.text.clone(),
                until: choice.until,
            },
        }
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.clock.monotonic().as_millis()).unwrap_or(u64::MAX)
    }

    fn people(&self) -> MutexGuard<'_, HashMap<UserId, Person>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::clock::{Clock as _, ManualClock, Timestamp};
    use crate::id::Id;

    fn board() -> (Arc<ManualClock>, Arc<Board>, UserId) {
        let clock = Arc::new(ManualClock::at(Timestamp::from_micros(1_000_000)));
        let board = Board::new(clock.clone(), Duration::from_mins(5));
        (clock, board, UserId::from_uuid(Uuid::from_u128(1)))
    }

    fn tell(board: &Board) -> Vec<&'static str> {
        let news = board.news();
        board.tell(&news);
        news.iter().map(|(_, shown)| shown.status.name()).collect()
    }

    #[test]
    fn a_reload_is_no_news_and_a_departure_is_one_after_a_while() {
        let (clock, board, user) = board();
        let (phone, desk) = (board.arrive(user), board.arrive(user));
        assert_eq!(tell(&board), ["online"]);
        drop(phone);
        clock.pass(Duration::from_mins(1));
        assert!(tell(&board).is_empty(), "another device is still there");
        drop(desk);
        clock.pass(Duration::from_secs(9));
        assert!(tell(&board).is_empty());
        let back = board.arrive(user);
        assert!(tell(&board).is_empty());
        drop(back);
        clock.pass(Duration::from_secs(10));
        assert_eq!(tell(&board), ["offline"]);
        assert!(board.people().is_empty(), "nobody is kept who is gone");
    }

    #[test]
    fn idleness_makes_away_and_a_sign_of_life_takes_it_back() {
        let (clock, board, user) = board();
        let here = board.arrive(user);
        assert_eq!(tell(&board), ["online"]);
        clock.pass(Duration::from_mins(5));
        assert_eq!(tell(&board), ["away"]);
        here.active();
        assert_eq!(tell(&board), ["online"]);
    }

    #[test]
    fn a_choice_outlives_idleness_and_a_reconnect_and_ends_when_it_says() {
        let (clock, board, user) = board();
        let here = board.arrive(user);
        let until = Some(clock.now().plus(Duration::from_mins(30)));
        board.choose(user, Choice { status: Status::Dnd, text: Some("in theatre".into()), until });
        assert_eq!(tell(&board), ["dnd"]);
        drop(here);
        clock.pass(Duration::from_mins(10));
        assert_eq!(tell(&board), ["offline"]);
        let here = board.arrive(user);
        assert_eq!(tell(&board), ["dnd"]);
        here.active();
        clock.pass(Duration::from_mins(20));
        here.active();
        assert_eq!(tell(&board), ["online"]);
        assert_eq!(board.now(user).text, None);
    }

    #[test]
    fn typing_is_told_once_a_second_and_its_end_at_once() {
        let (clock, board, user) = board();
        let channel = ChannelId::from_uuid(Uuid::from_u128(2));
        assert!(board.types(user, channel, true));
        assert!(!board.types(user, channel, true));
        assert!(board.types(user, channel, false));
        assert!(board.types(user, channel, true));
        clock.pass(Duration::from_secs(1));
        assert!(board.types(user, channel, true));
    }
}
