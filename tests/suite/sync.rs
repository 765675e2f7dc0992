//! State + frames = a fresh fetch, for every device, whatever it missed.
//!
//! Three people with four devices post, edit, delete, react, listen, stop listening, lose their connections with frames unread, are
//! removed and added again, all chosen by a seed. Each device keeps what `docs/protocol.md` tells it to keep: the
//! messages by id and the highest `rev` of each channel. Now and then, and at the end, what a device has after it
//! joined again must be what a fetch gives.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::fixture::{Clinic, Dice, Person, Socket};

/// Deeds of one run.
const STEPS: usize = 220;

/// What a device knows of a channel.
#[derive(Default)]
struct Known {
    messages: BTreeMap<u64, Value>,
    rev: u64,
}

/// A phone or a desk.
struct Device {
    person: Person,
    socket: Option<Socket>,
    channels: BTreeMap<String, Known>,
    listens: BTreeSet<String>,
}

impl Device {
    fn new(person: &Person) -> Self {
        Self { person: person.clone(), socket: None, channels: BTreeMap::new(), listens: BTreeSet::new() }
    }

    /// Does what `docs/protocol.md` tells a client to do with each frame.
    fn apply(&mut self, frames: Vec<Value>) {
        for frame in frames {
            let data = &frame["data"];
            let Some(channel) = changed_channel(&frame) else { continue };
            assert!(self.listens.contains(&channel), "{} does not listen to that channel", self.person.name);
            let known = self.channels.entry(channel).or_default();
            let (seq, rev) = (data["seq"].as_u64().unwrap(), data["rev"].as_u64().unwrap());
            known.rev = known.rev.max(rev);
            let before = known.messages.get(&seq);
            let Some(after) = changed(&frame, before) else { continue };
            if let Some(before) = before {
                let had = before["rev"].as_u64().unwrap();
                if had == rev {
                    assert_eq!(before, &after, "one change, two messages");
                }
                // Old news.
                if had >= rev {
                    continue;
                }
            }
            known.messages.insert(seq, after);
        }
    }

    async fn socket(&mut self) -> &mut Socket {
        if self.socket.is_none() {
            self.listens.clear();
            self.socket = Some(self.person.socket().await);
        }
        self.socket.as_mut().unwrap()
    }

    /// Joins with what it knows; says whether it was let in.
    async fn join(&mut self, channel: &str, since: u64) -> bool {
        let answer = self.socket().await.try_join(channel, Some(since)).await;
        let joined = answer["type"] == "ack";
        if joined {
            self.listens.insert(channel.to_owned());
        }
        let frames = self.socket().await.kept();
        self.apply(frames);
        if joined {
            let known = self.channels.entry(channel.to_owned()).or_default();
            known.rev = known.rev.max(answer["rev"].as_u64().unwrap());
        }
        joined
    }

    async fn read(&mut self) {
        if self.socket.is_some() {
            let frames = self.socket().await.catch_up().await;
            for frame in frames.iter().filter(|frame| frame["eventType"] == "removed_from_channel") {
                assert!(!frame["data"]["channelId"].is_null());
            }
            self.apply(frames);
        }
    }

    /// Edits, deletes or reacts, by REST or over the socket, whether or not its person may.
    async fn changes(&mut self, message: &str, dice: &mut Dice, step: usize) {
        let path = format!("/api/messages/{message}");
        let reaction = ["+1", "\u{1f44d}", "ok"][dice.index(3)];
        let (by_rest, text) = (dice.chance(1, 2), format!("edited in step {step}"));
        let (method, path, kind, body) = match dice.index(12) {
            10 => ("PUT", format!("{path}/pin"), "", json!({})),
            11 => ("DELETE", format!("{path}/pin"), "", json!({})),
            0..=2 => ("PUT", path, "edit_message", json!({ "text": text, "containsPHI": dice.chance(1, 2) })),
            3 => ("DELETE", path, "delete_message", json!({})),
            4..=7 => ("POST", format!("{path}/reactions"), "add_reaction", json!({ "reaction": reaction })),
            _ => ("DELETE", format!("{path}/reactions/ok"), "remove_reaction", json!({ "reaction": reaction })),
        };
        if by_rest || kind.is_empty() {
            self.person.ask(method, &path, Some(&body)).await;
            return;
        }
        let mut frame = body;
        frame["type"] = json!(kind);
        frame["messageId"] = json!(message);
        self.socket().await.ask(frame).await;
    }

