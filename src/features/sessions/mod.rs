//! Sign-ins as their owner sees them: from where, with what, until when, and how to end them.

mod deeds;
mod ops;
mod rows;

pub use ops::{list, terminate};
