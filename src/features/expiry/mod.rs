//! Messages that erase themselves: at a time of their own, or after a time that a channel's moderators chose for it.
//!
//! What has expired is taken back as the system's deletion, with a frame to those who listen, and its sealed bytes
//! leave the row. That is done in slices that hold the writer for a moment each. A clock that was set wrongly must
//! not empty a clinic's history, so nothing is erased while wall time has leapt away from time that was measured.

mod deeds;
mod ops;
mod rows;
mod watch;

pub use ops::{lifetime, set_lifetime, sweep};
pub use watch::Watch;
