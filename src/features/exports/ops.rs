//! Asking for exports, writing them, fetching them.

use std::fs::File;
use std::io;
use std::sync::Arc;

use serde::Serialize;
use serde_json::json;

use super::deeds::ExportDeed;
use super::model::{Format, Order, Span, Subject};
use super::parcel::{Packed, Parcel};
use super::{pages, rows};
use crate::crypto::age::Lock;
use crate::error::{Context, Error, Kind, Result};
use crate::features::{Cursor, Means, Paged, audit, messages, users};
use crate::gate::{Cx, Gate};
use crate::id::{ExportId, Id};
use crate::wire::audit::Entry;
use crate::wire::exports::{Export, NewExport};
use crate::wire::messages::Message;

/// Rows that are read, and stand in memory, at once.
const SLICE: u32 = 500;
/// Changes among which a person's messages are looked for at once: a reading of some milliseconds.
const CHANGES: i64 = 2_000;
/// Exports that one person may have under way.
pub const UNDER_WAY_MAX: i64 = 3;

/// Asks for an export; it is written in the background.
pub async fn ask(cx: &Cx, gate: &Gate, means: &Arc<Means>, body: NewExport) -> Result<Export> {
    let (own, ..) = cx.introduce().await?;
    let order = Order::parse(body, own, means.limits.password_chars_min)?;
    let id: ExportId = cx.new_id();
    let expires = cx.now().plus(means.exports.kept);
    let subject = order.subject;
    let (made, order) = cx
        .act(ExportDeed::Ask { export: id, subject }, move |act| {
            let by = act.user()?;
            if let Subject::Person(person) = subject
                && act.user_fact(person)?.is_none()
            {
                return Err(Error::missing("user"));
            }
            if rows::under_way(act, by)? >= UNDER_WAY_MAX {
                let detail = format!("{UNDER_WAY_MAX} exports of yours are under way: wait for one of them.");
                return Err(Error::conflict("exports_under_way", detail));
            }
            rows::insert(act, id, by, &order, expires)?;
            let made = rows::show_in(act, id, by)?.ok_or_else(|| Error::internal("a new export is not there"))?;
            Ok((made, order))
        })
        .await?;
    let writer = Writer { cx: cx.clone(), system: gate.system(), means: means.clone(), id };
    tokio::spawn(async move { writer.work(order).await });
    Ok(made)
}

/// One's own, the newest first, a page at a time; the cursor is an id.
pub async fn list(cx: &Cx, means: &Means, page: Cursor) -> Result<Paged<Export>> {
    let limit = page.rows(&means.limits)?;
    let back = page.after.is_some();
    let from = match page.after.or(page.before) {
        None => ExportId::from_uuid(uuid::Uuid::max()),
        Some(text) => text.parse().map_err(|_| Error::field("before", "must be a cursor that this list gave"))?,
    };
    let rows = cx
        .view(ExportDeed::List, move |look| {
            let by = look.user()?;
            rows::list(look, by, from, back, limit)
        })
        .await?;
    Ok(Paged::of(rows, limit, |export| export.id.to_string()))
}

/// One of one's own.
pub async fn show(cx: &Cx, export: ExportId) -> Result<Export> {
    cx.view(ExportDeed::List, move |look| {
        let by = look.user()?;
        rows::show(look, export, by)?.ok_or_else(|| Error::missing("export"))
    })
    .await
}

/// A file to be sent.
pub struct Fetched {
    /// It.
    pub file: File,
    /// Its length.
    pub bytes: u64,
}

/// The file of a finished export.
pub async fn fetch(cx: &Cx, means: &Means, export: ExportId) -> Result<Fetched> {
    let found = show(cx, export).await?;
    if found.state != "done" || cx.now() >= found.expires_at {
        return Err(Error::conflict("export_not_ready", "The export has no file: look at its state."));
    }
    let path = means.exports.file(export);
    let fetched = tokio::task::spawn_blocking(move || -> Result<Fetched> {
        let file = File::open(&path).map_err(|cause| Error::missing("export").because(cause))?;
        let bytes = file.metadata().context("looking at an export")?.len();
        Ok(Fetched { file, bytes })
    })
    .await
    .context("opening an export")??;
    cx.act(ExportDeed::Fetch { export }, |_| Ok(())).await?;
    Ok(fetched)
}

