//! The edge as set-up and settings see it.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use tokio_util::task::TaskTracker;

use super::data::Data;
use crate::clock::SharedClock;
use crate::config::Config;
use crate::edge::{self, AllowList, Certificates, EdgeParts, Names};
use crate::error::{Context, Result};
use crate::features::setup::{self, OwnNames, OwnNetwork, Site};

/// Names that somebody added to the machine's own, shared with whoever looks for names.
pub type Added = Arc<RwLock<Vec<String>>>;

/// The edge.
pub struct Ground {
    /// Who is let in, and the certificate.
    pub edge: Arc<EdgeParts>,
    /// Of the configuration.
    pub added: Added,
}

/// What was chosen earlier, as it is kept in the database.
pub fn chosen(data: &Data, name: &str) -> Result<Option<Vec<String>>> {
    let json = data.vault().setting(&data.store, name)?;
    json.map(|json| serde_json::from_str(&json).context("reading what was chosen")).transpose()
}

/// The names that were added earlier.
pub fn added(data: &Data) -> Result<Added> {
    Ok(Arc::new(RwLock::new(chosen(data, setup::HOSTS)?.unwrap_or_default())))
}

impl Site for Ground {
    fn ranges(&self) -> (Vec<String>, bool) {
        (self.edge.allowed.current().rules(), !self.edge.is_configured())
    }

    fn admits(&self, ip: IpAddr) -> bool {
        self.edge.admits(ip)
    }

    fn would_admit(&self, rules: &[String], ip: IpAddr) -> Result<bool> {
        Ok(AllowList::parse(rules)?.admits(ip))
    }

    fn hold(&self, rules: Option<&[String]>) -> Result<()> {
        self.edge.choose(rules)
    }

    fn networks(&self) -> Vec<OwnNetwork> {
        edge::own_networks()
            .into_iter()
            .map(|(network, address, kind)| OwnNetwork {
                range: network.to_string(),
                address,
                kind,
                holds: Box::new(move |ip| network.contains(&ip)),
            })
            .collect()
    }

    fn names(&self) -> OwnNames {
        let certificates = &self.edge.certificates;
        let names = certificates.names();
        OwnNames {
            not_covered: certificates.not_covered(&names),
            hosts: names.hosts.clone(),
            addresses: names.addresses.clone(),
            extra: self.added.read().unwrap_or_else(PoisonError::into_inner).clone(),
            fingerprint: certificates.leaf_fingerprint(),
        }
    }

    fn call(&self, extra: &[String]) -> Result<()> {
        *self.added.write().unwrap_or_else(PoisonError::into_inner) = extra.to_vec();
        self.edge.certificates.refresh().map(drop)
    }
}

/// Certificates, names and networks, from the configuration and what was chosen.
pub fn build_edge(
    config: &Config,
    data: &Data,
    added: &Added,
    tasks: &TaskTracker,
    clock: &SharedClock,
) -> Result<EdgeParts> {
    let (configured, added) = (config.listen.host_names.clone(), added.clone());
    let discover: edge::Discover = Arc::new(move || {
        let added = added.read().unwrap_or_else(PoisonError::into_inner);
        Names::of_this_machine(&[configured.as_slice(), added.as_slice()].concat())
    });
    let vault = Arc::new(super::authority::SealedKeys(data.keyring.clone()));
    let folder = config.store.data_dir.join("tls");
    super::authority::restore(data, &folder)?;
    let certificates = Certificates::open(&folder, &config.tls, discover, vault, clock.clone())?;
    super::authority::keep(data, &folder)?;
    EdgeParts::new(&config.network, &config.limits, Arc::new(certificates), tasks.clone(), clock.clone())
}
