//! MCP Messenger: the messaging server a small clinic installs once and forgets.
//!
//! # The life of one message
//!
//! A byte goes through the rooms in this order, and comes back by the hub:
//!
//! [`edge`] (socket, allow-list, TLS) → [`http`] / [`ws`] (decode, encode) → [`features`] (deeds) → [`gate`]
//! (may they? record it) → [`store`] (one SQL text, two engines); after the commit the gate hands the frames
//! to the [`hub`], and the hub to the sockets.
//!
//! Which room may use which is a table, and `tests/tidy` checks it.

pub mod clock;
pub mod config;
pub mod crypto;
pub mod edge;
pub mod error;
pub mod id;
pub mod logging;
pub mod metrics;
pub mod wire;

pub mod store;

pub mod hub;

pub mod gate;

pub mod features;

pub mod http;
pub mod ws;

pub mod jobs;
pub mod takeover;

pub mod app;

pub mod cli;
pub mod os;
