//! The same deeds over a socket: tokio-tungstenite on the connection that HTTP upgraded.
//!
//! | file | what |
//! |---|---|
//! | upgrade | the handshake (RFC 6455, section 4.2) |
//! | socket | one socket's life: authenticate, then read and write until it closes |
//! | dispatch | a message to a deed |
//! | deflate | the sub-protocol with compression |
//! | abuse | how many bad frames are too many |

mod abuse;
mod deflate;
mod dispatch;
mod socket;
mod upgrade;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use upgrade::upgrade;

use crate::features::Means;
use crate::hub::{Close, Hub, OutboxLimits, SocketId};

/// Never authenticated, or not in time.
const NOT_AUTHENTICATED: Close = Close { code: 4001, reason: "authenticate first" };
/// Its account or API key opens too many.
const TOO_OFTEN: Close = Close { code: 1013, reason: "too many connections: try again later" };
/// Too many frames that could not be read.
const ABUSE: Close = Close { code: 4003, reason: "too many bad frames" };

/// What all sockets share.
pub struct Sockets {
    hub: Hub,
    means: Arc<Means>,
    /// The socket tasks, for whoever drains them.
    tasks: TaskTracker,
    /// Asks sockets that have not signed in yet to go.
    stop: CancellationToken,
    next: AtomicU64,
}

impl Sockets {
    /// For a server that fans out through `hub`.
    pub fn new(hub: Hub, means: Arc<Means>, tasks: TaskTracker, stop: CancellationToken) -> Arc<Self> {
        Arc::new(Self { hub, means, tasks, stop, next: AtomicU64::new(1) })
    }

    fn next_id(&self) -> SocketId {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    fn outbox_limits(&self) -> OutboxLimits {
        let limits = &self.means.limits;
        OutboxLimits { frames_max: limits.outbox_frames_max, bytes_max: limits.outbox_bytes_max }
    }
}