    /// The connection breaks; what was under way is lost.
    fn breaks(&mut self) {
        self.socket = None;
        self.listens.clear();
    }

    fn since(&self, channel: &str) -> u64 {
        self.channels.get(channel).map_or(0, |known| known.rev)
    }

    /// Joins what it may read and compares.
    async fn compares(&mut self, channels: &[String], seed: u64) {
        for channel in channels {
            self.read().await;
            let since = self.since(channel);
            if !self.join(channel, since).await {
                let path = format!("/api/messages?channelId={channel}");
                self.person.get(&path).await.is_refusal(404, "not_found");
                continue;
            }
            self.read().await;
            let path = format!("/api/messages?channelId={channel}&limit=200");
            let mut fresh = self.person.whole_list(&path).await;
            fresh.reverse();
            // A reader may see a commit a moment before the hub hears of it. A further join takes its turn behind
            // it, and replays nothing that could hide a loss.
            assert_eq!(self.socket().await.try_join(channel, None).await["type"], "ack");
            self.read().await;
            let known: Vec<Value> = self.channels[channel].messages.values().cloned().collect();
            // What came after the fetch is ahead of it.
            assert!(
                known.len() >= fresh.len(),
                "{}: seed {seed}: {} of {}",
                self.person.name,
                known.len(),
                fresh.len()
            );
            assert_eq!(known[..fresh.len()], fresh, "{}: seed {seed}", self.person.name);
        }
    }
}

/// The channel of a frame that changes a message.
fn changed_channel(frame: &Value) -> Option<String> {
    let changes = ["new_message", "message_updated", "message_deleted", "reaction_added", "reaction_removed"];
    let changes = changes.iter().chain(&["thread_updated", "message_pinned", "message_unpinned"]).collect::<Vec<_>>();
    changes.iter().any(|kind| frame["type"] == **kind).then(|| frame["data"]["channelId"].as_str().unwrap().to_owned())
}

/// A message after a frame; `None` where the frame tells of a part of one that is not known.
fn changed(frame: &Value, before: Option<&Value>) -> Option<Value> {
    let data = &frame["data"];
    let mut after = data.clone();
    if frame["type"] == "message_deleted" {
        after.as_object_mut().unwrap().remove("messageId");
    }
    if frame["type"] == "reaction_added" || frame["type"] == "reaction_removed" {
        after = before?.clone();
        after["rev"] = data["rev"].clone();
        react(after["reactions"].as_array_mut().unwrap(), data, frame["type"] == "reaction_added");
    }
    for (kind, field, value) in [
        ("thread_updated", "replies", &data["replies"]),
        ("message_pinned", "pinned", &json!(true)),
        ("message_unpinned", "pinned", &json!(false)),
    ] {
        if frame["type"] == kind {
            after = before?.clone();
            after["rev"] = data["rev"].clone();
            after[field] = value.clone();
        }
    }
    Some(after)
}

/// Adds a reaction to its group, or takes it out; groups and ids are in the order of their characters.
fn react(groups: &mut Vec<Value>, data: &Value, added: bool) {
    let word = |group: &Value| group["reaction"].as_str().unwrap().to_owned();
    if !groups.iter().any(|group| group["reaction"] == data["reaction"]) {
        groups.push(json!({ "reaction": data["reaction"], "count": 0, "userIds": [] }));
        groups.sort_by_key(word);
    }
    let group = groups.iter_mut().find(|group| group["reaction"] == data["reaction"]).unwrap();
    let users = group["userIds"].as_array_mut().unwrap();
    users.retain(|user| *user != data["userId"]);
    if added {
        users.push(data["userId"].clone());
        users.sort_by_key(|user| user.as_str().unwrap().to_owned());
    }
    group["count"] = json!(users.len());
    groups.retain(|group| group["count"] != 0);
}

