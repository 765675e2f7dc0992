//! The server's figures: looked at now, kept over years in little space, watched live, and told to a scraper.
//!
//! What is counted is in the room [`crate::metrics`]. Here the counters are looked at every few seconds ([`Recorder`]),
//! and once a minute what came since is added to a row of its minute, its hour and its day, in one small write.
//! Minutes are kept for some days, hours for some weeks, days for some years; so the table has an end.

mod deeds;
mod export;
mod figures;
mod ops;
mod recorder;
mod rows;

pub use figures::Range;
pub use ops::{history, keep, now, observe, scrape, watch};
pub use recorder::{Probe, Recorder};
