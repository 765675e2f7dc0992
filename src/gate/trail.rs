//! The audit log: numbered without gaps, each row signed over the row before it with a key that is not in the
//! database, so that a row cannot be changed, dropped, swapped or put in without it showing. The last row's
//! signature leaves the database with every published snapshot, because a chain cannot see its own tail cut off.

use super::cells::Columns;
use super::deed::canonical;
use super::ledger::Ledger;
use super::principal::Peer;
use super::rows::{self, AuditRow};
use crate::clock::Timestamp;
use crate::crypto::{AuditRecord, Keyring};
use crate::error::{Error, Result};
use crate::id::{AuditId, Id, UserId};
use crate::store::{Json, Param, Tx, View};

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

/// Follows the chain from `from` to its end and compares the end with the head. Any row that was changed,
/// removed, swapped or inserted after `from` is an error that names its number.
pub fn verify(view: &mut View<'_>, keyring: &Keyring, from: Verified) -> Result<Verified> {
    let broken = |number: i64| {
        Error::conflict(
            "audit_chain_broken",
            format!("The audit log does not follow from its signatures at row {number}."),
        )
    };
    let mut at = from;
    loop {
        let mut rows_read = 0;
        let faults = view.all(SLICE, &[Param::Int(at.number), Param::Int(VERIFY_SLICE)], |row| {
            rows_read += 1;
            let number: i64 = row.get(0)?;
            let user: Option<UserId> = row.opt_id(2)?;
            let action: String = row.get(3)?;
            let details = row.get::<Option<Json>>(4)?.map_or_else(String::new, |json| {
                serde_json::from_str(&json.0).map_or(json.0, |value| canonical(&value))
            });
            let agent: Option<String> = row.get(6)?;
            let record = AuditRecord {
                number,
                id: row.get(1)?,
                user: user.map(Id::uuid),
                action: &action,
                details: &details,
                ip: row.get(5)?,
                user_agent: agent.as_deref(),
                timestamp_micros: row.time(7)?.micros(),
            };
            let stored: Vec<u8> = row.get(8)?;
            let expected = keyring.audit_link(AUDIT_KEY_VERSION, &at.mac, &record)?;
            if number != at.number + 1 || stored != expected {
                return Ok(Some(at.number + 1));
            }
            at = Verified { number, mac: expected };
            Ok(None)
        })?;
        if let Some(number) = faults.into_iter().flatten().next() {
            return Err(broken(number));
        }
        if rows_read < VERIFY_SLICE {
            break;
        }
    }
    let (head, _) = rows::head(view)?.ok_or_else(|| broken(0))?;
    if head.audit_number != at.number || head.audit_mac != at.mac {
        return Err(broken(at.number + 1));
    }
    Ok(at)
}