/// Throws a finished or failed export away.
pub async fn remove(cx: &Cx, means: &Means, export: ExportId) -> Result<()> {
    let found = show(cx, export).await?;
    if !matches!(found.state.as_str(), "done" | "failed") {
        return Err(Error::conflict("export_not_ready", "The export is being written: wait until it has ended."));
    }
    cx.act(ExportDeed::Remove { export }, move |act| {
        let by = act.user()?;
        if rows::remove(act, export, by)? { Ok(()) } else { Err(Error::missing("export")) }
    })
    .await?;
    means.exports.clear(export);
    Ok(())
}

/// Removes the files whose time is over. Called by a job.
pub async fn purge(gate: &Gate, means: &Means) -> Result<()> {
    for export in gate.system().act(ExportDeed::Purge, rows::over).await? {
        means.exports.clear(export);
    }
    Ok(())
}

/// Ends what was under way when the server ended, and removes what it left. Called at the start.
pub async fn tidy(gate: &Gate, means: &Means) -> Result<()> {
    let kept = gate.system().act(ExportDeed::Purge, rows::break_off).await?;
    means.exports.sweep(&kept);
    Ok(())
}

/// Where a slice ended, what it has, and how far along that is.
struct Slice {
    content: Content,
    /// Rows that were looked at; of a person's messages, changes among which they were looked for.
    looked_at: i64,
    next: i64,
}

enum Content {
    Messages(Vec<Message>),
    Entries(Vec<Entry>),
}

impl Content {
    fn rows(&self) -> usize {
        match self {
            Self::Messages(rows) => rows.len(),
            Self::Entries(rows) => rows.len(),
        }
    }

    fn lines(&self) -> Result<Vec<u8>> {
        match self {
            Self::Messages(rows) => lines(rows),
            Self::Entries(rows) => lines(rows),
        }
    }

    fn page(&self, title: &str, n: usize) -> String {
        match self {
            Self::Messages(rows) => pages::messages(title, n, rows),
            Self::Entries(rows) => pages::entries(title, n, rows),
        }
    }
}

fn lines<T: Serialize>(rows: &[T]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut out, row).context("encoding a row of an export")?;
        out.push(b'\n');
    }
    Ok(out)
}

/// An export that is being written: who asked, and the server itself, which notes how far it is.
struct Writer {
    cx: Cx,
    system: Cx,
    means: Arc<Means>,
    id: ExportId,
}

impl Writer {
    /// Writes it, in its turn, and notes how it ended.
    async fn work(self, order: Order) {
        let places = self.means.exports.places.clone();
        let Ok(_place) = places.acquire().await else { return };
        let (export, subject) = (self.id, order.subject);
        let mut done = 0;
        let outcome = self.write(order, &mut done).await;
        let (end, word) = match outcome {
            Ok(packed) => {
                let bytes = Some(i64::try_from(packed.bytes).unwrap_or(i64::MAX));
                (rows::End { failure: None, rows: done, bytes, sha256: Some(packed.sha256) }, "done")
            }
            Err(error) => {
                self.means.exports.clear(export);
                tracing::warn!(code = error.code(), cause = error.chain(), "an export was not written");
                (rows::End { failure: Some(error.code()), rows: done, bytes: None, sha256: None }, "failed")
            }
        };
        let deed = ExportDeed::Finish { export, subject, rows: done, bytes: end.bytes.unwrap_or(0), outcome: word };
        if let Err(error) = self.system.act(deed, move |act| rows::finish(act, export, &end)).await {
            self.means.exports.clear(export);
            tracing::warn!(code = error.code(), "the end of an export could not be noted");
        }
    }

