//! What is kept of a length of time: sums of what was counted, the average and the ends of what was looked at, and
//! how long things took. Two of them can be added, which is all that a minute, an hour and a day need.
//!
//! As text it names only what is not zero, so that a quiet minute costs a few bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::metrics::histogram::BUCKETS;
use crate::metrics::{COUNTERS, Counts, Gauges, Spread};
use crate::wire::metrics::{MetricsPoint, Percentiles};

/// A length of time of which figures are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    Minute,
    Hour,
    Day,
}

impl Span {
    pub(super) const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    pub(super) fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }
}

/// Begins the step of `seconds` that `at` is in.
pub(super) fn beginning(at: Timestamp, seconds: i64) -> Timestamp {
    let micros = seconds * 1_000_000;
    Timestamp::from_micros(at.micros().div_euclid(micros) * micros)
}

/// How far a history goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// The last hour, by minutes.
    Hour,
    /// The last day, by ten minutes.
    Day,
    /// The last thirty days, by six hours.
    Month,
    /// The last 366 days, by days.
    Year,
}

impl Range {
    /// The words that stand for one.
    pub const WORDS: &'static [&'static str] = &["hour", "day", "month", "year"];

    /// The range of that name; without one the last hour.
    pub fn parse(word: Option<&str>) -> Result<Self> {
        match word {
            None | Some("hour") => Ok(Self::Hour),
            Some("day") => Ok(Self::Day),
            Some("month") => Ok(Self::Month),
            Some("year") => Ok(Self::Year),
            Some(_) => Err(Error::field("range", "must be one of hour, day, month, year")),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// From which rows it is made, the seconds of a point, and how many points there are.
    pub(super) fn made_of(self) -> (Span, i64, i64) {
        match self {
            Self::Hour => (Span::Minute, 60, 60),
            Self::Day => (Span::Minute, 600, 144),
            Self::Month => (Span::Hour, 21_600, 120),
            Self::Year => (Span::Day, 86_400, 366),
        }
    }
}

/// How something stood whenever it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Seen(u64, u64, u64, u64);

impl Seen {
    fn once(value: u64) -> Self {
        Self(value, value, value, 1)
    }

    fn add(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
        self.1 = self.1.min(other.1);
        self.2 = self.2.max(other.2);
        self.3 = self.3.saturating_add(other.3);
    }

    #[expect(clippy::cast_precision_loss, reason = "a figure for a chart")]
    fn average(self) -> f64 {
        if self.3 == 0 { 0.0 } else { tenths(self.0 as f64 / self.3 as f64) }
    }
}

/// Durations as text: the buckets that are not empty, and all of it in microseconds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Durations {
    b: BTreeMap<usize, u64>,
    m: u64,
}

impl Durations {
    fn of(spread: &Spread) -> Self {
        let filled = spread.buckets.iter().copied().enumerate().filter(|(_, count)| *count > 0);
        Self { b: filled.collect(), m: spread.micros }
    }

    fn spread(&self) -> Spread {
        let mut spread = Spread { micros: self.m, ..Spread::default() };
        for (bucket, count) in &self.b {
            // A later version may have had more buckets; what is beyond ours was slow.
            spread.buckets[(*bucket).min(BUCKETS - 1)] += count;
        }
        spread
    }

    fn add(&mut self, other: &Self) {
        for (bucket, count) in &other.b {
            let mine = self.b.entry(*bucket).or_default();
            *mine = mine.saturating_add(*count);
        }
        self.m = self.m.saturating_add(other.m);
    }
}

/// The figures of a length of time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Figures {
    /// Seconds of it in which the server ran.
    s: u64,
    /// What was counted.
    c: BTreeMap<String, u64>,
    /// What was looked at.
    g: BTreeMap<String, Seen>,
    ack: Durations,
    commit: Durations,
}

impl Figures {
    /// Something was looked at.
    pub(super) fn look(&mut self, gauges: &Gauges) {
        let disk_free = gauges.disk.map(|disk| disk.free_bytes);
        for (name, value) in [
            ("connections", Some(gauges.sockets)),
            ("queue", Some(gauges.queue)),
            ("readersBusy", Some(gauges.readers_busy)),
            ("walBytes", Some(gauges.wal_bytes)),
            ("databaseBytes", gauges.database_bytes),
            ("rssBytes", gauges.process.rss_bytes),
            ("diskFreeBytes", disk_free),
        ] {
            let Some(value) = value else { continue };
            self.g.entry(name.to_owned()).and_modify(|seen| seen.add(Seen::once(value))).or_insert(Seen::once(value));
        }
    }

