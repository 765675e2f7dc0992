//! The only door to data.
//!
//! A deed is a value that says who may do it and what is recorded ([`Deed`]). [`Cx::act`] checks, runs the deed's
//! closure, writes the audit row, all in one transaction, and hands what is to be told to the hub after the
//! commit; [`Cx::view`] is its read-only twin. A [`Cx`] comes from a token that was checked ([`Gate::authenticate`]),
//! or stands for a visitor ([`Gate::visitor`]) or for the server itself ([`Gate::system`]); nobody else can make
//! one. No feature can forget permission, audit or order, because none can reach the store.
//!
//! | file | what |
//! |---|---|
//! | deed | what a deed says of itself |
//! | permission | permissions and the four roles |
//! | principal, session, keys | who asks; sign-ins; API keys |
//! | facts, rule | what decisions are made from, and how |
//! | doing, act, look | doing it and reading; what their closures may |
//! | ledger | what the writer keeps in step |
//! | trail, refusals, floods | the audit chain; what repeats; who comes too often |
//! | vault | the keys of this database |
//! | rows, cells | every SQL text; ids and times as values |

mod act;
mod annals;
pub mod cells;
mod deed;
mod doing;
mod facts;
mod floods;
mod keys;
mod kinship;
mod ledger;
mod look;
mod permission;
mod principal;
mod refusals;
mod rows;
mod rule;
mod session;
mod trail;
mod vault;

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;
use zeroize::Zeroizing;

pub use act::Act;
pub use deed::{ByKey, Deed, Details, Need, Trail};
pub use facts::{ChannelFact, ChannelKind, MemberRole, Sanction, Until, UserFact};
pub use keys::Scope;
pub use kinship::{Lineage, is_unused, lineage, messages as count_messages};
pub use ledger::Ledger;
pub use look::Look;
pub use permission::{Permission, Permissions, SEED_ROLES, SeedRole};
pub use principal::{Caller, Peer, SessionState, Who};
pub use rule::{Grant, banned};
pub use session::Issued;
pub use trail::{Verified, conclude_takeover, verify};
pub use vault::{KeyPlaces, SlotText, Vault, inspect, machine_key};

use crate::clock::{SharedClock, Timestamp};
use crate::crypto::{Keyring, SharedEntropy, TokenKeys, random_secret};
use crate::error::{Error, Result};
use crate::hub::Hub;
use crate::id::{Id, PermissionId, RoleId, UserId, uuid_v7};
use crate::metrics::Metrics;
use crate::store::{Store, Writer};
use facts::{FactSource, Facts};
use refusals::Over;
use session::Sessions;

/// Rows of repeats that one job of the writer may write.
const REPEATS_PER_JOB: usize = 200;
/// Bytes of randomness in a secret that stands for a permission.
const SECRET_BYTES: usize = 32;

/// What the gate is made of, shared with the writer's thread.
pub struct Parts {
    clock: SharedClock,
    entropy: SharedEntropy,
    keyring: Arc<Keyring>,
    tokens: TokenKeys,
    token_lives: Duration,
    hub: Hub,
    metrics: Arc<Metrics>,
    facts: Facts,
    sessions: Sessions,
    floods: floods::Floods,
    /// Tells the writers of one database apart.
    node: String,
}

impl Parts {
    fn new_uuid(&self, now: Timestamp) -> Uuid {
        let mut random = [0; 10];
        self.entropy.fill(&mut random);
        uuid_v7(u64::try_from(now.micros() / 1_000).unwrap_or(0), random)
    }
}

/// What has to be there before the gate can open.
pub struct Opening {
    /// The time.
    pub clock: SharedClock,
    /// Randomness.
    pub entropy: SharedEntropy,
    /// The keys of this database.
    pub keyring: Arc<Keyring>,
    /// The keys of the tokens.
    pub tokens: TokenKeys,
    /// How long a token lives.
    pub token_lives: Duration,
    /// Who is told.
    pub hub: Hub,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Deeds that may wait before further ones are answered `Busy`.
    pub queue_max: usize,
}

struct Inner {
    parts: Arc<Parts>,
    store: Store,
    writer: Writer<Ledger>,
}

/// The door; cheap to clone.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

impl Gate {
    /// Opens the door over a store: seeds permissions and roles, and starts the writer.
    pub fn open(store: Store, opening: Opening) -> Result<Self> {
        let parts = Parts {
            node: Uuid::from_bytes({
                let mut bytes = [0; 16];
                opening.entropy.fill(&mut bytes);
                bytes
            })
            .to_string(),
            clock: opening.clock,
            entropy: opening.entropy,
            keyring: opening.keyring,
            tokens: opening.tokens,
            token_lives: opening.token_lives,
            hub: opening.hub,
            metrics: opening.metrics,
            facts: Facts::new(),
            sessions: Sessions::default(),
            floods: floods::Floods::default(),
        };
        let parts = Arc::new(parts);
        seed(&store, &parts.clock, &parts.entropy)?;
        let writer = store.start(Ledger::new(parts.clone()), opening.queue_max)?;
        Ok(Self(Arc::new(Inner { parts, store, writer })))
    }