    async fn write(&self, order: Order, done: &mut i64) -> Result<Packed> {
        let (cx, means, id) = (&self.cx, &self.means, self.id);
        let Order { subject, format, span, passphrase } = order;
        let (title, all, profile) = heading(cx, subject).await?;
        let now = cx.now();
        let (desk, seconds) = (means.clone(), now.micros() / 1_000_000);
        let mut parcel = aside(move || {
            let file = desk.exports.begin(id)?;
            let entropy = desk.exports.entropy.as_ref();
            Parcel::begin(file, &Lock::new(&passphrase, entropy)?, entropy, seconds)
        })
        .await?;
        if let Some(profile) = profile {
            parcel = added(parcel, vec![("profile.json".to_owned(), profile, 1)]).await?;
        }
        let (mut from, mut slices, mut kept) = (0, 0, 0_usize);
        loop {
            let slice = read(cx, subject, span, from).await?;
            if slice.looked_at == 0 {
                break;
            }
            from = slice.next;
            *done += slice.looked_at;
            let rows = slice.content.rows();
            if rows > 0 {
                slices += 1;
                kept += rows;
                let mut parts = Vec::new();
                if format.has_lines() {
                    parts.push((format!("data/{slices:05}.jsonl"), slice.content.lines()?, rows));
                }
                if format.has_pages() {
                    parts.push((pages::name(slices), slice.content.page(&title, slices).into_bytes(), rows));
                }
                parcel = added(parcel, parts).await?;
            }
            let (so_far, about) = (*done, all.max(*done));
            self.system.act(ExportDeed::Step, move |act| rows::step(act, id, so_far, about)).await?;
        }
        let about = json!({
            "format": "mcp-messenger export 1",
            "kind": subject.kind(),
            "id": subject.id(),
            "title": title,
            "from": span.from,
            "to": span.to,
            "createdAt": now,
            "rows": kept,
        });
        if format != Format::Jsonl {
            let text = format!("Exported {now}. {kept} rows. manifest.json has the hash of every file.");
            let index = pages::index(&title, &text, slices).into_bytes();
            parcel = added(parcel, vec![("index.html".to_owned(), index, 0)]).await?;
        }
        let desk = means.clone();
        aside(move || {
            let packed = parcel.finish(about).map_err(|cause| full_or(&cause))?;
            desk.exports.place(id, &packed.file).map_err(|cause| full_or(&cause))?;
            Ok(packed)
        })
        .await
    }
}

fn count<T>(rows: &[T]) -> i64 {
    i64::try_from(rows.len()).unwrap_or(i64::MAX)
}

async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.context("writing an export")?
}

async fn added(mut parcel: Parcel, parts: Vec<(String, Vec<u8>, usize)>) -> Result<Parcel> {
    aside(move || {
        for (name, content, rows) in parts {
            parcel.add(&name, &content, rows).map_err(|cause| full_or(&cause))?;
        }
        Ok(parcel)
    })
    .await
}

fn full_or(cause: &io::Error) -> Error {
    let text = cause.to_string();
    if matches!(cause.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        return Error::new(Kind::Busy, "disk_full", "There is no space for the export.").because(text);
    }
    Error::internal("writing an export").because(text)
}

/// What it is called, about how many rows there are, and of a person what is no row.
async fn heading(cx: &Cx, subject: Subject) -> Result<(String, i64, Option<Vec<u8>>)> {
    if let Subject::Person(person) = subject {
        let (user, all, places) = cx
            .view(ExportDeed::Read { subject }, move |look| {
                let user = users::person(look, person)?.ok_or_else(|| Error::missing("user"))?;
                Ok((user, messages::changes(look)?, rows::memberships(look, person)?))
            })
            .await?;
        let memberships: Vec<_> = places
            .into_iter()
            .map(|(id, name, role, since)| json!({ "channelId": id, "name": name, "role": role, "joinedAt": since }))
            .collect();
        let title = format!("Data of {}", user.username);
        let profile = json!({ "user": user, "memberships": memberships });
        return Ok((title, all, Some(format!("{profile:#}\n").into_bytes())));
    }
    cx.view(ExportDeed::Read { subject }, move |look| {
        let title = match subject {
            Subject::Channel(channel) => rows::channel_name(look, channel)?.ok_or_else(|| Error::missing("channel"))?,
            _ => "Audit log".to_owned(),
        };
        Ok((title, rows::size(look, subject)?, None))
    })
    .await
}

/// The rows after `from`, decided on anew.
async fn read(cx: &Cx, subject: Subject, span: Span, from: i64) -> Result<Slice> {
    cx.view(ExportDeed::Read { subject }, move |look| match subject {
        Subject::Channel(channel) => {
            let phi = look.grant().phi;
            let rows = messages::ahead_in(look, channel, from, SLICE, phi)?;
            let (looked_at, next) = (count(&rows), rows.last().map_or(from, |row| row.seq));
            let kept = rows.into_iter().filter(|row| span.holds(row.timestamp)).collect();
            Ok(Slice { content: Content::Messages(kept), looked_at, next })
        }
        Subject::Person(person) => {
            let (rows, next) = messages::ahead_of(look, person, from, CHANGES)?;
            let kept = rows.into_iter().filter(|row| span.holds(row.timestamp)).collect();
            Ok(Slice { content: Content::Messages(kept), looked_at: next - from, next })
        }
        Subject::Audit => {
            let rows = audit::ahead(look, from, SLICE)?;
            let (looked_at, next) = (count(&rows), rows.last().map_or(from, |row| row.number));
            let kept = rows.into_iter().filter(|row| span.holds(row.timestamp)).collect();
            Ok(Slice { content: Content::Entries(kept), looked_at, next })
        }
    })
    .await
}
