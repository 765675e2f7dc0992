//! How the server is: health, figures now and over time, and the same for a scraper.

use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::features::metrics::{self, Range};
use crate::http::call::{Answer, Call};
use crate::http::contract::{Described, Query, get};
use crate::wire::metrics::{MetricsHistory, MetricsNow};

/// The text format of Prometheus.
const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(in crate::http) fn described() -> Vec<Described> {
    vec![
        get("/health", "Is the server up?").gives::<Up>(),
        get("/health/live", "Does the server answer?").gives::<Live>(),
        get("/health/ready", "Can the server do its work? If not, the same answer with 503.").gives::<Ready>(),
        get("/metrics", "The figures for Prometheus; for listed addresses without signing in.")
            .file(EXPOSITION)
            .fails(&[401]),
        get("/api/admin/metrics", "The figures now.").gives::<MetricsNow>(),
        get("/api/admin/metrics/history", "The figures of a time.")
            .query("range", Query::OneOf(Range::WORDS), "`hour` when missing.")
            .gives::<MetricsHistory>(),
    ]
}

/// The answer of `GET /health`.
#[derive(Serialize, JsonSchema)]
struct Up {
    /// Always `ok`: a server that is not does not answer.
    status: &'static str,
    /// Seconds since the start.
    uptime: u64,
    /// The server's time.
    timestamp: Timestamp,
}

/// The answer of `GET /health/live`.
#[derive(Serialize, JsonSchema)]
struct Live {
    /// Always `live`.
    status: &'static str,
}

/// The answer of `GET /health/ready`.
#[derive(Serialize, JsonSchema)]
struct Ready {
    /// `ready` or `unready`.
    status: &'static str,
    /// Why not: `stopping`, `disk_full`, `storage_failed`.
    reasons: Vec<&'static str>,
}

pub(in crate::http) async fn health(call: Call) -> Result<Answer> {
    let uptime = call.web.clock.monotonic().saturating_sub(call.web.started).as_secs();
    Answer::ok(&Up { status: "ok", uptime, timestamp: call.web.clock.now() })
}

pub(in crate::http) async fn live(_call: Call) -> Result<Answer> {
    Answer::ok(&Live { status: "live" })
}

pub(in crate::http) async fn ready(call: Call) -> Result<Answer> {
    let reasons = (call.web.outside.unready)();
    let is_ready = reasons.is_empty();
    let mut answer = Answer::ok(&Ready { status: if is_ready { "ready" } else { "unready" }, reasons })?;
    if !is_ready {
        answer.status = StatusCode::SERVICE_UNAVAILABLE;
    }
    Ok(answer)
}

pub(in crate::http) async fn scrape(call: Call) -> Result<Answer> {
    let text = metrics::scrape(&call.cx, &call.web.means).await?;
    Ok(Answer::file(text.into_bytes(), EXPOSITION, None))
}

pub(in crate::http) async fn now(call: Call) -> Result<Answer> {
    Answer::ok(&metrics::now(&call.cx, &call.web.means).await?)
}

pub(in crate::http) async fn history(call: Call) -> Result<Answer> {
    let range = Range::parse(call.query("range")?.as_deref())?;
    Answer::ok(&metrics::history(&call.cx, range).await?)
}
