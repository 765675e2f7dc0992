//! Events as lines for the files. Whoever says something never waits for a disk: lines go into a bounded queue, and
//! what does not fit is counted and told later.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use super::keeper::{Keeper, Keeping};
use super::{ACCESS, ADMIN, FileStyle, line, now};

/// Lines that may wait for the disk.
const QUEUE_LINES: usize = 8_192;
/// How long a stop waits for the last lines.
const FLUSH_WITHIN: Duration = Duration::from_secs(3);

/// The three logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// What the server says of itself.
    System,
    /// What administrators and the administration do.
    Admin,
    /// Who asked for what.
    Access,
}

impl Kind {
    /// Every log.
    pub const ALL: [Self; 3] = [Self::System, Self::Admin, Self::Access];

    /// Its name, which its files begin with.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Admin => ADMIN,
            Self::Access => ACCESS,
        }
    }

    /// The log of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    fn of(target: &str) -> Self {
        match target {
            ADMIN => Self::Admin,
            ACCESS => Self::Access,
            _ => Self::System,
        }
    }
}

/// What is sent to the keeper.
pub(super) enum Post {
    Line(Kind, String),
    /// Everything before this is to be written; dropping it says that it is.
    Flush(SyncSender<()>),
}

/// The way to the files.
pub(super) struct Files {
    style: FileStyle,
    to: SyncSender<Post>,
    /// Until somebody writes.
    waiting: Mutex<Option<Receiver<Post>>>,
    writing: AtomicBool,
    lost: Arc<AtomicU64>,
}

impl Files {
    pub(super) fn new(style: FileStyle) -> Self {
        let (to, from) = sync_channel(QUEUE_LINES);
        let waiting = Mutex::new(Some(from));
        Self { style, to, waiting, writing: AtomicBool::new(false), lost: Arc::default() }
    }

    /// Starts the thread that writes.
    pub(super) fn keep(&self, keeping: Keeping) {
        let Some(from) = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let (lost, json) = (self.lost.clone(), self.style.json);
        let spawned = std::thread::Builder::new()
            .name("log files".into())
            .spawn(move || Keeper::new(keeping, json, lost).run(&from));
        self.writing.store(spawned.is_ok(), Ordering::Relaxed);
    }

    pub(super) fn flush(&self) {
        if !self.writing.load(Ordering::Relaxed) {
            return;
        }
        let (done, wait) = sync_channel(1);
        if self.to.try_send(Post::Flush(done)).is_ok() {
            // Either answer means that there is nothing more to wait for.
            let _: Result<(), RecvTimeoutError> = wait.recv_timeout(FLUSH_WITHIN);
        }
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

/// The layer that collects.
pub(super) struct Collector(pub(super) Arc<Files>);

impl<S: Subscriber> Layer<S> for Collector {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let files = &self.0;
        let kind = Kind::of(event.metadata().target());
        if kind == Kind::Access && !files.style.access {
            return;
        }
        let mut said = Said::default();
        event.record(&mut said);
        let text = if files.style.json { said.json(event) } else { said.text(event) };
        match files.to.try_send(Post::Line(kind, text)) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => {
                files.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// What an event says.
#[derive(Default)]
struct Said {
    message: String,
    fields: Map<String, Value>,
}

impl Said {
    fn put(&mut self, field: &Field, value: Value) {
        // What a deed's row says, as fields of their own.
        if field.name() == "details"
            && let Some(Ok(Value::Object(details))) = value.as_str().map(serde_json::from_str)
        {
            self.fields.extend(details);
            return;
        }
        if field.name() == "message" {
            self.message = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        } else {
            self.fields.insert(field.name().to_owned(), value);
        }
    }

    fn json(self, event: &Event<'_>) -> String {
        let meta = event.metadata();
        // The time comes first, so that a file's age can be seen in its first bytes.
        let mut line = format!(
            "{{\"time\":\"{:.3}\",\"level\":\"{}\",\"target\":{},\"message\":{}",
            now(),
            meta.level(),
            Value::from(meta.target()),
            Value::from(self.message)
        );
        for (name, value) in self.fields {
            let _ = write!(line, ",{}:{value}", Value::from(name));
        }
        line.push('}');
        ended(&line)
    }

    fn text(self, event: &Event<'_>) -> String {
        let meta = event.metadata();
        let mut line = format!("{:.3} {:>5} {}: {}", now(), meta.level().as_str(), meta.target(), self.message);
        for (name, value) in self.fields {
            let _ = match value {
                Value::String(text) if !text.contains([' ', '"']) => write!(line, " {name}={text}"),
                other => write!(line, " {name}={other}"),
            };
        }
        ended(&line)
    }
}

fn ended(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 1);
    line::escape(line, &mut out);
    out.push('\n');
    out
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.put(field, Value::String(format!("{value:?}")));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }
}
