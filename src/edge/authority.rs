//! Our own certificate authority: what a clinic's devices are told to trust, once.
//!
//! Because it is trusted by every device, it is made to be worth little to a thief: its name constraints (RFC 5280
//! §4.2.1.10, critical) let it vouch for private names and private addresses and for what this machine was called
//! when it was made, and for nothing on the internet; it may sign leaves only; its key is sealed.
//!
//! An authority that is there but cannot be used is never replaced silently: every device would have to be told
//! again, and nobody would know why.

use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PKCS_ECDSA_P256_SHA256, PublicKeyData,
    SanType,
};
use rustls::pki_types::CertificateDer;
use x509_parser::time::ASN1Time;
use zeroize::Zeroizing;

use super::files::{KeyVault, PrivateDir};
use super::machine::{self, Names};
use super::x509::{self, Facts};
use crate::clock::Timestamp;
use crate::error::{Context, Error, Result};

pub(super) const CA_CERT: &str = "ca.pem";
pub(super) const CA_KEY: &str = "ca.key";
pub(super) const LEAF_CERT: &str = "server.pem";
pub(super) const LEAF_KEY: &str = "server.key";

pub(super) const DAY: Duration = Duration::from_hours(24);

/// The authority lives ten years. It begins a month before it is made, so that a clock which turns out to have
/// been days ahead does not put it into the future.
const CA_LIVES: Duration = Duration::from_hours(3650 * 24);
const CA_BEGINS_BEFORE: Duration = Duration::from_hours(30 * 24);

/// A leaf lives 89 days in all, the first of them in the past for clients whose clock is behind.
pub(super) const LEAF_LIVES: Duration = Duration::from_hours(89 * 24);

/// Suffixes that no public registry gives away: RFC 6762 Appendix G, RFC 8375, RFC 6761, ICANN's `.internal`.
const PRIVATE_SUFFIXES: [&str; 9] =
    ["localhost", "local", "lan", "home.arpa", "internal", "intranet", "private", "corp", "home"];

/// 2026-01-01: a clock that shows less has lost its battery, and certificates made by it would have ended long ago.
const CLOCK_SHOWS_AT_LEAST: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

/// The time to make certificates by.
pub(super) fn believable(now: Timestamp) -> Timestamp {
    now.max(CLOCK_SHOWS_AT_LEAST)
}

/// The authority's certificate. The key stays in its file and is opened when something is to be signed.
#[derive(Debug, Clone)]
pub(super) struct Authority {
    pub der: CertificateDer<'static>,
    pub pem: String,
    pub facts: Facts,
}

