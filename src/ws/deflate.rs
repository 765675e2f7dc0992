//! The sub-protocol `mcpm.v1+deflate`: long messages as binary frames of raw deflate (RFC 1951), each by itself. There
//! is no context from one message to the next, so that a secret in one cannot be guessed from the length of another,
//! and an idle socket keeps no window.

use axum::http::{HeaderMap, header};
use flate2::{Decompress, FlushDecompress, Status};
use tokio_tungstenite::tungstenite::{Bytes, Message, Utf8Bytes};

use crate::error::{Error, Result};
use crate::hub::Encoded;

/// How the messages of a socket are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Text frames alone; `named` where the client asked for it by its name.
    Plain {
        /// Whether.
        named: bool,
    },
    /// Long messages deflated, in binary frames.
    Deflate,
}

const PLAIN: &str = "mcpm.v1";
const DEFLATE: &str = "mcpm.v1+deflate";

impl Protocol {
    /// The first that the client offers and we know (RFC 6455, 4.2.2): it offers them in the order of its preference.
    pub(super) fn offered(headers: &HeaderMap) -> Self {
        let lists = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
        let known = lists.flat_map(|list| list.split(',')).find_map(|name| match name.trim() {
            DEFLATE => Some(Self::Deflate),
            PLAIN => Some(Self::Plain { named: true }),
            _ => None,
        });
        known.unwrap_or(Self::Plain { named: false })
    }

    /// What the client is answered.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::Plain { named: false } => None,
            Self::Plain { named: true } => Some(PLAIN),
            Self::Deflate => Some(DEFLATE),
        }
    }

    /// A frame as this socket gets it.
    pub(super) fn message(self, frame: &Encoded) -> Message {
        let deflated = if self == Self::Deflate { frame.deflated() } else { None };
        deflated.map_or_else(|| Message::Text(frame.text().clone()), Message::Binary)
    }

    /// What a binary frame says; at most `bytes_max` bytes are inflated, however long it would be.
    pub(super) fn read(self, packed: &Bytes, bytes_max: usize) -> Result<Utf8Bytes> {
        if self != Self::Deflate {
            let detail = "Send text frames with JSON: binary frames are understood with mcpm.v1+deflate alone.";
            return Err(Error::invalid("binary_frame", detail));
        }
        let plain = inflate(packed, bytes_max)?;
        Utf8Bytes::try_from(Bytes::from(plain)).map_err(|_| broken())
    }
}

fn broken() -> Error {
    Error::invalid("bad_deflate", "A binary frame must be one message of JSON in UTF-8, as raw deflate and whole.")
}

fn inflate(packed: &[u8], bytes_max: usize) -> Result<Vec<u8>> {
    let mut inflater = Decompress::new(false);
    // It grows with what comes out, not with what might.
    let mut plain = Vec::with_capacity(packed.len().saturating_mul(3).min(bytes_max) + 1);
    loop {
        let before = (inflater.total_in(), inflater.total_out());
        let read = usize::try_from(inflater.total_in()).unwrap_or(usize::MAX);
        let rest = packed.get(read..).unwrap_or_default();
        let status = inflater.decompress_vec(rest, &mut plain, FlushDecompress::None).map_err(|_| broken())?;
        if plain.len() > bytes_max {
            return Err(Error::too_large(format!("A message may have at most {bytes_max} bytes, inflated.")));
        }
        let read = usize::try_from(inflater.total_in()).unwrap_or(usize::MAX);
        match status {
            Status::StreamEnd if read == packed.len() => return Ok(plain),
            Status::StreamEnd => return Err(broken()),
            Status::Ok | Status::BufError if plain.len() == plain.capacity() => {
                plain.reserve_exact(plain.len().min(bytes_max + 1 - plain.len()).max(1));
            }
            // There was room, and nothing came any more.
            Status::Ok | Status::BufError if before == (inflater.total_in(), inflater.total_out()) => {
                return Err(broken());
            }
            Status::Ok | Status::BufError => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use std::io::Write as _;

    fn deflated(plain: &[u8]) -> Bytes {
        let mut writer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        writer.write_all(plain).unwrap();
        writer.finish().unwrap().into()
    }

    fn code(outcome: Result<Utf8Bytes>) -> &'static str {
        outcome.err().map_or("", |error| error.code())
    }

    #[test]
    fn what_was_deflated_is_read_up_to_the_limit() {
        let deflate = Protocol::Deflate;
        for length in [0, 1, 999, 1_000] {
            let plain = "x".repeat(length);
            assert_eq!(deflate.read(&deflated(plain.as_bytes()), 1_000).unwrap().as_str(), plain);
        }
        for length in [32_767, 32_768, 32_769, 65_535, 65_536] {
            let plain = "x".repeat(length);
            assert_eq!(deflate.read(&deflated(plain.as_bytes()), 65_536).unwrap().len(), length);
        }
        let bomb = deflated(&vec![b'x'; 50_000_000]);
        assert!(bomb.len() < 64 * 1_024);
        for too_long in [deflated(&[b'x'; 1_001]), bomb] {
            assert_eq!(code(deflate.read(&too_long, 1_000)), "too_large");
        }
        assert_eq!(code(Protocol::Plain { named: true }.read(&deflated(b"{}"), 1_000)), "binary_frame");
    }

    #[test]
    fn what_is_no_whole_deflate_of_text_is_refused() {
        let whole = deflated("a sentence that goes on for a while".repeat(5).as_bytes());
        let trailing: Bytes = [&whole[..], b"more"].concat().into();
        let not_utf8 = deflated(&[0xff, 0xfe, 0xfd]);
        for bad in [whole.slice(..whole.len() - 1), trailing, not_utf8, Bytes::new(), Bytes::from_static(b"{}")] {
            assert_eq!(code(Protocol::Deflate.read(&bad, 1_000)), "bad_deflate", "{bad:?}");
        }
        for seed in 0..500_u32 {
            let noise: Vec<u8> =
                (0..40).map(|n| seed.wrapping_mul(2_654_435_761).rotate_left(n).to_be_bytes()[0]).collect();
            let _ = Protocol::Deflate.read(&noise.into(), 1_000);
        }
    }

    #[test]
    fn the_client_chooses_the_protocol() {
        let offered = |lists: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for list in lists {
                headers.append(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(list));
            }
            Protocol::offered(&headers).name()
        };
        assert_eq!(offered(&[]), None);
        assert_eq!(offered(&["chat", "soap, xmpp"]), None);
        assert_eq!(offered(&["mcpm.v1"]), Some(PLAIN));
        assert_eq!(offered(&["mcpm.v2, mcpm.v1+deflate, mcpm.v1"]), Some(DEFLATE));
        assert_eq!(offered(&["mcpm.v1 ,mcpm.v1+deflate"]), Some(PLAIN));
        assert_eq!(offered(&["chat", "mcpm.v1+deflate"]), Some(DEFLATE));
    }
}
