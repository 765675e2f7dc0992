//! The audit log: numbered without gaps, each row signed over the row before it with a key that is not in the
//! database, so that a row cannot be changed, dropped, swapped or put in without it showing. The last row's
//! signature leaves the database with every published snapshot, because a chain cannot see its own tail cut off.
//!
//! Rows of an older server came without signatures. They stand before the chain, and its first row says how many
//! they were and what digest they had, so from then on they cannot be changed unseen either.

use super::cells::Columns;
use super::deed::{Details, canonical};
use super::ledger::Ledger;
use super::principal::Peer;
use super::rows::{self, AuditRow};
use crate::clock::{SharedClock, Timestamp};
use crate::crypto::chain::GENESIS;
use crate::crypto::{AuditRecord, Keyring, SharedEntropy, link, token};
use crate::error::{Error, Result};
use crate::id::{AuditId, Id, UserId, uuid_v7};
use crate::store::{Json, Param, Row, Store, Tx, View};

/// The chain is signed with one key from its first row to its last: a new one would need a row of its own that
/// both keys sign.
const AUDIT_KEY_VERSION: u32 = 1;

/// Rows of the chain that are read at once while it is verified.
const VERIFY_SLICE: i64 = 1_000;

/// Writes the next row of the chain, in the deed's transaction; `details` are in their canonical form.
pub(super) fn append(
    tx: &mut Tx<'_>,
    ledger: &mut Ledger,
    user: Option<UserId>,
    peer: &Peer,
    now: Timestamp,
    action: &str,
    details: &str,
) -> Result<()> {
    let id: AuditId = AuditId::from_uuid(ledger.parts.new_uuid(now));
    let number = ledger.head.audit_number + 1;
    let record = AuditRecord {
        number,
        id: id.uuid(),
        user: user.map(Id::uuid),
        action,
        details,
        ip: peer.ip,
        user_agent: peer.agent.as_deref(),
        timestamp_micros: now.micros(),
    };
    let keyring = &ledger.parts.keyring;
    let mac = keyring.audit_link(AUDIT_KEY_VERSION, &ledger.head.audit_mac, &record)?;
    let row =
        AuditRow { id, user, action, details, ip: peer.ip, agent: peer.agent.as_deref(), at: now, number, mac: &mac };
    rows::append_audit(tx, &row)?;
    ledger.head.audit_number = number;
    ledger.head.audit_mac = mac;
    Ok(())
}

const SLICE: &str = "SELECT number, id, user_id, action, details, ip_address, user_agent, timestamp, mac \
     FROM audit_logs WHERE number > $1 ORDER BY number LIMIT $2";

/// How far a chain was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verified {
    /// The last row's number, which is the number of rows.
    pub number: i64,
    /// The last row's signature.
    pub mac: [u8; 32],
}

/// What is recorded when a takeover is complete; the chain's first row then.
const TAKEOVER: &str = "takeover.finish";
const OLDER_ROWS: &str = "olderAuditRows";
const OLDER_DIGEST: &str = "olderAuditDigest";

/// A row as it is signed, with the signature that is stored.
struct Stored {
    number: i64,
    id: uuid::Uuid,
    user: Option<UserId>,
    action: String,
    details: String,
    ip: Option<std::net::IpAddr>,
    agent: Option<String>,
    at: Timestamp,
    mac: Vec<u8>,
}

impl Stored {
    fn of(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            number: row.get(0)?,
            id: row.get(1)?,
            user: row.opt_id(2)?,
            action: row.get(3)?,
            details: row.get::<Option<Json>>(4)?.map_or_else(String::new, |json| {
                serde_json::from_str(&json.0).map_or(json.0, |value| canonical(&value))
            }),
            ip: row.get(5)?,
            agent: row.get(6)?,
            at: row.opt_time(7)?.unwrap_or_default(),
            mac: row.get(8)?,
        })
    }

    fn record(&self) -> AuditRecord<'_> {
        AuditRecord {
            number: self.number,
            id: self.id,
            user: self.user.map(Id::uuid),
            action: &self.action,
            details: &self.details,
            ip: self.ip,
            user_agent: self.agent.as_deref(),
            timestamp_micros: self.at.micros(),
        }
    }
}

/// The rows of an older server before the chain: how many, and a digest that anyone can compute. The same encoding
/// as the chain's, with a key that is no secret.
struct Older {
    rows: i64,
    digest: [u8; 32],
}

