//! What the writer thread keeps in step with its transactions: where the sequences stand, the facts that jobs of
//! one batch have changed (each job sees those before it), and the effects that wait for the commit.
//!
//! Nothing of a batch is visible outside before the commit, and all of it is before anyone is answered. A job
//! that fails leaves no trace: what it changed is undone entry by entry, back to the mark that was set before it.

use std::collections::HashMap;
use std::sync::Arc;

use super::Parts;
use super::facts::{ChannelFact, FactSource, RoleFact, UserFact};
use super::principal::SessionState;
use super::refusals::Repeats;
use super::rows::{self, Head};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::hub::Effect;
use crate::id::{ChannelId, RoleId, SessionId, UserId};
use crate::store::{self, Tx};

/// How often a channel's `last_activity` is written while messages keep coming.
const ACTIVITY_WRITTEN_EVERY: std::time::Duration = std::time::Duration::from_secs(1);

/// Times of posts in slow channels that are kept; they are in the rows too.
const POSTS_KEPT_MAX: usize = 10_000;

/// A fact that a batch has changed; without one, the kept fact is to be read again.
type Changed<F> = Option<Arc<F>>;

/// What an entry was before; `None` when there was none.
enum Undo {
    User(UserId, Option<Changed<UserFact>>),
    Role(RoleId, Option<Changed<RoleFact>>),
    Channel(ChannelId, Option<Changed<ChannelFact>>),
    Seq(ChannelId, Option<i64>),
    Post((ChannelId, UserId), Option<Timestamp>),
    Repeat(super::refusals::Key, Option<super::refusals::Count>),
}

/// Where a message will stand.
pub struct Place {
    /// In its channel.
    pub seq: i64,
    /// In the order of all changes of all messages.
    pub rev: i64,
    channel: ChannelId,
    /// What was known of the channel's last place.
    before: Option<i64>,
}

/// What happens to sessions at the commit.
enum SessionChange {
    Opened(Arc<SessionState>),
    Renewed(Arc<SessionState>, String, Timestamp, Timestamp),
    Ended(SessionId),
    Changed(SessionId),
}

#[derive(Clone, Copy)]
struct Mark {
    head: Head,
    effects: usize,
    sessions: usize,
    undo: usize,
}

/// The gate's state on the writer thread.
pub struct Ledger {
    pub(super) parts: Arc<Parts>,
    committed: Head,
    /// The node whose write `committed` is.
    written_by: String,
    pub(super) head: Head,
    /// Facts changed by this batch; `None` inside means that the entry is to be dropped.
    users: HashMap<UserId, Changed<UserFact>>,
    roles: HashMap<RoleId, Changed<RoleFact>>,
    /// Whether all facts have to be read again.
    facts_doubted: bool,
    channels: HashMap<ChannelId, Changed<ChannelFact>>,
    /// The last `seq` of each channel that was written to since the start.
    seqs: HashMap<ChannelId, i64>,
    seqs_before: HashMap<ChannelId, Option<i64>>,
    /// When members last posted in slow channels, as far as that was asked since the start.
    posts: HashMap<(ChannelId, UserId), Timestamp>,
    active: HashMap<ChannelId, Timestamp>,
    activity: HashMap<ChannelId, Timestamp>,
    effects: Vec<Effect>,
    sessions: Vec<SessionChange>,
    pub(super) repeats: Repeats,
    repeats_before: Vec<(super::refusals::Key, Option<super::refusals::Count>)>,
    undo: Vec<Undo>,
    mark: Option<Mark>,
}

impl Ledger {
    pub(super) fn new(parts: Arc<Parts>) -> Self {
        Self {
            parts,
            committed: Head::default(),
            written_by: String::new(),
            head: Head::default(),
            users: HashMap::new(),
            roles: HashMap::new(),
            facts_doubted: false,
            channels: HashMap::new(),
            seqs: HashMap::new(),
            seqs_before: HashMap::new(),
            posts: HashMap::new(),
            active: HashMap::new(),
            activity: HashMap::new(),
            effects: Vec::new(),
            sessions: Vec::new(),
            repeats: Repeats::default(),
            repeats_before: Vec::new(),
            undo: Vec::new(),
            mark: None,
        }
    }

