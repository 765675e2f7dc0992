//! What an import is told on the command line.

use std::path::PathBuf;

use clap::Args;

use crate::app::import::{Digest, Hashes, Known, Order, SaltForm, Spelling, Wish};

/// What an import is told.
#[expect(clippy::doc_markdown, reason = "the doc is the help text of a terminal, where backticks are noise")]
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ImportArguments {
    /// The older database: postgres://user:password@host:port/database
    #[arg(long, value_name = "URL")]
    from: String,
    /// A file with the password of the older database, for when it is not in the URL
    #[arg(long, value_name = "FILE")]
    from_password_file: Option<PathBuf>,
    /// The authority that signed the older database's certificate (PEM)
    #[arg(long, value_name = "FILE")]
    from_tls_ca: Option<PathBuf>,
    /// A file with the older server's ENCRYPTION_KEY
    #[arg(long, value_name = "FILE")]
    encryption_key_file: Option<PathBuf>,
    /// Only say what would be taken over
    #[arg(long)]
    dry_run: bool,
    /// Leave out sealed messages that do not open, instead of stopping
    #[arg(long)]
    skip_unreadable: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Order of a sealed message's parts, as iv-tag-ciphertext; every order is tried without
    #[arg(long, value_name = "ORDER", value_parser = |text: &str| Order::parse(text).ok_or("three of iv, tag, ciphertext"))]
    sealed_order: Option<Order>,
    /// How a sealed message is spelled: raw, hex or base64; each is tried without
    #[arg(long, value_name = "SPELLING", value_parser = |text: &str| Spelling::parse(text).ok_or("raw, hex or base64"))]
    sealed_spelling: Option<Spelling>,
    /// Bytes of a sealed message's initialization vector: 12 or 16; both are tried without
    #[arg(long, value_name = "BYTES", value_parser = clap::builder::PossibleValuesParser::new(["12", "16"]))]
    sealed_iv_bytes: Option<String>,
    /// Digest of the older password hashes: sha1, sha256, sha384 or sha512
    #[arg(long, value_name = "DIGEST", default_value = "sha512", value_parser = |text: &str| Digest::named(text).ok_or("sha1, sha256, sha384 or sha512"))]
    pbkdf2_digest: Digest,
    /// Iterations of the older password hashes
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    pbkdf2_iterations: u32,
    /// What the older salts are: the text itself, or bytes in hex or base64
    #[arg(long, value_name = "FORM", default_value = "text", value_parser = |text: &str| SaltForm::named(text).ok_or("text, hex or base64"))]
    pbkdf2_salt: SaltForm,
}

impl ImportArguments {
    pub(super) fn wish(self) -> Wish {
        Wish {
            from: self.from,
            password_file: self.from_password_file,
            tls_ca: self.from_tls_ca,
            key_file: self.encryption_key_file,
            known: Known {
                order: self.sealed_order,
                spelling: self.sealed_spelling,
                iv_bytes: self.sealed_iv_bytes.and_then(|bytes| bytes.parse().ok()),
            },
            hashes: Hashes { digest: self.pbkdf2_digest, rounds: self.pbkdf2_iterations, salt: self.pbkdf2_salt },
            skip_unreadable: self.skip_unreadable,
            dry_run: self.dry_run,
        }
    }
}
