//! Messages: posted, kept sealed, edited, deleted, reacted to, received, read, paged, replayed.
//!
//! Every body is sealed, whether it is marked or not: people forget the mark. The mark decides who may read it and
//! whether a reading is recorded. `text` stays empty in the row; the body is in `encrypted_text`.
//!
//! `seq` is a message's place in its channel, without gaps; `rev` grows with every change of any message, so a
//! client that knows a `rev` asks for what changed after it and has everything.

mod deeds;
mod deliveries;
mod model;
mod ops;
mod reactions;
mod rows;
mod screening;
mod sealing;
mod suspicion;

pub use deliveries::Deliveries;
pub use model::{Draft, LIFETIME_SECONDS, Revision};
pub use ops::{
    CHECKS_AT_ONCE, CHECKS_PER_SECOND, PINS_MAX, Withdrawal, ahead_in, ahead_of, change, changes, check, delete, edit,
    history, keep_deliveries, look_at, open_all, page, pin, pins, post, react, read, receipt, receipts, recent, replay,
    reveal, send, show, thread, unpin, unreact, withdraw,
};
pub use reactions::{REACTION_CHARS_MAX, REACTIONS_DISTINCT_MAX, REACTIONS_MAX};
pub use sealing::{Bodies, seal, seal_metadata};
