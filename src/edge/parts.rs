//! What every connection is judged by: the allow-list, the trusted proxies, the places, and the certificate shown.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use ipnet::IpNet;
use tokio_util::task::TaskTracker;

use super::allowlist::{AllowList, SharedAllowList};
use super::cert::Certificates;
use super::limits::{Full, Permit, Places, Quiet};
use crate::clock::SharedClock;
use crate::config;
use crate::error::Result;
use crate::metrics::Metrics;

/// Whether an address is kept out.
pub type Blocked = Box<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// Everything a connection is judged by and served with.
pub struct EdgeParts {
    /// Who is let in; exchange it while the server runs with [`SharedAllowList::replace`].
    pub allowed: SharedAllowList,
    /// What we show.
    pub certificates: Arc<Certificates>,
    /// The connection tasks, for whoever drains them.
    pub tasks: TaskTracker,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Who is kept out whatever the allow-list says.
    pub blocked: Blocked,
    pub(super) network: config::Network,
    pub(super) handshake_within: Duration,
    /// Rules that somebody chose while the server ran; they give way to the configuration's.
    chosen: RwLock<Option<AllowList>>,
    places: Arc<Places>,
    quiet: Quiet,
    clock: SharedClock,
}

impl EdgeParts {
    /// Reads the network's rules; `Invalid` when one of them is wrong.
    pub fn new(
        network: &config::Network,
        limits: &config::Limits,
        certificates: Arc<Certificates>,
        tasks: TaskTracker,
        clock: SharedClock,
    ) -> Result<Self> {
        let allowed = match &network.allowed {
            Some(rules) => AllowList::parse(rules)?,
            None => AllowList::of_this_machine(),
        };
        Ok(Self {
            allowed: SharedAllowList::new(allowed),
            certificates,
            tasks,
            metrics: Arc::default(),
            blocked: Box::new(|_| false),
            network: network.clone(),
            chosen: RwLock::default(),
            handshake_within: limits.handshake_within,
            places: Places::new(limits.connections_max, limits.connections_per_address_max),
            quiet: Quiet::default(),
            clock,
        })
    }

    /// Whether a client at `ip` may talk to us: for the address that a trusted proxy forwards.
    pub fn admits(&self, ip: IpAddr) -> bool {
        self.allowed.admits(ip) && !(self.blocked)(ip)
    }

    /// Connections that hold a place now.
    pub fn connections(&self) -> usize {
        self.places.taken()
    }

    /// Whether the configuration names the rules: then nobody chooses others.
    pub fn is_configured(&self) -> bool {
        self.network.allowed.is_some()
    }

    /// Lets in by these rules from now on; `None` goes back to those that follow the machine.
    pub fn choose(&self, rules: Option<&[String]>) -> Result<()> {
        let chosen = rules.map(AllowList::parse).transpose()?;
        *self.chosen.write().unwrap_or_else(PoisonError::into_inner) = chosen;
        if !self.is_configured() {
            self.allowed.replace(self.unconfigured());
        }
        Ok(())
    }

    /// The rules where the configuration names none.
    pub fn unconfigured(&self) -> AllowList {
        let chosen = self.chosen.read().unwrap_or_else(PoisonError::into_inner).clone();
        chosen.unwrap_or_else(AllowList::of_this_machine)
    }

    /// To be called every minute: follows the machine to other networks when the allow-list is the default one, and
    /// refreshes the certificates. True when the certificate changed.
    pub fn refresh(&self) -> Result<bool> {
        if self.network.allowed.is_none() && self.allowed.replace(self.unconfigured()) {
            tracing::info!("this machine is on other networks now; the allow-list follows it");
        }
        self.certificates.refresh()
    }

    fn is_proxy(&self, ip: IpAddr) -> bool {
        self.network.trusted_proxies.iter().any(|n: &IpNet| n.contains(&ip))
    }

    pub(super) fn note(&self, peer: IpAddr, what: &str) {
        if self.quiet.speaks(peer, self.clock.monotonic()) {
            tracing::info!(%peer, "{what}; further ones from this address are not logged for a minute");
        } else {
            tracing::debug!(%peer, "{what}");
        }
    }

    /// Steps 2 and 3 of the front page.
    pub(super) fn admit(&self, peer: IpAddr) -> Option<(Permit, bool)> {
        let from_proxy = self.is_proxy(peer);
        if !from_proxy && !self.allowed.admits(peer) {
            self.note(peer, "refused a connection from outside the allowed networks");
            return None;
        }
        if (self.blocked)(peer) {
            self.note(peer, "refused a connection from a blocked address");
            return None;
        }
        match self.places.take((!from_proxy).then_some(peer)) {
            Ok(permit) => Some((permit, from_proxy)),
            Err(full) => {
                self.note_full(peer, full);
                None
            }
        }
    }

    pub(super) fn note_full(&self, peer: IpAddr, full: Full) {
        self.note(
            peer,
            match full {
                Full::InAll => "closed a connection: there are as many as the server may hold",
                Full::ForAddress => "closed a connection: its address has as many as one address may hold",
            },
        );
    }
}

impl std::fmt::Debug for EdgeParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EdgeParts")
            .field("network", &self.network)
            .field("places", &self.places)
            .finish_non_exhaustive()
    }
}
