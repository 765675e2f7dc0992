//! What stands between the counters and the history: the looks of the last minute, for rates, and what has not been
//! written down yet.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::figures::{Figures, full_in_days, per_minute, percent_of_a_core, percentiles};
use crate::clock::Timestamp;
use crate::features::Watchers;
use crate::metrics::{Counts, Gauges, Metrics, Spread};
use crate::wire::metrics::{
    ConnectionFigures, DatabaseFigures, LoginFigures, MachineFigures, MessageFigures, MetricsNow,
};

/// Rates and percentiles are taken over this long.
const WINDOW: Duration = Duration::from_mins(1);
/// Looks that are kept at most, should the clock stand still.
const LOOKS_MAX: usize = 64;
/// Stands for a forecast that is not known.
const NO_FORECAST: u64 = u64::MAX;

/// Looks at what is not counted. Blocking for a moment.
pub type Probe = Box<dyn Fn() -> Gauges + Send + Sync>;

#[derive(Clone)]
struct Sight {
    at: Duration,
    counts: Counts,
    ack: Spread,
    gauges: Gauges,
}

#[derive(Default)]
struct Kept {
    looks: VecDeque<Sight>,
    /// What was seen since the last writing.
    open: Figures,
    /// The look that the last writing ended with.
    written: Option<Sight>,
}

/// Looks at the figures and remembers the last minute of them.
pub struct Recorder {
    probe: Probe,
    kept: Mutex<Kept>,
    forecast_days: AtomicU64,
    /// Who hears them live.
    pub watchers: Watchers,
}

