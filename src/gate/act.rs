//! A deed under way: what its closure may read, change and tell, inside the writer's transaction.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::deed::{ByKey, Details, Need, Trail};
use super::facts::{ChannelFact, FactSource, MemberRole, Sanction, Until, UserFact};
use super::ledger::{Ledger, Place};
use super::principal::{Peer, Who};
use super::rule::Grant;
use super::{Parts, Permission, Permissions, rows, rule, trail};
use crate::clock::Timestamp;
use crate::crypto::Keyring;
use crate::error::{Error, Kind, Result};
use crate::hub::{Close, Effect, Item, Outbox, Parcel, SocketId};
use crate::id::{ApiKeyId, ChannelId, Id, RoleId, UserId};
use crate::store::{Param, Row, Tx};
use crate::wire::messages::Message;

/// A deed under way, inside the writer's transaction.
pub struct Act<'a, 't> {
    pub(super) tx: &'a mut Tx<'t>,
    pub(super) ledger: &'a mut Ledger,
    pub(super) who: &'a Who,
    pub(super) peer: &'a Peer,
    pub(super) now: Timestamp,
    pub(super) grant: Grant,
    pub(super) notes: Details,
    pub(super) has_notes: bool,
    /// Whom a visitor turned out to be, by signing in: the deed is theirs.
    pub(super) signed_in: Option<UserId>,
}

