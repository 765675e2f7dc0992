//! Who listens to what.

use std::collections::HashMap;
use std::sync::Arc;

use super::outbox::{Close, Item, Outbox, SocketId};
use super::{Effect, Parcel};
use crate::id::{ChannelId, SessionId, UserId};
use crate::metrics::Metrics;
use crate::wire::frames::Frame;

struct Subscriber {
    socket: Arc<Outbox>,
    phi: bool,
}

#[derive(Default)]
pub(super) struct Registry {
    metrics: Arc<Metrics>,
    sockets: HashMap<SocketId, Arc<Outbox>>,
    users: HashMap<UserId, Vec<Arc<Outbox>>>,
    channels: HashMap<ChannelId, Vec<Subscriber>>,
    subscriptions: HashMap<SocketId, Vec<ChannelId>>,
    watchers: HashMap<ChannelId, Vec<Arc<Outbox>>>,
    /// By socket: what it watches, for its end; what it has ceased to watch may still be in it.
    watching: HashMap<SocketId, Vec<ChannelId>>,
}

impl Registry {
    pub(super) fn counting(metrics: Arc<Metrics>) -> Self {
        Self { metrics, ..Self::default() }
    }

    pub(super) fn register(&mut self, socket: Arc<Outbox>) {
        self.users.entry(socket.user).or_default().push(socket.clone());
        self.sockets.insert(socket.id, socket);
        self.metrics.sockets_opened.one();
        self.metrics.sockets_are(self.sockets.len());
    }

