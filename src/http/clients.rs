//! The web clients, as the build made them: pages, and files under `assets/` whose names change with what they hold.
//!
//! Each file is there as it is and, made once by the build, packed by br and gzip. The program carries them inside; a
//! debug build can be told to read a folder instead (`--web-dir`), so that whoever works on the clients need not
//! compile the server.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{LazyLock, OnceLock};

use super::call::Answer;
use super::packing::{Coding, tag_for};
use super::pages::etag_of;

include!(concat!(env!("OUT_DIR"), "/web.rs"));

/// RFC 8246: the name changes with what the file holds, so nobody has to ask again.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Kept, and asked about before each use.
const ASK_FIRST: &str = "no-cache";

/// Names, bytes and validators of what is inside.
static INSIDE: LazyLock<HashMap<&'static str, (&'static [u8], String)>> =
    LazyLock::new(|| BUILT.iter().map(|(name, body)| (*name, (*body, etag_of(body)))).collect());

/// The folder that is read instead, in a debug build that was told to.
static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// Reads the clients from `folder` from now on.
#[cfg(debug_assertions)]
pub fn read_from(folder: PathBuf) {
    let _ = FOLDER.set(folder);
}

/// A page of the clients, such as `admin`.
pub(super) fn page(name: &str, coding: Option<Coding>) -> Option<Answer> {
    let mut answer = file(&format!("{name}.html"), coding)?;
    answer.cache = Some(ASK_FIRST);
    Some(answer)
}

/// A file under `assets/`.
pub(super) fn asset(path: &str, coding: Option<Coding>) -> Option<Answer> {
    let mut answer = file(&format!("assets/{path}"), coding)?;
    answer.cache = Some(if FOLDER.get().is_some() { ASK_FIRST } else { FOR_EVER });
    Some(answer)
}

fn file(name: &str, coding: Option<Coding>) -> Option<Answer> {
    let content_type = content_type(name)?;
    let (plain, etag) = read(name)?;
    let packed = coding.and_then(|coding| Some((read(&format!("{name}.{}", coding.ending()))?.0, coding)));
    let (body, etag) = match &packed {
        Some((body, coding)) => (body, tag_for(&etag, *coding)),
        None => (&plain, etag.into_owned()),
    };
    let mut answer = Answer::file(body.to_vec(), content_type, Some(etag));
    answer.coding = packed.map(|(_, coding)| coding);
    Some(answer)
}

/// The bytes of a file and their validator.
fn read(name: &str) -> Option<(Cow<'static, [u8]>, Cow<'static, str>)> {
    if let Some(folder) = FOLDER.get() {
        let inside = name.split('/').all(|part| !matches!(part, "" | "." | "..") && !part.contains(['\\', ':', '\0']));
        let body = std::fs::read(folder.join(name)).ok().filter(|_| inside)?;
        let etag = etag_of(&body);
        return Some((body.into(), etag.into()));
    }
    INSIDE.get(name).map(|(body, etag)| (Cow::Borrowed(*body), Cow::Borrowed(etag.as_str())))
}

/// What is served and as what; anything else is not there.
fn content_type(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_in_is_all_of_kinds_that_are_served() {
        for (name, _) in BUILT {
            let plain = name.strip_suffix(".br").or_else(|| name.strip_suffix(".gz")).unwrap_or(name);
            assert!(content_type(plain).is_some(), "{name} has no type: it would never be served");
        }
    }

    #[test]
    fn a_hashed_file_is_kept_for_ever_and_a_page_is_not() {
        for (name, body) in BUILT.iter().filter(|(name, _)| content_type(name).is_some()) {
            let (answer, cache) = match (name.strip_prefix("assets/"), name.strip_suffix(".html")) {
                (Some(path), _) => (asset(path, None), FOR_EVER),
                (None, Some(page_name)) => (page(page_name, None), ASK_FIRST),
                (None, None) => continue,
            };
            let answer = answer.unwrap_or_else(|| panic!("{name}"));
            assert_eq!((answer.body.as_slice(), answer.cache, answer.coding), (*body, Some(cache), None), "{name}");
        }
        assert!(page("../Cargo", None).is_none() && asset("../index.html", None).is_none());
    }

    #[test]
    fn what_was_packed_by_the_build_unpacks_to_the_file() {
        use std::io::Read as _;
        for (name, packed) in BUILT {
            let (plain, unpacked) = if let Some(plain) = name.strip_suffix(".br") {
                let mut body = Vec::new();
                brotli::Decompressor::new(*packed, 4_096).read_to_end(&mut body).unwrap();
                (plain, body)
            } else if let Some(plain) = name.strip_suffix(".gz") {
                let mut body = Vec::new();
                flate2::read::GzDecoder::new(*packed).read_to_end(&mut body).unwrap();
                (plain, body)
            } else {
                continue;
            };
            let (_, (body, _)) = INSIDE.get_key_value(plain).unwrap_or_else(|| panic!("{plain} is not there"));
            assert!(*body == unpacked.as_slice(), "{name} holds something else");
        }
    }
}
