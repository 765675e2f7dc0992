//! What differs between operating systems.

pub mod signals;
