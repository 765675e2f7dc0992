//! Messages that are written now and posted later.
//!
//! What waits is sealed. When its time has come, it is posted by the same deed as any message, in its author's name
//! and decided by what the author may *then*; what cannot be posted stays in the list with the reason, and the author
//! is told. It is posted at most once, whatever happens between posting and striking it off, because its id is the
//! post's `clientMessageId`. A command is carried out at its time, too; after a crash at the wrong moment it may be
//! carried out again, which all of them can bear.

mod deeds;
mod deliver;
mod ops;
mod rows;
mod sealing;

pub use deliver::deliver;
pub use ops::{cancel, change, list, plan};
