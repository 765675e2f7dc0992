//! The audit chain: every row of the log is tied to the one before it by a keyed MAC.
//!
//! A plain hash chain proves little: whoever can write the database can compute it anew. HMAC-SHA256
//! (RFC 2104, FIPS 198-1) needs the audit key, which the database holds only wrapped. What a chain cannot see
//! by itself is that its tail was cut off; therefore its head is also written outside the database.
//!
//! The encoding is length-prefixed, so that no two different rows share one encoding.

use std::net::IpAddr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use super::seal::{put_text, put_uuid};

/// What precedes the first row.
pub const GENESIS: [u8; 32] = [0; 32];

/// A row of the audit log, as the chain sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditRecord<'a> {
    /// Its place in the log, from 1, without gaps.
    pub number: i64,
    /// Its id.
    pub id: Uuid,
    /// Who did it; nobody for what the system does or a stranger tries.
    pub user: Option<Uuid>,
    /// What was done.
    pub action: &'a str,
    /// The details as the exact JSON text that is stored.
    pub details: &'a str,
    /// From where.
    pub ip: Option<IpAddr>,
    /// With what.
    pub user_agent: Option<&'a str>,
    /// When: microseconds since 1970.
    pub timestamp_micros: i64,
}

/// The link that `record` makes after `previous`.
pub fn link(key: &[u8; 32], previous: &[u8; 32], record: &AuditRecord) -> [u8; 32] {
    // A key of 32 bytes is shorter than SHA-256's block of 64 and is padded with zeros (RFC 2104 §2).
    let mut block = zeroize::Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    mac.update(&encode(previous, record));
    mac.finalize().into_bytes().into()
}

fn encode(previous: &[u8; 32], record: &AuditRecord) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256 + record.details.len());
    bytes.extend_from_slice(b"mcp-messenger audit 1");
    bytes.extend_from_slice(previous);
    bytes.extend_from_slice(&record.number.to_be_bytes());
    bytes.extend_from_slice(record.id.as_bytes());
    put_uuid(&mut bytes, record.user);
    put_text(&mut bytes, record.action);
    put_text(&mut bytes, record.details);
    match record.ip {
        None => bytes.push(0),
        Some(IpAddr::V4(ip)) => {
            bytes.push(4);
            bytes.extend_from_slice(&ip.octets());
        }
        Some(IpAddr::V6(ip)) => {
            bytes.push(6);
            bytes.extend_from_slice(&ip.octets());
        }
    }
    match record.user_agent {
        None => bytes.push(0),
        Some(agent) => {
            bytes.push(1);
            put_text(&mut bytes, agent);
        }
    }
    bytes.extend_from_slice(&record.timestamp_micros.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::token::hex;
    use proptest::prelude::*;

    fn record<'a>() -> AuditRecord<'a> {
        AuditRecord {
            number: 7,
            id: Uuid::from_u128(1),
            user: Some(Uuid::from_u128(2)),
            action: "message.post",
            details: r#"{"channelId":"a"}"#,
            ip: Some("10.0.0.5".parse().unwrap()),
            user_agent: Some("curl"),
            timestamp_micros: 1_700_000_000_000_000,
        }
    }

    #[test]
    fn hmac_gives_what_the_rfc_gives() {
        // RFC 4231, test cases 1 and 2: what the room's HMAC computes for keys shorter than a block.
        for (key, data, expected) in [
            (&[0x0b; 20][..], &b"Hi There"[..], "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
        ] {
            let mut padded = [0; 32];
            padded[..key.len()].copy_from_slice(key);
            let mut block = [0; 64];
            block[..32].copy_from_slice(&padded);
            let mac = Hmac::<Sha256>::new((&block).into()).chain_update(data).finalize().into_bytes();
            assert_eq!(hex(&mac), expected);
        }
    }

    #[test]
    fn every_field_and_the_row_before_count() {
        let key = [3; 32];
        let base = link(&key, &GENESIS, &record());
        assert_eq!(base, link(&key, &GENESIS, &record()));
        let others = [
            AuditRecord { number: 8, ..record() },
            AuditRecord { id: Uuid::from_u128(9), ..record() },
            AuditRecord { user: None, ..record() },
            AuditRecord { user: Some(Uuid::nil()), ..record() },
            AuditRecord { action: "message.edit", ..record() },
            AuditRecord { details: "{}", ..record() },
            AuditRecord { ip: None, ..record() },
            AuditRecord { ip: Some("::ffff:10.0.0.5".parse().unwrap()), ..record() },
            AuditRecord { user_agent: None, ..record() },
            AuditRecord { user_agent: Some(""), ..record() },
            AuditRecord { timestamp_micros: 0, ..record() },
        ];
        let mut links: Vec<_> = others.iter().map(|other| link(&key, &GENESIS, other)).collect();
        links.push(link(&key, &[1; 32], &record()));
        links.push(link(&[4; 32], &GENESIS, &record()));
        links.push(base);
        let count = links.len();
        links.sort_unstable();
        links.dedup();
        assert_eq!(links.len(), count);
    }

    proptest! {
        #[test]
        fn two_rows_never_share_an_encoding(
            a in ("[ab]{0,3}", "[ab]{0,3}", prop::option::of("[ab]{0,2}"), any::<Option<u8>>()),
            b in ("[ab]{0,3}", "[ab]{0,3}", prop::option::of("[ab]{0,2}"), any::<Option<u8>>()),
        ) {
            let row = |part: &(String, String, Option<String>, Option<u8>)| encode(&GENESIS, &AuditRecord {
                action: &part.0,
                details: &part.1,
                user_agent: part.2.as_deref(),
                user: part.3.map(|n| Uuid::from_u128(n.into())),
                ..record()
            });
            prop_assert_eq!(a == b, row(&a) == row(&b));
        }
    }

    #[test]
    fn a_row_taken_out_breaks_every_link_after_it() {
        let key = [3; 32];
        let chain = |numbers: &[i64]| {
            numbers.iter().fold(GENESIS, |head, number| link(&key, &head, &AuditRecord { number: *number, ..record() }))
        };
        assert_ne!(chain(&[1, 2, 3]), chain(&[1, 3]));
        assert_ne!(chain(&[1, 2, 3]), chain(&[2, 1, 3]));
    }
}
