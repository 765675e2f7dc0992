//! Socket to trusted, decrypted stream. The edge knows nothing of HTTP; it hands a [`Conn`] to whoever does.
//!
//! # What happens to a connection, in this order
//!
//! 1. [`serve`] accepts it.
//! 2. The peer's address is judged by the [`AllowList`] *before any byte is sent*: a stranger learns nothing, not
//!    even that this is TLS. Addresses named in `TRUSTED_PROXIES` are admitted by that.
//! 3. It takes a place ([`Permit`]): one of all, and one of its address's. Without a free place it is closed.
//! 4. If it comes from a trusted proxy and `PROXY_PROTOCOL` is on, the PROXY v2 header says who the client is;
//!    that client is judged and counted instead.
//! 5. The first byte is looked at: 0x16 begins TLS, and the handshake runs. Anything else is plain text, which
//!    [`Via`] tells apart: a proxy that may speak it, or somebody to be told about https.
//!
//! Steps 4 and 5 share one deadline, so a peer that says nothing, or says it slowly, is gone after it.
//! From then on the connection belongs to the handler until it drops the [`Permit`].
//!
//! The certificate is our own (`own`, under our `authority`) or was given (`supplied`); either is exchanged under
//! the running server by [`Certificates::refresh`].

mod allowlist;
mod authority;
mod bind;
mod cert;
mod files;
#[cfg(test)]
mod fixture;
mod limits;
mod listener;
mod machine;
mod own;
mod parts;
mod proxy;
mod stream;
mod supplied;
#[cfg(test)]
mod tests;
mod tls;
mod x509;

pub use allowlist::{AllowList, SharedAllowList};
pub use bind::{Listening, bind};
pub use cert::{Certificates, Discover};
pub use files::{KeyVault, PlainVault};
pub use limits::Permit;
pub use listener::serve;
pub use machine::{Names, own_networks};
pub use parts::EdgeParts;
pub use stream::{Conn, Stream, Via};
