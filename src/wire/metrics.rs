//! The server's figures as they travel. Sums over everybody: nothing in them is about one person.

use schemars::JsonSchema;
use serde::Serialize;

use crate::clock::Timestamp;

/// How the server stands now.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MetricsNow {
    /// When this was looked at.
    pub at: Timestamp,
    /// Seconds since the start.
    pub uptime_seconds: u64,
    /// Seconds that the rates and percentiles below are taken over; 0 in the first seconds after the start.
    pub window_seconds: u64,
    /// Who is connected.
    pub connections: ConnectionFigures,
    /// What is sent and delivered.
    pub messages: MessageFigures,
    /// Signing in, since the start.
    pub logins: LoginFigures,
    /// Deeds that were refused since the start.
    pub refusals: u64,
    /// Requests and frames that came too fast since the start.
    pub rate_limited: u64,
    /// HTTP requests since the start.
    pub requests: u64,
    /// Those that failed by the server's own fault.
    pub requests_failed: u64,
    /// The database.
    pub database: DatabaseFigures,
    /// The process and its machine.
    pub machine: MachineFigures,
}

/// Who is connected.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionFigures {
    /// Signed-in WebSockets.
    pub now: u64,
    /// The most at one time since the start.
    pub peak: u64,
    /// All connections, signed in or not.
    pub open: u64,
    /// Connections refused before a byte was sent, since the start.
    pub strangers: u64,
}

/// What is sent and delivered.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageFigures {
    /// Stored since the start.
    pub total: u64,
    /// Handed to sockets since the start.
    pub delivered: u64,
    /// Stored in a minute, over the window.
    pub per_minute: f64,
    /// Handed to sockets in a minute, over the window.
    pub delivered_per_minute: f64,
    /// From arrival to acknowledgement, over the window.
    pub ack: Percentiles,
}

/// How long something takes, in microseconds; null when it did not happen. At most a quarter too high.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Percentiles {
    /// How often it happened.
    pub count: u64,
    /// Half of them were as quick.
    pub p50_micros: Option<u64>,
    /// Of a hundred, 95 were as quick.
    pub p95_micros: Option<u64>,
    /// Of a hundred, 99 were as quick.
    pub p99_micros: Option<u64>,
}

/// Signing in, since the start.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoginFigures {
    /// Succeeded.
    pub good: u64,
    /// Failed.
    pub failed: u64,
}

/// The database.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseFigures {
    /// Bytes of the file; null with PostgreSQL.
    pub bytes: Option<u64>,
    /// Bytes in SQLite's log.
    pub wal_bytes: u64,
    /// Changes that wait for the writer.
    pub queue: u64,
    /// How many may wait before further ones are refused.
    pub queue_max: u64,
    /// Commits since the start.
    pub commits: u64,
    /// How long a commit takes, over the window.
    pub commit: Percentiles,
    /// Reading connections that are open.
    pub readers: u64,
    /// Those of them that are in use.
    pub readers_busy: u64,
}

/// The process and its machine; null where the system does not tell.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachineFigures {
    /// Bytes in memory.
    pub rss_bytes: Option<u64>,
    /// The same with a fair share of what is shared.
    pub pss_bytes: Option<u64>,
    /// Processor time over the window, in hundredths of one core.
    pub cpu_percent: Option<f64>,
    /// Bytes that may still be written where the data is.
    pub disk_free_bytes: Option<u64>,
    /// Bytes of that disk.
    pub disk_bytes: Option<u64>,
    /// In how many days it is full if it goes on as in the last two weeks; null when it does not fill up, or when too
    /// little is known yet (a day of figures is needed).
    pub disk_full_in_days: Option<u64>,
}

/// Figures over a time.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MetricsHistory {
    /// `hour`, `day`, `month` or `year`.
    pub range: &'static str,
    /// Seconds that each point stands for.
    pub step_seconds: u64,
    /// From here …
    pub from: Timestamp,
    /// … to here.
    pub to: Timestamp,
    /// Oldest first. A time of which nothing is known (the server did not run) has no point.
    pub points: Vec<MetricsPoint>,
}

/// One point of a history.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MetricsPoint {
    /// When its time begins.
    pub at: Timestamp,
    /// Seconds of its time in which the server ran.
    pub seconds: u64,
    /// Signed-in WebSockets on average.
    pub connections: f64,
    /// The most that were seen.
    pub connections_max: u64,
    /// Messages stored.
    pub messages: u64,
    /// Messages stored in a minute.
    pub messages_per_minute: f64,
    /// Messages handed to sockets.
    pub messages_delivered: u64,
    /// From arrival to acknowledgement.
    pub ack: Percentiles,
    /// Commits.
    pub commit: Percentiles,
    /// Sign-ins that succeeded.
    pub logins_good: u64,
    /// Sign-ins that failed.
    pub logins_failed: u64,
    /// Deeds that were refused.
    pub refusals: u64,
    /// Requests and frames that came too fast.
    pub rate_limited: u64,
    /// HTTP requests.
    pub requests: u64,
    /// Those that failed by the server's own fault.
    pub requests_failed: u64,
    /// The most changes that were seen waiting for the writer.
    pub queue_max: u64,
    /// Readers in use on average.
    pub readers_busy: f64,
    /// Bytes in SQLite's log, the most that were seen.
    pub wal_bytes_max: u64,
    /// Bytes of the database, the most that were seen; null with PostgreSQL.
    pub database_bytes: Option<u64>,
    /// Bytes in memory on average.
    pub rss_bytes: Option<u64>,
    /// Processor time, in hundredths of one core.
    pub cpu_percent: Option<f64>,
    /// Bytes free on the disk, the least that were seen.
    pub disk_free_bytes: Option<u64>,
}
