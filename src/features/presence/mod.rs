//! Who is there and who is typing.
//!
//! None of this is ever stored: it is true for a moment, it is nobody's record, and writing it down would cost more
//! than all messages. It lives in one board in memory, is told to those alone who share a channel and asked to
//! hear it, and is gathered before it is told: a person who flickers costs one frame a second and not one a change.

mod board;
mod deeds;
mod model;
mod ops;

pub use board::{Board, Here};
pub use ops::{choose, own, tell, typing, watch};
