//! Looking at connections and ending them.

use super::deeds::ConnectionDeed;
use crate::error::{Error, Result};
use crate::features::{Cursor, Means, Paged};
use crate::gate::Cx;
use crate::hub::{Close, SocketId};
use crate::id::UserId;
use crate::wire::connections::Connection;

/// An administrator ended the connection.
const ENDED: Close = Close { code: 4005, reason: "disconnected by an administrator" };

/// Signed-in sockets, oldest first, a page at a time; the cursor is the last one's id.
pub async fn list(cx: &Cx, means: &Means, user: Option<UserId>, page: Cursor) -> Result<Paged<Connection>> {
    let limit = page.rows(&means.limits)?;
    if page.after.is_some() {
        return Err(Error::field("after", "is not offered by this list: connections come and go; use before"));
    }
    let after = match page.before_number()? {
        None => 0,
        Some(id) => {
            SocketId::try_from(id).map_err(|_| Error::field("before", "must be a cursor that this list gave"))?
        }
    };
    let now = cx.monotonic();
    let rows = cx
        .view(ConnectionDeed::List, move |look| {
            let mut connections = Vec::new();
            for socket in look.hub().connected(after, limit as usize, user) {
                let fact = look.user_fact(socket.user)?;
                connections.push(Connection {
                    id: socket.id.to_string(),
                    user_id: socket.user,
                    username: fact.map_or_else(String::new, |fact| fact.username.to_string()),
                    session_id: socket.session,
                    ip_address: socket.origin.address,
                    user_agent: socket.origin.agent.as_deref().map(str::to_owned),
                    connected_at: socket.origin.since,
                    frames_per_minute: socket.frames_per_minute(now),
                    silent_seconds: now.saturating_sub(socket.last_heard()).as_secs(),
                });
            }
            Ok(connections)
        })
        .await?;
    let mut paged = Paged::of(rows, limit, |connection| connection.id.clone());
    paged.prev = None;
    Ok(paged)
}

/// Closes one socket with 4005.
pub async fn disconnect(cx: &Cx, socket: SocketId) -> Result<()> {
    let owner = cx.view(ConnectionDeed::List, move |look| Ok(look.hub().socket(socket).map(|s| s.user))).await?;
    let user = owner.ok_or_else(|| Error::missing("connection"))?;
    cx.act(ConnectionDeed::Disconnect { user }, move |act| {
        act.disconnect(socket, ENDED);
        Ok(())
    })
    .await
}