    /// What was counted in `seconds`, with the processor time of it.
    pub(super) fn count(
        &mut self,
        seconds: u64,
        counts: &Counts,
        cpu_millis: Option<u64>,
        ack: &Spread,
        commit: &Spread,
    ) {
        self.s += seconds;
        for ((name, ..), value) in COUNTERS.iter().zip(counts.values()) {
            if value > 0 {
                *self.c.entry((*name).to_owned()).or_default() += value;
            }
        }
        if let Some(millis) = cpu_millis {
            *self.c.entry("cpuMillis".to_owned()).or_default() += millis;
        }
        self.ack.add(&Durations::of(ack));
        self.commit.add(&Durations::of(commit));
    }

    /// These and `other`.
    pub(super) fn add(&mut self, other: &Self) {
        self.s = self.s.saturating_add(other.s);
        for (name, value) in &other.c {
            let mine = self.c.entry(name.clone()).or_default();
            *mine = mine.saturating_add(*value);
        }
        for (name, seen) in &other.g {
            self.g.entry(name.clone()).and_modify(|mine| mine.add(*seen)).or_insert(*seen);
        }
        self.ack.add(&other.ack);
        self.commit.add(&other.commit);
    }

    /// Free bytes of the disk, on average.
    pub(super) fn disk_free(&self) -> Option<f64> {
        self.g.get("diskFreeBytes").map(|seen| seen.average())
    }

    fn counted(&self, name: &str) -> u64 {
        self.c.get(name).copied().unwrap_or_default()
    }

    /// As a point of a history.
    pub(super) fn point(&self, at: Timestamp) -> MetricsPoint {
        let seen = |name: &str| self.g.get(name).copied();
        let most = |name: &str| seen(name).map_or(0, |seen| seen.2);
        let average = |name: &str| seen(name).map_or(0.0, Seen::average);
        let messages = self.counted("messagesIn");
        MetricsPoint {
            at,
            seconds: self.s,
            connections: average("connections"),
            connections_max: most("connections"),
            messages,
            messages_per_minute: per_minute(messages, self.s),
            messages_delivered: self.counted("messagesDelivered"),
            ack: percentiles(&self.ack.spread()),
            commit: percentiles(&self.commit.spread()),
            logins_good: self.counted("loginsGood"),
            logins_failed: self.counted("loginsFailed"),
            refusals: self.counted("refusals"),
            rate_limited: self.counted("rateLimited"),
            requests: self.counted("requests"),
            requests_failed: self.counted("requestsFailed"),
            queue_max: most("queue"),
            readers_busy: average("readersBusy"),
            wal_bytes_max: most("walBytes"),
            database_bytes: seen("databaseBytes").map(|seen| seen.2),
            rss_bytes: seen("rssBytes").map(|seen| seen.0 / seen.3.max(1)),
            cpu_percent: self.c.get("cpuMillis").and_then(|millis| percent_of_a_core(*millis, self.s)),
            disk_free_bytes: seen("diskFreeBytes").map(|seen| seen.1),
        }
    }
}

pub(super) fn percentiles(spread: &Spread) -> Percentiles {
    Percentiles {
        count: spread.count(),
        p50_micros: spread.percentile(50),
        p95_micros: spread.percentile(95),
        p99_micros: spread.percentile(99),
    }
}

/// How often in a minute; 0 when no time passed.
#[expect(clippy::cast_precision_loss, reason = "a figure for a chart")]
pub(super) fn per_minute(count: u64, seconds: u64) -> f64 {
    if seconds == 0 { 0.0 } else { tenths(count as f64 * 60.0 / seconds as f64) }
}

