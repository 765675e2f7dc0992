//! Bytes of a file become text, whatever program wrote them.

/// The upper half of Windows-1252 (the encoding that spreadsheets on Windows still write), 0x80 to 0x9f; what is
/// undefined there is the replacement character.
const WINDOWS_1252: [char; 32] = [
    '\u{20ac}', '\u{fffd}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2c6}',
    '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{fffd}', '\u{17d}', '\u{fffd}', '\u{fffd}', '\u{2018}',
    '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}', '\u{2122}', '\u{161}',
    '\u{203a}', '\u{153}', '\u{fffd}', '\u{17e}', '\u{178}',
];

/// The text, and the encoding that it was taken for. By its mark (UTF-8, UTF-16), else UTF-8 if it is that, else
/// Windows-1252, of which every byte is something. `None` when it is no text at all.
pub(super) fn decode(bytes: &[u8]) -> Option<(String, &'static str)> {
    let decoded = match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => (std::str::from_utf8(rest).ok()?.to_owned(), "utf-8"),
        [0xff, 0xfe, rest @ ..] => (utf_16(rest, u16::from_le_bytes)?, "utf-16le"),
        [0xfe, 0xff, rest @ ..] => (utf_16(rest, u16::from_be_bytes)?, "utf-16be"),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => (text.to_owned(), "utf-8"),
            Err(_) => (bytes.iter().map(|byte| windows_1252(*byte)).collect(), "windows-1252"),
        },
    };
    // A picture or a spreadsheet's own file is no text, whatever its bytes may mean.
    (!decoded.0.contains('\0')).then_some(decoded)
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    String::from_utf16(&units).ok()
}

fn windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
        other => char::from(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_encoding_is_understood() {
        let utf_16 = |mark: [u8; 2], unit: fn(u16) -> [u8; 2]| {
            mark.into_iter().chain("José €".encode_utf16().flat_map(unit)).collect::<Vec<u8>>()
        };
        for (bytes, encoding) in [
            ("José €".as_bytes().to_vec(), "utf-8"),
            ("\u{feff}José €".as_bytes().to_vec(), "utf-8"),
            (utf_16([0xff, 0xfe], u16::to_le_bytes), "utf-16le"),
            (utf_16([0xfe, 0xff], u16::to_be_bytes), "utf-16be"),
            (b"Jos\xe9 \x80".to_vec(), "windows-1252"),
        ] {
            assert_eq!(decode(&bytes), Some(("José €".to_owned(), encoding)));
        }
        for bytes in [&b"\xff\xfea"[..], b"\xff\xfe\x00\xd8", b"PK\x03\x04\0\0", b"\xef\xbb\xbf\xff"] {
            assert_eq!(decode(bytes), None, "{bytes:?}");
        }
    }
}
