//! What a clinic chooses for itself while the server runs: policies, kept in the database and changed by those who
//! may, at once and without a restart. How the server is run (ports, folders, limits) is configuration instead, and
//! belongs to whoever runs the machine.
//!
//! Policies are read for every message, so they stand in memory as one value that is replaced as a whole.

mod current;
mod deeds;
mod everything;
mod kinds;
mod model;
mod ops;
mod phi;
mod place;
mod rows;

pub use current::Current;
pub use everything::{Configured, everything, one, put, put_back};
pub use kinds::Kind;
pub use model::{Clinic, Receipts};
pub use ops::{change, checked, list, load, reset, show, write};
pub use phi::{PhiPolicy, RecordNumbers};
pub use place::{ClinicName, Language, Minutes, Roles, TimeZone};