    pub(super) fn forget(&mut self, socket: &Outbox) {
        if !socket.leave() {
            return;
        }
        self.sockets.remove(&socket.id);
        if let Some(sockets) = self.users.get_mut(&socket.user) {
            sockets.retain(|s| s.id != socket.id);
            if sockets.is_empty() {
                self.users.remove(&socket.user);
            }
        }
        for channel in self.watching.remove(&socket.id).unwrap_or_default() {
            self.drop_watchers(channel, |w| w.id == socket.id);
        }
        for channel in self.subscriptions.remove(&socket.id).unwrap_or_default() {
            self.drop_subscribers(channel, |s| s.id == socket.id);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.sockets.len()
    }

    pub(super) fn watched(&self) -> Vec<ChannelId> {
        self.watchers.keys().copied().collect()
    }

    pub(super) fn socket(&self, id: SocketId) -> Option<Arc<Outbox>> {
        self.sockets.get(&id).cloned()
    }

    pub(super) fn connected(&self, after: SocketId, limit: usize, user: Option<UserId>) -> Vec<Arc<Outbox>> {
        let fits = |s: &&Arc<Outbox>| s.id > after && user.is_none_or(|user| s.user == user);
        let mut found: Vec<_> = self.sockets.values().filter(fits).cloned().collect();
        found.sort_unstable_by_key(|s| s.id);
        found.truncate(limit);
        found
    }

    pub(super) fn all(&self) -> Vec<Arc<Outbox>> {
        self.sockets.values().cloned().collect()
    }

    /// Applies effects in order. Frames to one channel that follow each other go out together, so that each
    /// socket is locked and woken once for all of them.
    pub(super) fn apply(&mut self, effects: impl Iterator<Item = Effect>) {
        let mut pending: HashMap<ChannelId, Vec<Parcel>> = HashMap::new();
        for effect in effects {
            match effect {
                Effect::Post(message) => {
                    let channel = message.channel_id;
                    if self.channels.contains_key(&channel) {
                        pending.entry(channel).or_default().push(Parcel::posted(*message));
                    }
                }
                Effect::Edit(message) => {
                    let channel = message.channel_id;
                    if self.channels.contains_key(&channel) {
                        pending.entry(channel).or_default().push(Parcel::edited(*message));
                    }
                }
                Effect::Tell { channel, parcel } => pending.entry(channel).or_default().push(parcel),
                // An answer does not depend on who listens; it may pass the frames that wait.
                Effect::Answer { socket, frame } => socket.push(Item::Text { channel: None, frame }),
                other => {
                    self.deliver(&mut pending);
                    self.apply_one(other);
                }
            }
        }
        self.deliver(&mut pending);
    }

    fn apply_one(&mut self, effect: Effect) {
        match effect {
            Effect::Subscribe { socket, channel, phi, then } => self.subscribe(socket, channel, phi, then),
            Effect::Unsubscribe { socket, channel } => {
                self.drop_watchers(channel, |w| w.id == socket.id);
                self.drop_subscribers(channel, |s| s.id == socket.id);
                if let Some(channels) = self.subscriptions.get_mut(&socket.id) {
                    channels.retain(|c| *c != channel);
                }
            }
            Effect::Remove { user, channel } => {
                let frame = Frame::SystemEvent {
                    event_type: "removed_from_channel",
                    data: serde_json::json!({ "channelId": channel }),
                };
                self.tell_user(user, &frame.encode().into());
                self.drop_subscribers(channel, |s| s.user == user);
                self.drop_watchers(channel, |w| w.user == user);
            }
            Effect::Whisper { channel, from, frame } => {
                for subscriber in self.channels.get(&channel).into_iter().flatten() {
                    if subscriber.socket.user != from {
                        subscriber.socket.whisper(&frame);
                    }
                }
            }
            Effect::Watch { socket, channel } => {
                let watchers = self.watchers.entry(channel).or_default();
                if !socket.is_gone() && !watchers.iter().any(|w| w.id == socket.id) {
                    let watching = self.watching.entry(socket.id).or_default();
                    if !watching.contains(&channel) {
                        watching.push(channel);
                    }
                    watchers.push(socket);
                }
            }
            Effect::TellWatchers { channel, frame } => {
                for socket in self.watchers.get(&channel).into_iter().flatten() {
                    socket.push(Item::Text { channel: None, frame: frame.clone() });
                }
            }
            Effect::Disconnect { socket, close } => {
                if let Some(socket) = self.socket(socket) {
                    socket.close(close);
                    self.forget(&socket);
                }
            }
            Effect::SetPhi { user, phi } => {
                for subscriber in self.channels.values_mut().flatten().filter(|s| s.socket.user == user) {
                    subscriber.phi = phi && subscriber.socket.phi;
                }
            }
            Effect::EndSession { session } => self.end(session),
            Effect::TellOthers { channel, user, frame } => {
                for subscriber in self.channels.get(&channel).into_iter().flatten().filter(|s| s.socket.user != user) {
                    subscriber.socket.push(Item::Text { channel: Some(channel), frame: frame.clone() });
                }
            }
            Effect::TellUser { user, frame } => self.tell_user(user, &frame),
            Effect::TellUsers { users, frame } => users.iter().for_each(|user| self.tell_user(*user, &frame)),
            Effect::Dissolve { channel } => {
                self.drop_watchers(channel, |_| true);
                for subscriber in self.channels.remove(&channel).unwrap_or_default() {
                    if let Some(channels) = self.subscriptions.get_mut(&subscriber.socket.id) {
                        channels.retain(|c| *c != channel);
                    }
                }
            }
            Effect::TellAll { frame } => {
                for socket in self.sockets.values().filter(|s| s.personal) {
                    socket.push(Item::Text { channel: None, frame: frame.clone() });
                }
            }
            // These are handled where they are met.
            Effect::Post(_) | Effect::Edit(_) | Effect::Tell { .. } | Effect::Answer { .. } => {}
        }
    }

    fn subscribe(&mut self, socket: Arc<Outbox>, channel: ChannelId, phi: bool, then: Item) {
        if socket.is_gone() {
            return;
        }
        if then != Item::Nothing {
            socket.push(then);
        }
        let subscribers = self.channels.entry(channel).or_default();
        if let Some(known) = subscribers.iter_mut().find(|s| s.socket.id == socket.id) {
            known.phi = phi;
            return;
        }
        self.subscriptions.entry(socket.id).or_default().push(channel);
        subscribers.push(Subscriber { socket, phi });
    }

    fn end(&mut self, session: SessionId) {
        let notice = Frame::SystemEvent { event_type: "session_ended", data: serde_json::json!({}) }.encode();
        let ended: Vec<_> = self.sockets.values().filter(|s| s.session == session).cloned().collect();
        for socket in ended {
            socket.push(Item::Text { channel: None, frame: notice.clone().into() });
            socket.close(Close::SESSION_ENDED);
            self.forget(&socket);
        }
    }

    fn drop_watchers(&mut self, channel: ChannelId, gone: impl Fn(&Outbox) -> bool) {
        let Some(watchers) = self.watchers.get_mut(&channel) else { return };
        watchers.retain(|watcher| !gone(watcher));
        if watchers.is_empty() {
            self.watchers.remove(&channel);
        }
    }

    fn tell_user(&self, user: UserId, frame: &super::Encoded) {
        for socket in self.users.get(&user).into_iter().flatten().filter(|s| s.personal) {
            socket.push(Item::Text { channel: None, frame: frame.clone() });
        }
    }

    fn deliver(&self, pending: &mut HashMap<ChannelId, Vec<Parcel>>) {
        for (channel, parcels) in pending.drain() {
            let subscribers = self.channels.get(&channel).map_or(&[][..], Vec::as_slice);
            let posted = parcels.iter().filter(|parcel| parcel.posted).count();
            self.metrics.messages_delivered.add((posted * subscribers.len()) as u64);
            for subscriber in subscribers {
                let user = subscriber.socket.user;
                subscriber.socket.extend(parcels.iter().map(|parcel| {
                    let frame = match &parcel.redacted {
                        Some(redacted) if !subscriber.phi && parcel.sender != user => redacted.clone(),
                        _ => parcel.full.clone(),
                    };
                    Item::Text { channel: Some(channel), frame }
                }));
            }
        }
    }

    fn drop_subscribers(&mut self, channel: ChannelId, gone: impl Fn(&Outbox) -> bool) {
        if let Some(subscribers) = self.channels.get_mut(&channel) {
            subscribers.retain(|s| !gone(&s.socket));
            if subscribers.is_empty() {
                self.channels.remove(&channel);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::hub::{Origin, OutboxLimits};
    use crate::id::Id;
    use std::task::{Context, Waker};
    use std::time::Duration;
    use uuid::Uuid;

    fn user(n: u128) -> UserId {
        UserId::from_uuid(Uuid::from_u128(n))
    }

    fn socket(registry: &mut Registry, id: SocketId, owner: u128) -> Arc<Outbox> {
        let limits = OutboxLimits { frames_max: 100, bytes_max: 10_000 };
        let session = SessionId::from_uuid(Uuid::from_u128(u128::from(id)));
        let origin = Origin { address: None, agent: None, since: Timestamp::from_micros(0) };
        let socket = Arc::new(Outbox::new(id, (user(owner), session), origin, limits, Duration::ZERO));
        registry.register(socket.clone());
        socket
    }

    fn heard(socket: &Outbox) -> Vec<String> {
        let mut items = Vec::new();
        let _ = socket.poll_take(&mut Context::from_waker(Waker::noop()), &mut items, usize::MAX);
        items
            .into_iter()
            .filter_map(|i| match i {
                Item::Text { frame, .. } => Some(frame.text().to_string()),
                _ => None,
            })
            .collect()
    }

    fn tell(channel: ChannelId, full: &str, redacted: Option<&str>, sender: UserId) -> Effect {
        let redacted = redacted.map(|r| r.to_owned().into());
        let parcel = Parcel { full: full.to_owned().into(), redacted, sender, posted: false };
        Effect::Tell { channel, parcel }
    }

    #[test]
    fn a_removed_member_hears_nothing_from_that_commit_on() {
        let mut registry = Registry::default();
        let channel = ChannelId::from_uuid(Uuid::from_u128(9));
        let (alice, bob) = (socket(&mut registry, 1, 1), socket(&mut registry, 2, 2));
        let join = |socket: &Arc<Outbox>| Effect::Subscribe {
            socket: socket.clone(),
            channel,
            phi: true,
            then: Item::Nothing,
        };
        registry.apply(
            [
                join(&alice),
                join(&bob),
                tell(channel, "one", None, user(1)),
                Effect::Remove { user: user(2), channel },
                tell(channel, "two", None, user(1)),
            ]
            .into_iter(),
        );
        assert_eq!(heard(&alice), ["one", "two"]);
        let bob_heard = heard(&bob);
        assert_eq!(bob_heard.len(), 2);
        assert_eq!(bob_heard[0], "one");
        assert!(bob_heard[1].contains("removed_from_channel"));
    }

    #[test]
    fn patient_details_reach_those_who_may_see_them_and_their_sender() {
        let mut registry = Registry::default();
        let channel = ChannelId::from_uuid(Uuid::from_u128(9));
        let sockets = [(1, true), (2, false), (3, false)].map(|(n, phi)| {
            let socket = socket(&mut registry, n, u128::from(n));
            let then = Item::Nothing;
            registry.apply([Effect::Subscribe { socket: socket.clone(), channel, phi, then }].into_iter());
            socket
        });
        registry.apply([tell(channel, "full", Some("redacted"), user(3))].into_iter());
        assert_eq!(sockets.each_ref().map(|s| heard(s).concat()), ["full", "redacted", "full"]);
        registry.apply(
            [Effect::SetPhi { user: user(2), phi: true }, tell(channel, "full", Some("redacted"), user(3))].into_iter(),
        );
        assert_eq!(heard(&sockets[1]), ["full"]);
    }

    #[test]
    fn an_ended_session_is_told_and_closed_and_forgotten() {
        let mut registry = Registry::default();
        let alice = socket(&mut registry, 1, 1);
        registry.apply([Effect::EndSession { session: alice.session }].into_iter());
        let mut items = Vec::new();
        let poll = alice.poll_take(&mut Context::from_waker(Waker::noop()), &mut items, usize::MAX);
        assert_eq!(poll, std::task::Poll::Ready(Some(Close::SESSION_ENDED)));
        assert_eq!((items.len(), registry.len()), (1, 0));
    }
}
