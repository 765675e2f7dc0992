//! Looking at the figures, keeping them, and telling them to those who watch.

use std::sync::Arc;
use std::time::Duration;

use super::deeds::MetricsDeed;
use super::figures::{Figures, Range, Span, beginning};
use super::{export, rows};
use crate::clock::Timestamp;
use crate::error::{Context, Result};
use crate::features::Means;
use crate::gate::Cx;
use crate::hub::Outbox;
use crate::wire::frames::Frame;
use crate::wire::metrics::{MetricsHistory, MetricsNow};

/// How much of the past tells when the disk is full.
const FORECAST_FROM: Duration = Duration::from_hours(14 * 24);

/// All figures now.
pub async fn now(cx: &Cx, means: &Arc<Means>) -> Result<MetricsNow> {
    cx.permit(MetricsDeed::Read).await?;
    look(cx, means).await
}

async fn look(cx: &Cx, means: &Arc<Means>) -> Result<MetricsNow> {
    let (means, at, wall) = (means.clone(), cx.monotonic(), cx.now());
    let looked = tokio::task::spawn_blocking(move || {
        let mut now = means.recorder.now(&means.metrics, at, wall, means.limits.write_queue_max);
        now.uptime_seconds = at.saturating_sub(means.started).as_secs();
        now
    });
    looked.await.context("looking at the figures")
}

/// All figures in the text format of Prometheus; `listed` when the configuration names the caller's address.
pub async fn scrape(cx: &Cx, means: &Arc<Means>) -> Result<String> {
    let listed = cx.peer().ip.is_some_and(|ip| means.figures.scrapers.iter().any(|network| network.contains(&ip)));
    cx.permit(MetricsDeed::Scrape { listed }).await?;
    let (means, at) = (means.clone(), cx.monotonic());
    let text = tokio::task::spawn_blocking(move || {
        export::text(&means.metrics, &means.recorder.gauges(), at.saturating_sub(means.started))
    });
    text.await.context("looking at the figures")
}

/// The figures of a time, from what was kept of it.
pub async fn history(cx: &Cx, range: Range) -> Result<MetricsHistory> {
    let (span, step, points) = range.made_of();
    let now = cx.now();
    let last = beginning(now, step);
    let from = Timestamp::from_micros(last.micros() - (points - 1) * step * 1_000_000);
    let kept = cx.view(MetricsDeed::Read, move |look| rows::since(look, span, from)).await?;
    let mut steps: Vec<(Timestamp, Figures)> = Vec::new();
    for (at, figures) in kept.into_iter().filter(|(at, _)| *at <= now) {
        let at = beginning(at, step);
        match steps.last_mut() {
            Some((known, all)) if *known == at => all.add(&figures),
            _ => steps.push((at, figures)),
        }
    }
    Ok(MetricsHistory {
        range: range.name(),
        step_seconds: step.unsigned_abs(),
        from,
        to: now,
        points: steps.iter().map(|(at, figures)| figures.point(*at)).collect(),
    })
}

/// Looks at the figures for the last minute's rates, and tells those who watch.
pub async fn observe(cx: &Cx, means: &Arc<Means>) -> Result<()> {
    let (recording, at) = (means.clone(), cx.monotonic());
    let looked = tokio::task::spawn_blocking(move || recording.recorder.observe(&recording.metrics, at));
    looked.await.context("looking at the figures")?;
    if means.recorder.watchers.is_empty() {
        return Ok(());
    }
    let entitled = means.recorder.watchers.entitled(|| MetricsDeed::Read).await;
    if !entitled.is_empty() {
        let frame = Frame::Metrics { data: &look(cx, means).await? }.encode().into();
        for socket in &entitled {
            socket.whisper(&frame);
        }
    }
    Ok(())
}

/// Begins or ends to hear the figures over a socket. The first frame comes at once.
pub async fn watch(cx: &Cx, means: &Arc<Means>, socket: &Arc<Outbox>, watching: bool) -> Result<()> {
    if !watching {
        means.recorder.watchers.remove(socket);
        return Ok(());
    }
    cx.permit(MetricsDeed::Read).await?;
    means.recorder.watchers.add(cx, socket)?;
    socket.whisper(&Frame::Metrics { data: &look(cx, means).await? }.encode().into());
    Ok(())
}

/// Writes down what came since the last time: one small change a minute, which is no reason for a snapshot.
pub async fn keep(cx: &Cx, means: &Arc<Means>) -> Result<()> {
    let (recording, at) = (means.clone(), cx.monotonic());
    let taken = tokio::task::spawn_blocking(move || recording.recorder.take(&recording.metrics, at));
    let figures = Arc::new(taken.await.context("looking at the figures")?);
    let (written, kept) = (figures.clone(), means.figures.clone());
    let outcome = cx.act_aside(MetricsDeed::Keep, move |act| {
        let now = act.now();
        for span in Span::ALL {
            rows::add(act, span, beginning(now, span.seconds()), &written)?;
            let lives = match span {
                Span::Minute => kept.minutes_kept,
                Span::Hour => kept.hours_kept,
                Span::Day => kept.days_kept,
            };
            let micros = i64::try_from(lives.as_micros()).unwrap_or(i64::MAX);
            rows::forget(act, span, Timestamp::from_micros(now.micros().saturating_sub(micros)))?;
        }
        Ok(())
    });
    if let Err(error) = outcome.await {
        means.recorder.put_back(&figures);
        return Err(error);
    }
    foresee(cx, means).await
}

/// When the disk is full, from the hours of the last two weeks.
async fn foresee(cx: &Cx, means: &Means) -> Result<()> {
    let from = Timestamp::from_micros(
        cx.now().micros().saturating_sub(i64::try_from(FORECAST_FROM.as_micros()).unwrap_or(i64::MAX)),
    );
    let hours = cx.view(MetricsDeed::Keep, move |look| rows::since(look, Span::Hour, from)).await?;
    let known: Vec<_> = hours
        .iter()
        .filter_map(|(at, figures)| Some((at.since(from).as_secs_f64() / 86_400.0, figures.disk_free()?)))
        .collect();
    means.recorder.foresee(&known);
    Ok(())
}
