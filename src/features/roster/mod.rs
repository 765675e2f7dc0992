//! People by the list: a table that somebody exported from somewhere becomes accounts, all of them or none.
//!
//! A list comes from other programs, so its encoding, its separator and the names of its columns are found out rather
//! than asked for ([`read`]). Every row is judged ([`judge()`]), and the report says by line what is wrong. Accounts get no
//! password: each gets a token by which its person chooses one.

mod deeds;
mod judge;
mod ops;
mod rows;
mod sheet;
mod text;

pub use judge::{Judged, judge};
pub use ops::import;
pub use sheet::{Column, Sheet, SheetRow, read};
