//! API keys: how programs come in. A key acts for an account, its maker's or one made for the program (an ordinary
//! account that nobody signs in to), and may what that account may, cut down to the key's permissions and channels.
//! What a key is at the door stands in the gate; here is who makes keys, changes, renews and revokes them.
//!
//! Of a token its hash is kept; it is shown once. After a rotation the old token works on for a while, so that a
//! program can be given the new one without a gap. A revoked key stays as a row: the audit log names it.

mod deeds;
mod model;
mod ops;
mod rows;

pub use ops::{change, list, make, revoke, rotate};
