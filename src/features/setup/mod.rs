//! The first administrator.
//!
//! There is no default password. Either the configuration names the administrator, or a one-time code, shown on
//! the terminal and in a file that only the server's account can read, opens the way once.

mod deeds;
mod door;
mod ops;
pub mod recovery;
mod rows;
mod site;
mod steps;

pub use door::SetupDoor;
pub use ops::{First, Made, administrator, is_set_up, make_unattended, set_up};
pub use site::{OwnNames, OwnNetwork, Place, Site};
pub use steps::{
    HOSTS, NETWORKS, admit, call_hosts, clinic, confirm_networks, hosts, networks, state, strength, try_networks,
};
