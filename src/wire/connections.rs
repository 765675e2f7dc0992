//! Who is connected.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::id::{SessionId, UserId};

/// One signed-in WebSocket.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// Names the connection until it ends.
    pub id: String,
    /// Whose.
    pub user_id: UserId,
    /// Their name.
    pub username: String,
    /// By which sign-in.
    pub session_id: SessionId,
    /// From where.
    pub ip_address: Option<IpAddr>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// Since when.
    pub connected_at: Timestamp,
    /// Frames that the device sent in the last minute, about.
    pub frames_per_minute: u64,
    /// Seconds since anything was heard of the device, its answers to pings included.
    pub silent_seconds: u64,
}