    /// The next number in the order of all changes of all messages.
    pub(super) fn next_rev(&mut self) -> i64 {
        self.head.rev += 1;
        self.head.rev
    }

    /// The last place that was given in a channel; 0 before the first.
    pub(super) fn last_seq(&mut self, tx: &mut Tx<'_>, channel: ChannelId) -> Result<i64> {
        match self.seqs.get(&channel) {
            Some(last) => Ok(*last),
            None => rows::last_seq(&mut tx.view(), channel),
        }
    }

    /// Where the next message of a channel will stand; see [`Ledger::take_place`].
    pub(super) fn next_place(&mut self, tx: &mut Tx<'_>, channel: ChannelId) -> Result<Place> {
        let before = self.seqs.get(&channel).copied();
        let last = match before {
            Some(last) => last,
            None => rows::last_seq(&mut tx.view(), channel)?,
        };
        Ok(Place { channel, seq: last + 1, rev: self.head.rev + 1, before })
    }

    /// The place is taken: the next message comes after it.
    pub(super) fn take_place(&mut self, place: &Place, now: Timestamp) {
        let Place { channel, seq, rev, before } = *place;
        self.undo.push(Undo::Seq(channel, before));
        self.seqs_before.entry(channel).or_insert(before);
        self.seqs.insert(channel, seq);
        self.active.insert(channel, now);
        self.head.rev = rev;
    }

    /// When somebody last posted in a slow channel.
    pub(super) fn last_post(&self, tx: &mut Tx<'_>, channel: ChannelId, user: UserId) -> Result<Option<Timestamp>> {
        match self.posts.get(&(channel, user)) {
            Some(at) => Ok(Some(*at)),
            None => rows::last_posted(&mut tx.view(), channel, user),
        }
    }

    /// Somebody posts in a slow channel.
    pub(super) fn posts_now(
        &mut self,
        tx: &mut Tx<'_>,
        channel: ChannelId,
        user: UserId,
        now: Timestamp,
    ) -> Result<()> {
        rows::posted(tx, channel, user, now)?;
        let key = (channel, user);
        let before = self.posts.insert(key, now);
        self.undo.push(Undo::Post(key, before));
        Ok(())
    }

    pub(super) fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    pub(super) fn set_channel(&mut self, channel: ChannelId, fact: Option<Arc<ChannelFact>>) {
        let before = self.channels.insert(channel, fact);
        self.undo.push(Undo::Channel(channel, before));
    }

    pub(super) fn set_user(&mut self, user: UserId, fact: Option<Arc<UserFact>>) {
        let before = self.users.insert(user, fact);
        self.undo.push(Undo::User(user, before));
    }

    /// No fact that is kept counts after this commit.
    pub(super) fn doubt_facts(&mut self) {
        self.facts_doubted = true;
    }

    pub(super) fn set_role(&mut self, role: RoleId, fact: Option<Arc<RoleFact>>) {
        let before = self.roles.insert(role, fact);
        self.undo.push(Undo::Role(role, before));
    }

    pub(super) fn session_opened(&mut self, session: Arc<SessionState>) {
        self.sessions.push(SessionChange::Opened(session));
    }

    pub(super) fn session_renewed(
        &mut self,
        session: Arc<SessionState>,
        hash: String,
        expires: Timestamp,
        now: Timestamp,
    ) {
        self.sessions.push(SessionChange::Renewed(session, hash, expires, now));
    }

    /// What is kept of it is old from this commit on.
    pub(super) fn session_changed(&mut self, session: SessionId) {
        self.sessions.push(SessionChange::Changed(session));
    }

