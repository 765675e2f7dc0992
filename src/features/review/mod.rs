//! The review queue: flagged messages wait here until somebody decides that one stays or goes.
//!
//! Moderators review their own channels; whoever monitors messages reviews all, and sees patient details of own
//! channels only. Nobody reviews what they wrote, nor learns here who flagged it.

mod deeds;
mod ops;
mod rows;

pub use ops::{decide, list};
