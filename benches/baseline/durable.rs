//! One writer thread: takes what waits (at most 256), commits message and audit rows together, then answers.
//!
//! The relay runs on the runtime, so that the next group is on its way to the disk while this one goes to the members.

use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::{Connection, OpenFlags, params};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use uuid::Uuid;

use super::frames::{self, Letter};
use super::hall::{Channel, Hall, Out, Outbox};
use crate::Outcome;

/// The largest group: beyond it the wait of the first outweighs the saving of the last.
const GROUP_MAX: usize = 256;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS message (
        id BLOB PRIMARY KEY, channel_id TEXT NOT NULL, sender_id TEXT NOT NULL, sender TEXT NOT NULL,
        client_message_id TEXT, text TEXT NOT NULL, contains_phi INTEGER NOT NULL, at INTEGER NOT NULL,
        seq INTEGER NOT NULL, rev INTEGER NOT NULL);
    CREATE UNIQUE INDEX IF NOT EXISTS message_by_channel ON message (channel_id, seq);
    CREATE TABLE IF NOT EXISTS audit (
        number INTEGER PRIMARY KEY, user_id TEXT NOT NULL, action TEXT NOT NULL, details TEXT NOT NULL,
        at INTEGER NOT NULL);";

/// What the writer is asked.
pub enum Job {
    /// Keep a message, then tell its channel.
    Post(Post),
    /// Close the database.
    End,
}

/// A message on its way to the disk.
pub struct Post {
    pub channel_id: String,
    pub channel: Arc<Channel>,
    pub sender_id: Arc<str>,
    pub sender: Arc<str>,
    pub text: String,
    pub contains_phi: bool,
    pub client_message_id: Option<String>,
    pub answer: Outbox,
}

/// A message on disk, ready to be told.
struct Kept {
    channel: Arc<Channel>,
    answer: Outbox,
    ack: Utf8Bytes,
    frame: Utf8Bytes,
}

/// Opens the database and starts the writer.
pub fn open(file: &Path, hall: &Hall) -> Outcome<(Sender<Job>, JoinHandle<()>)> {
    let db = Connection::open(file)?;
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", "full")?;
    db.execute_batch(SCHEMA)?;
    let mut tails = db.prepare("SELECT channel_id, max(seq) FROM message GROUP BY channel_id")?;
    for row in tails.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))? {
        let (id, seq) = row?;
        hall.channel(&id).resume(seq);
    }
    drop(tails);

    let (jobs, queue) = channel();
    let (told, mut tell) = unbounded_channel::<Vec<Kept>>();
    tokio::spawn(async move {
        while let Some(group) = tell.recv().await {
            relay(group);
        }
    });
    let writer = std::thread::Builder::new().name("writer".into()).spawn(move || {
        if let Err(error) = write_until_ended(&db, &queue, &told) {
            eprintln!("the writer stopped: {error}");
            std::process::exit(1);
        }
    })?;
    Ok((jobs, writer))
}

fn write_until_ended(db: &Connection, queue: &Receiver<Job>, told: &UnboundedSender<Vec<Kept>>) -> Outcome<()> {
    while let Ok(Job::Post(first)) = queue.recv() {
        let mut group = Vec::with_capacity(GROUP_MAX);
        group.push(first);
        let mut ended = false;
        while group.len() < GROUP_MAX {
            match queue.try_recv() {
                Ok(Job::Post(next)) => group.push(next),
                Ok(Job::End) => {
                    ended = true;
                    break;
                }
                Err(_) => break,
            }
        }
        db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let kept = group.into_iter().map(|post| keep(db, post)).collect::<Outcome<Vec<_>>>()?;
        db.prepare_cached("COMMIT")?.execute([])?;
        told.send(kept).ok();
        if ended {
            break;
        }
    }
    Ok(())
}

fn keep(db: &Connection, post: Post) -> Outcome<Kept> {
    let (id, seq, at) = (Uuid::now_v7(), post.channel.number(), jiff::Timestamp::now().as_microsecond());
    db.prepare_cached("INSERT INTO message VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)")?.execute(params![
        id.as_bytes(),
        post.channel_id,
        &*post.sender_id,
        &*post.sender,
        post.client_message_id,
        post.text,
        post.contains_phi,
        at,
        seq
    ])?;
    let details = format!("{{\"messageId\":\"{id}\",\"channelId\":\"{}\"}}", post.channel_id);
    db.prepare_cached("INSERT INTO audit (user_id, action, details, at) VALUES (?1, 'message_sent', ?2, ?3)")?
        .execute(params![&*post.sender_id, details, at])?;
    let (id, at) = (id.to_string(), frames::timestamp(at));
    let letter = Letter {
        id: &id,
        channel_id: &post.channel_id,
        sender_id: &post.sender_id,
        sender: &post.sender,
        text: &post.text,
        contains_phi: post.contains_phi,
        timestamp: &at,
        edited_at: None,
        deleted: false,
        seq,
        rev: seq,
        metadata: None,
        reactions: [],
    };
    let ack = frames::sent(post.client_message_id.as_deref(), &letter)?;
    let frame = frames::new_message(&letter)?;
    Ok(Kept { channel: post.channel, answer: post.answer, ack, frame })
}

/// One hand-over per channel and group: each socket is woken once for all that the commit brought it.
fn relay(group: Vec<Kept>) {
    let mut by_channel: HashMap<*const Channel, (Arc<Channel>, Vec<Utf8Bytes>)> = HashMap::new();
    for kept in group {
        kept.answer.send(Out::One(kept.ack)).ok();
        let place = by_channel.entry(Arc::as_ptr(&kept.channel)).or_insert_with(|| (kept.channel, Vec::new()));
        place.1.push(kept.frame);
    }
    for (channel, frames) in by_channel.into_values() {
        channel.tell(&Out::Many(frames.into()));
    }
}

/// Reads history, beside the writer.
pub struct Reader(Mutex<Connection>);

impl Reader {
    /// A second, read-only connection.
    pub fn open(file: &Path) -> Outcome<Self> {
        let db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        Ok(Self(Mutex::new(db)))
    }

    /// The newest `limit` messages of a channel, as the JSON array that the REST interface answers.
    pub fn page(&self, channel_id: &str, limit: u32) -> Outcome<String> {
        let db = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rows = db.prepare_cached(
            "SELECT id, sender_id, sender, text, contains_phi, at, seq, rev FROM message
             WHERE channel_id = ?1 ORDER BY seq DESC LIMIT ?2",
        )?;
        let mut rows = rows.query(params![channel_id, limit])?;
        let mut page = String::with_capacity(32 * 1024);
        while let Some(row) = rows.next()? {
            page.push(if page.is_empty() { '[' } else { ',' });
            let (id, at) = (Uuid::from_bytes(row.get(0)?).to_string(), frames::timestamp(row.get(5)?));
            page.push_str(&serde_json::to_string(&Letter {
                id: &id,
                channel_id,
                sender_id: row.get_ref(1)?.as_str()?,
                sender: row.get_ref(2)?.as_str()?,
                text: row.get_ref(3)?.as_str()?,
                contains_phi: row.get(4)?,
                timestamp: &at,
                edited_at: None,
                deleted: false,
                seq: row.get(6)?,
                rev: row.get(7)?,
                metadata: None,
                reactions: [],
            })?);
        }
        page.push_str(if page.is_empty() { "[]" } else { "]" });
        Ok(page)
    }
}
