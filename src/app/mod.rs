//! Every part, built once from the configuration and joined: opens the store and gives it to the gate, joins the
//! edge to HTTP, starts the jobs, and stops everything in the right order.
//!
//! | file | what |
//! |---|---|
//! | mod | building, serving, stopping |
//! | run | from the configuration to the end of the process |
//! | data | the store with its keys: what the command line needs too |
//! | authority | the certificate authority, which moves with the database |
//! | snapshot | publishing and verifying the copyable file |
//! | health | how the machine and the database are |
//! | first_admin | the way to the first administrator |
//! | welcome | what a person sees at the start |
//! | site | the edge as set-up and settings see it |
//! | reload | what can change while it runs |
//! | logs | the log files: where, how long, and showing them |
//! | press | what backups are made with |
//! | restore | bringing a backup into place |
//! | errands | what the command line asks a running server |
//! | import | taking over the older server's database |
//! | offline | what the command line does itself |

mod authority;
mod data;
mod errands;
mod first_admin;
mod health;
pub mod import;
pub mod logs;
pub mod offline;
mod press;
mod reload;
pub mod restore;
mod run;
mod site;
mod snapshot;
mod welcome;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::SharedClock;
use crate::config::{Config, Origins, load, shown};
use crate::crypto::{PasswordPool, SystemEntropy};
use crate::edge::{self, EdgeParts, Via};
use crate::error::{Context, Error, Result};
use crate::features::{
    Means, Pace, Throttle, Turnstile, announcements, audit, auth, backups, blocks, exports, messages, metrics,
    presence, settings, words,
};
use crate::gate::{Gate, Opening};
use crate::http::{self, Client, Outside, Scheme, Web};
use crate::hub::{Close, Hub};
use crate::jobs;
use crate::metrics::Metrics;
use crate::wire::frames::Frame;
use crate::ws::Sockets;
pub use data::Data;

#[cfg(debug_assertions)]
pub use crate::http::read_clients_from;
pub use reload::Live;
pub use run::run;

pub use crate::crypto::RecoveryKey;
pub use crate::store::Manifest;

/// How often silent sockets are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// How often it is written down and told what devices have received.
const DELIVERIES_EVERY: Duration = Duration::from_secs(1);
/// How often the names, addresses and certificates of the machine are looked at.
const REFRESH_EVERY: Duration = Duration::from_mins(1);
/// How long after the start the whole database is checked in the background.
const CHECK_AFTER: Duration = Duration::from_mins(2);
/// How often the configuration file is looked at.
const RELOAD_EVERY: Duration = Duration::from_secs(2);
/// How often it is asked whether a snapshot is due.
const SNAPSHOT_ASKED_EVERY: Duration = Duration::from_secs(1);
/// How often it is told who came, went or is away: changes in between are told together.
const PRESENCE_EVERY: Duration = Duration::from_secs(1);
/// How often the policies are read again: on PostgreSQL another server may have changed them.
const POLICIES_EVERY: Duration = Duration::from_secs(10);
/// How often exports whose time is over are looked for.
const EXPORTS_PURGED_EVERY: Duration = Duration::from_mins(10);
/// How often the command line's errands are looked for.
const ERRANDS_EVERY: Duration = Duration::from_millis(250);

/// A server that is built and listens, and that nobody has been let in to yet.
pub struct App {
    config: Config,
    clock: SharedClock,
    data: Data,
    gate: Gate,
    hub: Hub,
    edge: Arc<EdgeParts>,
    web: Arc<Web>,
    listening: Taken,
    publisher: Arc<snapshot::Publisher>,
    tasks: TaskTracker,
    /// No new connections; those that stand finish.
    stop: CancellationToken,
    /// Ends the jobs.
    done: CancellationToken,
}

/// The sockets we listen on, until they are served.
struct Taken {
    port: u16,
    sockets: Mutex<Option<edge::Listening>>,
}

