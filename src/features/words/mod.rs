//! The word filter: words that a clinic does not want written, and what happens to a message that has one.
//!
//! It is empty unless the clinic fills it, and then costs nothing. Whole words are compared, without regard to case
//! and accents, so "class" is no match for a word within it. The list is compiled when it changes, and what is being
//! checked meanwhile goes on with the one before.

mod deeds;
mod filter;
mod model;
mod ops;
mod rows;

pub use filter::{Filter, Verdict};
pub use ops::{add, change, list, reload, remove};
