//! Configuration: command line > environment > `.env` > file > default, read once at start, every fault reported
//! together.
//!
//! Each section is one struct of plain, validated values with its defaults; the other rooms are given the
//! section they need and never ask where a value came from. Beside each struct stand its rows of the one table
//! of settings ([`sections`]), from which loading ([`load()`]), `config show`, the JSON Schema, the reference in
//! `docs/configuration.md` and the options of the command line are made, so that none of them can drift.
//!
//! [`load()`] is a pure function of its [`Sources`]: tests hand in an environment and never touch the real one.

mod auth;
mod check;
mod dotenv;
mod fault;
mod file;
mod initial_admin;
mod keys;
mod kind;
mod limits;
mod listen;
mod load;
mod log;
mod metrics;
mod names;
mod network;
mod quantity;
mod rates;
mod reference;
mod schema;
mod secret;
mod setting;
mod show;
mod shown;
mod sources;
mod spelling;
mod store;
mod tls;

use std::collections::BTreeMap;

pub use auth::Auth;
pub use fault::{Fault, Faults};
pub use initial_admin::InitialAdmin;
pub use keys::Keys;
pub use kind::{Choice, Kind, MASK, Pick, Value};
pub use limits::Limits;
pub use listen::Listen;
pub use load::{Loaded, load};
pub use log::{Level, Log};
pub use metrics::Metrics;
pub use network::Network;
pub use rates::{ByClass, Class, Rate, Rates};
pub use reference::reference;
pub use schema::schema;
pub use secret::Secret;
pub use setting::{Field, Section, Setting};
pub use show::{show_json, show_text};
pub use shown::{Shown, shown};
pub use sources::Sources;
pub use store::{Engine, Postgres, Store};
pub use tls::Tls;

/// Everything that can be configured.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Where the server listens and under which names.
    pub listen: Listen,
    /// Which peers are let in.
    pub network: Network,
    /// The certificate.
    pub tls: Tls,
    /// Where data lives.
    pub store: Store,
    /// Signing in.
    pub auth: Auth,
    /// Keys given from outside.
    pub keys: Keys,
    /// The first administrator, created unattended.
    pub initial_admin: InitialAdmin,
    /// What is logged and how.
    pub log: Log,
    /// The server's figures.
    pub metrics: Metrics,
    /// Every limit.
    pub limits: Limits,
    /// How often who may ask.
    pub rates: Rates,
    /// `NODE_ENV=development` was asked for.
    pub development: bool,
}

/// Where each value came from, by its environment name, for `config show`: `command line`, `environment`,
/// `JWT_SECRET_FILE (/run/secrets/jwt)`, `/etc/mcp-messenger/config.toml`, `default`.
pub type Origins = BTreeMap<&'static str, String>;

/// The one setting outside any section, because it is about the whole server.
const MODE: &[Setting] = &[Setting {
    name: "NODE_ENV",
    section: "",
    key: "node_env",
    kind: Kind::OneOf(&[
        Choice { word: "production", also: &["prod", "test"], pick: Pick::Flag(false) },
        Choice { word: "development", also: &["dev"], pick: Pick::Flag(true) },
    ]),
    at: |c| &mut c.development,
    unset: "",
    common: false,
    doc: "development allows AUTHENTICATE_USERS=false on this machine alone; it changes nothing else. test is the same as production.",
}];

/// The table of settings, in the order in which people want to read it.
pub fn sections() -> &'static [Section] {
    const {
        &[
            Section { name: "listen", title: "Where the server listens", settings: listen::SETTINGS },
            Section { name: "network", title: "Who may connect", settings: network::SETTINGS },
            Section { name: "tls", title: "Certificate", settings: tls::SETTINGS },
            Section { name: "store", title: "Data", settings: store::SETTINGS },
            Section { name: "database", title: "Database", settings: store::DATABASE },
            Section { name: "auth", title: "Signing in", settings: auth::SETTINGS },
            Section { name: "keys", title: "Keys", settings: keys::SETTINGS },
            Section { name: "initial_admin", title: "First administrator", settings: initial_admin::SETTINGS },
            Section { name: "log", title: "Log", settings: log::SETTINGS },
            Section { name: "metrics", title: "Figures", settings: metrics::SETTINGS },
            Section { name: "limits", title: "Limits", settings: limits::SETTINGS },
            Section { name: "rates", title: "How often", settings: rates::SETTINGS },
            Section { name: "", title: "Mode", settings: MODE },
        ]
    }
}

/// Every row of the table.
pub fn settings() -> impl Iterator<Item = &'static Setting> {
    sections().iter().flat_map(|section| section.settings)
}