    pub(super) fn session_ended(&mut self, session: SessionId) {
        self.sessions.push(SessionChange::Ended(session));
        self.effects.push(Effect::EndSession { session });
    }

    /// Whether this batch has ended the session already.
    pub(super) fn ends(&self, session: SessionId) -> bool {
        self.sessions.iter().any(|change| matches!(change, SessionChange::Ended(id) if *id == session))
    }

    /// Counts a repeated refusal or reading; see [`Repeats`].
    pub(super) fn count_repeat(
        &mut self,
        key: super::refusals::Key,
        now: std::time::Duration,
    ) -> super::refusals::Said {
        self.count_repeats(key, 1, now)
    }

    /// The same of several at once.
    pub(super) fn count_repeats(
        &mut self,
        key: super::refusals::Key,
        times: i64,
        now: std::time::Duration,
    ) -> super::refusals::Said {
        let before = self.repeats.known(&key);
        let said = self.repeats.count_many(key.clone(), times, now);
        self.repeats_before.push((key.clone(), before.clone()));
        self.undo.push(Undo::Repeat(key, before));
        said
    }

    /// Facts as the next job of this batch sees them.
    pub(super) fn facts<'a, 't, 'c>(&'a mut self, tx: &'t mut Tx<'c>) -> Uncommitted<'a, 't, 'c> {
        Uncommitted { ledger: self, tx }
    }

    fn forget_batch(&mut self) {
        self.users.clear();
        self.roles.clear();
        self.channels.clear();
        self.active.clear();
        self.effects.clear();
        self.sessions.clear();
        self.undo.clear();
        self.seqs_before.clear();
        self.repeats_before.clear();
        self.mark = None;
    }
}

impl store::Ledger for Ledger {
    fn begin(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        self.forget_batch();
        if self.posts.len() > POSTS_KEPT_MAX {
            self.posts.clear();
        }
        tx.exclusive("heads")?;
        if let Some((head, node)) = rows::head(&mut tx.view())?
            && (head != self.committed || node != self.written_by)
        {
            // Another node wrote since, or this is the first batch.
            self.parts.facts.forget_all();
            self.parts.sessions.doubt_all();
            self.seqs.clear();
            self.posts.clear();
            self.activity.clear();
            self.committed = head;
            self.written_by = node;
        }
        self.head = self.committed;
        Ok(())
    }

    fn mark(&mut self) {
        self.mark = Some(Mark {
            head: self.head,
            effects: self.effects.len(),
            sessions: self.sessions.len(),
            undo: self.undo.len(),
        });
    }

    fn undo(&mut self) {
        let Some(mark) = self.mark.take() else { return };
        self.head = mark.head;
        self.effects.truncate(mark.effects);
        self.sessions.truncate(mark.sessions);
        for entry in self.undo.drain(mark.undo..).rev() {
            match entry {
                Undo::User(key, before) => put_back(&mut self.users, key, before),
                Undo::Role(key, before) => put_back(&mut self.roles, key, before),
                Undo::Channel(key, before) => put_back(&mut self.channels, key, before),
                Undo::Seq(key, before) => put_back(&mut self.seqs, key, before),
                Undo::Post(key, before) => put_back(&mut self.posts, key, before),
                Undo::Repeat(key, before) => self.repeats.put_back(key, before),
            }
        }
    }

    fn finish(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        let due = |activity: &HashMap<ChannelId, Timestamp>, channel: &ChannelId, at: Timestamp| {
            activity.get(channel).is_none_or(|last| at.since(*last) >= ACTIVITY_WRITTEN_EVERY)
        };
        let active: Vec<_> =
            self.active.iter().map(|(c, t)| (*c, *t)).filter(|(c, t)| due(&self.activity, c, *t)).collect();
        for (channel, at) in active {
            rows::touch_channel(tx, channel, at)?;
            self.activity.insert(channel, at);
        }
        if self.head != self.committed {
            rows::keep_head(tx, &self.head, &self.parts.node)?;
        }
        Ok(())
    }

