//! The certificate we make for ourselves: a leaf of 89 days under our own [`Authority`], for every name and address
//! of this machine, renewed at two thirds of its life and remade when the machine gets a new name or address.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::KeyPair;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

use super::authority::{Authority, LEAF_CERT, LEAF_KEY, LEAF_LIVES, believable, pem_of};
use super::files::{KeyVault, PrivateDir};
use super::machine::Names;
use super::tls;
use super::x509::{self, Facts};
use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// The authority, the leaf in use and where both are kept.
pub(super) struct Own {
    dir: PrivateDir,
    vault: Arc<dyn KeyVault>,
    held: Mutex<Held>,
}

struct Held {
    authority: Authority,
    leaf: Facts,
    /// Names the authority may not vouch for, as last told in the log.
    told: Names,
}

impl Own {
    /// What is in `dir`, completed or made. `Conflict` `tls_authority_unusable` when an authority is there and
    /// cannot be used.
    pub fn open(dir: &Path, vault: Arc<dyn KeyVault>, names: &Names, now: Timestamp) -> Result<(Self, CertifiedKey)> {
        let dir = PrivateDir::open(dir)?;
        let authority = Authority::open(&dir, vault.as_ref(), names, now)?;
        let wanted = authority.facts.permitted.of(names);
        let (leaf, key) = match load(&dir, vault.as_ref(), &authority, &wanted, now)? {
            Ok(loaded) => loaded,
            Err(why) => {
                let (der, pair) = authority.issue(&dir, vault.as_ref(), &wanted, now)?;
                tracing::info!("made a certificate: {why}");
                keep(&dir, vault.as_ref(), &authority, &der, &pair)?;
                certified(&authority, der, &pair)?
            }
        };
        let mut held = Held { authority, leaf, told: Names::default() };
        held.tell_of_missing(names);
        Ok((Self { dir, vault, held: Mutex::new(held) }, key))
    }

    /// A new leaf if one is due, by date, by name or by address.
    pub fn refresh(&self, names: &Names, now: Timestamp) -> Result<Option<CertifiedKey>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if now > held.authority.facts.not_after {
            held.authority = Authority::open(&self.dir, self.vault.as_ref(), names, now)?;
        }
        held.tell_of_missing(names);
        let wanted = held.authority.facts.permitted.of(names);
        let Some(why) = due(&held.leaf, &wanted, now) else { return Ok(None) };
        let (der, pair) = held.authority.issue(&self.dir, self.vault.as_ref(), &wanted, now)?;
        if let Err(error) = keep(&self.dir, self.vault.as_ref(), &held.authority, &der, &pair) {
            // A full disk must not let the certificate run out. After a restart another one is made.
            tracing::warn!(error = %error.chain(), "the new certificate could not be written and is used from memory");
        }
        let (leaf, key) = certified(&held.authority, der, &pair)?;
        tracing::info!("renewed the certificate: {why}; valid until {}", leaf.not_after);
        held.leaf = leaf;
        Ok(Some(key))
    }

    pub fn authority(&self) -> Authority {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).authority.clone()
    }
}

impl Held {
    fn tell_of_missing(&mut self, names: &Names) {
        let permitted = self.authority.facts.permitted.of(names);
        let missing = Names {
            hosts: names.hosts.iter().filter(|h| !permitted.hosts.contains(h)).cloned().collect(),
            addresses: names.addresses.iter().filter(|a| !permitted.addresses.contains(a)).copied().collect(),
        };
        if missing != self.told {
            if missing != Names::default() {
                tracing::warn!(
                    hosts = ?missing.hosts, addresses = ?missing.addresses,
                    "these names are not in the certificate: the authority was made without them and may not vouch \
                     for them. Clients that use them will warn"
                );
            }
            self.told = missing;
        }
    }
}

/// Why the leaf has to be made anew, if it has to. An address that went away is no reason: it may come back, and
/// each new certificate is one more thing that can go wrong.
fn due(leaf: &Facts, wanted: &Names, now: Timestamp) -> Option<&'static str> {
    let now = believable(now);
    if !leaf.valid_at(now) {
        return Some("the time is outside its dates");
    }
    if now.since(leaf.not_before) >= LEAF_LIVES * 2 / 3 {
        return Some("two thirds of its life are over");
    }
    if !wanted.within(&leaf.names) {
        return Some("this machine has a new name or address");
    }
    None
}

