//! Reminders: a person asks to be told of something at a time. What about is sealed; the notice that comes says only
//! that there is one, and the list says what.

mod deeds;
mod ops;
mod rows;

pub use ops::{ask, list, remind, remove};
