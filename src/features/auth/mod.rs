//! Signing in, staying signed in, signing out.
//!
//! A wrong name and a wrong password look and cost the same. Failures are counted by account and address and slow
//! further attempts down; successes are free.

mod deeds;
mod me;
mod ops;
mod reset;
mod rows;
pub mod second_factor;

pub use me::{clinic_shown, me};
pub use ops::{change_password, level, login, logout, refresh, set_password};
pub use reset::{grant_reset, issue_reset, reset_password};
