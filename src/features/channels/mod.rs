//! Channels and who is in them.
//!
//! Whoever makes a channel owns it. A public channel can be joined; a private one is not there for those outside.
//! Names are not unique: a clinic has more than one "Reception".

mod deeds;
mod model;
mod ops;
mod rows;

pub use model::{Archived, ChannelFilter, ChannelName, Description};
pub use ops::{add_member, change_member, create, join, joined, leave, list, members, read_up_to, remove_member, show};
