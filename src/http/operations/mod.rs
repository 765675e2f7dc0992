//! One operation a route: decode, call the feature, encode. Nothing is decided here.

pub(super) mod audit;
pub(super) mod auth;
pub(super) mod channels;
pub(super) mod messages;
pub(super) mod pages;
pub(super) mod settings;
pub(super) mod users;
pub(super) mod writing;