impl<'t> Act<'_, 't> {
    /// When the deed is done: one moment for all its rows.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What the decision found out.
    pub fn grant(&self) -> Grant {
        self.grant
    }

    /// Who does it; an error when nobody is signed in.
    pub fn user(&self) -> Result<UserId> {
        match self.who {
            Who::Person(session) => Ok(session.user),
            Who::Visitor | Who::System => Err(Error::unauthenticated("not_signed_in", "Sign in first.")),
        }
    }

    /// Under which API key it is done, if it is.
    pub fn key(&self) -> Option<ApiKeyId> {
        self.who.key()
    }

    /// Who does it, if it is a person.
    pub fn maybe_user(&self) -> Option<UserId> {
        self.user().ok()
    }

    /// A new id.
    pub fn new_id<I: Id>(&self) -> I {
        I::from_uuid(self.new_uuid())
    }

    /// Rows of a query.
    pub fn all<T>(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.tx.all(sql, params, map)
    }

    /// The first row of a query, if any.
    pub fn first<T>(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        self.tx.first(sql, params, map)
    }

    /// Changes rows; says how many.
    pub fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64> {
        self.tx.execute(sql, params)
    }

    /// The next number in the order of all changes of all messages.
    pub fn next_rev(&mut self) -> i64 {
        self.ledger.next_rev()
    }

    /// The `rev` of the last change so far.
    pub fn rev(&self) -> i64 {
        self.ledger.head.rev
    }

    /// Where the next message of a channel will stand. It is not taken yet, so that one which turns out to be there
    /// already leaves no gap.
    pub fn next_place(&mut self, channel: ChannelId) -> Result<Place> {
        self.ledger.next_place(self.tx, channel)
    }

    /// A message stands there now.
    pub fn take_place(&mut self, place: &Place) {
        self.ledger.take_place(place, self.now);
    }

    /// The last place that was given in a channel; 0 before the first.
    pub fn last_seq(&mut self, channel: ChannelId) -> Result<i64> {
        self.ledger.last_seq(self.tx, channel)
    }

    /// The keys.
    pub fn keys(&self) -> &Keyring {
        &self.parts().keyring
    }

    /// Adds a yes-or-no to the deed's audit row that was not known before it was done.
    pub fn note(&mut self, name: &'static str, flag: bool) {
        self.notes.flag(name, flag);
        self.has_notes = true;
    }

    /// Adds another row to the audit log, for a deed that is many: each of them says what it would say by itself.
    pub fn also(&mut self, trail: &Trail) -> Result<()> {
        let Trail::Record { action, details } = trail else { return Ok(()) };
        let (user, record) = (self.who.user(), details.canonical());
        trail::append(self.tx, self.ledger, user, self.peer, self.now, action, &record)
    }

    /// A person as decisions see one.
    pub fn user_fact(&mut self, user: UserId) -> Result<Option<Arc<UserFact>>> {
        self.ledger.facts(self.tx).user(user)
    }

    /// The name of a role.
    pub fn role_name(&mut self, role: RoleId) -> Result<Arc<str>> {
        Ok(self.ledger.facts(self.tx).role(role)?.ok_or_else(|| Error::missing("role"))?.name.clone())
    }

    /// A channel as decisions see it.
    pub fn channel_fact(&mut self, channel: ChannelId) -> Result<Option<Arc<ChannelFact>>> {
        self.ledger.facts(self.tx).channel(channel)
    }

    /// Whether `user` may still do what is needed now: for what was started by them and comes to its end without.
    pub fn may(&mut self, user: UserId, need: Need) -> Result<bool> {
        match rule::decide_for(user, need, &mut self.ledger.facts(self.tx), self.now) {
            Ok(_) => Ok(true),
            Err(error) if matches!(error.kind(), Kind::Unauthenticated | Kind::Refused | Kind::Missing) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The role of `user` is `role` from this commit on: facts are read again, and what their open sockets may see
    /// changes with it.
    pub fn role_given(&mut self, user: UserId, role: RoleId) -> Result<()> {
        let role = self.ledger.facts(self.tx).role(role)?.ok_or_else(|| Error::missing("role"))?;
        self.user_changed(user);
        self.ledger.effect(Effect::SetPhi { user, phi: role.permissions.has(Permission::PhiRead) });
        Ok(())
    }

    /// Fails where the caller may not do this besides the deed: for a deed that is made of several.
    pub fn require(&mut self, need: Need) -> Result<()> {
        rule::judge(self.who, need, ByKey::AsNeeded, &mut self.ledger.facts(self.tx), self.now).map(drop)
    }

    /// From this commit on a role allows `allows`, or is gone: its facts are read again, and what the open sockets of
    /// those who have it may see changes with it.
    pub fn role_reshaped(&mut self, role: RoleId, holders: &[UserId], allows: Permissions) {
        self.ledger.set_role(role, None);
        let phi = allows.has(Permission::PhiRead);
        for user in holders {
            self.ledger.effect(Effect::SetPhi { user: *user, phi });
        }
    }

    /// An account was made or changed: its facts are read again.
    pub fn user_changed(&mut self, user: UserId) {
        self.ledger.set_user(user, None);
    }

    /// Keeps wrapped keys, in place of those of the same slot.
    pub fn keep_slots(&mut self, slots: &[crate::crypto::WrappedKey]) -> Result<()> {
        let (now, parts) = (self.now, self.ledger.parts.clone());
        super::vault::keep_slots(self.tx, slots, now, parts.entropy.as_ref())
    }

    /// What is decided about everybody changed: all facts are read again from this commit on.
    pub fn everybody_changed(&mut self) {
        self.ledger.doubt_facts();
    }

    /// Makes `user` a member of `channel`, or changes the standing there. A new member has read what was there.
    pub fn set_member(&mut self, channel: ChannelId, user: UserId, role: MemberRole) -> Result<()> {
        let fact = self.channel_fact(channel)?.ok_or_else(|| Error::missing("channel"))?;
        let read = if fact.members.contains_key(&user) { 0 } else { self.last_seq(channel)? };
        rows::set_member(self.tx, channel, user, role, self.now, read)?;
        let mut fact = fact;
        Arc::make_mut(&mut fact).members.insert(user, role);
        self.ledger.set_channel(channel, Some(fact));
        Ok(())
    }

    /// Ends a membership; the person's sockets hear nothing of the channel from this commit on.
    pub fn drop_member(&mut self, channel: ChannelId, user: UserId) -> Result<()> {
        let fact = self.channel_fact(channel)?.ok_or_else(|| Error::missing("channel"))?;
        rows::drop_member(self.tx, channel, user)?;
        let mut fact = fact;
        Arc::make_mut(&mut fact).members.remove(&user);
        self.ledger.set_channel(channel, Some(fact));
        self.ledger.effect(Effect::Remove { user, channel });
        Ok(())
    }

    /// Keeps somebody from writing in a channel or from being there. Putting them out is another matter.
    pub fn set_sanction(&mut self, channel: ChannelId, user: UserId, sanction: Sanction, until: Until) -> Result<()> {
        let (by, now) = (self.maybe_user(), self.now);
        rows::set_sanction(self.tx, &rows::NewSanction { channel, user, sanction, until, by, now })?;
        self.amend_channel(channel, |fact| {
            fact.sanctions.insert((user, sanction), until);
        })
    }

    /// Lifts a sanction; says whether there was one, over or not.
    pub fn lift_sanction(&mut self, channel: ChannelId, user: UserId, sanction: Sanction) -> Result<bool> {
        let was_there = rows::lift_sanction(self.tx, channel, user, sanction)?;
        self.amend_channel(channel, |fact| {
            fact.sanctions.remove(&(user, sanction));
        })?;
        Ok(was_there)
    }

    /// What decisions know of a channel changes with this commit, as its row does.
    pub fn amend_channel(&mut self, channel: ChannelId, change: impl FnOnce(&mut ChannelFact)) -> Result<()> {
        let mut fact = self.channel_fact(channel)?.ok_or_else(|| Error::missing("channel"))?;
        change(Arc::make_mut(&mut fact));
        self.ledger.set_channel(channel, Some(fact));
        Ok(())
    }

    /// A channel is gone, or back, with this commit: its facts are read again, and nobody listens to it.
    pub fn dissolve_channel(&mut self, channel: ChannelId) {
        self.ledger.set_channel(channel, None);
        self.ledger.effect(Effect::Dissolve { channel });
    }

    /// Refuses a post that comes too soon in a slow channel, and otherwise notes when it came. In other channels it
    /// costs nothing.
    pub fn keep_slow(&mut self, channel: ChannelId) -> Result<()> {
        if self.grant.slow == 0 {
            return Ok(());
        }
        let (user, now, pause) = (self.user()?, self.now, Duration::from_secs(self.grant.slow.into()));
        // A time that lies ahead is one from before the clock was set back.
        if let Some(last) = self.ledger.last_post(self.tx, channel, user)?.filter(|last| *last <= now) {
            let wait = pause.saturating_sub(now.since(last));
            if !wait.is_zero() {
                let seconds = wait.as_millis().div_ceil(1_000);
                let detail = format!("This channel is in slow mode: you can post again in {seconds} seconds.");
                return Err(Error::too_many("slow_mode", detail, wait));
            }
        }
        self.ledger.posts_now(self.tx, channel, user, now)
    }

    /// All sockets of these people hear this after the commit.
    pub fn tell_users(&mut self, users: Vec<UserId>, frame: String) {
        self.ledger.effect(Effect::TellUsers { users, frame: frame.into() });
    }

    /// Everyone who listens to `channel` hears this after the commit.
    pub fn tell(&mut self, channel: ChannelId, parcel: Parcel) {
        self.ledger.effect(Effect::Tell { channel, parcel });
    }

    /// Everyone who listens to the message's channel hears it after the commit, in the form that each may.
    pub fn tell_message(&mut self, message: Message) {
        self.ledger.effect(Effect::Post(Box::new(message)));
    }

    /// As [`Act::tell_message`], of a message that was edited.
    pub fn tell_edited(&mut self, message: Message) {
        self.ledger.effect(Effect::Edit(Box::new(message)));
    }

    /// Everyone who listens to `channel` hears this after the commit; it is no message and has no details.
    pub fn tell_all_in(&mut self, channel: ChannelId, from: UserId, frame: String) {
        self.tell(channel, Parcel { full: frame.into(), redacted: None, sender: from, posted: false });
    }

    /// As [`Act::tell_all_in`], but not the sockets of `user`.
    pub fn tell_others_in(&mut self, channel: ChannelId, user: UserId, frame: String) {
        self.ledger.effect(Effect::TellOthers { channel, user, frame: frame.into() });
    }

    /// All sockets of `user` hear this after the commit.
    pub fn tell_user(&mut self, user: UserId, frame: String) {
        self.ledger.effect(Effect::TellUser { user, frame: frame.into() });
    }

    /// Every signed-in socket hears this after the commit.
    pub fn tell_everyone(&mut self, frame: String) {
        self.ledger.effect(Effect::TellAll { frame: frame.into() });
    }

    /// The signed-in sockets from addresses that `fits`.
    pub fn connected_from(&self, fits: impl Fn(std::net::IpAddr) -> bool) -> Vec<SocketId> {
        let sockets = self.ledger.parts.hub.connected(0, usize::MAX, None);
        sockets.iter().filter(|socket| socket.origin.address.is_some_and(&fits)).map(|socket| socket.id).collect()
    }

    /// A socket is closed after the commit.
    pub fn disconnect(&mut self, socket: SocketId, close: Close) {
        self.ledger.effect(Effect::Disconnect { socket, close });
    }

    /// One socket gets its answer after the commit.
    pub fn answer(&mut self, socket: &Arc<Outbox>, frame: String) {
        self.ledger.effect(Effect::Answer { socket: socket.clone(), frame: frame.into() });
    }

    /// A socket listens to `channel` from this commit on, and does `then` at this point.
    pub fn subscribe(&mut self, socket: &Arc<Outbox>, channel: ChannelId, then: Item) {
        let phi = self.grant.phi;
        self.ledger.effect(Effect::Subscribe { socket: socket.clone(), channel, phi, then });
    }

    pub(super) fn new_uuid(&self) -> Uuid {
        self.ledger.parts.new_uuid(self.now)
    }

    pub(super) fn tx(&mut self) -> &mut Tx<'t> {
        self.tx
    }

    pub(super) fn ledger(&mut self) -> &mut Ledger {
        self.ledger
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.ledger.parts
    }

    pub(super) fn who(&self) -> &Who {
        self.who
    }

    pub(super) fn peer(&self) -> &Peer {
        self.peer
    }
}
