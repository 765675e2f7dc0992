//! What the server counts of itself: one registry, shared by every room.
//!
//! Recording is one relaxed atomic addition, without a lock and without a look at the clock, because it happens for
//! every message. A figure is a sum over everybody: no label, no name, no address, nothing that tells one person
//! from another, so that figures may be shown to whoever watches the machine.
//!
//! | file | what |
//! |---|---|
//! | mod | the counters |
//! | histogram | durations in a fixed number of buckets, for percentiles |
//! | machine | what the operating system says of this process and its disk |

pub mod histogram;
mod machine;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub use histogram::{Histogram, Spread};
pub use machine::{Disk, Machine, Process, disk_of};

/// A number that only rises. On a cache line of its own, so that threads which count different things do not wait
/// for each other.
#[derive(Debug, Default)]
#[repr(align(64))]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn one(&self) {
        self.add(1);
    }

    /// Some more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// How many so far.
    pub fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

macro_rules! counters {
    ($($field:ident, $name:literal, $exported:literal, $what:literal;)*) => {
        /// The registry.
        #[derive(Debug, Default)]
        pub struct Metrics {
            $(#[doc = $what] pub $field: Counter,)*
            /// From a message's arrival until it is on the disk and its `ack` is on its way.
            pub ack: Histogram,
            /// The most signed-in sockets at one time since the start.
            sockets_peak: AtomicU64,
        }

        /// The counters at one moment.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct Counts { $(#[doc = $what] pub $field: u64),* }

        /// Name in the API and in the history, name for Prometheus, and meaning, in one order.
        pub const COUNTERS: &[(&str, &str, &str)] = &[$(($name, $exported, $what)),*];

        impl Metrics {
            /// The counters now.
            pub fn counts(&self) -> Counts {
                Counts { $($field: self.$field.total()),* }
            }
        }

        impl Counts {
            /// The values, in the order of [`COUNTERS`].
            pub fn values(&self) -> [u64; COUNTERS.len()] {
                [$(self.$field),*]
            }

            /// What came between `earlier` and this.
            #[must_use]
            pub fn since(&self, earlier: &Self) -> Self {
                Self { $($field: self.$field.saturating_sub(earlier.$field)),* }
            }
        }
    };
}

counters! {
    messages_in, "messagesIn", "messages_in", "Messages that were stored.";
    messages_delivered, "messagesDelivered", "messages_delivered", "Messages handed to sockets that listen.";
    logins_good, "loginsGood", "logins_good", "Sign-ins that succeeded.";
    logins_failed, "loginsFailed", "logins_failed", "Sign-ins that failed.";
    refusals, "refusals", "refusals", "Deeds that were refused to whoever asked.";
    rate_limited, "rateLimited", "rate_limited", "Requests and frames that came too fast.";
    requests, "requests", "http_requests", "HTTP requests that were answered.";
    requests_failed, "requestsFailed", "http_requests_failed", "HTTP requests that failed by the server's own fault.";
    sockets_opened, "socketsOpened", "sockets_opened", "WebSockets that signed in.";
    strangers, "strangers", "connections_refused", "Connections refused before a byte was sent.";
}

impl Metrics {
    /// This many sockets are signed in now.
    pub fn sockets_are(&self, now: usize) {
        self.sockets_peak.fetch_max(now as u64, Ordering::Relaxed);
    }

    /// The most signed-in sockets at one time since the start.
    pub fn sockets_peak(&self) -> u64 {
        self.sockets_peak.load(Ordering::Relaxed)
    }

    /// A message was acknowledged after `took`.
    pub fn acked(&self, took: Duration) {
        self.messages_in.one();
        self.ack.record(took);
    }
}

/// What is not counted but looked at: how things stand at one moment. What cannot be known here is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gauges {
    /// Connections that hold a place, signed in or not.
    pub connections: u64,
    /// Signed-in sockets.
    pub sockets: u64,
    /// Changes that wait for the writer.
    pub queue: u64,
    /// Reading connections to the database that are open.
    pub readers: u64,
    /// Those of them that are in use.
    pub readers_busy: u64,
    /// Commits since the start.
    pub commits: u64,
    /// How long commits took, since the start.
    pub commit: Spread,
    /// Bytes of the live database; none with PostgreSQL.
    pub database_bytes: Option<u64>,
    /// Bytes in SQLite's log.
    pub wal_bytes: u64,
    /// This process.
    pub process: Process,
    /// The disk that the data folder is on.
    pub disk: Option<Disk>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_between_two_moments_is_a_difference() {
        let metrics = Metrics::default();
        metrics.logins_failed.add(3);
        let before = metrics.counts();
        metrics.logins_failed.one();
        metrics.acked(Duration::from_micros(700));
        let between = metrics.counts().since(&before);
        assert_eq!((between.logins_failed, between.messages_in, between.refusals), (1, 1, 0));
        let named: Vec<_> = COUNTERS.iter().map(|row| row.0).zip(between.values()).filter(|(_, n)| *n > 0).collect();
        assert_eq!(named, [("messagesIn", 1), ("loginsFailed", 1)]);
    }

    #[test]
    fn the_peak_stays_when_sockets_go() {
        let metrics = Metrics::default();
        for now in [1, 7, 3] {
            metrics.sockets_are(now);
        }
        assert_eq!(metrics.sockets_peak(), 7);
    }

    #[test]
    fn names_are_unique() {
        let shown: std::collections::HashSet<_> = COUNTERS.iter().map(|row| row.0).collect();
        let exported: std::collections::HashSet<_> = COUNTERS.iter().map(|row| row.1).collect();
        assert_eq!((shown.len(), exported.len()), (COUNTERS.len(), COUNTERS.len()));
    }
}
