//! TLS as we speak it: 1.2 and 1.3 with rustls on aws-lc-rs, HTTP/1.1 by ALPN, nothing that was ever broken.
//!
//! - The provider is given explicitly: with two in the dependency tree rustls could not choose and would panic.
//! - The hybrid of X25519 and ML-KEM leads the key exchanges, so that what is recorded today stays closed.
//! - Sessions are not resumed. A ticket key is a secret that opens every connection it was used for, and with
//!   P-256 a resumption saves 8 % of a handshake (measured); a connection here lives for hours.
//! - No early data: it can be replayed.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::{default_provider, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::error::{Context, Result};

/// The cryptography of every handshake.
pub(super) fn provider() -> Arc<CryptoProvider> {
    let mut provider = default_provider();
    provider.kx_groups = vec![
        kx_group::X25519MLKEM768 as &dyn SupportedKxGroup,
        kx_group::X25519,
        kx_group::SECP256R1,
        kx_group::SECP384R1,
    ];
    Arc::new(provider)
}

/// The configuration of every connection; the certificate is asked of `certificate` at each handshake.
pub(super) fn server_config(certificate: Arc<Shown>) -> Result<Arc<ServerConfig>> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .context("setting up TLS 1.2 and 1.3")?
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(Arc::new(config))
}

/// The certificate that is shown now. Handshakes that began keep the one they began with.
#[derive(Debug)]
pub(super) struct Shown(RwLock<Arc<CertifiedKey>>);

impl Shown {
    pub fn new(key: CertifiedKey) -> Self {
        Self(RwLock::new(Arc::new(key)))
    }

    pub fn show(&self, key: CertifiedKey) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
    }

    pub fn current(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ResolvesServerCert for Shown {
    /// The same for every name: clients reach us by addresses and by names we were never told.
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}