async fn run(seed: u64) {
    let clinic = Clinic::with(|c| c.limits.sends_burst = 1_000_000).await;
    let dora = clinic.dora().await;
    let (alice, bob) = (clinic.alice(&dora).await, clinic.bob(&dora).await);
    let carl = clinic.hire(&dora, "carl", "user").await;
    let channels = vec![alice.channel("private", &[&bob, &carl]).await, alice.make_channel("public", false, &[]).await];
    let mut devices = vec![Device::new(&alice), Device::new(&bob), Device::new(&bob), Device::new(&carl)];
    let mut dice = Dice::seeded(seed);

    // Somebody posts all the while, so that nothing stands still during a replay.
    let busy = {
        let (alice, channels, mut dice) = (alice.clone(), channels.clone(), dice.part());
        tokio::spawn(async move {
            let mut socket = alice.socket().await;
            for n in 0..150 {
                socket.send(&channels[dice.index(2)], &format!("busy {n}")).await;
                if dice.chance(1, 3) {
                    tokio::time::sleep(std::time::Duration::from_millis(dice.between(1, 8))).await;
                }
            }
        })
    };

    // What was posted by the steps, to be edited and deleted; some of it by people who may not.
    let mut posted: Vec<String> = Vec::new();
    for step in 0..STEPS {
        let (at, channel) = (dice.index(devices.len()), channels[dice.index(2)].clone());
        let device = &mut devices[at];
        match dice.index(22) {
            0..=2 => {
                let mut body = json!({
                    "channelId": channel, "text": format!("step {step}"), "containsPHI": dice.chance(1, 2),
                    "metadata": { "step": step },
                });
                if !posted.is_empty() && dice.chance(1, 2) {
                    body["replyTo"] = json!(posted[dice.index(posted.len())]);
                }
                let answer = device.person.post("/api/messages", &body).await;
                posted.extend(answer.json().ok().and_then(|message| message["id"].as_str().map(str::to_owned)));
            }
            3..=4 => {
                let answer = device.socket().await.try_send(&channel, &format!("step {step}")).await;
                posted.extend(answer["messageId"].as_str().map(str::to_owned));
            }
            12..=21 if !posted.is_empty() => {
                let message = posted[dice.index(posted.len())].clone();
                device.changes(&message, &mut dice, step).await;
            }
            5..=6 => {
                // Sometimes with less than it knows: the same again does no harm.
                let since = device.since(&channel);
                let since = if dice.chance(1, 4) { dice.between(0, since) } else { since };
                device.join(&channel, since).await;
            }
            7 => {
                device.read().await;
                if device.socket.is_some() {
                    device.socket().await.ask(json!({ "type": "leave_channel", "channelId": channel })).await;
                    let frames = device.socket().await.kept();
                    device.apply(frames);
                    device.listens.remove(&channel);
                }
            }
            8 => device.breaks(),
            9 => device.read().await,
            10 => {
                let person = if dice.chance(1, 2) { &bob } else { &carl };
                let members = format!("/api/channels/{channel}/members");
                if dice.chance(1, 2) {
                    alice.delete(&format!("{members}/{}", person.id)).await;
                } else {
                    alice.post(&members, &json!({ "userId": person.id })).await;
                }
            }
            _ => {
                if dice.chance(1, 3) {
                    device.compares(&channels, seed).await;
                } else {
                    device.breaks();
                }
            }
        }
    }
    busy.await.unwrap();
    for device in &mut devices {
        device.compares(&channels, seed).await;
    }
    // The test would prove little if hardly anything had been said.
    assert!(devices[0].channels.values().map(|known| known.messages.len()).sum::<usize>() > 150);
    let reacted = devices.iter().flat_map(|d| d.channels.values()).flat_map(|k| k.messages.values());
    assert!(reacted.filter(|m| m["reactions"] != json!([])).count() > 0, "seed {seed}: nobody reacted");
    let has = |field: &str| devices[0].channels.values().flat_map(|k| k.messages.values()).any(|m| !m[field].is_null());
    assert!(has("editedAt") && has("deletedAt"), "seed {seed}: nothing was edited, or nothing deleted");
    assert!(clinic.verify_audit().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
pub(crate) async fn whatever_was_missed_state_and_frames_are_a_fresh_fetch() {
    for seed in [1, 2, 3, crate::driver::dice::fresh_seed()] {
        println!("seed {seed}");
        run(seed).await;
    }
}
