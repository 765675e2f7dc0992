//! `mcp-messenger import`: opens our side, as every command does that needs the folder for itself, and lets the
//! takeover room do the rest.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::data::Data;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::crypto::SystemEntropy;
pub use crate::crypto::older::{Known, Order, Spelling};
pub use crate::crypto::pbkdf2::{Digest, SaltForm};
use crate::error::{Context, Error, Result};
use crate::takeover::{self, Here, Options};
pub use crate::takeover::{Hashes, Progress, Report};

/// What was typed, as far as it is not a setting.
pub struct Wish {
    /// `--from`.
    pub from: String,
    /// `--from-password-file`.
    pub password_file: Option<PathBuf>,
    /// `--from-tls-ca`.
    pub tls_ca: Option<PathBuf>,
    /// `--encryption-key-file`.
    pub key_file: Option<PathBuf>,
    /// How the older server sealed.
    pub known: Known,
    /// How it hashed.
    pub hashes: Hashes,
    /// `--skip-unreadable`.
    pub skip_unreadable: bool,
    /// `--dry-run`.
    pub dry_run: bool,
}

/// Takes over, or says what would come of it.
///
/// # Errors
/// Conflict `database_held` while a server runs on the folder; those of [`takeover::run`].
pub fn import(config: &Config, wish: Wish, tell: &mut dyn FnMut(Progress)) -> Result<Report> {
    let options = Options {
        from: Zeroizing::new(wish.from),
        password: wish.password_file.as_deref().map(secret_in).transpose()?,
        tls_ca: wish.tls_ca,
        key: wish.key_file.as_deref().map(secret_in).transpose()?,
        known: wish.known,
        hashes: wish.hashes,
        skip_unreadable: wish.skip_unreadable,
        dry_run: wish.dry_run,
    };
    let clock = SystemClock::shared();
    let data = Data::open(config, &clock).map_err(|error| {
        if error.code() != "database_held" {
            return error;
        }
        Error::conflict(
            "database_held",
            format!("{} Stop the server first: a takeover needs the data folder for itself.", error.detail()),
        )
    })?;
    let here = Here { store: &data.store, keys: &data.keyring, entropy: SystemEntropy::shared(), clock };
    let report = takeover::run(&here, &options, tell)?;
    if !options.dry_run {
        data.keep_key_uses()?;
    }
    Ok(report)
}

/// A secret in a file, without the line's end.
fn secret_in(file: &Path) -> Result<Zeroizing<String>> {
    let text = std::fs::read_to_string(file).map(Zeroizing::new).context(format!("reading {}", file.display()))?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}