type Loaded = (Facts, CertifiedKey);

/// The leaf in the files, or why it will not do. Only what cannot be repaired by a new leaf is an error.
fn load(
    dir: &PrivateDir,
    vault: &dyn KeyVault,
    authority: &Authority,
    wanted: &Names,
    now: Timestamp,
) -> Result<std::result::Result<Loaded, &'static str>> {
    let (Some(pem), Some(sealed)) = (dir.read(LEAF_CERT)?, dir.read(LEAF_KEY)?) else {
        return Ok(Err("there was none yet, or half of one"));
    };
    let Ok(chain) = x509::certificates(&pem) else { return Ok(Err("server.pem could not be read")) };
    let Ok(plain) = vault.open(&sealed).map(Zeroizing::new) else { return Ok(Err("server.key could not be opened")) };
    let Ok(key) = PrivateKeyDer::from_pem_slice(&plain) else { return Ok(Err("server.key could not be read")) };
    let Ok(facts) = Facts::read(&chain[0]) else { return Ok(Err("server.pem could not be read")) };
    let sent = vec![chain[0].clone(), authority.der.clone()];
    let Ok(certified) = CertifiedKey::from_der(sent, key, &tls::provider()) else {
        return Ok(Err("server.key did not belong to server.pem"));
    };
    if let Some(why) = due(&facts, wanted, now) {
        return Ok(Err(why));
    }
    let ours =
        facts.any_name().is_some_and(|name| x509::verify(&chain[..1], &authority.der, &name, believable(now)).is_ok());
    if !ours {
        return Ok(Err("it was not signed by this authority"));
    }
    Ok(Ok((facts, certified)))
}

fn keep(
    dir: &PrivateDir,
    vault: &dyn KeyVault,
    authority: &Authority,
    leaf: &CertificateDer<'_>,
    key: &KeyPair,
) -> Result<()> {
    // A crash between the two leaves a pair that does not match, which the next start replaces.
    dir.write(LEAF_KEY, &vault.seal(Zeroizing::new(key.serialize_pem()).as_bytes())?)?;
    dir.write(LEAF_CERT, format!("{}{}", pem_of(leaf), authority.pem).as_bytes())
}

/// The authority is sent along, so that an app which pins it can check the pin without having been given a file.
fn certified(authority: &Authority, leaf: CertificateDer<'static>, key: &KeyPair) -> Result<Loaded> {
    let facts = Facts::read(&leaf)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let certified = CertifiedKey::from_der(vec![leaf, authority.der.clone()], key, &tls::provider())
        .map_err(|error| Error::internal("using the new certificate").because(error))?;
    Ok((facts, certified))
}

impl std::fmt::Debug for Own {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Own").field("dir", &self.dir).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use rustls::pki_types::ServerName;

