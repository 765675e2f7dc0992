//! Slash commands: a message that begins with `/` and names a command is carried out as the deed that it stands for,
//! with that deed's own permission and audit row, instead of being stored.
//!
//! A message that names no command is a message, as it always was, so that older clients and paths like `/etc` are
//! not in the way; whoever wants an error for it sends `command: true`, and who wants no command at all
//! `command: false`. `//` at the beginning stands for one slash.

mod deeds;
mod model;
mod offered;
mod ops;
mod rows;
mod spoken;

pub use offered::offered;
pub use ops::{Outcome, carry_out, check};
