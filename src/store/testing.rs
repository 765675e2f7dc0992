//! What the tests of this room share: a store on each engine, and a ledger that writes down what it hears.

use std::sync::mpsc::{self, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::engine::Conn;
use super::{Job, Ledger, Store, Tx, Writer};
use crate::config;
use crate::error::Result;

/// An engine with an empty database, kept until the end of the test.
pub(crate) struct Bed {
    pub(crate) name: &'static str,
    pub(crate) config: config::Store,
    _folder: tempfile::TempDir,
}

impl Bed {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = config::Store { data_dir: folder.path().join("data"), readers_max: 4, ..config::Store::default() };
        Self { name: "sqlite", config, _folder: folder }
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn postgres() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = config::Store {
            data_dir: folder.path().join("data"),
            engine: config::Engine::Postgres,
            readers_max: 4,
            postgres: settings(cluster::database()?),
            ..config::Store::default()
        };
        Some(Self { name: "postgres", config, _folder: folder })
    }

    #[cfg(not(feature = "postgres"))]
    fn postgres() -> Option<Self> {
        None
    }

    /// One of each engine that this machine has.
    pub(crate) fn each() -> Vec<Self> {
        let beds = [Some(Self::sqlite()), Self::postgres()];
        beds.into_iter().flatten().collect()
    }

    pub(crate) fn open(&self) -> Store {
        Store::open(&self.config).unwrap_or_else(|e| panic!("{}: {e:?}", self.name))
    }

    /// Opened, with one table `notes (id, body UNIQUE)`.
    pub(crate) fn with_notes(&self) -> Store {
        let store = self.open();
        store
            .write_blocking(|tx| {
                tx.execute("CREATE TABLE notes (id BIGINT PRIMARY KEY, body TEXT NOT NULL UNIQUE)", &[]).map(|_| ())
            })
            .expect("a table for notes");
        store
    }
}

/// Every body in `notes`, by id.
pub(crate) fn notes(store: &Store) -> Vec<String> {
    store
        .read_blocking(|view| view.all("SELECT body FROM notes ORDER BY id", &[], |row| row.get(0)))
        .expect("reading the notes")
}

/// Writes down what it hears.
#[derive(Clone, Default)]
pub(crate) struct Diary(pub(crate) Arc<Mutex<Vec<&'static str>>>);

impl Diary {
    pub(crate) fn note(&self, what: &'static str) {
        self.0.lock().expect("the diary").push(what);
    }

    pub(crate) fn read(&self) -> Vec<&'static str> {
        self.0.lock().expect("the diary").clone()
    }
}

impl Ledger for Diary {
    fn begin(&mut self, _: &mut Tx<'_>) -> Result<()> {
        self.note("begin");
        Ok(())
    }
    fn mark(&mut self) {
        self.note("mark");
    }
    fn undo(&mut self) {
        self.note("undo");
    }
    fn finish(&mut self, _: &mut Tx<'_>) -> Result<()> {
        self.note("finish");
        Ok(())
    }
    fn committed(&mut self) {
        self.note("committed");
    }
    fn rolled_back(&mut self) {
        self.note("rolled back");
    }
}

/// What a job does.
pub(crate) type Act = Box<dyn FnOnce(&mut Tx<'_>, &mut Diary) -> Result<()> + Send>;

/// A job that does something and reports its outcome under its number.
pub(crate) struct Errand {
    pub(crate) number: usize,
    pub(crate) act: Option<Act>,
    pub(crate) report: mpsc::Sender<(usize, Result<()>)>,
}

impl Job<Diary> for Errand {
    fn run(&mut self, tx: &mut Tx<'_>, ledger: &mut Diary) -> Result<()> {
        ledger.note("run");
        self.act.take().expect("one run")(tx, ledger)
    }
    fn done(self: Box<Self>, outcome: Result<()>) {
        // The test may have heard enough.
        let _ = self.report.send((self.number, outcome));
    }
}

/// Adds the note `n{id}`.
pub(crate) fn add(id: i64) -> Act {
    Box::new(move |tx, _| {
        tx.execute("INSERT INTO notes (id, body) VALUES ($1, $2)", &[id.into(), (&format!("n{id}")).into()]).map(|_| ())
    })
}

/// Submits `acts` behind a job that holds the writer, so that they make one batch; their outcomes, in the
/// order in which they were answered.
pub(crate) fn one_batch(writer: &Writer<Diary>, acts: Vec<Act>) -> Vec<(usize, Result<()>)> {
    let (report, outcomes) = channel();
    let (open, gate) = channel::<()>();
    let (inside, entered) = channel::<()>();
    let (first, first_done) = channel();
    let hold: Act = Box::new(move |_, _| {
        inside.send(()).expect("the test waits");
        gate.recv().expect("the test opens");
        Ok(())
    });
    writer.submit(Box::new(Errand { number: 0, act: Some(hold), report: first }));
    entered.recv().expect("the writer runs");
    let count = acts.len();
    for (number, act) in acts.into_iter().enumerate() {
        writer.submit(Box::new(Errand { number, act: Some(act), report: report.clone() }));
    }
    open.send(()).expect("the writer waits");
    first_done.recv().expect("an answer").1.expect("the first job");
    (0..count).map(|_| outcomes.recv_timeout(Duration::from_secs(30)).expect("an answer")).collect()
}

/// The SQLite connection beneath a transaction.
pub(crate) fn raw<'t>(tx: &'t Tx<'_>) -> &'t rusqlite::Connection {
    match &tx.conn {
        Conn::Sqlite(link) => link.raw(),
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => panic!("not SQLite"),
    }
}

#[cfg(feature = "postgres")]
#[path = "../../tests/driver/postgres.rs"]
mod cluster;

/// Runs statements as the owner of the database.
#[cfg(feature = "postgres")]
pub(crate) fn admin(settings: &config::Postgres, sql: &str) {
    let place = cluster::Place {
        host: settings.host.clone(),
        port: settings.port,
        name: settings.name.clone(),
        user: settings.user.clone(),
        password: settings.password.as_ref().map(|p| p.reveal().to_owned()),
        tls_ca: None,
    };
    cluster::admin(&place, sql);
}

#[cfg(feature = "postgres")]
fn settings(place: cluster::Place) -> config::Postgres {
    config::Postgres {
        host: place.host,
        port: place.port,
        name: place.name,
        user: place.user,
        password: place.password.map(config::Secret::new),
        tls_ca: place.tls_ca,
        ..config::Postgres::default()
    }
}