    /// Someone whom the network let in and who has not signed in.
    pub fn visitor(&self, peer: Peer) -> Cx {
        Cx::new(self.clone(), Who::Visitor, peer)
    }

    /// The server itself. Every call is a place to look at twice.
    pub fn system(&self) -> Cx {
        Cx::new(self.clone(), Who::System, Peer::none())
    }

    /// Writes down the refusals and readings that repeated within a minute that is over; with `all`, those of the
    /// current minute too. Called by a job, and at the stop.
    pub async fn keep_repeats(&self, all: bool) -> Result<()> {
        loop {
            let written = self
                .0
                .writer
                .write(move |tx, ledger| {
                    let (now, wall) = (ledger.parts.clock.monotonic(), ledger.parts.clock.now());
                    let over = ledger.repeats.over(now, REPEATS_PER_JOB, all);
                    for entry in &over {
                        record_over(tx, ledger, entry, wall)?;
                    }
                    Ok(over.len())
                })
                .await?;
            if written < REPEATS_PER_JOB {
                return Ok(());
            }
        }
    }

    /// Writes down how often each key has sealed. Called by a job, and at the stop.
    pub async fn keep_key_uses(&self) -> Result<()> {
        self.0.writer.write(|tx, ledger| vault::keep_uses(tx, &ledger.parts.keyring)).await
    }

    /// Finishes what is queued and ends the writer. For a thread outside the runtime.
    pub fn stop(&self) {
        self.0.writer.stop();
    }

    /// Follows the audit chain from its first row; see [`verify`].
    pub async fn verify_audit(&self) -> Result<Verified> {
        let keyring = self.0.parts.keyring.clone();
        self.0.store.read(move |view| verify(view, &keyring, Verified::default())).await
    }

    /// The same, and tells now and then which row it has come to.
    pub async fn verify_audit_telling(&self, mut tell: impl FnMut(i64) + Send + 'static) -> Result<Verified> {
        let keyring = self.0.parts.keyring.clone();
        let read = move |view: &mut crate::store::View<'_>| {
            trail::verify_telling(view, &keyring, Verified::default(), &mut tell)
        };
        self.0.store.read(read).await
    }

    /// The wrapped keys, to be wrapped for another slot.
    pub async fn slots(&self) -> Result<Vec<SlotText>> {
        self.0.store.read(|view| Ok(vault::slots(view)?.iter().map(SlotText::of).collect())).await
    }

    /// Keeps wrapped keys that the command line made, and records that it did.
    pub async fn keep_slots(&self, slots: Vec<SlotText>) -> Result<()> {
        let wrapped = slots.iter().map(SlotText::wrapped).collect::<Result<Vec<_>>>()?;
        self.0
            .writer
            .write(move |tx, ledger| {
                let parts = ledger.parts.clone();
                let now = parts.clock.now();
                vault::keep_slots(tx, &wrapped, now, parts.entropy.as_ref())?;
                let mut details = Details::default();
                details.count("slots", i64::try_from(wrapped.len()).unwrap_or(i64::MAX));
                trail::append(tx, ledger, None, &Peer::none(), now, "keys.recovery_kit", &details.canonical())
            })
            .await
    }

    fn parts(&self) -> &Arc<Parts> {
        &self.0.parts
    }

    fn store(&self) -> &Store {
        &self.0.store
    }

    fn writer(&self) -> &Writer<Ledger> {
        &self.0.writer
    }
}

/// Who asks, from where, and the door: what every deed is given.
#[derive(Clone)]
pub struct Cx {
    gate: Gate,
    who: Who,
    peer: Peer,
}

impl Cx {
    fn new(gate: Gate, who: Who, peer: Peer) -> Self {
        Self { gate, who, peer }
    }

    /// Who asks.
    pub fn who(&self) -> &Who {
        &self.who
    }

    /// From where.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Time that never goes back, for deadlines and throttles.
    pub fn monotonic(&self) -> Duration {
        self.gate.parts().clock.monotonic()
    }

    /// Wall time, for what a client is told.
    pub fn now(&self) -> Timestamp {
        self.gate.parts().clock.now()
    }

    /// Begins to measure how long a message takes until it is acknowledged.
    pub fn stopwatch(&self) -> Stopwatch {
        let parts = self.gate.parts().clone();
        Stopwatch { started: parts.clock.monotonic(), parts }
    }

