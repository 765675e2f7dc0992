//! How the machine and the database are: what the figures look at, and whether the server can do its work.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::clock::Timestamp;
use crate::config::{Config, Engine};
use crate::edge::EdgeParts;
use crate::features::metrics::Probe;
use crate::features::overview::{Certificate, House};
use crate::hub::Hub;
use crate::metrics::{Gauges, Machine, disk_of};
use crate::store::{Manifest, Store};

/// Looks at everything that is not counted. Blocking for a moment.
pub(super) fn probe(config: &Config, store: &Store, hub: &Hub, edge: &Arc<EdgeParts>) -> Probe {
    let (store, hub, edge) = (store.clone(), hub.clone(), edge.clone());
    let (machine, folder) = (Machine::default(), config.store.data_dir.clone());
    Box::new(move || {
        let stats = store.stats();
        Gauges {
            connections: edge.connections() as u64,
            sockets: hub.sockets() as u64,
            queue: stats.queued as u64,
            readers: u64::from(stats.readers),
            readers_busy: u64::from(stats.readers.saturating_sub(stats.readers_idle)),
            commits: stats.commits,
            commit: store.commit_times(),
            database_bytes: store.file().and_then(|file| std::fs::metadata(file).ok()).map(|data| data.len()),
            wal_bytes: stats.wal_bytes,
            process: machine.process(),
            disk: disk_of(&folder),
        }
    })
}

/// Why the server cannot do its work now; nothing when it can. Before it serves, it does not answer at all.
pub(super) fn unready(store: &Store, stop: &CancellationToken) -> Box<dyn Fn() -> Vec<&'static str> + Send + Sync> {
    let (store, stop, fatal) = (store.clone(), stop.clone(), store.fatal());
    Box::new(move || {
        let reasons = [
            (stop.is_cancelled(), "stopping"),
            (store.full(), "disk_full"),
            (fatal.borrow().is_some(), "storage_failed"),
        ];
        reasons.into_iter().filter(|(holds, _)| *holds).map(|(_, reason)| reason).collect()
    })
}

/// What the overview asks of the rooms below.
pub(super) fn house(config: &Config, store: &Store, edge: &Arc<EdgeParts>) -> House {
    let (shown, store, manifest) = (edge.clone(), store.clone(), config.store.data_dir.join("messenger.db.json"));
    House {
        engine: match config.store.engine {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
        },
        certificate: Box::new(move || Certificate {
            ends_at: shown.certificates.ends_at(),
            fingerprint: shown.certificates.leaf_fingerprint(),
            authority: shown.certificates.ca_fingerprint(),
        }),
        snapshot: Box::new(move || {
            let manifest: Manifest = serde_json::from_slice(&std::fs::read(&manifest).ok()?).ok()?;
            Some((Timestamp::from_micros(manifest.published_at), manifest.bytes))
        }),
        backup: Box::new(|| None),
        full: Box::new(move || store.full()),
    }
}
