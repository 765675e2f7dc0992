//! Sockets that hear something live. Nothing is made for nobody: as long as the list is empty, nothing is encoded.
//!
//! A socket stays on the list as long as it is there and its owner may; both are asked again before every frame, so a
//! role that was taken away ends it with the next one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};
use crate::gate::{Cx, Deed};
use crate::hub::{Outbox, SocketId};

/// Sockets on the list at most.
const WATCHERS_MAX: usize = 100;

/// Who watches.
#[derive(Default)]
pub struct Watchers(Mutex<HashMap<SocketId, (Cx, Arc<Outbox>)>>);

impl Watchers {
    fn list(&self) -> MutexGuard<'_, HashMap<SocketId, (Cx, Arc<Outbox>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a socket on the list; that its owner may was decided.
    pub fn add(&self, cx: &Cx, socket: &Arc<Outbox>) -> Result<()> {
        let mut list = self.list();
        list.retain(|_, (_, socket)| !socket.is_gone());
        if list.len() >= WATCHERS_MAX && !list.contains_key(&socket.id) {
            return Err(Error::busy("busy", "Too many devices are watching already."));
        }
        list.insert(socket.id, (cx.clone(), socket.clone()));
        Ok(())
    }

    /// Takes a socket off the list.
    pub fn remove(&self, socket: &Outbox) {
        self.list().remove(&socket.id);
    }

    /// Whether nobody watches.
    pub fn is_empty(&self) -> bool {
        self.list().is_empty()
    }

    /// Those who are still there and for whom the deed is still permitted; the others are taken off the list.
    pub async fn entitled<D: Deed>(&self, deed: impl Fn() -> D) -> Vec<Arc<Outbox>> {
        let all: Vec<_> = self.list().iter().map(|(id, (cx, socket))| (*id, cx.clone(), socket.clone())).collect();
        let mut entitled = Vec::with_capacity(all.len());
        for (id, cx, socket) in all {
            if !socket.is_gone() && cx.in_time().is_ok() && cx.permit(deed()).await.is_ok() {
                entitled.push(socket);
            } else {
                self.list().remove(&id);
            }
        }
        entitled
    }
}
