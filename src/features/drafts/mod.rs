//! Drafts: what a person has begun to write in a channel, the same on all their devices.
//!
//! There is one for each person and channel, sealed as messages are; nobody else can read it, whatever their role.
//! Keeping one leaves no row in the audit log: it is said to nobody yet, and is kept every few words.

mod deeds;
mod ops;
mod rows;

pub use ops::{discard, keep, show};
