//! Opening an export without a server: what the passphrase opens is unpacked beside its place, held against its
//! manifest, and only then given its name. Nothing half stays.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::crypto::age::Opener;
use crate::crypto::token;
use crate::error::{Context, Error, Result};

const BLOCK: usize = 512;
/// Bytes of the manifest of an export with a million slices.
const MANIFEST_BYTES_MAX: u64 = 256 * 1_024 * 1_024;
/// The entry that says what the others are.
const MANIFEST: &str = "manifest.json";

/// What an export says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contents {
    /// What kind of file it is, and of which version.
    pub format: String,
    /// `channel`, `user` or `audit`.
    pub kind: String,
    /// What it is called.
    pub title: String,
    /// When it was made.
    pub created_at: String,
    /// Messages or entries in it.
    pub rows: u64,
    /// Its files.
    pub entries: Vec<Listed>,
}

/// A file of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its path.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, in hex.
    pub sha256: String,
}

/// Opens `file` and holds every entry against the manifest. With `to` the entries are unpacked into that folder,
/// which may not be there yet; without, nothing is written.
///
/// # Errors
/// Those of [`Opener::new`]; Invalid `not_an_export` when what was sealed is no export or not as its manifest says;
/// Conflict `folder_exists`; Internal when something cannot be read or written.
pub fn open(file: &Path, passphrase: &str, to: Option<&Path>) -> Result<Contents> {
    let sealed = File::open(file).context(format!("opening {}", file.display()))?;
    if let Some(to) = to
        && to.exists()
    {
        let detail = format!("{} is there already: name a folder that is not.", to.display());
        return Err(Error::conflict("folder_exists", detail));
    }
    let from = Opener::new(passphrase, sealed)?;
    let Some(to) = to else { return walk(from, None) };
    let draft = draft(to);
    let _ = fs::remove_dir_all(&draft);
    let outcome = walk(from, Some(&draft)).and_then(|contents| {
        fs::rename(&draft, to).context(format!("naming {}", to.display()))?;
        Ok(contents)
    });
    if outcome.is_err() {
        // Patient details may be in what was unpacked so far.
        let _ = fs::remove_dir_all(&draft);
    }
    outcome
}

fn draft(to: &Path) -> PathBuf {
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    to.with_file_name(name)
}

fn walk(mut from: impl Read, to: Option<&Path>) -> Result<Contents> {
    if let Some(to) = to {
        make_private(to)?;
    }
    let mut found = BTreeMap::new();
    let mut manifest = None;
    while let Some((name, bytes)) = header(&mut from)? {
        if manifest.is_some() {
            return Err(wrong("something comes after its manifest"));
        }
        let mut entry = (&mut from).take(bytes);
        if name == MANIFEST {
            if bytes > MANIFEST_BYTES_MAX {
                return Err(wrong("its manifest is too long"));
            }
            let mut text = Vec::new();
            entry.read_to_end(&mut text).map_err(unreadable)?;
            let contents: Contents = serde_json::from_slice(&text).map_err(|_| wrong("its manifest is unreadable"))?;
            if let Some(to) = to {
                create(&to.join(&name))?.write_all(&text).context("unpacking")?;
            }
            manifest = Some(contents);
        } else {
            if found.contains_key(&name) {
                return Err(wrong("an entry is there twice"));
            }
            let sha256 = copy(&mut entry, to.map(|to| to.join(&name)).as_deref())?;
            if entry.limit() > 0 {
                return Err(wrong("an entry is cut off"));
            }
            found.insert(name, (bytes, sha256));
        }
        let padding = (BLOCK as u64 - bytes % BLOCK as u64) % BLOCK as u64;
        io::copy(&mut (&mut from).take(padding), &mut io::sink()).map_err(unreadable)?;
    }
    // Whatever follows has to open as well: a file that was cut off or altered at its end is not whole.
    io::copy(&mut from, &mut io::sink()).map_err(unreadable)?;
    let contents = manifest.ok_or_else(|| wrong("it has no manifest"))?;
    if !contents.format.starts_with("mcp-messenger export ") {
        return Err(wrong("its manifest is of something else"));
    }
    let agrees = contents.entries.len() == found.len()
        && contents.entries.iter().all(|listed| {
            found.get(&listed.name).is_some_and(|(bytes, sha256)| *bytes == listed.bytes && *sha256 == listed.sha256)
        });
    if agrees { Ok(contents) } else { Err(wrong("its files are not those of its manifest")) }
}

/// The next entry's name and length; `None` at the end. Only what we write is understood: plain files with short
/// names below the folder.
fn header(from: &mut impl Read) -> Result<Option<(String, u64)>> {
    let mut block = [0; BLOCK];
    from.read_exact(&mut block).map_err(unreadable)?;
    if block.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let text = |from: usize, length: usize| {
        let field = block[from..from + length].split(|byte| *byte == 0).next().unwrap_or_default();
        std::str::from_utf8(field).map(str::trim).map_err(|_| wrong("an entry has no name"))
    };
    let octal = |from, length| u64::from_str_radix(text(from, length)?, 8).map_err(|_| wrong("an entry is misshapen"));
    let sum: u64 =
        block.iter().enumerate().map(|(at, byte)| u64::from(if (148..156).contains(&at) { b' ' } else { *byte })).sum();
    let (name, plain) = (text(0, 100)?.to_owned(), matches!(block[156], 0 | b'0'));
    if octal(148, 8)? != sum || &block[257..262] != b"ustar" || !plain || !is_ours(&name) {
        return Err(wrong("an entry is misshapen"));
    }
    Ok(Some((name, octal(124, 12)?)))
}

