//! Making an account for oneself: by an invitation, or, where the clinic allows it, without one.
//!
//! An invitation is a token that is shown once and kept as its hash. It gives the role that it was made for, for as
//! long as whoever made it may still give that role.

mod deeds;
mod ops;
mod rows;

pub use ops::{check, create, list, register, revoke};
