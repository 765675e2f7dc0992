//! Secrets: randomness, sealing, keys, passwords, tokens, the audit chain.
//!
//! The room knows nothing of rows, sockets or people. It is given bytes, ids and the time, and gives back
//! bytes, so that every rule here can be checked against published vectors and by tests without a server.
//!
//! How the keys hang together (NIST SP 800-57 part 1, two tiers):
//!
//! ```text
//! MasterKey (file or environment) ─┐
//!                                  ├─ unwraps ─► data keys by (purpose, version) ─ seal ─► cells
//! RecoveryKey (on paper) ──────────┘             kept wrapped in the database
//! ```
//!
//! Losing one of the two upper keys loses nothing; losing the database loses nothing readable.

pub mod age;
pub mod api_key;
pub mod chain;
mod crockford;
pub mod entropy;
pub mod keyring;
pub mod master;
pub mod older;
pub mod password;
pub mod pbkdf2;
pub mod recovery;
pub mod seal;
pub mod setup_code;
pub mod slots;
mod text;
pub mod token;
pub mod totp;

pub use chain::{AuditRecord, link};
pub use entropy::{Entropy, SeededEntropy, SharedEntropy, SystemEntropy};
pub use keyring::{FreshKey, Keyring, Opener, Unlock};
pub use master::MasterKey;
pub use password::{PasswordPool, StoredHash, Verdict, Wrapper};
pub use pbkdf2::Pbkdf2;
pub use recovery::RecoveryKey;
pub use seal::{Cell, Purpose};
pub use setup_code::SetupCode;
pub use slots::{Slot, WrappedKey, unwrap, wrap};
pub use token::{Claims, TokenKeys, random_secret, sha256_hex};

#[cfg(test)]
mod speed;
