//! The certificate authority goes where the database goes.
//!
//! Every device of the clinic was told to trust the authority once. Its files are outside the database, so a new
//! machine that is made from a copy of the database and the recovery key would make another one, and every device
//! would have to be told again. The pair is therefore kept in the database too, with the key as sealed as it is in its
//! file, and put back before the edge looks for it. Files that are there win: they are what devices trust now.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use super::data::Data;
use crate::crypto::{Cell, Keyring, Purpose};
use crate::edge::KeyVault;
use crate::error::{Context, Result};

const SETTING: &str = "tls_authority";
const CERTIFICATE_FILE: &str = "ca.pem";
const KEY_FILE: &str = "ca.key";

/// Both files, as they are on the disk; the key is sealed there already.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pair {
    certificate: String,
    /// Base64.
    sealed_key: String,
}

/// Puts what is missing of the authority into `folder`, from what the database knows. A file that is there and is
/// another one is left to the edge, which judges it.
pub(super) fn restore(data: &Data, folder: &Path) -> Result<()> {
    let (certificate_file, key_file) = (folder.join(CERTIFICATE_FILE), folder.join(KEY_FILE));
    let (certificate, key) = (read(&certificate_file)?, read(&key_file)?);
    if certificate.is_some() && key.is_some() {
        return Ok(());
    }
    let Some(json) = data.vault().setting(&data.store, SETTING)? else { return Ok(()) };
    let pair: Pair = serde_json::from_str(&json).context("reading the stored certificate authority")?;
    let sealed_key = BASE64.decode(&pair.sealed_key).context("reading the stored certificate authority")?;
    let differs = certificate.is_some_and(|there| there != pair.certificate.as_bytes())
        || key.as_ref().is_some_and(|there| *there != sealed_key);
    if differs {
        return Ok(());
    }
    let what = || format!("putting the certificate authority into {}", folder.display());
    make_private(folder).context(what())?;
    // The key first: an interruption between the two then costs nothing, as at a first start.
    write_private(&key_file, &sealed_key)
        .and_then(|()| write_private(&certificate_file, pair.certificate.as_bytes()))
        .context(what())?;
    tracing::info!("the certificate authority came with the database: devices that trust it go on as before");
    Ok(())
}

/// Keeps the files of `folder` in the database, if they changed. Before the writer runs.
pub(super) fn keep(data: &Data, folder: &Path) -> Result<()> {
    let (Some(certificate), Some(sealed_key)) = (read(&folder.join(CERTIFICATE_FILE))?, read(&folder.join(KEY_FILE))?)
    else {
        // A supplied certificate has no authority of ours.
        return Ok(());
    };
    let certificate = String::from_utf8(certificate).context("reading ca.pem")?;
    let pair = Pair { certificate, sealed_key: BASE64.encode(sealed_key) };
    let json = serde_json::to_string(&pair).context("keeping the certificate authority")?;
    let known = data.vault().setting(&data.store, SETTING)?;
    if known.and_then(|known| serde_json::from_str::<Pair>(&known).ok()).is_some_and(|known| known == pair) {
        return Ok(());
    }
    data.vault().keep_setting(&data.store, SETTING, &json)
}

fn read(file: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(cause).context(format!("reading {}", file.display())),
    }
}

fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Writes a file that is not there yet; one that is there is the same already.
fn write_private(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if file.exists() {
        return Ok(());
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(file)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The edge's private keys are files, sealed with the database's keys.
pub(super) struct SealedKeys(pub(super) Arc<Keyring>);

impl SealedKeys {
    const CELL: Cell<'static> =
        Cell { table: "tls", row: uuid::Uuid::nil(), column: "private_key", channel: None, sender: None };
}

impl KeyVault for SealedKeys {
    fn seal(&self, plain: &[u8]) -> Result<Vec<u8>> {
        self.0.seal(Purpose::Secrets, &Self::CELL, plain)
    }

    fn open(&self, sealed: &[u8]) -> Result<Vec<u8>> {
        self.0.open(Purpose::Secrets, &Self::CELL, sealed).map(|plain| plain.to_vec())
    }
}
