//! Times and sizes with units. A bare number is seconds or bytes, as the older server took it.

use std::time::Duration;

const MILLIS: [(&str, u64, &[&str]); 6] = [
    ("w", 7 * 86_400_000, &["w", "week", "weeks"]),
    ("d", 86_400_000, &["d", "day", "days"]),
    ("h", 3_600_000, &["h", "hr", "hrs", "hour", "hours"]),
    ("m", 60_000, &["m", "min", "mins", "minute", "minutes"]),
    ("s", 1_000, &["", "s", "sec", "secs", "second", "seconds"]),
    ("ms", 1, &["ms", "msec", "msecs", "millisecond", "milliseconds"]),
];

const BYTES: [(&str, u64, &[&str]); 4] = [
    ("GiB", 1 << 30, &["g", "gb", "gib"]),
    ("MiB", 1 << 20, &["m", "mb", "mib"]),
    ("KiB", 1 << 10, &["k", "kb", "kib"]),
    ("B", 1, &["", "b", "byte", "bytes"]),
];

/// Reads `24h`, `7 days`, `90m`, `500ms` or a bare number of seconds.
pub fn read_span(text: &str) -> Result<Duration, String> {
    read(text, &MILLIS).map(Duration::from_millis).ok_or_else(|| "is not a length of time".into())
}

/// Writes the shortest exact form: `15m`, `24h` and not `1d` only because people say 24 hours for a day.
pub fn show_span(span: Duration) -> String {
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    match millis {
        0 => "0s".into(),
        86_400_000 => "24h".into(),
        _ => MILLIS[1..]
            .iter()
            .find(|(_, size, _)| millis.is_multiple_of(*size))
            .map_or_else(String::new, |(unit, size, _)| format!("{}{unit}", millis / size)),
    }
}

/// Reads `64KiB`, `4 MB`, `1g` (all powers of 1024) or a bare number of bytes.
pub fn read_bytes(text: &str) -> Result<u64, String> {
    read(text, &BYTES).ok_or_else(|| "is not a size".into())
}

/// Writes the shortest exact form: `64KiB`.
pub fn show_bytes(bytes: u64) -> String {
    BYTES
        .iter()
        .find(|(_, size, _)| bytes.is_multiple_of(*size) && bytes > 0)
        .map_or_else(|| "0B".into(), |(unit, size, _)| format!("{}{unit}", bytes / size))
}

fn read(text: &str, units: &[(&str, u64, &[&str])]) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let count = text[..digits].parse::<u64>().ok()?;
    let unit = text[digits..].trim().to_ascii_lowercase();
    let (_, size, _) = units.iter().find(|(_, _, names)| names.contains(&unit.as_str()))?;
    count.checked_mul(*size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_and_node_write_them() {
        let hour = Duration::from_hours(1);
        for (text, span) in [
            ("24h", hour * 24),
            ("7d", hour * 168),
            ("7 days", hour * 168),
            ("90m", hour * 3 / 2),
            ("2 HRS", hour * 2),
            ("3600", hour),
            ("3600s", hour),
            ("500ms", Duration::from_millis(500)),
            ("2w", hour * 336),
            (" 10 ", Duration::from_secs(10)),
        ] {
            assert_eq!(read_span(text), Ok(span), "{text}");
        }
        for text in ["", "h", "1.5h", "-1h", "1h30m", "1 fortnight", "99999999999999999999", "9999999999999999w"] {
            assert!(read_span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_powers_of_1024() {
        for (text, bytes) in [("65536", 65_536), ("64k", 65_536), ("64 KiB", 65_536), ("4MB", 4 << 20), ("1g", 1 << 30)]
        {
            assert_eq!(read_bytes(text), Ok(bytes), "{text}");
        }
        for text in ["", "k", "64x", "1.5m", "-1"] {
            assert!(read_bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_the_same() {
        for millis in [0, 1, 999, 1_000, 90_000, 60_000, 900_000, 3_600_000, 86_400_000, 30 * 86_400_000] {
            let span = Duration::from_millis(millis);
            assert_eq!(read_span(&show_span(span)), Ok(span), "{}", show_span(span));
        }
        for bytes in [0, 1, 1023, 1024, 65_536, 100_000, 4 << 20, 1 << 30] {
            assert_eq!(read_bytes(&show_bytes(bytes)), Ok(bytes), "{}", show_bytes(bytes));
        }
        assert_eq!(show_span(Duration::from_mins(15)), "15m");
        assert_eq!(show_span(Duration::from_hours(24)), "24h");
        assert_eq!(show_bytes(65_536), "64KiB");
    }
}
