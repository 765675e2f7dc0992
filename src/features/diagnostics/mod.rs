//! What somebody who helps from afar needs to know of this server, in one file: the version, what is configured, the
//! figures, and what the log said last. No secret, no name of a person and nothing about a patient is in it: each part
//! comes from where such things are kept out already, and a test looks for marked ones.

mod deeds;
mod ops;

pub use ops::{about, bundle};