impl App {
    /// Builds every part; the port is taken before anything slow is done.
    pub async fn build(config: Config, data: Data, clock: SharedClock) -> Result<Self> {
        let listening = edge::bind(&config.listen).await?;
        let entropy = SystemEntropy::shared();
        let metrics = Arc::new(Metrics::default());
        let (hub, fanout) = Hub::new(metrics.clone());
        tokio::spawn(fanout.run());
        // On threads of their own, because PostgreSQL's driver may not be used on a runtime's; and before the writer
        // runs, because what is made here is kept in the database.
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let blocks = Arc::new(blocks::Current::default());
        let (connections, at, counted, kept_out) = (tasks.clone(), clock.clone(), metrics.clone(), blocks.clone());
        let (data, config, tokens, edge, added, chosen) = blocking("reading keys and certificates", move || {
            let tokens = data.token_keys(&config)?;
            let added = site::added(&data)?;
            let chosen = site::chosen(&data, crate::features::setup::NETWORKS)?;
            let mut edge = site::build_edge(&config, &data, &added, &connections, &at)?;
            edge.choose(chosen.as_deref())?;
            edge.metrics = counted;
            edge.blocked = Box::new(move |ip| kept_out.covers(ip, at.now()));
            let edge = Arc::new(edge);
            Ok((data, config, tokens, edge, added, chosen))
        })
        .await?;
        let opening = Opening {
            clock: clock.clone(),
            entropy: entropy.clone(),
            keyring: data.keyring.clone(),
            tokens,
            token_lives: config.auth.token_lives,
            hub: hub.clone(),
            metrics: metrics.clone(),
            queue_max: config.limits.write_queue_max,
        };
        let store = data.store.clone();
        let gate = blocking("opening the gate", move || Gate::open(store, opening)).await?;
        let limits = &config.limits;
        let publisher = Arc::new(snapshot::Publisher::new(data.store.clone(), data.keyring.clone(), clock.clone()));
        let press = data.store.file().is_some().then(|| -> Arc<dyn backups::Press> {
            Arc::new(press::SnapshotPress { publisher: publisher.clone(), config: config.clone() })
        });
        let mut means = Means {
            limits: limits.clone(),
            figures: config.metrics.clone(),
            recorder: metrics::Recorder::new(health::probe(&config, &data.store, &hub, &edge)),
            metrics,
            started: clock.monotonic(),
            passwords: PasswordPool::start(limits.login_queue_max, entropy.clone())?,
            check_passwords: config.auth.authenticate_users,
            configured: settings::Configured::new(shown(&config, &Origins::new())),
            logs: crate::features::logs::Desk::new(logs::folder(&config)),
            verifying: audit::Verifying::default(),
            house: health::house(&config, &data.store, &edge),
            blocks,
            clinic: settings::Current::default(),
            turnstile: Turnstile::new(config.rates.clone()),
            frames: Pace::new("frames.send", limits.frames_per_second, limits.frames_burst),
            logins: Throttle::new(limits.login_failures_max),
            setups: Throttle::new(limits.login_failures_max),
            secrets: Throttle::new(limits.login_failures_max),
            channel_passwords: Throttle::new(limits.login_failures_max),
            pace: Pace::new("messages.send", limits.sends_per_second, limits.sends_burst),
            words: words::Filter::default(),
            checks: Pace::new("phi.check", messages::CHECKS_PER_SECOND, messages::CHECKS_AT_ONCE),
            searches: crate::features::search::Hall::new(limits.searches_max),
            whispers: Pace::new("presence.send", limits.whispers_per_second, limits.whispers_burst),
            presence: presence::Board::new(clock.clone(), limits.away_after),
            announced: announcements::Current::default(),
            receipts: Pace::new("receipts.send", limits.sends_per_second, limits.sends_burst),
            deliveries: messages::Deliveries::default(),
            backups: Arc::new(backups::Desk::new(config.store.data_dir.clone(), press, entropy.clone())),
            exports: exports::Desk::new(config.store.data_dir.join("exports"), limits.exports_kept, entropy.clone()),
            place: crate::features::setup::Place::new(Box::new(site::Ground { edge: edge.clone(), added }), chosen),
            door: crate::features::setup::SetupDoor::shut(),
        };
        settings::load(&gate.system(), &means.clinic).await?;
        blocks::load(&gate.system(), &means.blocks).await?;
        announcements::load(&gate.system(), &means.announced).await?;
        first_admin::see_to(&gate, &mut means, &config, entropy.as_ref()).await?;
        auth::level(&gate.system(), &means).await?;
        exports::tidy(&gate, &means).await?;
        words::reload(&gate.system(), &means).await?;
        let means = Arc::new(means);

        let sockets = Sockets::new(hub.clone(), means.clone(), tasks.clone(), stop.clone());
        let mut outside = outside(&config, &edge, listening.port());
        outside.unready = health::unready(&data.store, &stop);
        let web = Web::new(gate.clone(), means, sockets, outside, clock.clone());
        let listening = Taken { port: listening.port(), sockets: Mutex::new(Some(listening)) };
        let done = CancellationToken::new();
        Ok(Self { config, clock, data, gate, hub, edge, web, listening, publisher, tasks, stop, done })
    }

    /// The port it listens on: the one that was asked for, or the free one that was found for 0.
    pub fn port(&self) -> u16 {
        self.listening.port
    }

    /// The door to its data.
    pub fn gate(&self) -> Gate {
        self.gate.clone()
    }

    /// What its features work with.
    pub fn means(&self) -> Arc<Means> {
        self.web.means.clone()
    }

