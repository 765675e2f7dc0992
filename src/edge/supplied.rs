//! A certificate that somebody else made and gave us: checked before it is shown, looked at again every minute, and
//! never exchanged for a worse one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::machine::Names;
use super::tls;
use super::x509::{self, Facts};
use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// The two files and what was last seen in them.
#[derive(Debug)]
pub(super) struct Supplied {
    cert: PathBuf,
    key: PathBuf,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    /// Of the pair that was looked at last, used or not, so that a bad one is complained of once.
    digest: Option<[u8; 32]>,
    facts: Facts,
    told_of_end: bool,
}

struct Pair {
    digest: [u8; 32],
    chain: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

impl Supplied {
    /// Reads and checks the pair; `Invalid` names the file and what is wrong with it.
    pub fn open(cert: &Path, key: &Path, names: &Names, now: Timestamp) -> Result<(Self, CertifiedKey, Names)> {
        let pair = read(cert, key)?;
        let (facts, certified) = check(cert, key, &pair, now)?;
        warn_of(cert, &facts, names);
        let served = facts.names.clone();
        let seen = Mutex::new(Seen { digest: Some(pair.digest), facts, told_of_end: false });
        Ok((Self { cert: cert.to_owned(), key: key.to_owned(), seen }, certified, served))
    }

    /// The names of the certificate in use.
    pub fn served(&self) -> Names {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).facts.names.clone()
    }

    /// The pair in the files if it changed and is good. If it is not, the old one stays and the log says why, once.
    pub fn refresh(&self, names: &Names, now: Timestamp) -> Option<(CertifiedKey, Names)> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if now > seen.facts.not_after && !seen.told_of_end {
            tracing::error!(
                "the certificate in {} ended at {}; clients refuse it. Put a new one there",
                self.cert.display(),
                seen.facts.not_after
            );
            seen.told_of_end = true;
        }
        let checked = match read(&self.cert, &self.key) {
            Ok(pair) if seen.digest == Some(pair.digest) => return None,
            Ok(pair) => {
                seen.digest = Some(pair.digest);
                check(&self.cert, &self.key, &pair, now)
            }
            // Without a digest it was told already: files are missing while someone exchanges them.
            Err(_) if seen.digest.is_none() => return None,
            Err(error) => {
                seen.digest = None;
                Err(error)
            }
        };
        match checked {
            Ok((facts, certified)) => {
                warn_of(&self.cert, &facts, names);
                tracing::info!("reloaded the certificate; valid until {}", facts.not_after);
                let served = facts.names.clone();
                seen.facts = facts;
                seen.told_of_end = false;
                Some((certified, served))
            }
            Err(error) => {
                tracing::error!(error = %error.chain(), "the changed certificate is not used, the old one stays");
                None
            }
        }
    }
}

fn read(cert: &Path, key: &Path) -> Result<Pair> {
    let bytes = |setting: &str, path: &Path| {
        fs::read(path).map_err(|error| {
            fault(setting, path, "it cannot be read; is the path right, and may the server's user read it")
                .because(error)
        })
    };
    let chain = bytes("TLS_CERT_PATH", cert)?;
    let key = Zeroizing::new(bytes("TLS_KEY_PATH", key)?);
    let mut digest = Sha256::new();
    digest.update(Sha256::digest(&chain));
    digest.update(Sha256::digest(&*key));
    Ok(Pair { digest: digest.finalize().into(), chain, key })
}

