//! The clinic's text templates: `/handover` inserts what the clinic chose. They hold no patient details, so they are
//! kept as they are.

mod deeds;
mod model;
mod ops;
mod rows;

pub use ops::{add, change, find, list, remove, some};
