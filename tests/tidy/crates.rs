//! Crates that belong to certain rooms: what only one room knows can be exchanged in one room.

use std::collections::BTreeSet;

use super::nothing_but;
use super::source::rust;

/// A crate and the rooms that may name it.
const ROOMS: [(&str, &[&str]); 13] = [
    ("rusqlite", &["store"]),
    ("r2d2", &["store"]),
    ("postgres", &["store"]),
    ("axum", &["http", "ws"]),
    ("rcgen", &["edge"]),
    ("x509_parser", &["edge"]),
    ("argon2", &["crypto"]),
    ("aes_gcm", &["crypto"]),
    ("aws_lc_rs", &["crypto"]),
    ("jsonwebtoken", &["crypto"]),
    ("hmac", &["crypto"]),
    ("clap", &["cli"]),
    ("if_addrs", &["edge"]),
];

/// Whether `text` names the crate, and not a module of ours, or of another crate, with its name.
fn names(text: &str, name: &str) -> bool {
    text.match_indices(&format!("{name}::")).any(|(at, _)| {
        let before = &text[..at];
        !before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
            && !["crate::", "::store::", "super::", "self::", "rustls::crypto::"]
                .iter()
                .any(|path| before.ends_with(path))
    })
}

#[test]
fn each_crate_is_used_in_its_room() {
    let (mut found, mut used) = (Vec::new(), BTreeSet::new());
    for source in rust("src") {
        let text = source.program_text();
        for (name, rooms) in ROOMS.iter().filter(|(name, _)| names(&text, name)) {
            used.insert(*name);
            if !rooms.contains(&source.room()) {
                found.push(format!("{}: {name} belongs to {}", source.path, rooms.join(" and ")));
            }
        }
    }
    assert_eq!(used.len(), ROOMS.len(), "a crate of the list is used nowhere: {used:?}");
    nothing_but(
        &found,
        "Each crate is used in its room alone. Give the other room what it needs by that room's own names.",
    );
}

#[test]
fn a_module_of_ours_is_no_crate() {
    assert!(names("use postgres::Client;", "postgres"));
    assert!(!names("use super::postgres::Link;", "postgres") && !names("my_postgres::x()", "postgres"));
}
