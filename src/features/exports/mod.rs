//! Exports: what a channel, a person or the audit log holds, in a file that can be read without this server.
//!
//! Whoever asks gives a passphrase; the file is sealed with it while it is written and never lies about in the clear,
//! nor is the passphrase kept. It is written slice by slice in the background, every slice read in the name of the
//! one who asked and decided on anew, so that a right that ends meanwhile ends the export. The file stays for a
//! limited time.

mod deeds;
mod desk;
mod model;
mod ops;
mod pages;
mod parcel;
mod rows;
mod unpack;

pub use desk::Desk;
pub use ops::{Fetched, ask, fetch, list, purge, remove, show, tidy};
pub use unpack::{Contents, open};
