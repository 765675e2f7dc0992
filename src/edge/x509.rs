//! What we need to know of a certificate, read once: dates, names, who signed it. And the one check of a chain.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::{Digest, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::machine::Names;
use super::tls;
use crate::clock::Timestamp;
use crate::error::{Context, Error, Result};

/// The facts of one certificate.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// The subject alternative names; `*.` names as they are.
    pub names: Names,
    pub subject: Vec<u8>,
    pub issuer: Vec<u8>,
    pub is_ca: bool,
    pub permitted: Permitted,
}

/// What the name constraints of an authority permit (RFC 5280 §4.2.1.10); both lists empty = everything.
#[derive(Debug, Clone, Default)]
pub(super) struct Permitted {
    pub suffixes: Vec<String>,
    pub networks: Vec<(IpAddr, IpAddr)>,
}

impl Permitted {
    pub fn host(&self, host: &str) -> bool {
        self.suffixes.is_empty()
            || self.suffixes.iter().any(|suffix| {
                host == suffix || host.strip_suffix(suffix.as_str()).is_some_and(|rest| rest.ends_with('.'))
            })
    }

    pub fn address(&self, address: IpAddr) -> bool {
        self.networks.is_empty()
            || self.networks.iter().any(|(network, mask)| match (address, network, mask) {
                (IpAddr::V4(a), IpAddr::V4(n), IpAddr::V4(m)) => a.to_bits() & m.to_bits() == n.to_bits() & m.to_bits(),
                (IpAddr::V6(a), IpAddr::V6(n), IpAddr::V6(m)) => a.to_bits() & m.to_bits() == n.to_bits() & m.to_bits(),
                _ => false,
            })
    }

    /// The part of `names` that a certificate of this authority may carry.
    pub fn of(&self, names: &Names) -> Names {
        Names {
            hosts: names.hosts.iter().filter(|h| self.host(h)).cloned().collect(),
            addresses: names.addresses.iter().copied().filter(|a| self.address(*a)).collect(),
        }
    }
}

impl Facts {
    pub fn read(der: &[u8]) -> Result<Self> {
        let (_, certificate) = X509Certificate::from_der(der).context("reading a certificate")?;
        let mut names = Names::default();
        if let Ok(Some(extension)) = certificate.subject_alternative_name() {
            for name in &extension.value.general_names {
                match name {
                    GeneralName::DNSName(host) => names.hosts.push(host.to_ascii_lowercase()),
                    GeneralName::IPAddress(bytes) => names.addresses.extend(address(bytes)),
                    _ => {}
                }
            }
        }
        names.addresses.sort_unstable();
        let mut permitted = Permitted::default();
        if let Ok(Some(extension)) = certificate.name_constraints() {
            for subtree in extension.value.permitted_subtrees.iter().flatten() {
                match subtree.base {
                    GeneralName::DNSName(suffix) => permitted.suffixes.push(suffix.to_ascii_lowercase()),
                    GeneralName::IPAddress(bytes) => {
                        let (network, mask) = bytes.split_at(bytes.len() / 2);
                        permitted.networks.extend(address(network).zip(address(mask)));
                    }
                    _ => {}
                }
            }
        }
        Ok(Self {
            not_before: seconds(certificate.validity().not_before.timestamp()),
            not_after: seconds(certificate.validity().not_after.timestamp()),
            names,
            subject: certificate.subject().as_raw().to_vec(),
            issuer: certificate.issuer().as_raw().to_vec(),
            is_ca: certificate.is_ca(),
            permitted,
        })
    }

    /// A name of this certificate that a client could ask for.
    pub fn any_name(&self) -> Option<ServerName<'static>> {
        let host = self.names.hosts.first().map(|h| h.replacen("*.", "any.", 1));
        match host {
            Some(host) => ServerName::try_from(host).ok(),
            None => self.names.addresses.first().map(|a| ServerName::IpAddress((*a).into())),
        }
    }

    pub fn valid_at(&self, now: Timestamp) -> bool {
        (self.not_before..=self.not_after).contains(&now)
    }
}

/// Checks `chain` (leaf first) as a client would that trusts `root`: signatures, dates at `now`, use, names.
pub(super) fn verify(
    chain: &[CertificateDer<'static>],
    root: &CertificateDer<'static>,
    name: &ServerName<'_>,
    now: Timestamp,
) -> std::result::Result<(), rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone())?;
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), tls::provider())
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))?;
    let Some((leaf, rest)) = chain.split_first() else {
        return Err(rustls::Error::NoCertificatesPresented);
    };
    let now = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now.seconds()).unwrap_or(0)));
    verifier.verify_server_cert(leaf, rest, name, &[], now).map(|_| ())
}

/// SHA-256 over the DER, as browsers and `openssl x509 -fingerprint -sha256` show it.
pub(super) fn fingerprint(der: &[u8]) -> String {
    Sha256::digest(der).iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

/// The certificates of a PEM file, leaf first.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    use rustls::pki_types::pem::PemObject;
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|error| Error::invalid("bad_pem", format!("it is not a readable PEM file: {error}")))?;
    if certificates.is_empty() {
        return Err(Error::invalid("bad_pem", "there is no certificate (BEGIN CERTIFICATE) in it"));
    }
    Ok(certificates)
}

pub(super) fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds.saturating_mul(1_000_000))
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        Some(v4.into())
    } else {
        <[u8; 16]>::try_from(bytes).ok().map(Into::into)
    }
}