    /// Its signed-in sockets.
    pub fn hub(&self) -> Hub {
        self.hub.clone()
    }

    /// Serves until `asked` is ready or the storage fails for good, then stops in order: no new connections,
    /// requests finish, sockets are told, what is queued is written, the snapshot is published.
    pub async fn serve(self, asked: impl Future<Output = &'static str>) -> Result<()> {
        let mut fatal = self.data.store.fatal();
        self.start_jobs();
        let accepting = tokio::spawn(self.accept());
        let reason = tokio::select! {
            why = asked => {
                tracing::info!(why, "stopping");
                None
            }
            failed = fatal.wait_for(Option::is_some) => failed.ok().and_then(|reason| reason.clone()),
        };
        self.stop.cancel();
        // The listener is closed first; new clients are refused while the old ones are seen off.
        let _ = accepting.await;
        self.see_off().await;
        self.done.cancel();
        if let Some(reason) = reason {
            return Err(Error::internal(format!(
                "The storage failed: {reason}. Nothing that was acknowledged is lost. Check the disk, then start the \
                 server again: it recovers by itself."
            )));
        }
        let Self { gate, publisher, config, web, .. } = self;
        if let Err(error) = metrics::keep(&gate.system(), &web.means).await {
            tracing::warn!(cause = error.chain(), "the last figures could not be written down");
        }
        if let Err(error) = last_books(&gate).await {
            tracing::warn!(cause = error.chain(), "the last books could not be written down");
        }
        tokio::task::spawn_blocking(move || {
            gate.stop();
            publisher.publish_last(config.limits.drain_within);
        })
        .await
        .context("stopping the writer")?;
        tracing::info!("stopped");
        Ok(())
    }

