//! What happened: the audit log, read by those who may. Reading it is recorded too, and so is taking it away.
//!
//! The log has no index but its numbers, because every further one would cost each sender of a message. So what is
//! looked for is looked for along the numbers, newest first, through a bounded stretch of them at once: a page may be
//! short, and says where to go on.

mod deeds;
mod export;
mod model;
mod ops;
mod rows;
mod verification;

pub use export::{Export, Format, export};
pub use model::{Asked, Filter};
pub use ops::{ahead, list, of_user, show};
pub use verification::{Verifying, verification, verify};
