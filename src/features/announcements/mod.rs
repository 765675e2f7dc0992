//! One thing that everybody is to know: that the server stops at six, that the ward has moved. Every device that is
//! connected hears it at once, and every one that signs in while it holds. There is one at a time; the next
//! replaces it. It is no message: nobody answers, and nothing about patients belongs in it.

mod current;
mod deeds;
mod model;
mod ops;
mod rows;

pub use current::Current;
pub use ops::{announce, greeting, load, show, withdraw};
