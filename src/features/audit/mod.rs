//! What happened: the audit log, read by those who may. Reading it is recorded too.

mod deeds;
mod ops;
mod rows;

pub use ops::{Filter, ahead, list, show};
