//! Searching messages.
//!
//! Bodies are sealed and there is no index of their words, because an index would be a copy of them in the clear. So
//! a search opens what its caller may read now, newest first, and looks: in slices, several at a time, each in a
//! reading transaction of its own with its own look at who may read what. It ends when it has found enough, when
//! everything was seen, or when its time is over; then it says how far back it came and how to go on.
//!
//! The slices run on a few threads of their own at a low priority (`hall`): whoever sends a message
//! goes first.
//!
//! | file | what |
//! |---|---|
//! | query | what a person typed, understood |
//! | fold | case and accents taken away; words found in a text |
//! | plan | the query with its names looked up |
//! | scan | one slice |
//! | cursor | where to go on |
//! | hall | the threads, and how many searches there may be |

mod cursor;
mod deeds;
mod fold;
mod hall;
mod ops;
mod plan;
mod query;
mod rows;
mod scan;

pub use hall::Hall;
pub use ops::search;
