//! The side that measures: starts servers, signs people in, counts, compares.

pub mod board;
pub mod client;
pub mod histogram;
pub mod people;
pub mod probe;
pub mod report;
pub mod rest;
pub mod server;