impl Older {
    const NONE: Self = Self { rows: 0, digest: GENESIS };

    fn add(&mut self, row: &Stored) {
        self.rows = row.number;
        self.digest = link(&[0; 32], &self.digest, &row.record());
    }

    /// Whether the first signed row says of the rows before it what is so.
    fn is_vouched_for(&self, first: &Stored) -> bool {
        if first.action != TAKEOVER {
            // A database that was taken over in place, by its migrations, has no such row.
            return true;
        }
        let said: serde_json::Value = serde_json::from_str(&first.details).unwrap_or_default();
        said[OLDER_ROWS] == self.rows && said[OLDER_DIGEST] == token::hex(&self.digest)
    }
}

/// Follows the chain from `from` to its end and compares the end with the head. Any row that was changed,
/// removed, swapped or inserted after `from` is an error that names its number.
pub fn verify(view: &mut View<'_>, keyring: &Keyring, from: Verified) -> Result<Verified> {
    verify_telling(view, keyring, from, &mut |_| ())
}

/// The same, and tells now and then which row it has come to.
pub(super) fn verify_telling(
    view: &mut View<'_>,
    keyring: &Keyring,
    from: Verified,
    tell: &mut dyn FnMut(i64),
) -> Result<Verified> {
    let broken = |number: i64| {
        Error::conflict(
            "audit_chain_broken",
            format!("The audit log does not follow from its signatures at row {number}."),
        )
    };
    let mut at = from;
    let mut older = Older::NONE;
    loop {
        let rows = view.all(SLICE, &[Param::Int(at.number), Param::Int(VERIFY_SLICE)], Stored::of)?;
        let last = i64::try_from(rows.len()).unwrap_or(i64::MAX) < VERIFY_SLICE;
        for row in rows {
            if row.number != at.number + 1 {
                return Err(broken(at.number + 1));
            }
            // Unsigned rows stand before the first signed one and nowhere else.
            if row.mac.is_empty() && at.mac == GENESIS {
                older.add(&row);
                at.number = row.number;
                continue;
            }
            let expected = keyring.audit_link(AUDIT_KEY_VERSION, &at.mac, &row.record())?;
            if row.mac != expected || (at.mac == GENESIS && !older.is_vouched_for(&row)) {
                return Err(broken(row.number));
            }
            at = Verified { number: row.number, mac: expected };
        }
        tell(at.number);
        if last {
            break;
        }
    }
    let (head, _) = rows::head(view)?.ok_or_else(|| broken(0))?;
    if head.audit_number != at.number || head.audit_mac != at.mac {
        return Err(broken(at.number + 1));
    }
    Ok(at)
}

/// Puts the head where a takeover has come to, and begins the chain with a row that says what came over. Only before
/// the writer runs; `also` is in the same transaction.
pub fn conclude_takeover(
    store: &Store,
    keyring: &Keyring,
    clock: &SharedClock,
    entropy: &SharedEntropy,
    rev: i64,
    mut details: Details,
    also: impl FnOnce(&mut Tx<'_>) -> Result<()>,
) -> Result<()> {
    let now = clock.now();
    let mut random = [0; 10];
    entropy.fill(&mut random);
    let id = AuditId::from_uuid(uuid_v7(u64::try_from(now.micros() / 1_000).unwrap_or(0), random));
    store.write_blocking(|tx| {
        let mut older = Older::NONE;
        loop {
            let rows = tx.all(SLICE, &[Param::Int(older.rows), Param::Int(VERIFY_SLICE)], Stored::of)?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                older.add(row);
            }
        }
        details.count(OLDER_ROWS, older.rows);
        details.digest(OLDER_DIGEST, &older.digest);
        let details = details.canonical();
        let number = older.rows + 1;
        let record = AuditRecord {
            number,
            id: id.uuid(),
            user: None,
            action: TAKEOVER,
            details: &details,
            ip: None,
            user_agent: None,
            timestamp_micros: now.micros(),
        };
        let mac = keyring.audit_link(AUDIT_KEY_VERSION, &GENESIS, &record)?;
        let row = AuditRow {
            id,
            user: None,
            action: TAKEOVER,
            details: &details,
            ip: None,
            agent: None,
            at: now,
            number,
            mac: &mac,
        };
        rows::append_audit(tx, &row)?;
        rows::keep_head(tx, &rows::Head { rev, audit_number: number, audit_mac: mac }, "takeover")?;
        also(tx)
    })
}
