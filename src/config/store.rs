//! Where data lives: the folder, and the database if it is not a file in it.

use std::path::PathBuf;
use std::time::Duration;

use super::Secret;
use super::kind::{Choice, Kind, Pick};
use super::setting::Setting;

/// Which database engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Engine {
    /// One file in the data folder.
    #[default]
    Sqlite,
    /// `DB_ENGINE=postgres`.
    Postgres,
}

/// Where data lives.
#[derive(Debug, Clone)]
pub struct Store {
    /// `DATA_DIR`.
    pub data_dir: PathBuf,
    /// `DB_ENGINE`.
    pub engine: Engine,
    /// `DB_MAX_CONNECTIONS`: readers.
    pub readers_max: u32,
    /// `SNAPSHOT_INTERVAL`: how often the copyable snapshot is published when something changed.
    pub snapshot_every: Duration,
    /// How to reach the database server; used with [`Engine::Postgres`] only.
    pub postgres: Postgres,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("./data"),
            engine: Engine::Sqlite,
            readers_max: 10,
            snapshot_every: Duration::from_mins(15),
            postgres: Postgres::default(),
        }
    }
}

/// How to reach the database server.
#[derive(Debug, Clone)]
pub struct Postgres {
    /// `DB_HOST`.
    pub host: String,
    /// `DB_PORT`.
    pub port: u16,
    /// `DB_NAME`.
    pub name: String,
    /// `DB_USER`.
    pub user: String,
    /// `DB_PASSWORD`; there is no default password.
    pub password: Option<Secret>,
    /// `DB_TLS`: `require` (default off loopback) checks the certificate against the system's roots or
    /// `DB_TLS_CA`; `off` is allowed for loopback and Unix sockets only. Always decided after loading.
    pub tls: bool,
    /// `DB_TLS_CA`: PEM file with the authority that signed the database's certificate.
    pub tls_ca: Option<PathBuf>,
}

impl Default for Postgres {
    fn default() -> Self {
        Self {
            host: "localhost".into(),
            port: 5432,
            name: "mcp_messenger_db".into(),
            user: "mcp_messenger_admin".into(),
            password: None,
            tls: false,
            tls_ca: None,
        }
    }
}

/// A word without spaces, as database names, users and hosts are.
fn word(text: &str) -> Result<String, String> {
    if text.len() > 255 {
        Err("is longer than 255 bytes".into())
    } else if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Err("has a space or a control character in it".into())
    } else {
        Ok(text.to_owned())
    }
}

/// What can be set here.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: "DATA_DIR",
        section: "store",
        key: "data_dir",
        kind: Kind::Path,
        at: |c| &mut c.store.data_dir,
        unset: "",
        common: true,
        doc: "The folder that holds everything the server keeps. It must be on a disk of this machine, not on a network share.",
    },
    Setting {
        name: "SNAPSHOT_INTERVAL",
        section: "store",
        key: "snapshot_interval",
        kind: Kind::Span { min: Duration::from_secs(1), max: Duration::from_hours(7 * 24) },
        at: |c| &mut c.store.snapshot_every,
        unset: "",
        common: false,
        doc: "How often DATA_DIR/messenger.db, the file to copy for a backup, is brought up to date when something changed.",
    },
];

/// What can be set about the database.
pub(super) const DATABASE: &[Setting] = &[
    Setting {
        name: "DB_ENGINE",
        section: "database",
        key: "engine",
        kind: Kind::OneOf(&[
            Choice { word: "sqlite", also: &[], pick: Pick::Engine(Engine::Sqlite) },
            Choice { word: "postgres", also: &["postgresql", "pg"], pick: Pick::Engine(Engine::Postgres) },
        ]),
        at: |c| &mut c.store.engine,
        unset: "",
        common: false,
        doc: "The database: one file in DATA_DIR, or a PostgreSQL server (12 or newer).",
    },
    Setting {
        name: "DB_MAX_CONNECTIONS",
        section: "database",
        key: "max_connections",
        kind: Kind::Whole { min: 1, max: 256 },
        at: |c| &mut c.store.readers_max,
        unset: "",
        common: false,
        doc: "How many connections read from the database at the same time.",
    },
    Setting {
        name: "DB_HOST",
        section: "database",
        key: "host",
        kind: Kind::Text { check: word, allowed: "a host name, an IP address, or the folder of a Unix socket" },
        at: |c| &mut c.store.postgres.host,
        unset: "",
        common: false,
        doc: "Where PostgreSQL is: a host name, an IP address, or the folder of its Unix socket.",
    },
    Setting {
        name: "DB_PORT",
        section: "database",
        key: "port",
        kind: Kind::Whole { min: 1, max: 65_535 },
        at: |c| &mut c.store.postgres.port,
        unset: "",
        common: false,
        doc: "The port of PostgreSQL.",
    },
    Setting {
        name: "DB_NAME",
        section: "database",
        key: "name",
        kind: Kind::Text { check: word, allowed: "a name without spaces" },
        at: |c| &mut c.store.postgres.name,
        unset: "",
        common: false,
        doc: "The database in PostgreSQL.",
    },
    Setting {
        name: "DB_USER",
        section: "database",
        key: "user",
        kind: Kind::Text { check: word, allowed: "a name without spaces" },
        at: |c| &mut c.store.postgres.user,
        unset: "",
        common: false,
        doc: "The PostgreSQL user that owns the database.",
    },
    Setting {
        name: "DB_PASSWORD",
        section: "database",
        key: "password",
        kind: Kind::Secret { bytes_min: 1 },
        at: |c| &mut c.store.postgres.password,
        unset: "",
        common: false,
        doc: "The password of that user. There is no default password.",
    },
    Setting {
        name: "DB_TLS",
        section: "database",
        key: "tls",
        kind: Kind::OneOf(&[
            Choice { word: "require", also: &["true", "on", "yes"], pick: Pick::Flag(true) },
            Choice { word: "off", also: &["false", "no", "disable"], pick: Pick::Flag(false) },
        ]),
        at: |c| &mut c.store.postgres.tls,
        unset: "require, unless the database is on this machine",
        common: false,
        doc: "Whether the connection to PostgreSQL is encrypted and its certificate checked. off is allowed for a database on this machine only.",
    },
    Setting {
        name: "DB_TLS_CA",
        section: "database",
        key: "tls_ca",
        kind: Kind::Path,
        at: |c| &mut c.store.postgres.tls_ca,
        unset: "the authorities this machine trusts",
        common: false,
        doc: "The authority that signed the database's certificate (PEM).",
    },
];
