//! What the senders remember against what the server shows.

use std::collections::HashMap;

use serde_json::Value;

use crate::crowd::{Crowd, Post, Sender};
use crate::driver::Result;

/// What a comparison found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Faults {
    /// Acknowledged and not in the history, or not as acknowledged.
    pub missing: Vec<String>,
    /// In the history more than once.
    pub doubled: Vec<String>,
    /// Against the sender's own order, or a gap or repetition in the channel's positions.
    pub out_of_order: Vec<String>,
    /// In the history, and nobody sent it.
    pub strange: Vec<String>,
}

impl Faults {
    /// An error with the first of each kind, unless there is none.
    pub fn none(&self) -> Result<()> {
        if *self == Self::default() {
            return Ok(());
        }
        let part = |name: &str, list: &[String]| match list.first() {
            Some(first) => format!("{} {name} (first: {first})", list.len()),
            None => format!("0 {name}"),
        };
        let parts = [
            part("missing", &self.missing),
            part("doubled", &self.doubled),
            part("out of order", &self.out_of_order),
            part("strange", &self.strange),
        ];
        Err(parts.join(", ").into())
    }
}

/// How far a channel was compared already, so that long runs need not read everything every time.
#[derive(Debug, Default, Clone)]
pub struct Progress {
    /// The channel's position up to which the history was seen.
    seq: HashMap<String, u64>,
    /// By sender: how many of their posts were seen.
    posts: HashMap<String, usize>,
}

/// Reads what is new in every channel and compares it with what the settled crowd remembers.
pub async fn compare(crowd: &Crowd, progress: &mut Progress) -> Result<Faults> {
    let mut faults = Faults::default();
    for channel in &crowd.channels {
        let seen = progress.seq.entry(channel.clone()).or_default();
        let rows = crowd.admin.history_after(channel, *seen).await?;
        let senders: Vec<&Sender> = crowd.senders.iter().filter(|s| s.channel == *channel).collect();
        let posts = senders.iter().flat_map(|s| {
            let from = progress.posts.get(&s.person.username).copied().unwrap_or(0);
            s.posts[from..].iter().map(|post| (s.person.username.as_str(), post))
        });
        compare_channel(&rows, *seen, posts, &mut faults);
        *seen += rows.len() as u64;
        for sender in senders {
            progress.posts.insert(sender.person.username.clone(), sender.posts.len());
        }
    }
    Ok(faults)
}

/// Compares rows (oldest first, all above `after`) with posts (in each sender's order).
pub fn compare_channel<'a>(
    rows: &[Value],
    after: u64,
    posts: impl Iterator<Item = (&'a str, &'a Post)>,
    faults: &mut Faults,
) {
    let mut by_text: HashMap<&str, Vec<&Value>> = HashMap::new();
    for (expected, row) in (after + 1..).zip(rows) {
        if row["seq"].as_u64() != Some(expected) {
            faults.out_of_order.push(format!("position {} where {expected} belongs", row["seq"]));
        }
        by_text.entry(row["text"].as_str().unwrap_or_default()).or_default().push(row);
    }
    let mut last_of: HashMap<&str, u64> = HashMap::new();
    for (username, post) in posts {
        let found = by_text.remove(post.text.as_str()).unwrap_or_default();
        let Some(row) = found.first() else {
            faults.missing.push(format!("{} (ack: {:?})", post.client_id, post.ack));
            continue;
        };
        if found.len() > 1 {
            faults.doubled.push(post.client_id.clone());
        }
        let seq = row["seq"].as_u64().unwrap_or_default();
        let as_acked = post.ack.as_ref().is_some_and(|(ack, _)| row["id"] == ack.message_id.as_str() && seq == ack.seq);
        if !as_acked || row["sender"] != username || row["containsPHI"] != post.phi {
            faults.missing.push(format!("{} is not as acknowledged: {row}, {:?}", post.client_id, post.ack));
        }
        let last = last_of.entry(username).or_default();
        if seq <= *last {
            faults.out_of_order.push(format!("{} at {seq}, after the sender's own {last}", post.client_id));
        }
        *last = seq;
    }
    faults.strange.extend(by_text.into_keys().map(|text| format!("{text:.60}")));
}

/// The comparison itself must be able to fail: histories with one fault each, and one without.
pub fn control() -> Result<()> {
    use crate::driver::socket::Ack;
    let row = |seq: u64, text: &str| serde_json::json!({ "id": format!("m{text}"), "seq": seq, "text": text, "sender": "a", "containsPHI": false });
    let post = |seq: u64, text: &str| {
        let ack = Ack { message_id: format!("m{text}"), seq, rev: seq };
        Post { client_id: text.into(), text: text.into(), phi: false, ack: Some((ack, std::time::UNIX_EPOCH)) }
    };
    let judge = |rows: &[Value], posts: &[Post]| {
        let mut faults = Faults::default();
        compare_channel(rows, 0, posts.iter().map(|p| ("a", p)), &mut faults);
        [faults.missing.len(), faults.doubled.len(), faults.out_of_order.len(), faults.strange.len()]
    };
    let sent = [post(1, "x"), post(2, "y")];
    let turned = [post(2, "y"), post(1, "x")];
    for (rows, posts, expected) in [
        (vec![row(1, "x"), row(2, "y")], &sent, [0, 0, 0, 0]),
        (vec![row(1, "x")], &sent, [1, 0, 0, 0]),
        (vec![row(1, "x"), row(2, "y"), row(3, "y")], &sent, [0, 1, 0, 0]),
        (vec![row(1, "x"), row(2, "y")], &turned, [0, 0, 1, 0]),
        (vec![row(1, "x"), row(2, "y"), row(4, "z")], &sent, [0, 0, 1, 1]),
    ] {
        let found = judge(&rows, posts);
        if found != expected {
            return Err(format!("the oracle found {found:?} where {expected:?} is right, in {rows:?}").into());
        }
    }
    Ok(())
}