    /// Who is signed in: id, name and role, as decisions know them.
    pub async fn introduce(&self) -> Result<(UserId, Arc<str>, Arc<str>)> {
        let Who::Person(session) = &self.who else {
            return Err(Error::unauthenticated("not_signed_in", "Sign in first."));
        };
        let user = session.user;
        let facts = &self.gate.parts().facts;
        let known = facts.users.known(user).and_then(|u| Some((facts.roles.known(u.role)?, u)));
        let (role, fact) = if let Some(known) = known {
            known
        } else {
            let parts = self.gate.parts().clone();
            let epoch = parts.facts.epoch();
            let read = self.gate.store().read(move |view| {
                let mut facts = facts::Committed { facts: &parts.facts, view, epoch };
                let fact = facts.user(user)?.ok_or_else(|| Error::missing("user"))?;
                let role = facts.role(fact.role)?.ok_or_else(|| Error::missing("role"))?;
                Ok((role, fact))
            });
            read.await?
        };
        if !fact.active {
            return Err(Error::unauthenticated("not_signed_in", "Sign in first."));
        }
        Ok((user, fact.username.clone(), role.name.clone()))
    }

    /// The keys.
    pub fn keys(&self) -> &Keyring {
        &self.gate.parts().keyring
    }

    /// A new id, for a deed that has to name what it makes before it is done.
    pub fn new_id<I: Id>(&self) -> I {
        let parts = self.gate.parts();
        I::from_uuid(parts.new_uuid(parts.clock.now()))
    }

    /// Randomness.
    pub fn entropy(&self) -> &dyn crate::crypto::Entropy {
        self.gate.parts().entropy.as_ref()
    }

    /// A new secret of 256 bits, to be shown once and kept as its hash.
    pub fn new_secret(&self) -> Zeroizing<String> {
        random_secret(SECRET_BYTES, self.gate.parts().entropy.as_ref())
    }

    /// Whether the sign-in still stands; asked before every WebSocket message.
    pub fn check(&self) -> Result<()> {
        match &self.who {
            Who::Person(session) => {
                let now = self.gate.parts().clock.now();
                session.check(now)?;
                session.seen(now);
                Ok(())
            }
            Who::Visitor | Who::System => Ok(()),
        }
    }

    /// Fails when the sign-in's time is over; asked before anything is delivered. Unlike [`Cx::check`] it is no sign
    /// of life, and a sign-in that was ended is not its business: that reaches the socket in commit order.
    pub fn in_time(&self) -> Result<()> {
        match &self.who {
            Who::Person(session) => session.in_time(self.gate.parts().clock.now()),
            Who::Visitor | Who::System => Ok(()),
        }
    }

    fn gate(&self) -> &Gate {
        &self.gate
    }
}

/// Measures one message.
pub struct Stopwatch {
    parts: Arc<Parts>,
    started: Duration,
}

impl Stopwatch {
    /// The message is stored, and its sender is told.
    pub fn acknowledged(&self) {
        self.parts.metrics.acked(self.parts.clock.monotonic().saturating_sub(self.started));
    }
}

fn record_over(tx: &mut crate::store::Tx<'_>, ledger: &mut Ledger, entry: &Over, now: Timestamp) -> Result<()> {
    let mut details = entry.details();
    if let Some(user) = entry.key.user {
        details.id("userId", user);
    }
    let peer = Peer { ip: entry.key.ip, agent: None };
    trail::append(tx, ledger, None, &peer, now, "access.repeated", &details.canonical())
}

/// Permissions that this version knows and the database does not are added, and with them the four roles on a
/// fresh database. `super_admin` gets what is new; the other roles belong to the clinic once they are made.
pub fn seed(store: &Store, clock: &SharedClock, entropy: &SharedEntropy) -> Result<()> {
    let now = clock.now();
    let new_uuid = || {
        let mut random = [0; 10];
        entropy.fill(&mut random);
        uuid_v7(u64::try_from(now.micros() / 1_000).unwrap_or(0), random)
    };
    store.write_blocking(|tx| {
        let mut permissions = rows::permissions_known(&mut tx.view())?;
        for permission in Permission::ALL {
            if !permissions.contains_key(permission.name()) {
                let id = PermissionId::from_uuid(new_uuid());
                rows::new_permission(tx, id, *permission)?;
                permissions.insert(permission.name().to_owned(), id);
            }
        }
        let roles = rows::roles_known(&mut tx.view())?;
        for role in &SEED_ROLES {
            let known = roles.get(role.name).copied();
            let id = known.unwrap_or_else(|| RoleId::from_uuid(new_uuid()));
            if known.is_none() {
                rows::new_role(tx, id, role, now)?;
            } else if role.name != "super_admin" {
                continue;
            }
            for permission in role.allows {
                if let Some(permission) = permissions.get(permission.name()) {
                    rows::allow(tx, id, *permission)?;
                }
            }
        }
        Ok(())
    })
}
