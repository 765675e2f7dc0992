//! The certificate that is shown, wherever it comes from: made here or supplied.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;

use super::files::KeyVault;
use super::machine::Names;
use super::own::Own;
use super::supplied::Supplied;
use super::tls::{self, Shown};
use super::x509;
use crate::clock::{SharedClock, Timestamp};
use crate::config;
use crate::error::{Error, Result};

/// Says what this machine is called now; asked again at every refresh.
pub type Discover = Arc<dyn Fn() -> Names + Send + Sync>;

/// The certificate that is shown and what keeps it good.
pub struct Certificates {
    config: Arc<ServerConfig>,
    shown: Arc<Shown>,
    source: Source,
    names: RwLock<Arc<Names>>,
    discover: Discover,
    clock: SharedClock,
}

#[derive(Debug)]
enum Source {
    Own(Box<Own>),
    Supplied(Box<Supplied>),
}

impl Certificates {
    /// The supplied pair when `tls` names one, else our own from `dir` (`DATA_DIR/tls`), made at first start.
    ///
    /// `Invalid` `bad_certificate` says what is wrong with a supplied pair; `Conflict` `tls_authority_unusable`
    /// says that our own authority is there and cannot be used, and what to do.
    pub fn open(
        dir: &Path,
        tls: &config::Tls,
        discover: Discover,
        vault: Arc<dyn KeyVault>,
        clock: SharedClock,
    ) -> Result<Self> {
        let names = discover();
        let now = clock.now();
        let (source, key, names) = match (&tls.cert, &tls.key) {
            (None, None) => {
                let (own, key) = Own::open(dir, vault, &names, now)?;
                (Source::Own(Box::new(own)), key, names)
            }
            (Some(cert), Some(private)) => {
                let (supplied, key, served) = Supplied::open(cert, private, &names, now)?;
                (Source::Supplied(Box::new(supplied)), key, names.joined(&served))
            }
            (cert, _) => {
                let (given, missing) =
                    if cert.is_some() { ("TLS_CERT_PATH", "TLS_KEY_PATH") } else { ("TLS_KEY_PATH", "TLS_CERT_PATH") };
                return Err(Error::invalid(
                    "bad_certificate",
                    format!(
                        "{given} is set and {missing} is not: a certificate and its key go together. Set both or neither."
                    ),
                ));
            }
        };
        let shown = Arc::new(Shown::new(key));
        let config = tls::server_config(Arc::clone(&shown))?;
        Ok(Self { config, shown, source, names: RwLock::new(Arc::new(names)), discover, clock })
    }

    /// The configuration of every handshake; it shows the newest certificate by itself.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// SHA-256 of the certificate that is shown, hexadecimal with colons, as browsers show it.
    pub fn leaf_fingerprint(&self) -> String {
        self.shown.current().cert.first().map(|der| x509::fingerprint(der)).unwrap_or_default()
    }

    /// When the certificate that is shown ends.
    pub fn ends_at(&self) -> Option<Timestamp> {
        let shown = self.shown.current();
        shown.cert.first().and_then(|der| x509::Facts::read(der).ok()).map(|facts| facts.not_after)
    }

    /// Our own authority, for the trust page; `None` with a supplied certificate.
    pub fn ca_pem(&self) -> Option<String> {
        match &self.source {
            Source::Own(own) => Some(own.authority().pem),
            Source::Supplied(_) => None,
        }
    }

    /// SHA-256 of our own authority, as [`Certificates::leaf_fingerprint`] writes it.
    pub fn ca_fingerprint(&self) -> Option<String> {
        match &self.source {
            Source::Own(own) => Some(x509::fingerprint(&own.authority().der)),
            Source::Supplied(_) => None,
        }
    }

    /// Of `names`, those that the certificate which is shown may not hold; none with a supplied certificate.
    pub fn not_covered(&self, names: &Names) -> Vec<String> {
        match &self.source {
            Source::Own(own) => {
                let covered = own.authority().facts.permitted.of(names);
                names.hosts.iter().filter(|host| !covered.hosts.contains(host)).cloned().collect()
            }
            Source::Supplied(_) => Vec::new(),
        }
    }

