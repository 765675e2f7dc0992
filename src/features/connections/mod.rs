//! The devices that are connected right now, for whoever looks after the clinic: who, from where, since when; and
//! ending one. A device that is disconnected may come back; ending its sign-in is the account's business.

mod deeds;
mod ops;

pub use ops::{disconnect, list};
