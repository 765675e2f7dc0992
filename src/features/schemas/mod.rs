//! What the metadata of some messages has to be: `alert`, `notification` and `task`, by its `type`.
//!
//! One table says it, from which the published JSON Schema is made and against which a message is held, so the two
//! cannot differ. Metadata of any other type, or of none, is the client's own.

mod check;
mod publish;
mod table;

pub use check::check;
pub use publish::{names, published};