impl Recorder {
    /// With what looks at the machine.
    pub fn new(probe: Probe) -> Self {
        Self {
            probe,
            kept: Mutex::default(),
            forecast_days: AtomicU64::new(NO_FORECAST),
            watchers: Watchers::default(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sight(&self, metrics: &Metrics, at: Duration) -> Sight {
        Sight { at, counts: metrics.counts(), ack: metrics.ack.spread(), gauges: (self.probe)() }
    }

    /// Looks, and remembers it. Blocking for a moment.
    pub(super) fn observe(&self, metrics: &Metrics, at: Duration) {
        let sight = self.sight(metrics, at);
        let mut kept = self.kept();
        kept.open.look(&sight.gauges);
        if kept.written.is_none() {
            // Counters begin at zero with the process, and so does the first minute.
            let nothing = Gauges { process: sight.gauges.process, ..Gauges::default() };
            let start = Sight { at, counts: Counts::default(), ack: Spread::default(), gauges: nothing };
            kept.written = Some(start);
        }
        while kept.looks.len() >= LOOKS_MAX
            || kept.looks.get(1).is_some_and(|look| at.saturating_sub(look.at) >= WINDOW)
        {
            kept.looks.pop_front();
        }
        kept.looks.push_back(sight);
    }

    /// What came since this was asked last, for the history. Blocking for a moment.
    pub(super) fn take(&self, metrics: &Metrics, at: Duration) -> Figures {
        self.observe(metrics, at);
        let mut kept = self.kept();
        let mut figures = std::mem::take(&mut kept.open);
        if let (Some(now), Some(before)) = (kept.looks.back().cloned(), kept.written.take()) {
            let seconds = now.at.saturating_sub(before.at).as_secs();
            let cpu = now.gauges.process.cpu_millis.zip(before.gauges.process.cpu_millis);
            figures.count(
                seconds,
                &now.counts.since(&before.counts),
                cpu.map(|(now, before)| now.saturating_sub(before)),
                &now.ack.since(&before.ack),
                &now.gauges.commit.since(&before.gauges.commit),
            );
            kept.written = Some(now);
        }
        figures
    }

    /// Puts back what could not be written, to be written with what comes next.
    pub(super) fn put_back(&self, figures: &Figures) {
        self.kept().open.add(figures);
    }

    pub(super) fn foresee(&self, known: &[(f64, f64)]) {
        self.forecast_days.store(full_in_days(known).unwrap_or(NO_FORECAST), Ordering::Relaxed);
    }

    /// In how many days the disk is full, as far as that can be foreseen.
    pub fn disk_full_in_days(&self) -> Option<u64> {
        Some(self.forecast_days.load(Ordering::Relaxed)).filter(|days| *days != NO_FORECAST)
    }

    /// How things stand on the machine now. Blocking for a moment.
    pub fn gauges(&self) -> Gauges {
        (self.probe)()
    }

    /// All figures now. Blocking for a moment.
    pub(super) fn now(&self, metrics: &Metrics, at: Duration, wall: Timestamp, queue_max: usize) -> MetricsNow {
        let now = self.sight(metrics, at);
        let first = self.kept().looks.front().cloned().unwrap_or_else(|| now.clone());
        let seconds = now.at.saturating_sub(first.at).as_secs();
        let between = now.counts.since(&first.counts);
        let (gauges, counts) = (&now.gauges, now.counts);
        let cpu = gauges.process.cpu_millis.zip(first.gauges.process.cpu_millis);
        MetricsNow {
            at: wall,
            uptime_seconds: at.as_secs(),
            window_seconds: seconds,
            connections: ConnectionFigures {
                now: gauges.sockets,
                peak: metrics.sockets_peak(),
                open: gauges.connections,
                strangers: counts.strangers,
            },
            messages: MessageFigures {
                total: counts.messages_in,
                delivered: counts.messages_delivered,
                per_minute: per_minute(between.messages_in, seconds),
                delivered_per_minute: per_minute(between.messages_delivered, seconds),
                ack: percentiles(&now.ack.since(&first.ack)),
            },
            logins: LoginFigures { good: counts.logins_good, failed: counts.logins_failed },
            refusals: counts.refusals,
            rate_limited: counts.rate_limited,
            requests: counts.requests,
            requests_failed: counts.requests_failed,
            database: DatabaseFigures {
                bytes: gauges.database_bytes,
                wal_bytes: gauges.wal_bytes,
                queue: gauges.queue,
                queue_max: queue_max as u64,
                commits: gauges.commits,
                commit: percentiles(&gauges.commit.since(&first.gauges.commit)),
                readers: gauges.readers,
                readers_busy: gauges.readers_busy,
            },
            machine: MachineFigures {
                rss_bytes: gauges.process.rss_bytes,
                pss_bytes: gauges.process.pss_bytes,
                cpu_percent: cpu.and_then(|(now, then)| percent_of_a_core(now.saturating_sub(then), seconds)),
                disk_free_bytes: gauges.disk.map(|disk| disk.free_bytes),
                disk_bytes: gauges.disk.map(|disk| disk.all_bytes),
                disk_full_in_days: self.disk_full_in_days(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn rates_are_those_of_the_last_minute_and_each_count_is_written_once() {
        let (metrics, recorder) = (Metrics::default(), Recorder::new(Box::new(Gauges::default)));
        for second in (0..=300).step_by(5) {
            (0..2).for_each(|_| metrics.acked(Duration::from_micros(900)));
            recorder.observe(&metrics, at(second));
        }
        let now = recorder.now(&metrics, at(300), Timestamp::default(), 7);
        assert_eq!((now.window_seconds, now.messages.total, now.messages.ack.count), (60, 122, 24));
        assert!((now.messages.per_minute - 24.0).abs() < 0.01, "{now:?}");
        let point = |figures: &Figures| figures.point(Timestamp::default());
        assert_eq!(point(&recorder.take(&metrics, at(300))).messages, 122, "from the start on");
        metrics.acked(Duration::from_micros(900));
        let next = recorder.take(&metrics, at(360));
        assert_eq!((point(&next).messages, point(&next).seconds), (1, 60));
        recorder.put_back(&next);
        assert_eq!(point(&recorder.take(&metrics, at(420))).messages, 1, "what was not written is written later");
    }
}
