//! What roles there are and what they allow: looked at, made, changed, tried out beforehand, taken away.
//!
//! Nobody gives what they do not have, nor touches a role that allows more than their own; `super_admin` is always
//! everything; and somebody is always left who can change roles. A change holds from its commit on, for those who
//! are connected too.

mod deeds;
mod model;
mod ops;
mod preview;
mod rows;

pub use ops::{change, create, effective, list, matrix, permissions, remove, reshape, show};
pub use preview::preview;
