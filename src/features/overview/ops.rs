//! Looking at how the server is.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::checks::{Facts, findings};
use super::deeds::OverviewDeed;
use super::rows;
use crate::clock::Timestamp;
use crate::error::{Context, Result};
use crate::features::Means;
use crate::features::settings::PhiPolicy;
use crate::gate::Cx;
use crate::wire::overview::{CertificateShown, DatabaseShown, Finding, Health, Overview, SnapshotShown};

const DAY_MICROS: i64 = 86_400_000_000;
const HOUR_MICROS: i64 = 3_600_000_000;

/// Everything in one look.
pub async fn show(cx: &Cx, means: &Arc<Means>) -> Result<Overview> {
    let known = cx.view(OverviewDeed::Show, rows::known).await?;
    let (at, uptime) = (cx.now(), cx.monotonic().saturating_sub(means.started));
    let asked = means.clone();
    let (certificate, snapshot, backup, gauges) = tokio::task::spawn_blocking(move || {
        let house = &asked.house;
        ((house.certificate)(), (house.snapshot)(), (house.backup)(), asked.recorder.gauges())
    })
    .await
    .context("looking at the house")?;
    let full = (means.house.full)();
    let days_left = certificate.ends_at.map(|end| (end.micros() - at.micros()).div_euclid(DAY_MICROS));
    let hours_since = |then: Timestamp| (at.micros() - then.micros()).max(0) / HOUR_MICROS;
    let clinic = means.clinic.now();
    let facts = Facts {
        recovery_key: known.recovery_key,
        without_second_factor: known.without_second_factor,
        certificate_days: days_left,
        own_certificate: certificate.authority.is_some(),
        sqlite: means.house.engine == "sqlite",
        snapshot_hours: snapshot.map(|(published, _)| hours_since(published)),
        uptime_hours: i64::try_from(uptime.as_secs() / 3_600).unwrap_or(i64::MAX),
        backup: backup.as_ref().map(|backup| (hours_since(backup.made_at), backup.same_disk)),
        disk_free: gauges.disk.map(|disk| disk.free_bytes),
        disk_full: full,
        disk_days: means.recorder.disk_full_in_days(),
        trust_confirmed: clinic.https_alone,
        registration_open: clinic.registration_open,
        passwords_checked: means.check_passwords,
        audit_broken: means.verifying.found_broken(),
        phi_looked_for: clinic.phi_policy != PhiPolicy::Off,
    };
    let checklist = findings(&facts);
    Ok(Overview {
        at,
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: uptime.as_secs(),
        health: health(checklist.first()),
        checklist,
        certificate: CertificateShown {
            own: certificate.authority.is_some(),
            expires_at: certificate.ends_at,
            days_left,
            fingerprint: certificate.fingerprint,
            authority_fingerprint: certificate.authority,
        },
        snapshot: snapshot.map(|(published_at, bytes)| SnapshotShown { published_at, bytes }),
        backup,
        database: DatabaseShown { engine: means.house.engine, bytes: gauges.database_bytes, full },
        accounts: known.accounts,
    })
}

/// The one sentence: advice does not make a healthy server a sick one.
fn health(gravest: Option<&Finding>) -> Health {
    match gravest.filter(|finding| finding.severity != "advice") {
        None => Health {
            status: "ok",
            code: "all_well",
            params: BTreeMap::new(),
            text: "Everything is in order.".to_owned(),
        },
        Some(finding) => Health {
            status: if finding.severity == "critical" { "critical" } else { "attention" },
            code: finding.code,
            params: finding.params.clone(),
            text: finding.text.clone(),
        },
    }
}
