//! Patient details: found in what is being written.
//!
//! Detection is a pure function over a text; what the clinic wants done about a finding is its policy.

pub mod detect;
mod model;

pub use detect::{Detector, Finding};
pub use model::{Kind, Kinds};