impl Authority {
    /// The one in `dir`, checked, or a new one when there is none yet.
    pub fn open(dir: &PrivateDir, vault: &dyn KeyVault, names: &Names, now: Timestamp) -> Result<Self> {
        match (dir.read(CA_CERT)?, dir.read(CA_KEY)?) {
            (Some(pem), Some(sealed)) => {
                let authority = Self::read(dir, &pem)?;
                let key = authority.matching_key(dir, vault, &sealed)?;
                if now > authority.facts.not_after {
                    tracing::error!(
                        "the certificate authority has reached its end; it is renewed with the same key, and every device has to be given ca.pem again"
                    );
                    return Self::make(dir, &key, names, now);
                }
                Ok(authority)
            }
            (None, None) => {
                if dir.read(LEAF_CERT)?.is_some() {
                    tracing::warn!(
                        "ca.pem and ca.key were removed: a new certificate authority is made, which every device has to be given"
                    );
                }
                let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).context("making the authority's key")?;
                // The key first: with the certificate alone nothing could ever be signed again.
                dir.write(CA_KEY, &vault.seal(Zeroizing::new(key.serialize_pem()).as_bytes())?)?;
                Self::make(dir, &key, names, now)
            }
            (Some(_), None) => Err(unusable(
                dir,
                "the authority's certificate is there and its key (ca.key) is missing. Put ca.key back from a backup",
            )),
            (None, Some(sealed)) => Self::complete(dir, vault, &sealed, names, now),
        }
    }

    /// `ca.key` is there and `ca.pem` is not. Every leaf file carries a copy of the authority; without a leaf
    /// nothing was ever handed out, and the first start was interrupted between the two files.
    fn complete(dir: &PrivateDir, vault: &dyn KeyVault, sealed: &[u8], names: &Names, now: Timestamp) -> Result<Self> {
        let Some(leaf) = dir.read(LEAF_CERT)? else {
            let key = open_key(dir, vault, sealed)?;
            return Self::make(dir, &key, names, now);
        };
        let copy = x509::certificates(&leaf).ok().and_then(|chain| chain.get(1).cloned());
        let Some(der) = copy else {
            return Err(unusable(dir, "the authority's certificate (ca.pem) is missing. Put it back from a backup"));
        };
        let authority = Self::from_der(der)?;
        authority.matching_key(dir, vault, sealed)?;
        dir.write(CA_CERT, authority.pem.as_bytes())?;
        tracing::warn!("ca.pem was missing and has been restored from server.pem");
        Ok(authority)
    }

    fn read(dir: &PrivateDir, pem: &[u8]) -> Result<Self> {
        let broken = "the authority's certificate (ca.pem) cannot be read. Put it back from a backup";
        let der = x509::certificates(pem).map_err(|error| unusable(dir, broken).because(error))?.swap_remove(0);
        let authority = Self::from_der(der).map_err(|error| unusable(dir, broken).because(error))?;
        if !authority.facts.is_ca {
            return Err(unusable(dir, "ca.pem does not hold a certificate authority. Put the right file back"));
        }
        Ok(authority)
    }

    fn from_der(der: CertificateDer<'static>) -> Result<Self> {
        Ok(Self { facts: Facts::read(&der)?, pem: pem_of(&der), der })
    }

    fn matching_key(&self, dir: &PrivateDir, vault: &dyn KeyVault, sealed: &[u8]) -> Result<KeyPair> {
        let key = open_key(dir, vault, sealed)?;
        let (_, certificate) = x509_parser::parse_x509_certificate(&self.der).context("reading ca.pem")?;
        if certificate.public_key().raw != key.subject_public_key_info() {
            return Err(unusable(dir, "ca.key does not belong to ca.pem. Put both back from the same backup"));
        }
        Ok(key)
    }

    fn make(dir: &PrivateDir, key: &KeyPair, names: &Names, now: Timestamp) -> Result<Self> {
        let mut params = CertificateParams::default();
        let begins = believable(now).micros().saturating_sub(micros(CA_BEGINS_BEFORE));
        let begins = Timestamp::from_micros(begins);
        params.not_before = date(begins)?.to_datetime();
        params.not_after = date(begins.plus(CA_LIVES))?.to_datetime();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "MCP Messenger");
        // Two authorities of one name and different keys confuse every trust store, so the key is part of it.
        let key_id = x509::fingerprint(&key.subject_public_key_info()).replace(':', "");
        let host = names.hosts.first().map_or("localhost", String::as_str);
        let common: String = format!("MCP Messenger {} {}", &host[..host.len().min(40)], &key_id[..8]);
        params.distinguished_name.push(DnType::CommonName, common);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.name_constraints = Some(constraints(names));
        let der = params.self_signed(key).context("making the certificate authority")?.der().clone();
        let authority = Self::from_der(der)?;
        dir.write(CA_CERT, authority.pem.as_bytes())?;
        tracing::info!(fingerprint = %x509::fingerprint(&authority.der), "made a certificate authority for this server");
        Ok(authority)
    }

    /// Signs a leaf for `names`, all of which must be permitted, and a fresh key.
    pub fn issue(
        &self,
        dir: &PrivateDir,
        vault: &dyn KeyVault,
        names: &Names,
        now: Timestamp,
    ) -> Result<(CertificateDer<'static>, KeyPair)> {
        let sealed = dir
            .read(CA_KEY)?
            .ok_or_else(|| unusable(dir, "the authority's key (ca.key) is missing. Put it back from a backup"))?;
        let issuer_key = self.matching_key(dir, vault, &sealed)?;
        let issuer = Issuer::from_ca_cert_der(&self.der, issuer_key).context("reading ca.pem")?;

        let begins = Timestamp::from_micros(believable(now).micros().saturating_sub(micros(DAY)));
        let mut params = CertificateParams::default();
        params.not_before = date(begins)?.to_datetime();
        params.not_after = date(begins.plus(LEAF_LIVES).min(self.facts.not_after))?.to_datetime();
        params.distinguished_name = DistinguishedName::new();
        if let Some(host) = names.hosts.iter().find(|h| h.len() <= 64) {
            params.distinguished_name.push(DnType::CommonName, host.as_str());
        }
        for host in &names.hosts {
            params
                .subject_alt_names
                .push(SanType::DnsName(host.as_str().try_into().context("naming the certificate")?));
        }
        params.subject_alt_names.extend(names.addresses.iter().map(|a| SanType::IpAddress(*a)));
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).context("making the certificate's key")?;
        let leaf = params.signed_by(&key, &issuer).context("signing the certificate")?;
        Ok((leaf.der().clone(), key))
    }
}

