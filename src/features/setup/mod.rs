//! The first administrator.
//!
//! There is no default password. Either the configuration names the administrator, or a one-time code, shown on
//! the terminal and in a file that only the server's account can read, opens the way once.

mod deeds;
mod door;
mod ops;

pub use door::SetupDoor;
pub use ops::{First, Made, is_set_up, make_unattended, set_up};