    fn accept(&self) -> impl Future<Output = ()> + Send + 'static {
        let (web, router) = (self.web.clone(), http::router(&self.web));
        let (edge, stop) = (self.edge.clone(), self.stop.clone());
        let listening = self.listening.sockets.lock().unwrap_or_else(PoisonError::into_inner).take();
        let finish = self.stop.clone();
        let handle = move |conn: edge::Conn| {
            let scheme = if conn.via == Via::PlainOnTls { Scheme::Plain } else { Scheme::Trusted };
            let client = Client { address: conn.peer.ip().to_canonical(), scheme, from_proxy: conn.from_proxy };
            let (web, router, finish) = (web.clone(), router.clone(), finish.clone());
            let permit = conn.permit;
            let stream = Placed { stream: conn.stream, _permit: permit };
            async move { http::serve(stream, client, web, router, finish).await }
        };
        async move {
            if let Some(listening) = listening {
                edge::serve(listening, edge, stop, handle).await;
            }
        }
    }

    fn start_jobs(&self) {
        let (gate, web) = (self.gate.clone(), self.web.clone());
        jobs::every("keep deliveries", DELIVERIES_EVERY, &self.done, move || {
            let (cx, web) = (gate.system(), web.clone());
            async move { messages::keep_deliveries(&cx, &web.means).await }
        });
        let (hub, clock, idle) = (self.hub.clone(), self.clock.clone(), self.config.limits.idle_after);
        let (place, now) = (self.web.means.clone(), self.clock.clone());
        jobs::every("end trials of networks", SNAPSHOT_ASKED_EVERY, &self.done, move || {
            let outcome = place.place.fall_back(now.monotonic()).map(|fell_back| {
                if fell_back {
                    tracing::warn!("nobody confirmed the change of the networks: the rules of before hold again");
                }
            });
            std::future::ready(outcome)
        });
        jobs::every("sweep sockets", SWEEP_EVERY, &self.done, move || {
            hub.sweep(clock.monotonic(), idle);
            std::future::ready(Ok(()))
        });
        let edge = self.edge.clone();
        let (gate, means) = (self.gate.clone(), self.web.means.clone());
        jobs::every("read the policies again", POLICIES_EVERY, &self.done, move || {
            let (gate, means) = (gate.clone(), means.clone());
            async move {
                settings::load(&gate.system(), &means.clinic).await?;
                blocks::load(&gate.system(), &means.blocks).await?;
                announcements::load(&gate.system(), &means.announced).await
            }
        });
        let (gate, means) = (self.gate.clone(), self.web.means.clone());
        jobs::every("tell who is there", PRESENCE_EVERY, &self.done, move || {
            let (gate, means) = (gate.clone(), means.clone());
            async move { presence::tell(&gate.system(), &means).await }
        });
        jobs::every("refresh certificates", REFRESH_EVERY, &self.done, move || {
            let edge = edge.clone();
            async move {
                let changed = tokio::task::spawn_blocking(move || edge.refresh()).await.context("refreshing")??;
                if changed {
                    tracing::info!("another certificate is shown from now on");
                }
                Ok(())
            }
        });
        let (gate, means) = (self.gate.clone(), self.web.means.clone());
        jobs::every("remove old exports", EXPORTS_PURGED_EVERY, &self.done, move || {
            let (gate, means) = (gate.clone(), means.clone());
            async move { exports::purge(&gate, &means).await }
        });
        let (publisher, every) = (self.publisher.clone(), self.config.store.snapshot_every);
        jobs::every("publish snapshot", SNAPSHOT_ASKED_EVERY, &self.done, move || {
            let publisher = publisher.clone();
            async move { tokio::task::spawn_blocking(move || publisher.publish_if_due(every)).await.context("publishing")? }
        });
        if let Some(folder) = errands::folder(&self.data.store) {
            let errands = Arc::new(errands::Errands::new(folder, self.publisher.clone(), self.gate.clone()));
            jobs::every("command line", ERRANDS_EVERY, &self.done, move || {
                let errands = errands.clone();
                async move { errands.run().await }
            });
        }
        let store = self.data.store.clone();
        jobs::once("check the database", CHECK_AFTER, &self.done, move || snapshot::check(store));
        jobs::of_the_gate(&self.gate, &self.clock, &self.done);
        jobs::of_the_figures(&self.gate, &self.web.means, &self.done);
        jobs::of_the_backups(&self.gate, &self.web.means, &self.done);
        jobs::of_writers(&self.gate, &self.web.means, &self.done);
        jobs::of_people(&self.gate, &self.clock, &self.done);
        jobs::of_the_channels(&self.gate, &self.clock, &self.done);
    }

    /// Takes over changes of the configuration file while the server runs.
    pub fn follow(&self, live: Live) {
        self.show_configuration(&live);
        let reload = Arc::new(reload::Reload::new(live, self.edge.clone()));
        let (again, done) = (reload.clone(), self.done.clone());
        tokio::spawn(async move {
            let mut asked = crate::os::signals::ReloadAsked::listen();
            loop {
                tokio::select! {
                    () = done.cancelled() => return,
                    () = asked.next() => {}
                }
                let again = again.clone();
                if let Ok(Err(error)) = tokio::task::spawn_blocking(move || again.look(true)).await {
                    tracing::error!(cause = error.chain(), "the configuration could not be read again");
                }
            }
        });
        jobs::every("read the configuration again", RELOAD_EVERY, &self.done, move || {
            let reload = reload.clone();
            async move { tokio::task::spawn_blocking(move || reload.look(false)).await.context("reading it")? }
        });
    }

    /// Shows where each value came from, which only what it was read from knows.
    fn show_configuration(&self, live: &Live) {
        if let Ok(loaded) = load(&live.sources) {
            self.web.means.configured.replace(shown(&self.config, &loaded.origins));
        }
    }

    async fn see_off(&self) {
        let farewell = Frame::SystemEvent { event_type: "shutdown", data: serde_json::json!({}) }.encode();
        self.hub.close_all(&farewell.into(), Close::STOPPING);
        self.tasks.close();
        if tokio::time::timeout(self.config.limits.drain_within, self.tasks.wait()).await.is_err() {
            tracing::warn!(left = self.tasks.len(), "connections that did not end in time were cut");
        }
    }
}

async fn last_books(gate: &Gate) -> Result<()> {
    let floods = gate.keep_floods().await;
    let repeats = gate.keep_repeats(true).await;
    floods.and(repeats).and(gate.keep_key_uses().await)
}

async fn blocking<T: Send + 'static>(
    what: &'static str,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.context(what)?
}

fn outside(config: &Config, edge: &Arc<EdgeParts>, port: u16) -> Outside {
    let (named, admitting) = (edge.clone(), edge.clone());
    let (authority, signer, shown) = (edge.clone(), edge.clone(), edge.clone());
    Outside {
        is_ours: Box::new(move |host| named.certificates.names().covers(host)),
        admits: Box::new(move |ip| admitting.admits(ip)),
        allowed_origins: config.network.allowed_origins.clone(),
        port,
        authority: Box::new(move || authority.certificates.ca_pem()),
        authority_fingerprint: Box::new(move || signer.certificates.ca_fingerprint()),
        leaf_fingerprint: Box::new(move || shown.certificates.leaf_fingerprint()),
        unready: Box::new(Vec::new),
    }
}

/// A stream that keeps its place among the connections until it is dropped, through an upgrade too.
struct Placed {
    stream: edge::Stream,
    _permit: edge::Permit,
}

impl tokio::io::AsyncRead for Placed {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl tokio::io::AsyncWrite for Placed {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buf: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        std::pin::Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
