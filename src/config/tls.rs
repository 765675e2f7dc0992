//! The certificate, when the clinic has one of its own.

use std::path::PathBuf;

use super::kind::Kind;
use super::setting::Setting;

/// The certificate. With both unset the server makes its own.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// `TLS_CERT_PATH`: PEM, leaf first, then its chain.
    pub cert: Option<PathBuf>,
    /// `TLS_KEY_PATH`: PEM, PKCS#8, PKCS#1 or SEC1.
    pub key: Option<PathBuf>,
}

/// What can be set here.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: "TLS_CERT_PATH",
        section: "tls",
        key: "cert_path",
        kind: Kind::Path,
        at: |c| &mut c.tls.cert,
        unset: "the server makes its own",
        common: true,
        doc: "The certificate and its chain (PEM, the server's own certificate first). Needs TLS_KEY_PATH. It is read again when it changes.",
    },
    Setting {
        name: "TLS_KEY_PATH",
        section: "tls",
        key: "key_path",
        kind: Kind::Path,
        at: |c| &mut c.tls.key,
        unset: "the server makes its own",
        common: true,
        doc: "The private key of that certificate (PEM: PKCS#8, PKCS#1 or SEC1). Needs TLS_CERT_PATH.",
    },
];
