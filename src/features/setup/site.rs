//! Where the server stands: who is let in, and what it is called. The edge knows; this is what it is asked.
//!
//! A change of the networks can lock out whoever makes it. It is therefore on trial: it holds at once, and falls back
//! unless somebody whom the new rules admit confirms it in time. Only then is it written down, so that a restart in
//! between falls back too.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::error::Result;

/// How long a change of the networks waits for its confirmation.
pub const TRIAL: Duration = Duration::from_mins(2);

/// A network that this machine is on, and its own address there.
pub struct OwnNetwork {
    /// In CIDR form.
    pub range: String,
    /// This machine's.
    pub address: IpAddr,
    /// `loopback`, `private` or `public`.
    pub kind: &'static str,
    /// Whether it holds an address.
    pub holds: Box<dyn Fn(IpAddr) -> bool + Send>,
}

/// What the server is called.
pub struct OwnNames {
    /// Names that it answers to.
    pub hosts: Vec<String>,
    /// Addresses.
    pub addresses: Vec<IpAddr>,
    /// Those that somebody added.
    pub extra: Vec<String>,
    /// Names that the certificate does not hold.
    pub not_covered: Vec<String>,
    /// SHA-256 of the certificate.
    pub fingerprint: String,
}

/// The edge, as far as set-up and settings go. Calls do file work: not for the async threads.
pub trait Site: Send + Sync {
    /// The rules in force, and whether they may be changed here.
    fn ranges(&self) -> (Vec<String>, bool);
    /// Whether the rules in force admit `ip`.
    fn admits(&self, ip: IpAddr) -> bool;
    /// Whether `rules` would; an error when they cannot be read or admit nobody.
    fn would_admit(&self, rules: &[String], ip: IpAddr) -> Result<bool>;
    /// Puts rules in force; `None` for those that follow the machine.
    fn hold(&self, rules: Option<&[String]>) -> Result<()>;
    /// The networks of this machine.
    fn networks(&self) -> Vec<OwnNetwork>;
    /// What it is called.
    fn names(&self) -> OwnNames;
    /// Adds names in place of those added before, and makes the certificate anew where it has to be.
    fn call(&self, extra: &[String]) -> Result<()>;
}

/// A change that waits for its confirmation.
pub(super) struct OnTrial {
    /// Chosen rules before, if any were.
    pub(super) before: Option<Vec<String>>,
    /// What was in force before, to be shown.
    pub(super) shown: Vec<String>,
    pub(super) rules: Vec<String>,
    pub(super) until: Duration,
    pub(super) falls_back_at: Timestamp,
}

/// The site with what is on trial there.
pub struct Place {
    pub(super) site: Box<dyn Site>,
    trial: Mutex<(Option<OnTrial>, Option<Vec<String>>)>,
}

impl Place {
    /// `chosen` are the rules that were confirmed earlier.
    pub fn new(site: Box<dyn Site>, chosen: Option<Vec<String>>) -> Self {
        Self { site, trial: Mutex::new((None, chosen)) }
    }

    /// What is on trial, and what was chosen before.
    pub(super) fn trial(&self) -> MutexGuard<'_, (Option<OnTrial>, Option<Vec<String>>)> {
        self.trial.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts the rules of before in force again when a trial is over at `now`.
    pub fn fall_back(&self, now: Duration) -> Result<bool> {
        let mut trial = self.trial();
        let Some(over) = trial.0.take_if(|on| now >= on.until) else { return Ok(false) };
        self.site.hold(over.before.as_deref())?;
        Ok(true)
    }
}