fn check(cert: &Path, key: &Path, pair: &Pair, now: Timestamp) -> Result<(Facts, CertifiedKey)> {
    let in_cert = |why: &str| fault("TLS_CERT_PATH", cert, why);
    let in_key = |why: &str| fault("TLS_KEY_PATH", key, why);

    let chain = x509::certificates(&pair.chain).map_err(|error| in_cert(error.detail()))?;
    let private = PrivateKeyDer::from_pem_slice(&pair.key).map_err(|error| {
        let text = String::from_utf8_lossy(&pair.key);
        if text.contains("ENCRYPTED") {
            in_key("the key is protected by a password; write it without one (openssl pkey -in old.key -out new.key)")
        } else {
            in_key("there is no readable private key (PEM, PKCS#8, PKCS#1 or SEC1) in it").because(error)
        }
    })?;
    let facts = chain
        .iter()
        .map(|der| Facts::read(der))
        .collect::<Result<Vec<_>>>()
        .map_err(|error| in_cert("a certificate in it cannot be read").because(error))?;
    let leaf = facts[0].clone();

    let certified = CertifiedKey::from_der(chain.clone(), private, &tls::provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            in_key("the key does not belong to the certificate (the first in TLS_CERT_PATH)")
        }
        error => {
            in_key("the key is of a kind that cannot be used; RSA from 2048 bits, ECDSA P-256/P-384 and Ed25519 can")
                .because(error)
        }
    })?;
    if now > leaf.not_after {
        return Err(in_cert(&format!("the certificate ended at {}; it is {now} now", leaf.not_after)));
    }
    if now < leaf.not_before {
        return Err(in_cert(&format!(
            "the certificate begins at {}; it is {now} now. Is the clock right?",
            leaf.not_before
        )));
    }
    check_chain(&chain, &facts, now).map_err(|why| in_cert(&why))?;
    Ok((leaf, certified))
}