    /// Every name and address of this server: those of the machine, and those of a supplied certificate.
    pub fn names(&self) -> Arc<Names> {
        Arc::clone(&self.names.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// To be called every minute, and cheap when nothing changed. Renews our own certificate at two thirds of its
    /// 89 days, makes it anew when this machine got a name or an address, reloads a supplied pair that changed.
    /// True when another certificate is shown from now on. Does file work: not for the async threads.
    pub fn refresh(&self) -> Result<bool> {
        let found = (self.discover)();
        let now = self.clock.now();
        let (key, names) = match &self.source {
            Source::Own(own) => (own.refresh(&found, now)?, found),
            Source::Supplied(supplied) => match supplied.refresh(&found, now) {
                Some((key, served)) => (Some(key), found.joined(&served)),
                None => (None, found.joined(&supplied.served())),
            },
        };
        *self.names.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(names);
        let changed = key.is_some();
        if let Some(key) = key {
            self.shown.show(key);
        }
        Ok(changed)
    }
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificates").field("source", &self.source).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Mutex;
    use std::time::Duration;

    use super::super::files::PlainVault;
    use super::*;
    use crate::clock::{ManualClock, Timestamp};

    fn named(address: &str) -> Names {
        Names::gather("reception", &[address.parse().unwrap()], &[])
    }

    #[test]
    fn what_is_shown_follows_the_machine_and_the_calendar() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp::from_micros(1_795_000_000_000_000)));
        let machine = Arc::new(Mutex::new(named("192.168.1.5")));
        let asked = Arc::clone(&machine);
        let discover: Discover = Arc::new(move || asked.lock().unwrap().clone());
        let certificates =
            Certificates::open(dir.path(), &config::Tls::default(), discover, Arc::new(PlainVault), clock.clone())
                .unwrap();
        let ca = certificates.ca_fingerprint().unwrap();
        assert_eq!(ca.len(), 32 * 3 - 1);
        let mut last = certificates.leaf_fingerprint();
        assert!(!certificates.refresh().unwrap());
        assert_eq!(certificates.leaf_fingerprint(), last);

        *machine.lock().unwrap() = named("192.168.1.6");
        assert!(certificates.refresh().unwrap());
        assert!(certificates.names().covers("192.168.1.6") && !certificates.names().covers("192.168.1.5"));
        for _ in 0..20 {
            assert_ne!(certificates.leaf_fingerprint(), last);
            last = certificates.leaf_fingerprint();
            assert!(!certificates.refresh().unwrap());
            clock.pass(Duration::from_hours(60 * 24));
            assert!(certificates.refresh().unwrap(), "a server that runs for years renews every two months");
        }
        assert_eq!(certificates.ca_fingerprint().unwrap(), ca);
        let file = std::fs::read_to_string(dir.path().join("ca.pem")).unwrap();
        assert_eq!(certificates.ca_pem().unwrap(), file);
    }

    #[test]
    fn a_certificate_and_its_key_go_together() {
        let dir = tempfile::tempdir().unwrap();
        let discover: Discover = Arc::new(|| named("192.168.1.5"));
        for (cert, key, missing) in
            [(Some("c.pem"), None, "TLS_KEY_PATH is not"), (None, Some("k.pem"), "TLS_CERT_PATH is not")]
        {
            let tls = config::Tls { cert: cert.map(PathBuf::from), key: key.map(PathBuf::from) };
            let clock = crate::clock::SystemClock::shared();
            let error =
                Certificates::open(dir.path(), &tls, Arc::clone(&discover), Arc::new(PlainVault), clock).unwrap_err();
            assert!(error.detail().contains(missing), "{error}");
        }
    }

    #[test]
    fn a_supplied_pair_brings_its_names_and_no_authority() {
        let dir = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(vec!["chat.clinic.example".to_owned()]).unwrap();
        let tls = config::Tls { cert: Some(dir.path().join("c.pem")), key: Some(dir.path().join("k.pem")) };
        std::fs::write(dir.path().join("c.pem"), made.cert.pem()).unwrap();
        std::fs::write(dir.path().join("k.pem"), made.signing_key.serialize_pem()).unwrap();
        let discover: Discover = Arc::new(|| named("192.168.1.5"));
        let clock = crate::clock::SystemClock::shared();
        let certificates =
            Certificates::open(&dir.path().join("tls"), &tls, discover, Arc::new(PlainVault), clock).unwrap();
        assert_eq!((certificates.ca_pem(), certificates.ca_fingerprint()), (None, None));
        assert!(!certificates.refresh().unwrap());
        assert!(certificates.names().covers("chat.clinic.example") && certificates.names().covers("192.168.1.5"));
        assert!(!dir.path().join("tls").exists(), "no authority is made that nobody needs");
    }
}
