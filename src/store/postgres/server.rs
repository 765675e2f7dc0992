//! How to reach the server: with TLS checked against an authority or, on this machine only, without.

use std::path::Path;
use std::time::Duration;

use ::postgres::{Client, NoTls};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{Link, unreachable};
use crate::config;
use crate::error::{Error, Result};

/// An address, who we are there, and how the wire is protected.
#[derive(Clone)]
pub(in super::super) struct Server {
    pub(super) config: ::postgres::Config,
    pub(super) tls: Option<MakeRustlsConnect>,
}

impl Server {
    pub(in super::super) fn of(settings: &config::Postgres) -> Result<Self> {
        let mut config = ::postgres::Config::new();
        config
            .host(&settings.host)
            .port(settings.port)
            .dbname(&settings.name)
            .user(&settings.user)
            .application_name("mcp-messenger")
            .connect_timeout(Duration::from_secs(5))
            .tcp_user_timeout(Duration::from_secs(20))
            .keepalives_idle(Duration::from_secs(30))
            // A statement waits for a lock or a slow disk no longer than this.
            .options("-c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s");
        if let Some(password) = &settings.password {
            config.password(password.reveal());
        }
        let tls = if settings.tls {
            config.ssl_mode(::postgres::config::SslMode::Require);
            Some(connector(settings.tls_ca.as_deref())?)
        } else {
            config.ssl_mode(::postgres::config::SslMode::Disable);
            None
        };
        Ok(Self { config, tls })
    }

    pub(super) fn dial(&self) -> std::result::Result<Client, ::postgres::Error> {
        match &self.tls {
            Some(tls) => self.config.connect(tls.clone()),
            None => self.config.connect(NoTls),
        }
    }

    /// A connection that can be made again when it is lost.
    pub(in super::super) fn connect(&self) -> Result<Link> {
        let client = self.dial().map_err(|e| unreachable(&e))?;
        let mut link = Link::of(client);
        link.server = Some(self.clone());
        Ok(link)
    }
}

/// TLS that checks the server's certificate, by this authority or those that the machine trusts.
pub(super) fn connector(tls_ca: Option<&Path>) -> Result<MakeRustlsConnect> {
    let Some(path) = tls_ca else {
        return MakeRustlsConnect::with_native_certs().map(|(connector, _)| connector).map_err(|_| {
            Error::invalid(
                "no_roots",
                "This machine has no certificate authorities to check PostgreSQL by; set DB_TLS_CA, or --from-tls-ca for an import.",
            )
        });
    };
    let bad = |cause: Box<dyn std::error::Error + Send + Sync>| {
        Error::invalid("bad_authority", format!("{} holds no PEM certificate to check PostgreSQL by.", path.display()))
            .because(cause)
    };
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|e| bad(e.into()))? {
        roots.add(certificate.map_err(|e| bad(e.into()))?).map_err(|e| bad(e.into()))?;
    }
    if roots.is_empty() {
        return Err(bad("it is empty".into()));
    }
    Ok(MakeRustlsConnect::new(rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
}
