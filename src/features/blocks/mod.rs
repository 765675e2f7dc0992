//! Addresses that are kept out, for a time or for good: before a connection gets a byte, and on connections that
//! stand already.
//!
//! The list is asked for every connection and every request, so it stands in memory; most clinics have none, and then
//! asking costs one look at a number.

mod current;
mod deeds;
mod model;
mod ops;
mod rows;

pub use current::Current;
pub use ops::{block, list, load, unblock};
