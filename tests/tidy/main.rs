//! What keeps the house in order, checked by reading it: who may use whom, where SQL may stand, that every module says
//! why it is there, that docs and code name the same things.
//!
//! Plain text is read, not syntax: rules that a person can check with `grep` need no parser, and a rule that would
//! need one is no rule for people either. Each check says what to do about what it found.

mod codes;
mod crates;
mod documents;
mod modules;
mod published;
mod rooms;
mod schema;
mod source;

/// Fails with everything that was found, not with the first of it.
fn nothing_but(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}\n\n  {}\n", found.join("\n  "));
}
