//! The figures as text for Prometheus (exposition format 0.0.4). No label carries a name, an address or an id.

use std::fmt::Write as _;
use std::time::Duration;

use crate::metrics::histogram::end_of;
use crate::metrics::{COUNTERS, Gauges, Metrics, Spread};

/// Every figure has this before its name.
const PREFIX: &str = "mcp_messenger_";
/// Buckets of one power of two: their ends are too many for a scraper, the powers are enough.
const PER_OCTAVE: usize = 4;
/// The powers of two of microseconds that are told as ends of buckets: 64 µs to 33 s.
const OCTAVES: std::ops::RangeInclusive<usize> = 6..=25;

pub(super) fn text(metrics: &Metrics, gauges: &Gauges, uptime: Duration) -> String {
    let mut text = String::with_capacity(8 * 1024);
    for ((_, name, what), value) in COUNTERS.iter().zip(metrics.counts().values()) {
        family(&mut text, &format!("{name}_total"), "counter", what);
        let _ = writeln!(text, "{PREFIX}{name}_total {value}");
    }
    histogram(&mut text, "ack_seconds", "From a message's arrival until it is acknowledged.", &metrics.ack.spread());
    histogram(&mut text, "commit_seconds", "How long a commit takes until it is on the disk.", &gauges.commit);
    let cpu = gauges.process.cpu_millis.map(seconds_of_millis);
    for (name, kind, what, value) in [
        ("uptime_seconds", "gauge", "Since the start.", Some(uptime.as_secs().to_string())),
        ("sockets", "gauge", "Signed-in WebSockets.", Some(gauges.sockets.to_string())),
        ("sockets_peak", "gauge", "The most at one time since the start.", Some(metrics.sockets_peak().to_string())),
        ("connections", "gauge", "All connections.", Some(gauges.connections.to_string())),
        ("write_queue", "gauge", "Changes that wait for the writer.", Some(gauges.queue.to_string())),
        ("commits_total", "counter", "Commits since the start.", Some(gauges.commits.to_string())),
        ("readers", "gauge", "Reading connections to the database.", Some(gauges.readers.to_string())),
        ("readers_busy", "gauge", "Those of them in use.", Some(gauges.readers_busy.to_string())),
        ("wal_bytes", "gauge", "Bytes in SQLite's log.", Some(gauges.wal_bytes.to_string())),
        ("database_bytes", "gauge", "Bytes of the database.", gauges.database_bytes.map(|n| n.to_string())),
        ("resident_memory_bytes", "gauge", "Bytes in memory.", gauges.process.rss_bytes.map(|n| n.to_string())),
        (
            "proportional_memory_bytes",
            "gauge",
            "A fair share of them.",
            gauges.process.pss_bytes.map(|n| n.to_string()),
        ),
        ("cpu_seconds_total", "counter", "Processor time since the start.", cpu),
        ("disk_free_bytes", "gauge", "Bytes that may be written.", gauges.disk.map(|d| d.free_bytes.to_string())),
        ("disk_bytes", "gauge", "Bytes of the disk.", gauges.disk.map(|d| d.all_bytes.to_string())),
    ] {
        if let Some(value) = value {
            family(&mut text, name, kind, what);
            let _ = writeln!(text, "{PREFIX}{name} {value}");
        }
    }
    family(&mut text, "build_info", "gauge", "The version that runs.");
    let _ = writeln!(text, "{PREFIX}build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
    text
}

fn family(text: &mut String, name: &str, kind: &str, what: &str) {
    let _ = writeln!(text, "# HELP {PREFIX}{name} {what}\n# TYPE {PREFIX}{name} {kind}");
}

fn histogram(text: &mut String, name: &str, what: &str, spread: &Spread) {
    family(text, name, "histogram", what);
    let (mut seen, mut next) = (0, 0);
    for octave in OCTAVES {
        // Buckets below a power of two of microseconds.
        let upto = (octave - 1) * PER_OCTAVE;
        seen += spread.buckets[next..upto].iter().sum::<u64>();
        next = upto;
        let end = end_of(upto - 1).unwrap_or(u64::MAX);
        let _ = writeln!(text, "{PREFIX}{name}_bucket{{le=\"{}\"}} {seen}", seconds_of_micros(end));
    }
    let count = spread.count();
    let _ = writeln!(text, "{PREFIX}{name}_bucket{{le=\"+Inf\"}} {count}");
    let _ = writeln!(text, "{PREFIX}{name}_sum {}", seconds_of_micros(spread.micros));
    let _ = writeln!(text, "{PREFIX}{name}_count {count}");
}

fn seconds_of_micros(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

fn seconds_of_millis(millis: u64) -> String {
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_of_the_format_and_buckets_only_grow() {
        let metrics = Metrics::default();
        for micros in [3, 64, 900, 901, 40_000, 90_000_000] {
            metrics.acked(Duration::from_micros(micros));
        }
        let text = text(&metrics, &Gauges::default(), Duration::from_secs(7));
        assert!(text.contains("mcp_messenger_messages_in_total 6\n"), "{text}");
        assert!(text.contains("mcp_messenger_uptime_seconds 7\n"));
        assert!(text.contains("mcp_messenger_ack_seconds_bucket{le=\"0.000064\"} 1\n"), "{text}");
        assert!(text.contains("mcp_messenger_ack_seconds_bucket{le=\"0.001024\"} 4\n"), "{text}");
        assert!(text.contains("mcp_messenger_ack_seconds_bucket{le=\"+Inf\"} 6\n"));
        let mut before = 0;
        for line in text.lines().filter(|line| line.starts_with("mcp_messenger_ack_seconds_bucket")) {
            let count: u64 = line.rsplit(' ').next().unwrap().parse().unwrap();
            assert!(count >= before, "{line}");
            before = count;
        }
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with(PREFIX) && value.parse::<f64>().is_ok(), "{line}");
        }
    }
}
