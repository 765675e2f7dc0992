//! People: accounts and their roles.
//!
//! A name is compared without regard to case: `username_key` is the folded form and is unique. Only the hash of a
//! password is kept, as an Argon2id PHC string; the older server's `salt` column stays empty for those.

mod deeds;
mod model;
mod ops;
mod rows;

pub use model::{Email, NewPassword, PersonName, USERNAME_CHARS_MAX, Username, is_unprintable};
pub use ops::{
    Account, account, change, create, delete, erase_due, find, list, must_exist, permissions, person, restore, search,
    show,
};
pub(super) use ops::{
    NewAccount, check, default_role, default_role_name, insert, role_named, role_of_name, super_admin_exists,
};