    fn committed(&mut self) {
        if self.head != self.committed {
            self.committed = self.head;
            self.written_by.clone_from(&self.parts.node);
        }
        let facts = &self.parts.facts;
        if !(self.users.is_empty() && self.roles.is_empty() && self.channels.is_empty()) {
            facts.changing();
            facts.users.replace(self.users.drain());
            facts.roles.replace(self.roles.drain());
            facts.channels.replace(self.channels.drain());
        }
        // After a rollback this costs one reading too many, and nothing else.
        if std::mem::take(&mut self.facts_doubted) {
            facts.forget_all();
        }
        for change in self.sessions.drain(..) {
            match change {
                SessionChange::Opened(session) => self.parts.sessions.keep(session),
                SessionChange::Renewed(session, hash, expires, now) => session.renew(hash, expires, now),
                SessionChange::Ended(session) => self.parts.sessions.end(session),
                SessionChange::Changed(session) => self.parts.sessions.doubt(session),
            }
        }
        self.parts.hub.hand_over(std::mem::take(&mut self.effects));
        self.forget_batch();
    }

    fn rolled_back(&mut self) {
        for (channel, before) in self.seqs_before.drain() {
            put_back(&mut self.seqs, channel, before);
        }
        for (key, before) in self.repeats_before.drain(..).rev() {
            self.repeats.put_back(key, before);
        }
        // Times of this batch are among them; they are read again.
        self.posts.clear();
        // What was to be written is not: the next batch tries again.
        self.activity.clear();
        self.head = self.committed;
        self.forget_batch();
    }
}

fn put_back<K: Eq + std::hash::Hash, V>(map: &mut HashMap<K, V>, key: K, before: Option<V>) {
    match before {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    };
}

/// Facts with the changes of this batch on top.
pub(super) struct Uncommitted<'a, 't, 'c> {
    ledger: &'a mut Ledger,
    tx: &'t mut Tx<'c>,
}

impl FactSource for Uncommitted<'_, '_, '_> {
    fn user(&mut self, id: UserId) -> Result<Option<Arc<UserFact>>> {
        match self.ledger.users.get(&id) {
            Some(Some(fact)) => return Ok(Some(fact.clone())),
            None => {
                if let Some(fact) = self.ledger.parts.facts.users.known(id) {
                    return Ok(Some(fact));
                }
            }
            Some(None) => {}
        }
        let fact = rows::user_fact(&mut self.tx.view(), id)?.map(Arc::new);
        if fact.is_some() {
            self.ledger.set_user(id, fact.clone());
        }
        Ok(fact)
    }

    fn role(&mut self, id: RoleId) -> Result<Option<Arc<RoleFact>>> {
        match self.ledger.roles.get(&id) {
            Some(Some(fact)) => return Ok(Some(fact.clone())),
            None => {
                if let Some(fact) = self.ledger.parts.facts.roles.known(id) {
                    return Ok(Some(fact));
                }
            }
            Some(None) => {}
        }
        let fact = rows::role_fact(&mut self.tx.view(), id)?.map(Arc::new);
        if fact.is_some() {
            self.ledger.set_role(id, fact.clone());
        }
        Ok(fact)
    }

    fn channel(&mut self, id: ChannelId) -> Result<Option<Arc<ChannelFact>>> {
        match self.ledger.channels.get(&id) {
            Some(Some(fact)) => return Ok(Some(fact.clone())),
            None => {
                if let Some(fact) = self.ledger.parts.facts.channels.known(id) {
                    return Ok(Some(fact));
                }
            }
            Some(None) => {}
        }
        let fact = rows::channel_fact(&mut self.tx.view(), id)?.map(Arc::new);
        if fact.is_some() {
            self.ledger.set_channel(id, fact.clone());
        }
        Ok(fact)
    }
}