    use super::super::authority::{CA_CERT, CA_KEY, DAY};
    use super::super::files::PlainVault;
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000); // November 2026

    struct Reversing;

    impl KeyVault for Reversing {
        fn seal(&self, plain: &[u8]) -> Result<Vec<u8>> {
            Ok(plain.iter().rev().copied().collect())
        }
        fn open(&self, sealed: &[u8]) -> Result<Vec<u8>> {
            self.seal(sealed)
        }
    }

    fn names(addresses: &[&str], extra: &[&str]) -> Names {
        let addresses: Vec<_> = addresses.iter().map(|a| a.parse().unwrap()).collect();
        Names::gather("reception", &addresses, &extra.iter().map(|e| (*e).to_owned()).collect::<Vec<_>>())
    }

    fn open(dir: &Path, names: &Names, now: Timestamp) -> Result<(Own, CertifiedKey)> {
        Own::open(dir, Arc::new(PlainVault), names, now)
    }

    fn verified(own: &Own, key: &CertifiedKey, name: &str, now: Timestamp) -> bool {
        let name = ServerName::try_from(name.to_owned()).unwrap();
        x509::verify(&key.cert[..1], &own.authority().der, &name, now).is_ok()
    }

    #[test]
    fn a_restart_shows_the_same_certificate_and_keys_are_sealed() {
        let dir = tempfile::tempdir().unwrap();
        let names = names(&["192.168.1.5"], &[]);
        let vault = Arc::new(Reversing);
        let (own, first) = Own::open(dir.path(), vault.clone(), &names, NOW).unwrap();
        for name in ["reception", "reception.local", "localhost", "127.0.0.1", "192.168.1.5", "::1"] {
            assert!(verified(&own, &first, name, NOW), "{name}");
        }
        assert!(!verified(&own, &first, "other", NOW));
        let (_, second) = Own::open(dir.path(), vault, &names, NOW.plus(DAY)).unwrap();
        assert_eq!(first.cert, second.cert);
        for file in [CA_KEY, LEAF_KEY] {
            let bytes = fs::read(dir.path().join(file)).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains("PRIVATE KEY"), "{file} is not sealed");
        }
        let error = open(dir.path(), &names, NOW).map(|_| ()).unwrap_err();
        assert_eq!(error.code(), "tls_authority_unusable", "another master key is no reason for another authority");
    }

    #[test]
    fn the_leaf_lives_89_days_from_yesterday_and_is_renewed_at_two_thirds() {
        let dir = tempfile::tempdir().unwrap();
        let names = names(&[], &[]);
        let (own, first) = open(dir.path(), &names, NOW).unwrap();
        let facts = Facts::read(&first.cert[0]).unwrap();
        assert_eq!(facts.not_after.since(facts.not_before), LEAF_LIVES);
        assert_eq!(NOW.since(facts.not_before), DAY);
        let two_thirds = facts.not_before.plus(LEAF_LIVES * 2 / 3);
        assert!(own.refresh(&names, Timestamp::from_micros(two_thirds.micros() - 1)).unwrap().is_none());
        let second = own.refresh(&names, two_thirds).unwrap().expect("renewed at two thirds");
        assert!(verified(&own, &second, "reception", two_thirds.plus(DAY)));
        assert_ne!(first.cert[0], second.cert[0]);
        assert_eq!(first.cert[1], second.cert[1], "under the same authority");
        assert!(own.refresh(&names, two_thirds).unwrap().is_none(), "once");
        let (_, reopened) = open(dir.path(), &names, two_thirds).unwrap();
        assert_eq!(reopened.cert, second.cert, "the renewed one is the one on disk");
    }

    #[test]
    fn whatever_the_clock_says_there_is_a_certificate_for_it() {
        let names = names(&[], &[]);
        for leap in [i64::from(-3), 89, 400, 3600] {
            let dir = tempfile::tempdir().unwrap();
            let (own, _) = open(dir.path(), &names, NOW).unwrap();
            let ca = own.authority().der;
            let then = Timestamp::from_micros(NOW.micros() + leap * 86_400_000_000);
            let key = own.refresh(&names, then).unwrap().expect("another is made");
            assert!(verified(&own, &key, "reception", then), "{leap} days on");
            assert_eq!(own.authority().der, ca, "{leap} days on the authority is the same");
        }
        // past the authority's end: the same key in a new certificate
        let dir = tempfile::tempdir().unwrap();
        let (own, old) = open(dir.path(), &names, NOW).unwrap();
        let then = NOW.plus(DAY * 3700);
        let key = own.refresh(&names, then).unwrap().unwrap();
        assert!(verified(&own, &key, "reception", then));
        let public = |der: &[u8]| x509_parser::parse_x509_certificate(der).unwrap().1.public_key().raw.to_vec();
        assert_eq!(public(&key.cert[1]), public(&old.cert[1]));
        // a machine whose clock battery is empty
        let dir = tempfile::tempdir().unwrap();
        let (own, key) = open(dir.path(), &names, Timestamp::from_micros(0)).unwrap();
        assert!(verified(&own, &key, "reception", believable(Timestamp::from_micros(0))));
        assert!(own.refresh(&names, Timestamp::from_micros(0)).unwrap().is_none());
        assert!(own.refresh(&names, NOW).unwrap().is_some(), "when the clock was set");
    }

    #[test]
    fn a_new_address_makes_a_new_certificate_and_a_lost_one_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let (own, _) = open(dir.path(), &names(&["192.168.1.5"], &[]), NOW).unwrap();
        let key = own.refresh(&names(&["192.168.1.6", "10.0.0.3"], &[]), NOW).unwrap().expect("remade");
        assert!(verified(&own, &key, "192.168.1.6", NOW) && verified(&own, &key, "10.0.0.3", NOW));
        assert!(own.refresh(&names(&["192.168.1.6"], &[]), NOW).unwrap().is_none());
        let key = own.refresh(&names(&["192.168.1.6"], &["chat.lan"]), NOW).unwrap().expect("a new name as well");
        assert!(verified(&own, &key, "chat.lan", NOW));
    }

    #[test]
    fn the_authority_vouches_for_private_names_and_for_its_own_only() {
        let dir = tempfile::tempdir().unwrap();
        let (own, key) = open(dir.path(), &names(&["198.51.100.7"], &["chat.clinic.example"]), NOW).unwrap();
        assert!(verified(&own, &key, "chat.clinic.example", NOW) && verified(&own, &key, "198.51.100.7", NOW));

        let later = names(&["198.51.100.8", "192.168.9.9"], &["bank.example", "chat.clinic.example"]);
        let key = own.refresh(&later, NOW).unwrap().expect("for 192.168.9.9");
        assert!(verified(&own, &key, "192.168.9.9", NOW), "one forbidden name does not spoil the certificate");
        assert!(!verified(&own, &key, "bank.example", NOW) && !verified(&own, &key, "198.51.100.8", NOW));
        assert!(own.refresh(&later, NOW).unwrap().is_none(), "and is not tried again every minute");

        // Even with its key in the wrong hands, clients refuse what the authority must not sign.
        let private = PrivateDir::open(dir.path()).unwrap();
        for (host, good) in
            [("bank.example", false), ("any.lan", true), ("x.chat.clinic.example", true), ("clinic.example", false)]
        {
            let forged = Names { hosts: vec![host.to_owned()], addresses: Vec::new() };
            let (leaf, _) = own.authority().issue(&private, &PlainVault, &forged, NOW).unwrap();
            let name = ServerName::try_from(host.to_owned()).unwrap();
            assert_eq!(x509::verify(&[leaf], &own.authority().der, &name, NOW).is_ok(), good, "{host}");
        }
        for (address, good) in
            [("8.8.8.8", false), ("172.31.0.1", true), ("172.32.0.1", false), ("fd12::1", true), ("2001:db8::1", false)]
        {
            let forged = Names { hosts: Vec::new(), addresses: vec![address.parse().unwrap()] };
            let (leaf, _) = own.authority().issue(&private, &PlainVault, &forged, NOW).unwrap();
            let name = ServerName::try_from(address.to_owned()).unwrap();
            assert_eq!(x509::verify(&[leaf], &own.authority().der, &name, NOW).is_ok(), good, "{address}");
        }
    }

    #[test]
    fn openssl_believes_it_too() {
        if Command::new("openssl").arg("version").output().is_err() {
            eprintln!("skipped: there is no openssl here");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let (own, _) =
            open(dir.path(), &names(&["192.168.1.5", "198.51.100.7"], &["chat.clinic.example"]), NOW).unwrap();
        let at = |file: &str| dir.path().join(file).display().to_string();
        let verify = |extra: &[&str], leaf: &str| {
            let out = Command::new("openssl")
                .args(["verify", "-x509_strict", "-purpose", "sslserver", "-attime", &NOW.seconds().to_string()])
                .args(["-CAfile", &at(CA_CERT)])
                .args(extra)
                .arg(leaf)
                .output()
                .unwrap();
            (out.status.success(), String::from_utf8_lossy(&out.stderr).into_owned())
        };
        for extra in [
            ["-verify_hostname", "reception.local"],
            ["-verify_hostname", "chat.clinic.example"],
            ["-verify_ip", "192.168.1.5"],
            ["-verify_ip", "198.51.100.7"],
            ["-verify_ip", "::1"],
        ] {
            let (good, said) = verify(&extra, &at(LEAF_CERT));
            assert!(good, "{extra:?}: {said}");
        }
        assert!(!verify(&["-verify_hostname", "other"], &at(LEAF_CERT)).0);
        let forged = Names { hosts: vec!["bank.example".into()], addresses: Vec::new() };
        let private = PrivateDir::open(dir.path()).unwrap();
        let (leaf, _) = own.authority().issue(&private, &PlainVault, &forged, NOW).unwrap();
        fs::write(dir.path().join("forged.pem"), pem_of(&leaf)).unwrap();
        let (good, said) = verify(&[], &at("forged.pem"));
        assert!(!good && said.contains("permitted subtree violation"), "{said}");
    }

    #[test]
    fn half_written_files_are_repaired() {
        let names = names(&[], &[]);
        let dir = tempfile::tempdir().unwrap();
        let (own, _) = open(dir.path(), &names, NOW).unwrap();
        let ca = own.authority().der;
        let damage: [(&str, Option<&[u8]>); 7] = [
            (LEAF_CERT, None),
            (LEAF_KEY, None),
            (LEAF_CERT, Some(b"")),
            (LEAF_KEY, Some(b"-----BEGIN PRIVATE")),
            (CA_CERT, None),
            (".server.pem.tmp", Some(b"left by a crash")),
            (".ca.key.tmp", Some(b"left by a crash")),
        ];
        for (file, content) in damage {
            match content {
                None => fs::remove_file(dir.path().join(file)).unwrap(),
                Some(bytes) => fs::write(dir.path().join(file), bytes).unwrap(),
            }
            let (own, key) = open(dir.path(), &names, NOW).unwrap_or_else(|e| panic!("{file}: {e:?}"));
            assert!(verified(&own, &key, "reception", NOW), "{file}");
            assert_eq!(own.authority().der, ca, "{file}: the authority is the one that clients trust");
        }
        // a leaf and a key of different pairs, as a crash between the two files leaves them
        let other = tempfile::tempdir().unwrap();
        open(other.path(), &names, NOW).unwrap();
        fs::copy(other.path().join(LEAF_KEY), dir.path().join(LEAF_KEY)).unwrap();
        let (own, key) = open(dir.path(), &names, NOW).unwrap();
        assert!(verified(&own, &key, "reception", NOW));
        // a whole pair of another authority
        fs::copy(other.path().join(LEAF_CERT), dir.path().join(LEAF_CERT)).unwrap();
        fs::copy(other.path().join(LEAF_KEY), dir.path().join(LEAF_KEY)).unwrap();
        let (own, key) = open(dir.path(), &names, NOW).unwrap();
        assert!(verified(&own, &key, "reception", NOW));
        assert_eq!(own.authority().der, ca);
        // the first start of all, interrupted after the key
        let fresh = tempfile::tempdir().unwrap();
        fs::copy(dir.path().join(CA_KEY), fresh.path().join(CA_KEY)).unwrap();
        assert!(open(fresh.path(), &names, NOW).is_ok());
    }

    #[test]
    fn an_authority_that_cannot_be_used_is_never_replaced_silently() {
        let names = names(&[], &[]);
        let other = tempfile::tempdir().unwrap();
        open(other.path(), &names, NOW).unwrap();
        let foreign_key = fs::read(other.path().join(CA_KEY)).unwrap();
        let foreign_leaf = fs::read(other.path().join(LEAF_CERT)).unwrap();
        let damage: [(&str, Option<&[u8]>); 6] = [
            (CA_KEY, None),
            (CA_KEY, Some(b"")),
            (CA_KEY, Some(&foreign_key)),
            (CA_CERT, Some(b"")),
            (CA_CERT, Some(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")),
            (CA_CERT, Some(&foreign_leaf)),
        ];
        for (file, content) in damage {
            let dir = tempfile::tempdir().unwrap();
            open(dir.path(), &names, NOW).unwrap();
            let before = fs::read(dir.path().join(CA_CERT)).unwrap();
            match content {
                None => fs::remove_file(dir.path().join(file)).unwrap(),
                Some(bytes) => fs::write(dir.path().join(file), bytes).unwrap(),
            }
            let error = open(dir.path(), &names, NOW).map(|_| ()).expect_err(file);
            assert_eq!(error.code(), "tls_authority_unusable", "{file}: {error:?}");
            assert!(error.detail().contains(&dir.path().display().to_string()), "{error}");
            if file == CA_KEY {
                assert_eq!(fs::read(dir.path().join(CA_CERT)).unwrap(), before);
            }
        }
    }
}
