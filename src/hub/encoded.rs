//! A frame that was encoded once and goes to many sockets. The sockets that asked for the sub-protocol with compression
//! share its deflated form too: the first that writes it makes it, on its own task and not on the fan-out's.

use std::io::Write as _;
use std::sync::{Arc, OnceLock};

use tokio_tungstenite::tungstenite::{Bytes, Utf8Bytes};

/// Frames of at most so many bytes are not worth it.
pub const DEFLATED_ABOVE_BYTES: usize = 1_024;
/// The middle between time and size, of 0 to 9.
const LEVEL: u32 = 4;

/// The deflated form, once somebody asked for it; `None` where it would be longer.
type Deflated = OnceLock<Option<Bytes>>;

/// An encoded frame; cheap to clone.
#[derive(Debug, Clone)]
pub struct Encoded {
    text: Utf8Bytes,
    /// Only of a frame that is long enough, so that the many small ones carry nothing.
    deflated: Option<Arc<Deflated>>,
}

impl Encoded {
    /// The JSON.
    pub fn text(&self) -> &Utf8Bytes {
        &self.text
    }

    /// Its length in bytes, not deflated.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The deflated form (RFC 1951), if it is worth it; made at the first call and shared by all clones.
    pub fn deflated(&self) -> Option<Bytes> {
        self.deflated.as_ref()?.get_or_init(|| deflate(self.text.as_bytes())).clone()
    }
}

impl From<Utf8Bytes> for Encoded {
    fn from(text: Utf8Bytes) -> Self {
        let deflated = (text.len() > DEFLATED_ABOVE_BYTES).then(Arc::default);
        Self { text, deflated }
    }
}

impl From<String> for Encoded {
    fn from(text: String) -> Self {
        Utf8Bytes::from(text).into()
    }
}

impl PartialEq for Encoded {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Encoded {}

fn deflate(plain: &[u8]) -> Option<Bytes> {
    let packed = Vec::with_capacity(plain.len() / 2);
    let mut writer = flate2::write::DeflateEncoder::new(packed, flate2::Compression::new(LEVEL));
    // Memory that cannot be written to does not exist; without the deflated form the text goes out.
    writer.write_all(plain).ok()?;
    writer.finish().ok().filter(|packed| packed.len() < plain.len()).map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn a_long_frame_is_deflated_once_for_all_who_share_it() {
        let frame = Encoded::from("a bed, ".repeat(500));
        let other = frame.clone();
        let (first, second) = (frame.deflated().unwrap(), other.deflated().unwrap());
        assert_eq!(first.as_ptr(), second.as_ptr(), "the same bytes, not as many again");
        let mut text = String::new();
        flate2::read::DeflateDecoder::new(&first[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, frame.text().as_str());
    }

    #[test]
    fn what_is_short_or_does_not_get_shorter_stays_text() {
        assert!(Encoded::from("x".repeat(DEFLATED_ABOVE_BYTES)).deflated().is_none());
        assert!(Encoded::from("x".repeat(DEFLATED_ABOVE_BYTES + 1)).deflated().is_some());
        let mut state = 7_u32;
        let random: String = (0..1_100)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                char::from_u32(0x4e00 + (state >> 8) % 0x5000).unwrap()
            })
            .collect();
        let frame = Encoded::from(random);
        assert!(frame.deflated().is_none_or(|packed| packed.len() < frame.len()));
    }
}