/// Each certificate must be signed by the one after it, as TLS sends them (RFC 8446 §4.4.2).
fn check_chain(chain: &[CertificateDer<'static>], facts: &[Facts], now: Timestamp) -> std::result::Result<(), String> {
    for (position, pair) in facts.windows(2).enumerate() {
        if pair[0].issuer != pair[1].subject {
            return Err(format!(
                "the chain is out of order: certificate {} was not issued by certificate {}. The server's own comes \
                 first, then each one's issuer",
                position + 1,
                position + 2
            ));
        }
    }
    // A certificate alone, self-signed or not, has nothing here that could vouch for it.
    let (Some(root), Some(name), true) = (chain.last(), facts[0].any_name(), chain.len() > 1) else {
        return Ok(());
    };
    x509::verify(&chain[..chain.len() - 1], root, &name, now)
        .map_err(|error| format!("the chain does not hold: {error}"))
}

/// What will make clients complain and is still somebody's decision.
fn warn_of(cert: &Path, leaf: &Facts, names: &Names) {
    let path = cert.display();
    if leaf.names == Names::default() {
        tracing::warn!("{path}: the certificate has no subject alternative names; browsers refuse it");
    } else {
        let uncovered: Vec<&String> =
            names.hosts.iter().filter(|h| *h != "localhost" && !leaf.names.covers(h)).collect();
        let addresses: Vec<_> =
            names.addresses.iter().filter(|a| !a.is_loopback() && !leaf.names.addresses.contains(a)).collect();
        if !uncovered.is_empty() || !addresses.is_empty() {
            tracing::warn!(hosts = ?uncovered, ?addresses, "{path}: the certificate does not cover these names of this machine; clients that use them will refuse");
        }
    }
    if leaf.is_ca {
        tracing::warn!(
            "{path}: the certificate is marked as an authority (CA:TRUE); some clients refuse that for a server"
        );
    }
}

fn fault(setting: &str, path: &Path, why: &str) -> Error {
    Error::invalid("bad_certificate", format!("{setting} ({}): {why}.", path.display()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PKCS_ECDSA_P256_SHA256};
    use x509_parser::time::ASN1Time;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000); // November 2026
    const DAY: i64 = 86_400;

    struct Made {
        pem: String,
        key: String,
    }

    fn params(name: &str, from_days: i64, to_days: i64) -> CertificateParams {
        let at = |days: i64| ASN1Time::from_timestamp(NOW.seconds() + days * DAY).unwrap().to_datetime();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = at(from_days);
        params.not_after = at(to_days);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params
    }

    fn key() -> KeyPair {
        KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
    }

    fn authority() -> (Issuer<'static, KeyPair>, String) {
        let mut params = params("the clinic's authority", -9, 900);
        params.subject_alt_names.clear();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = key();
        let pem = params.self_signed(&key).unwrap().pem();
        (Issuer::new(params, key), pem)
    }

    fn leaf(issuer: &Issuer<'_, KeyPair>, from_days: i64, to_days: i64) -> Made {
        let key = key();
        let pem = params("chat.clinic.example", from_days, to_days).signed_by(&key, issuer).unwrap().pem();
        Made { pem, key: key.serialize_pem() }
    }

    struct Files(tempfile::TempDir);

    impl Files {
        fn with(cert: &str, key: &str) -> Self {
            let files = Self(tempfile::tempdir().unwrap());
            files.put(cert, key);
            files
        }
        fn put(&self, cert: &str, key: &str) {
            fs::write(self.cert(), cert).unwrap();
            fs::write(self.key(), key).unwrap();
        }
        fn cert(&self) -> PathBuf {
            self.0.path().join("cert.pem")
        }
        fn key(&self) -> PathBuf {
            self.0.path().join("key.pem")
        }
        fn open(&self, now: Timestamp) -> Result<(Supplied, CertifiedKey, Names)> {
            Supplied::open(&self.cert(), &self.key(), &Names::default(), now)
        }
        fn complaint(&self) -> String {
            let error = self.open(NOW).map(|_| ()).expect_err("should be refused");
            assert_eq!(error.code(), "bad_certificate");
            error.detail().to_owned()
        }
    }

    #[test]
    fn a_good_pair_is_taken_with_and_without_its_chain() {
        let (issuer, ca) = authority();
        let made = leaf(&issuer, -1, 90);
        for chain in [made.pem.clone(), format!("{}{ca}", made.pem)] {
            let (_, _, served) = Files::with(&chain, &made.key).open(NOW).unwrap();
            assert!(served.covers("chat.clinic.example"));
        }
    }

    #[test]
    fn a_bad_pair_is_refused_with_the_file_and_the_reason() {
        let (issuer, ca) = authority();
        let (made, other) = (leaf(&issuer, -1, 90), leaf(&issuer, -1, 90));
        let (_, stranger) = authority(); // same name, another key
        let refused = |cert: &str, key: &str, file: &str, why: &str| {
            let said = Files::with(cert, key).complaint();
            assert!(said.contains(file) && said.contains(why), "expected \"{why}\" of {file}: {said}");
        };
        refused(&made.pem, &other.key, "key.pem", "does not belong");
        let (old, early) = (leaf(&issuer, -90, -1), leaf(&issuer, 1, 90));
        refused(&old.pem, &old.key, "cert.pem", "ended at");
        refused(&early.pem, &early.key, "cert.pem", "begins at");
        refused(&format!("{}{}{ca}", made.pem, other.pem), &made.key, "cert.pem", "out of order");
        refused(&format!("{ca}{}", made.pem), &made.key, "key.pem", "does not belong");
        refused(&format!("{}{stranger}", made.pem), &made.key, "cert.pem", "does not hold");
        refused("", &made.key, "cert.pem", "no certificate");
        refused(&made.pem, "", "key.pem", "no readable private key");
        refused(
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            &made.key,
            "cert.pem",
            "cannot be read",
        );
        let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        refused(&made.pem, locked, "key.pem", "password");

        let files = Files::with(&made.pem, &made.key);
        fs::remove_file(files.key()).unwrap();
        assert!(files.complaint().contains("key.pem"));
    }

    #[test]
    fn a_changed_pair_is_reloaded_and_a_bad_one_is_not() {
        let (issuer, _) = authority();
        let (first, second) = (leaf(&issuer, -1, 90), leaf(&issuer, -1, 90));
        let files = Files::with(&first.pem, &first.key);
        let (supplied, _, _) = files.open(NOW).unwrap();
        let names = Names::default();
        assert!(supplied.refresh(&names, NOW).is_none(), "nothing changed");

        files.put(&second.pem, &first.key); // half of the exchange is done
        assert!(supplied.refresh(&names, NOW).is_none());
        fs::remove_file(files.cert()).unwrap();
        assert!(supplied.refresh(&names, NOW).is_none());
        files.put(&second.pem, &second.key);
        let (key, _) = supplied.refresh(&names, NOW).expect("the whole new pair");
        assert_eq!(pem_of(&key), second.pem.replace('\r', ""));
        assert!(supplied.refresh(&names, NOW).is_none(), "once");

        let ended = NOW.plus(Duration::from_hours(91 * 24));
        assert!(supplied.refresh(&names, ended).is_none(), "an ended certificate is shown for want of a better one");
        files.put(&first.pem, &first.key);
        assert!(supplied.refresh(&names, ended).is_none(), "and not exchanged for another ended one");
    }

    fn pem_of(key: &CertifiedKey) -> String {
        super::super::authority::pem_of(&key.cert[0])
    }
}