/// Private suffixes and networks, and what this machine is called and has as addresses now, should they be others.
fn constraints(names: &Names) -> NameConstraints {
    let mut permitted: Vec<GeneralSubtree> =
        PRIVATE_SUFFIXES.iter().map(|s| GeneralSubtree::DnsName((*s).to_owned())).collect();
    let covered = |host: &str| PRIVATE_SUFFIXES.iter().any(|s| host == *s || host.ends_with(&format!(".{s}")));
    permitted.extend(names.hosts.iter().filter(|h| !covered(h)).cloned().map(GeneralSubtree::DnsName));
    permitted.extend(
        machine::PRIVATE
            .iter()
            .filter_map(|range| range.parse::<ipnet::IpNet>().ok())
            .map(|n| GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(n.addr(), n.prefix_len()))),
    );
    permitted.extend(
        names
            .addresses
            .iter()
            .filter(|a| !machine::is_private(**a))
            .map(|a| GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(*a, if a.is_ipv4() { 32 } else { 128 }))),
    );
    NameConstraints { permitted_subtrees: permitted, excluded_subtrees: Vec::new() }
}

fn open_key(dir: &PrivateDir, vault: &dyn KeyVault, sealed: &[u8]) -> Result<KeyPair> {
    let broken = "the authority's key (ca.key) cannot be opened. It is sealed by this installation's master key: put \
                  the right master key or the right ca.key back from a backup";
    let plain = Zeroizing::new(vault.open(sealed).map_err(|error| unusable(dir, broken).because(error))?);
    let pem = std::str::from_utf8(&plain).map_err(|error| unusable(dir, broken).because(error))?;
    KeyPair::from_pem(pem).map_err(|error| unusable(dir, broken).because(error))
}

fn unusable(dir: &PrivateDir, why: &str) -> Error {
    Error::conflict(
        "tls_authority_unusable",
        format!(
            "In {}: {why}; or remove {CA_CERT}, {CA_KEY}, {LEAF_CERT} and {LEAF_KEY}: the copy in the database is then \
             put back. Only where there is none is a new authority made, which every device must then be given.",
            dir.path("").display()
        ),
    )
}

pub(super) fn pem_of(der: &CertificateDer<'_>) -> String {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = body.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

pub(super) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn date(time: Timestamp) -> Result<ASN1Time> {
    ASN1Time::from_timestamp(time.seconds()).context("writing a certificate's dates")
}
