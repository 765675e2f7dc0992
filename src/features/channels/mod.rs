//! Channels and who is in them.
//!
//! Whoever makes a channel owns it. A public channel can be joined; a private one is not there for those outside.
//! Names are not unique: a clinic has more than one "Reception". A conversation is a channel without a name: of
//! exactly two (`direct`, found again instead of made twice) or of a few (`group`); to everyone else it is not
//! there, whatever their role. That it was made is in the audit log.
//!
//! What is deleted is gone for everybody at once and kept: its members move to a table of their own, so that no
//! list of members has to leave them out, and come back with it.

mod deeds;
mod model;
mod ops;
mod rows;

pub use model::{Archived, ChannelFilter, ChannelName, Description, Label, Topic};
pub use ops::change::{delete, deleted, end_expired, restore, update};
pub use ops::create::{create, direct};
pub use ops::invites::{accept, decline, invite, invites, own_invites, redeem, revoke};
pub use ops::join::{enter, join, joined, leave, prove};
pub use ops::look::{list, show};
pub use ops::members::{add_member, change_member, members, remove_member};
pub use ops::reading::read_up_to;
pub use ops::sanctions::{lift, sanction, sanctions};
