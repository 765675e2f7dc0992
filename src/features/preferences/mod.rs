//! How each person wants to be told of what happens. The server keeps it so that all of a person's devices agree;
//! what a notification may show of patient details is not a preference: nothing, ever.

mod deeds;
mod model;
mod ops;
mod rows;

pub use ops::{change, sends_read_receipts, show, shows_read_receipts};
