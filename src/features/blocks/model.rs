//! What may be put on the list.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

use crate::error::{Error, FieldFault, Result};
use crate::features::users::is_unprintable;
use crate::wire::blocks::NewBlock;

/// Entries there may be.
pub(super) const BLOCKS_MAX: i64 = 1_000;
/// Characters of the words why (the column's width).
const NOTE_CHARS_MAX: usize = 200;
/// The longest time: a year.
const MINUTES_MAX: i64 = 366 * 24 * 60;
/// The widest networks that can be kept out by one entry: more would be the whole clinic by a slip of the finger.
const PREFIX_MIN: (u8, u8) = (8, 16);

/// An entry, checked.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) network: IpNet,
    pub(super) note: Option<String>,
    pub(super) lives: Option<Duration>,
}

impl Draft {
    pub(super) fn parse(body: &NewBlock) -> Result<Self> {
        let mut faults = Vec::new();
        let network = network(&body.network);
        if network.is_none() {
            let detail = format!(
                "must be an address as 192.168.1.5, or a network as 192.168.1.0/24, of /{} or /{} (IPv6) at the widest",
                PREFIX_MIN.0, PREFIX_MIN.1
            );
            faults.push(FieldFault { field: "network", detail });
        }
        let note = body.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
        if note.is_some_and(|note| note.chars().count() > NOTE_CHARS_MAX || note.chars().any(is_unprintable)) {
            let detail = format!("must have at most {NOTE_CHARS_MAX} characters, none of them a control character");
            faults.push(FieldFault { field: "note", detail });
        }
        if body.minutes.is_some_and(|minutes| !(1..=MINUTES_MAX).contains(&minutes)) {
            faults.push(FieldFault { field: "minutes", detail: format!("must be between 1 and {MINUTES_MAX}") });
        }
        let Some(network) = network.filter(|_| faults.is_empty()) else { return Err(Error::fields(faults)) };
        let lives = body.minutes.and_then(|minutes| u64::try_from(minutes).ok()).map(Duration::from_mins);
        Ok(Self { network, note: note.map(str::to_owned), lives })
    }
}

fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address.to_canonical()),
        Err(_) => text.parse::<IpNet>().ok()?.trunc(),
    };
    let min = if network.addr().is_ipv4() { PREFIX_MIN.0 } else { PREFIX_MIN.1 };
    (network.prefix_len() >= min).then_some(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(network: &str, minutes: Option<i64>) -> NewBlock {
        NewBlock { network: network.into(), note: None, minutes, confirm: false }
    }

    #[test]
    fn addresses_and_networks_are_taken_in_one_form() {
        for (text, shown) in [
            ("10.0.0.9", "10.0.0.9/32"),
            (" 10.0.0.9/24 ", "10.0.0.0/24"),
            ("::ffff:10.0.0.9", "10.0.0.9/32"),
            ("fd00::5", "fd00::5/128"),
            ("10.0.0.0/8", "10.0.0.0/8"),
        ] {
            assert_eq!(Draft::parse(&body(text, None)).unwrap().network.to_string(), shown);
        }
        for text in ["", "lan", "10.0.0.0/7", "0.0.0.0/0", "::/0", "fd00::/15", "10.0.0.1-9", "10.0.0.1/33"] {
            assert_eq!(Draft::parse(&body(text, None)).unwrap_err().code(), "invalid_field", "{text}");
        }
    }

    #[test]
    fn times_are_taken_within_their_limits() {
        for minutes in [1, MINUTES_MAX] {
            assert!(Draft::parse(&body("10.0.0.9", Some(minutes))).is_ok());
        }
        for minutes in [0, -1, MINUTES_MAX + 1] {
            assert!(Draft::parse(&body("10.0.0.9", Some(minutes))).is_err());
        }
        let long = NewBlock { note: Some("x".repeat(NOTE_CHARS_MAX + 1)), ..body("10.0.0.9", None) };
        assert!(Draft::parse(&long).is_err());
    }
}
