//! Where a search goes on: a place in an order, bound to the person and the query that it belongs to.
//!
//! It gives no right and hides nothing; the binding is there so that a mistake shows instead of giving odd pages.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use sha2::{Digest, Sha256};

use super::plan::Along;
use crate::error::{Error, Result};
use crate::id::{Id, UserId};

const TAG_BYTES: usize = 8;

fn tag(query: &[u8; 32], along: Along, reader: UserId) -> [u8; TAG_BYTES] {
    let mut digest = Sha256::new();
    digest.update(query);
    digest.update(reader.uuid().as_bytes());
    if let Along::Channel(channel) = along {
        digest.update(channel.uuid().as_bytes());
    }
    let mut tag = [0; TAG_BYTES];
    tag.copy_from_slice(&digest.finalize()[..TAG_BYTES]);
    tag
}

/// The cursor for what comes from `place` on, going back.
pub(super) fn encode(place: i64, query: &[u8; 32], along: Along, reader: UserId) -> String {
    let mut bytes = Vec::with_capacity(8 + TAG_BYTES);
    bytes.extend_from_slice(&place.to_be_bytes());
    bytes.extend_from_slice(&tag(query, along, reader));
    BASE64.encode(bytes)
}

/// The place that a cursor names, if it is one of this search.
pub(super) fn decode(text: &str, query: &[u8; 32], along: Along, reader: UserId) -> Result<i64> {
    let wrong = || Error::field("cursor", "must be a cursor that this search gave to you");
    let bytes: [u8; 8 + TAG_BYTES] =
        BASE64.decode(text).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(wrong)?;
    let (place, given) = bytes.split_at(8);
    let place = place.try_into().map(i64::from_be_bytes).map_err(|_| wrong())?;
    if given != tag(query, along, reader) || place < 1 {
        return Err(wrong());
    }
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ChannelId;
    use uuid::Uuid;

    #[test]
    fn a_cursor_is_good_for_its_own_search_alone() {
        let (alice, bob) = (UserId::from_uuid(Uuid::from_u128(1)), UserId::from_uuid(Uuid::from_u128(2)));
        let ward = Along::Channel(ChannelId::from_uuid(Uuid::from_u128(3)));
        let cursor = encode(77, &[1; 32], Along::All, alice);
        assert_eq!(decode(&cursor, &[1; 32], Along::All, alice).ok(), Some(77));
        assert!(decode(&cursor, &[2; 32], Along::All, alice).is_err());
        assert!(decode(&cursor, &[1; 32], ward, alice).is_err());
        assert!(decode(&cursor, &[1; 32], Along::All, bob).is_err());
        for bad in ["", "77", "????", &cursor[1..], &encode(0, &[1; 32], Along::All, alice)] {
            assert!(decode(bad, &[1; 32], Along::All, alice).is_err(), "{bad}");
        }
    }
}
