//! Answers made smaller for the way, by br or gzip as the client accepts (RFC 9110, 8.4.1).
//!
//! Closed unless a row of the table is open for it: what is read (GET), and searches. An answer that gives a secret
//! away (a token, a key, a set-up) is always the answer to another method, so no secret is ever packed together with
//! text that somebody else chose (BREACH). WebSockets do it by a sub-protocol of their own.

use std::io::Write as _;

use axum::http::{HeaderMap, header};

use super::call::Answer;

/// Smaller answers fit into a packet or two as they are.
const BYTES_MIN: usize = 1_024;
/// Quick levels: an answer is packed once and read once.
const BROTLI_QUALITY: u32 = 3;
const GZIP_LEVEL: u32 = 4;
/// Bits of brotli's window: what it may look back over, and the memory it takes.
const BROTLI_WINDOW: u32 = 20;

/// How an answer is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Brotli,
    Gzip,
}

impl Coding {
    /// As `Content-Encoding` has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// The coding that the client likes best, of ours; `None` when it wants the answer as it is.
    pub(super) fn accepted(headers: &HeaderMap) -> Option<Self> {
        let lists = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let mut wanted = [(Self::Brotli, None), (Self::Gzip, None)];
        let mut others = None;
        for item in lists.flat_map(|list| list.split(',')) {
            let (name, weight) = item.split_once(';').unwrap_or((item, ""));
            let weight = weight.trim().strip_prefix("q=").map_or(1.0, |q| q.trim().parse::<f32>().unwrap_or(0.0));
            match name.trim().to_ascii_lowercase().as_str() {
                "*" => others = Some(weight),
                "br" => wanted[0].1 = Some(weight),
                "gzip" | "x-gzip" => wanted[1].1 = Some(weight),
                _ => {}
            }
        }
        let mut best: Option<(Self, f32)> = None;
        for (coding, weight) in wanted {
            let weight = weight.or(others).unwrap_or(0.0);
            if weight > best.map_or(0.0, |(_, best)| best) {
                best = Some((coding, weight));
            }
        }
        best.map(|(coding, _)| coding)
    }

    /// The ending of a file that was packed so.
    pub(super) fn ending(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gz",
        }
    }

    fn pack(self, body: &[u8]) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Brotli => {
                let packed = Vec::with_capacity(body.len() / 4);
                let mut writer = brotli::CompressorWriter::new(packed, 4_096, BROTLI_QUALITY, BROTLI_WINDOW);
                writer.write_all(body)?;
                Ok(writer.into_inner())
            }
            Self::Gzip => {
                let packed = Vec::with_capacity(body.len() / 4);
                let mut writer = flate2::write::GzEncoder::new(packed, flate2::Compression::new(GZIP_LEVEL));
                writer.write_all(body)?;
                writer.finish()
            }
        }
    }
}

/// Whether an answer of this kind is worth packing. One whose `ETag` is a version of the thing, and not of these
/// bytes, stays as it is, so that the tag goes on to mean one thing.
pub(super) fn is_packable(answer: &Answer) -> bool {
    let kind = answer.content_type.split(';').next().unwrap_or_default();
    let is_text = kind.starts_with("text/") || matches!(kind, "application/json" | "image/svg+xml");
    answer.coding.is_none() && is_text && answer.body.len() > BYTES_MIN && (answer.etag.is_none() || answer.revalidates)
}

/// Packs an answer; its `ETag`, if any, becomes that of the packed bytes (RFC 9110, 8.8.3.3).
pub(super) fn pack(mut answer: Answer, coding: Coding) -> Answer {
    match coding.pack(&answer.body) {
        Ok(packed) if packed.len() < answer.body.len() => {
            answer.body = packed;
            answer.coding = Some(coding);
            answer.etag = answer.etag.as_deref().map(|tag| tag_for(tag, coding));
            answer
        }
        // Random data, or memory that cannot be written to, which cannot be: as it is, it is right too.
        _ => answer,
    }
}

/// The tag of a file in a coding (RFC 9110, 8.8.3.3).
pub(super) fn tag_for(tag: &str, coding: Coding) -> String {
    tag.strip_suffix('"').map_or_else(|| tag.to_owned(), |inner| format!("{inner}-{}\"", coding.name()))
}

/// The same without the coding.
fn plain(tag: &str) -> &str {
    let inner = tag.strip_suffix('"').unwrap_or(tag);
    [Coding::Brotli, Coding::Gzip]
        .iter()
        .find_map(|coding| inner.strip_suffix(coding.name())?.strip_suffix('-'))
        .unwrap_or(inner)
}

/// Whether `If-None-Match` names these bytes in whichever coding the client has them (RFC 9110, 13.1.2).
pub(super) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let lists = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim).any(|known| {
        let known = known.strip_prefix("W/").unwrap_or(known);
        known == "*" || (known.ends_with('"') && plain(known) == plain(tag))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn accepted(text: &'static str) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(text));
        Coding::accepted(&headers).map(Coding::name)
    }

    #[test]
    fn the_client_chooses() {
        assert_eq!(accepted("gzip, deflate, br, zstd"), Some("br"));
        assert_eq!(accepted("br;q=0.5, gzip;q=0.8"), Some("gzip"));
        assert_eq!(accepted("GZIP"), Some("gzip"));
        assert_eq!(accepted("*"), Some("br"));
        assert_eq!(accepted("*, br;q=0"), Some("gzip"));
        for none in ["identity", "", "br;q=0, gzip;q=0", "zstd", "br;q=x"] {
            assert_eq!(accepted(none), None, "{none}");
        }
        assert_eq!(Coding::accepted(&HeaderMap::new()), None);
    }

    #[test]
    fn a_tag_is_known_in_every_coding() {
        let known = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(text));
            is_known(&headers, "\"abc\"") && is_known(&headers, "\"abc-br\"")
        };
        assert!(
            known("\"abc\"") && known("\"abc-br\"") && known("W/\"abc-gzip\"") && known("\"x\", \"abc\"") && known("*")
        );
        assert!(!known("\"abd\"") && !known("abc") && !known("\"abc-zip\""));
    }

    #[test]
    fn small_answers_and_versions_stay_as_they_are() {
        let text = |bytes| Answer::file(vec![b'a'; bytes], "text/html; charset=utf-8", None);
        assert!(!is_packable(&text(BYTES_MIN)) && is_packable(&text(BYTES_MIN + 1)));
        assert!(!is_packable(&Answer::file(vec![0; 9_999], "application/x-x509-ca-cert", None)));
        let versioned = Answer { revalidates: false, ..text(9_999) }.at(3);
        assert!(!is_packable(&versioned));
    }
}