/// Small letters, digits, dots and dashes in at most two steps: nothing that leads out of the folder.
fn is_ours(name: &str) -> bool {
    let fits = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b))
    };
    name.split('/').count() <= 2 && name.split('/').all(fits)
}

fn copy(entry: &mut impl Read, to: Option<&Path>) -> Result<String> {
    let mut file = to.map(create).transpose()?;
    let (mut digest, mut buffer) = (Sha256::new(), vec![0; 64 * 1_024]);
    loop {
        let read = entry.read(&mut buffer).map_err(unreadable)?;
        if read == 0 {
            return Ok(token::hex(&digest.finalize()));
        }
        digest.update(&buffer[..read]);
        if let Some(file) = &mut file {
            file.write_all(&buffer[..read]).context("unpacking an export")?;
        }
    }
}

fn create(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        make_private(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).context(format!("making {}", path.display()))
}

fn make_private(folder: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).context(format!("making {}", folder.display()))
}

fn wrong(what: &str) -> Error {
    Error::invalid("not_an_export", format!("This is no whole export: {what}."))
}

fn unreadable(cause: io::Error) -> Error {
    match cause.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => wrong("it was altered or cut off"),
        _ => Error::internal("reading an export").because(cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SystemEntropy;
    use crate::crypto::age::{Lock, Sealer};

    const PASSPHRASE: &str = "seven grey geese over the bay";

    fn entry(name: &str, content: &[u8]) -> Vec<u8> {
        let mut block = super::super::parcel::header(name, content.len(), 0).to_vec();
        block.extend_from_slice(content);
        block.resize(block.len().next_multiple_of(BLOCK), 0);
        block
    }

    fn manifest(name: &str, content: &[u8]) -> Vec<u8> {
        let sha256 = token::hex(&Sha256::digest(content));
        let listed = serde_json::json!({ "name": name, "bytes": content.len(), "sha256": sha256 });
        let about = serde_json::json!({
            "format": "mcp-messenger export 1", "kind": "channel", "title": "Ward 3", "createdAt": "now", "rows": 1,
            "entries": [listed],
        });
        entry(MANIFEST, about.to_string().as_bytes())
    }

    fn opened(parts: &[Vec<u8>], to: Option<&Path>) -> Result<Contents> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.tar.age");
        let lock = Lock::new(PASSPHRASE, &SystemEntropy).unwrap();
        let mut sealer = Sealer::new(&lock, &SystemEntropy, File::create(&file).unwrap()).unwrap();
        for part in parts {
            sealer.write_all(part).unwrap();
        }
        sealer.finish().unwrap();
        open(&file, PASSPHRASE, to)
    }

    #[test]
    fn what_its_manifest_says_is_unpacked_and_anything_else_leaves_nothing() {
        let ground = tempfile::tempdir().unwrap();
        let to = ground.path().join("out");
        let (name, text) = ("data/00001.jsonl", b"{}\n".as_slice());
        let (good, told, end) = (entry(name, text), manifest(name, text), vec![0; 2 * BLOCK]);
        let leads_out = entry("data/../../x", text);
        let mut bent = entry(name, text);
        bent[3] ^= 1;
        for (parts, what) in [
            (vec![good.clone(), end.clone()], "no manifest"),
            (vec![told.clone(), end.clone()], "an entry is missing"),
            (vec![entry(name, b"[]\n"), told.clone(), end.clone()], "another content"),
            (vec![entry("data/00002.jsonl", text), told.clone(), end.clone()], "another name"),
            (vec![good.clone(), good.clone(), told.clone(), end.clone()], "an entry twice"),
            (vec![good.clone(), told.clone(), good.clone(), end.clone()], "an entry after the manifest"),
            (vec![leads_out, told.clone(), end.clone()], "a way out of the folder"),
            (vec![bent, told.clone(), end.clone()], "a header that was altered"),
            (vec![good.clone(), told.clone()], "no end"),
            (vec![good[..600].to_vec()], "cut off"),
            (vec![], "nothing at all"),
        ] {
            assert_eq!(opened(&parts, Some(&to)).unwrap_err().code(), "not_an_export", "{what}");
            assert_eq!(fs::read_dir(ground.path()).unwrap().count(), 0, "{what}");
        }
        let whole = [good, told, end];
        assert_eq!(opened(&whole, None).unwrap().rows, 1);
        assert_eq!(fs::read_dir(ground.path()).unwrap().count(), 0, "checking writes nothing");
        opened(&whole, Some(&to)).unwrap();
        assert_eq!(fs::read(to.join(name)).unwrap(), text);
        assert_eq!(opened(&whole, Some(&to)).unwrap_err().code(), "folder_exists");
    }
}