/// Processor time in hundredths of one core; `None` when no time passed.
#[expect(clippy::cast_precision_loss, reason = "a figure for a chart")]
pub(super) fn percent_of_a_core(millis: u64, seconds: u64) -> Option<f64> {
    (seconds > 0).then(|| tenths(millis as f64 / (seconds as f64 * 10.0)))
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// In how many days a disk is full, by the straight line that fits best through `(days, free bytes)`; `None` when it
/// does not fill up, or when less than a day is known.
pub(super) fn full_in_days(known: &[(f64, f64)]) -> Option<u64> {
    let (first, last) = (known.first()?, known.last()?);
    if last.0 - first.0 < 1.0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "few rows")]
    let count = known.len() as f64;
    let mean = |part: fn(&(f64, f64)) -> f64| known.iter().map(part).sum::<f64>() / count;
    let (day, free) = (mean(|k| k.0), mean(|k| k.1));
    let across: f64 = known.iter().map(|k| (k.0 - day) * (k.1 - free)).sum();
    let along: f64 = known.iter().map(|k| (k.0 - day).powi(2)).sum();
    let slope = across / along;
    if slope.is_nan() || slope >= 0.0 {
        return None;
    }
    let left = last.1 / -slope;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and ten years")]
    (left < 3_650.0).then(|| left.max(0.0) as u64)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::metrics::{Disk, Histogram};

    fn figures(messages: u64, sockets: u64, micros: u64) -> Figures {
        let mut figures = Figures::default();
        let disk = Some(Disk { free_bytes: 1_000 - sockets, all_bytes: 2_000 });
        figures.look(&Gauges { sockets, disk, ..Gauges::default() });
        let (ack, commit) = (Histogram::default(), Histogram::default());
        (0..messages).for_each(|_| ack.record(Duration::from_micros(micros)));
        let counts = Counts { messages_in: messages, ..Counts::default() };
        figures.count(60, &counts, Some(600), &ack.spread(), &commit.spread());
        figures
    }

    #[test]
    fn an_hour_is_the_sum_of_its_minutes_even_its_percentiles() {
        let mut hour = figures(98, 10, 100);
        hour.add(&figures(2, 30, 90_000));
        let point = hour.point(Timestamp::default());
        assert_eq!((point.seconds, point.messages, point.connections_max), (120, 100, 30));
        assert!((point.connections - 20.0).abs() < 0.01 && (point.messages_per_minute - 50.0).abs() < 0.01);
        assert!((point.cpu_percent.unwrap() - 1.0).abs() < 0.01, "{point:?}");
        assert_eq!(point.disk_free_bytes, Some(970));
        let (p50, p99) = (point.ack.p50_micros.unwrap(), point.ack.p99_micros.unwrap());
        assert!((100..=125).contains(&p50) && p99 >= 90_000, "{point:?}");
    }

    #[test]
    fn what_is_written_is_read_again_and_a_quiet_minute_is_short() {
        let busy = figures(40, 3, 700);
        assert_eq!(serde_json::from_str::<Figures>(&serde_json::to_string(&busy).unwrap()).unwrap(), busy);
        let quiet = serde_json::to_string(&figures(0, 0, 0)).unwrap();
        assert!(quiet.len() < 300, "{quiet}");
        assert_eq!(serde_json::from_str::<Figures>("{}").unwrap(), Figures::default());
    }

    #[test]
    fn a_disk_that_fills_up_has_a_last_day() {
        let filling: Vec<_> = (0..48_u32).map(|hour| (f64::from(hour) / 24.0, 1_000.0 - f64::from(hour))).collect();
        assert_eq!(full_in_days(&filling), Some(39));
        let emptying: Vec<_> = filling.iter().map(|(day, free)| (*day, 2_000.0 - free)).collect();
        assert_eq!(full_in_days(&emptying), None);
        assert_eq!(full_in_days(&filling[..20]), None, "less than a day is known");
        assert_eq!(full_in_days(&[]), None);
    }

    #[test]
    fn a_moment_belongs_to_one_step() {
        let at = Timestamp::parse("2026-03-04T05:06:07.5Z").unwrap();
        assert_eq!(beginning(at, 60), Timestamp::parse("2026-03-04T05:06:00Z").unwrap());
        assert_eq!(beginning(at, 86_400), Timestamp::parse("2026-03-04T00:00:00Z").unwrap());
        assert_eq!(beginning(Timestamp::from_micros(-1), 60), Timestamp::from_micros(-60_000_000));
    }
}
