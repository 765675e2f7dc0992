//! The server's figures: how long they are kept, and who may fetch them without signing in.

use std::time::Duration;

use super::kind::Kind;
use super::setting::Setting;

const DAY: Duration = Duration::from_hours(24);

/// How long figures are kept, and who may fetch them.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// `METRICS_MINUTES_KEPT`: how long there is a row for each minute.
    pub minutes_kept: Duration,
    /// `METRICS_HOURS_KEPT`: how long there is a row for each hour.
    pub hours_kept: Duration,
    /// `METRICS_DAYS_KEPT`: how long there is a row for each day.
    pub days_kept: Duration,
    /// `METRICS_SCRAPERS`: who may fetch `/metrics` without signing in; empty = nobody.
    pub scrapers: Vec<ipnet::IpNet>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { minutes_kept: 2 * DAY, hours_kept: 62 * DAY, days_kept: 1_830 * DAY, scrapers: Vec::new() }
    }
}

/// What can be set here.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: "METRICS_MINUTES_KEPT",
        section: "metrics",
        key: "minutes_kept",
        kind: Kind::Span { min: DAY, max: Duration::from_hours(14 * 24) },
        at: |c| &mut c.metrics.minutes_kept,
        unset: "",
        common: false,
        doc: "How long the figures of each minute are kept; about 600 bytes for each minute.",
    },
    Setting {
        name: "METRICS_HOURS_KEPT",
        section: "metrics",
        key: "hours_kept",
        kind: Kind::Span { min: Duration::from_hours(31 * 24), max: Duration::from_hours(366 * 24) },
        at: |c| &mut c.metrics.hours_kept,
        unset: "",
        common: false,
        doc: "How long the figures of each hour are kept.",
    },
    Setting {
        name: "METRICS_DAYS_KEPT",
        section: "metrics",
        key: "days_kept",
        kind: Kind::Span { min: Duration::from_hours(366 * 24), max: Duration::from_hours(3_660 * 24) },
        at: |c| &mut c.metrics.days_kept,
        unset: "",
        common: false,
        doc: "How long the figures of each day are kept.",
    },
    Setting {
        name: "METRICS_SCRAPERS",
        section: "metrics",
        key: "scrapers",
        kind: Kind::Networks,
        at: |c| &mut c.metrics.scrapers,
        unset: "",
        common: false,
        doc: "Addresses and networks that may fetch /metrics without signing in; they have to be allowed to connect as well. All others need the permission system.monitor.",
    },
];
