//! The first small pages of the product: plain HTML, one style sheet, two scripts, embedded in the program.
//!
//! They exist so that a server without any client can still be set up and trusted from a browser, and without the
//! internet. A page has placeholders (`{{host}}`) for what only the running server knows; they are filled with
//! escaped text and nothing else, so a page cannot become a template language. A release carries the files inside;
//! a debug build reads them from the source tree, so that a page can be changed without compiling.

use std::borrow::Cow;
use std::fmt::Write as _;

use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

#[derive(RustEmbed)]
#[folder = "assets/pages"]
struct Files;

/// Something to answer a GET with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The bytes.
    pub body: Cow<'static, [u8]>,
    /// For `Content-Type`.
    pub content_type: &'static str,
    /// For `ETag`, in its quotes: a strong validator (RFC 9110 §8.8.3) made from the body.
    pub etag: String,
}

impl Page {
    fn of(body: Cow<'static, [u8]>, content_type: &'static str) -> Self {
        Self { etag: etag_of(&body), body, content_type }
    }
}

/// A strong validator made from the body, in its quotes.
pub(super) fn etag_of(body: &[u8]) -> String {
    let mut etag = String::from('"');
    for byte in Sha256::digest(body).iter().take(16) {
        // Writing to a String cannot fail.
        let _ = write!(etag, "{byte:02x}");
    }
    etag.push('"');
    etag
}

/// The page `name` (`index`, `setup`, `trust` or `404`), its placeholders filled from `values`; `None` when there
/// is no such page. A placeholder without a value becomes empty.
///
/// Whoever serves a page gives all six: `host`, name and port as the visitor typed them; `version`; `setup`, `open`
/// while there is no administrator; `ca_fingerprint`, empty when the certificate was supplied, and `/trust` then
/// says so; `leaf_fingerprint`; `password_min`, in characters.
pub fn page(name: &str, values: &[(&str, &str)]) -> Option<Page> {
    if !is_plain(name) {
        return None;
    }
    let file = Files::get(&format!("{name}.html"))?;
    let text = fill(&String::from_utf8_lossy(&file.data), values);
    Some(Page::of(Cow::Owned(text.into_bytes()), "text/html; charset=utf-8"))
}

/// The file that is served as `/assets/<path>`; `None` when there is none. Pages are no assets: they are served
/// filled, under their own addresses.
pub fn asset(path: &str) -> Option<Page> {
    let (name, ending) = path.rsplit_once('.')?;
    let content_type = match ending {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => return None,
    };
    if !is_plain(name) {
        return None;
    }
    Some(Page::of(Files::get(path)?.data, content_type))
}

/// Whether `name` can be a file of ours: no folders, so nothing leads out of the one folder.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// One pass over the text: what a value brings in is never looked at again.
fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + 256);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let Some((name, behind)) = after.split_once("}}") else {
            filled.push_str("{{");
            rest = after;
            continue;
        };
        if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
            escape(value, &mut filled);
        }
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

/// Makes `value` safe between tags and inside quoted attributes.
fn escape(value: &str, into: &mut String) {
    for c in value.chars() {
        match c {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\'' => into.push_str("&#39;"),
            other => into.push(other),
        }
    }
}

#[cfg(test)]
mod tests;
