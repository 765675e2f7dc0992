//! Backups: finished copies of the published snapshot, kept in the data folder and in a second place, as often and for
//! as long as the clinic says.
//!
//! A copy is written under a draft's name, flushed, read back and compared before it takes its own, so that no name
//! ever stands for half a file. What cannot be written is told and tried again. The desk keeps no books: which backups
//! there are is what lies in the folders.

mod deeds;
mod desk;
mod model;
mod ops;
mod rows;
mod shelf;

pub use desk::{Desk, Press, Published};
pub use ops::{change_plan, keep_up, list, make, plan, remove, self_test, status, test_folder};
