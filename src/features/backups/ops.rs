//! Making backups, by hand and by plan; looking through them; changing the plan; rehearsing a restore.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::deeds::BackupDeed;
use super::desk::{RETRY_AFTER, trouble};
use super::model::{Kind, Name, Plan, second_place};
use super::rows;
use super::shelf::Shelf;
use crate::clock::Timestamp;
use crate::crypto::{Cell, Purpose, token};
use crate::error::{Context, Error, Result};
use crate::features::{Cursor, Means, Paged};
use crate::gate::{Cx, Gate};
use crate::wire::backups::{
    Backup, BackupJob, BackupPlan, BackupPlanChange, BackupStatus, FolderReport, FolderTest, Rehearsal,
};
use crate::wire::fields::Change;

/// How often a backup is rehearsed.
const REHEARSED_EVERY: Duration = Duration::from_hours(30 * 24);
/// After a start everybody comes back at once: a copy of everything can wait.
const REST_AFTER_START: Duration = Duration::from_mins(5);
/// A backup is late when this much more than the plan's time has passed.
const LATE_FACTOR: u32 = 2;

/// The passphrase is sealed under this name.
const PASSPHRASE: Cell<'static> =
    Cell { table: "settings", row: uuid::Uuid::nil(), column: "backups.passphrase", channel: None, sender: None };

/// Every backup that is there, newest first, a page at a time; the cursor is a place and a name.
pub async fn list(cx: &Cx, means: &Means, page: Cursor) -> Result<Paged<Backup>> {
    let limit = page.rows(&means.limits)?;
    let plan = cx.view(BackupDeed::List, rows::plan).await?;
    let desk = means.backups.clone();
    let all = tokio::task::spawn_blocking(move || desk.all(&plan)).await.context("looking through the backups")?;
    let cursor = |backup: &Backup| format!("{}.{}", backup.place, backup.name);
    let place = |text: &str| all.iter().position(|backup| cursor(backup) == text);
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let back = page.after.is_some();
    let found = page.after.as_deref().or(page.before.as_deref()).map(place);
    if found == Some(None) {
        return Err(Error::field("before", "must be a cursor that this list gave"));
    }
    let rows: Vec<Backup> = match (back, found.flatten()) {
        (true, Some(at)) => all[at.saturating_sub(wanted)..at].to_vec(),
        (_, at) => all.iter().skip(at.map_or(0, |at| at + 1)).take(wanted).cloned().collect(),
    };
    Ok(Paged::of(rows, limit, cursor))
}

/// How the backups do.
pub async fn status(cx: &Cx, means: &Means) -> Result<BackupStatus> {
    let plan = cx.view(BackupDeed::Look, rows::plan).await?;
    let (desk, now) = (means.backups.clone(), cx.now());
    let status = tokio::task::spawn_blocking(move || {
        let newest = desk.all(&plan).into_iter().next();
        let state = desk.state();
        let every = hours(plan.every_hours);
        let late = every.is_some_and(|every| {
            newest.as_ref().is_none_or(|newest| now.since(newest.created_at) > every * LATE_FACTOR)
        });
        BackupStatus {
            available: desk.is_available(),
            late: desk.is_available() && late,
            next_at: every.map(|every| newest.as_ref().map_or(now, |newest| newest.created_at.plus(every))),
            second_place: plan.folder.is_some(),
            newest,
            job: state.job.clone(),
            trouble: state.trouble.clone(),
            second_trouble: state.second_trouble.clone(),
            rehearsal: rehearsal(&desk.data_dir),
        }
    });
    status.await.context("looking at the backups")
}

/// Begins to make one.
pub async fn make(cx: &Cx, gate: &Gate, means: &Arc<Means>) -> Result<BackupJob> {
    let plan = cx.view(BackupDeed::List, rows::plan).await?;
    let job = means.backups.begin(Kind::Manual, cx.now())?;
    if let Err(error) = cx.act(BackupDeed::Make, |_| Ok(())).await {
        means.backups.state().job = None;
        return Err(error);
    }
    let (system, means) = (gate.system(), means.clone());
    tokio::spawn(async move { work(&system, &means, plan, Kind::Manual).await });
    Ok(job)
}

/// Makes the one that `begin` took the place for, and notes how it ended.
async fn work(system: &Cx, means: &Arc<Means>, plan: Plan, kind: Kind) {
    let (desk, at) = (means.backups.clone(), system.now());
    let outcome = match passphrase(system, &plan) {
        Ok(passphrase) => tokio::task::spawn_blocking(move || {
            desk.make(&plan, passphrase.as_ref().map(|text| text.as_str()), kind, at)
        })
        .await
        .context("making a backup")
        .and_then(|made| made),
        Err(error) => Err(error),
    };
    let (told, bytes) = match &outcome {
        Ok((_, bytes)) => ("done", i64::try_from(*bytes).unwrap_or(i64::MAX)),
        Err(error) => {
            tracing::error!(code = error.code(), cause = error.chain(), "a backup could not be made");
            ("failed", 0)
        }
    };
    {
        let mut state = means.backups.state();
        if let Some(job) = &mut state.job {
            (job.state, job.finished_at) = (told, Some(system.now()));
            match &outcome {
                Ok((name, _)) => job.name = Some(name.text()),
                Err(error) => {
                    let trouble = trouble(error, system.now());
                    (job.failure, job.detail) = (Some(trouble.code), Some(trouble.detail));
                }
            }
        }
        state.trouble = outcome.as_ref().err().map(|error| trouble(error, system.now()));
        state.retry_at = outcome.is_err().then(|| system.monotonic() + RETRY_AFTER);
    }
    let deed = BackupDeed::Finish { kind: kind.name(), outcome: told, bytes };
    if let Err(error) = system.act(deed, |_| Ok(())).await {
        tracing::warn!(code = error.code(), cause = error.chain(), "the end of a backup could not be recorded");
    }
}

fn passphrase(cx: &Cx, plan: &Plan) -> Result<Option<Zeroizing<String>>> {
    let Some(sealed) = &plan.sealed_passphrase else { return Ok(None) };
    let sealed = unhex(sealed).ok_or_else(|| Error::internal("the stored passphrase is damaged"))?;
    cx.keys().open_text(Purpose::Secrets, &PASSPHRASE, &sealed).map(Some)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(text.get(i..i + 2)?, 16).ok()).collect()
}

/// Makes the one that is due, and brings the second place up to date. Called by a job.
pub async fn keep_up(gate: &Gate, means: &Arc<Means>) -> Result<()> {
    let desk = means.backups.clone();
    if !desk.is_available() {
        return Ok(());
    }
    let system = gate.system();
    let plan = system.view(BackupDeed::LoadPlan, rows::plan).await?;
    let (now, monotonic) = (system.now(), system.monotonic());
    let folder = desk.folder();
    let names = tokio::task::spawn_blocking(move || Shelf(&folder).names()).await.context("looking for backups")?;
    let resting = monotonic < REST_AFTER_START || desk.state().retry_at.is_some_and(|at| monotonic < at);
    if !resting && is_due(&plan, &names, now) {
        if desk.begin(Kind::Scheduled, now).is_ok() {
            work(&system, means, plan, Kind::Scheduled).await;
        }
        return Ok(());
    }
    let (Some(second), Some(newest)) = (plan.folder.clone(), names.first().cloned()) else { return Ok(()) };
    let waiting = desk.state().second_retry_at.is_some_and(|at| monotonic < at);
    if waiting || desk.state().job.as_ref().is_some_and(|job| job.state == "running") {
        return Ok(());
    }
    desk.state().second_retry_at = Some(monotonic + RETRY_AFTER);
    tokio::task::spawn_blocking(move || {
        if Shelf(&second).names().first().is_none_or(|there| there.at < newest.at) {
            // Told by itself.
            let _ = desk.copy_to_second(&second, &newest, now);
            desk.tidy(&plan);
        }
    })
    .await
    .context("copying a backup to the second place")
}

/// A backup from the future, which a clock that was wrong has left, does not put off the next one.
fn is_due(plan: &Plan, names: &[Name], now: Timestamp) -> bool {
    let Some(every) = hours(plan.every_hours) else { return false };
    let last = names.iter().filter(|name| name.kind == Kind::Scheduled && name.at <= now).map(|name| name.at).max();
    last.is_none_or(|last| now.since(last) >= every)
}

fn hours(count: i64) -> Option<Duration> {
    u64::try_from(count).ok().filter(|count| *count > 0).map(Duration::from_hours)
}

/// When and where they are made.
pub async fn plan(cx: &Cx) -> Result<BackupPlan> {
    Ok(cx.view(BackupDeed::List, rows::plan).await?.shown())
}

/// Changes when and where they are made. A folder is tried first.
pub async fn change_plan(cx: &Cx, means: &Means, change: BackupPlanChange) -> Result<BackupPlan> {
    let before = cx.view(BackupDeed::List, rows::plan).await?;
    let mut plan = before.changed(&change, &means.backups.data_dir, means.limits.password_chars_min)?;
    if let Some(folder) = plan.folder.clone().filter(|folder| before.folder.as_ref() != Some(folder)) {
        try_folder(folder).await?.map_err(|error| Error::field("folder", error.detail().to_owned()))?;
    }
    match &change.passphrase {
        Change::Keep => {}
        Change::Clear => plan.sealed_passphrase = None,
        Change::Set(text) => {
            plan.sealed_passphrase = Some(token::hex(&cx.keys().seal_text(Purpose::Secrets, &PASSPHRASE, text)?));
        }
    }
    let text = serde_json::to_string(&plan).context("keeping the plan of the backups")?;
    cx.act(BackupDeed::ChangePlan, move |act| {
        let by = act.user()?;
        rows::keep(act, &text, by)
    })
    .await?;
    let mut state = means.backups.state();
    (state.second_trouble, state.second_retry_at, state.retry_at) = (None, None, None);
    drop(state);
    Ok(plan.shown())
}

async fn try_folder(folder: PathBuf) -> Result<Result<()>> {
    tokio::task::spawn_blocking(move || Shelf(&folder).try_it()).await.context("trying a folder")
}

/// Tries whether a folder can be written to.
pub async fn test_folder(cx: &Cx, means: &Means, body: FolderTest) -> Result<FolderReport> {
    cx.act(BackupDeed::TestFolder, |_| Ok(())).await?;
    let folder =
        second_place(&body.folder, &means.backups.data_dir).map_err(|detail| Error::field("folder", detail))?;
    let tried = try_folder(folder).await?;
    Ok(FolderReport { usable: tried.is_ok(), detail: tried.err().map(|error| error.detail().to_owned()) })
}

/// Throws a backup away, in both places.
pub async fn remove(cx: &Cx, means: &Means, name: &str) -> Result<()> {
    let plan = cx.view(BackupDeed::List, rows::plan).await?;
    let name = Name::parse(name).ok_or_else(|| Error::missing("backup"))?;
    let desk = means.backups.clone();
    let folders: Vec<PathBuf> = [Some(desk.folder()), plan.folder].into_iter().flatten().collect();
    let all = desk.folder();
    if Shelf(&all).names() == [name.clone()] {
        return Err(Error::conflict("last_backup", "That is the only backup: make another one first."));
    }
    let removed = tokio::task::spawn_blocking(move || {
        let removed: Result<Vec<bool>> = folders.iter().map(|folder| Shelf(folder).remove(&name)).collect();
        removed.map(|removed| removed.contains(&true))
    })
    .await
    .context("removing a backup")??;
    if !removed {
        return Err(Error::missing("backup"));
    }
    cx.act(BackupDeed::Remove, |_| Ok(())).await
}

/// How the last rehearsal ended, as it is kept beside the backups.
#[derive(Serialize, Deserialize)]
struct Rehearsed {
    at: i64,
    name: String,
    failure: Option<String>,
}

fn rehearsal(data_dir: &std::path::Path) -> Option<Rehearsal> {
    let kept: Rehearsed =
        serde_json::from_slice(&std::fs::read(data_dir.join("backups").join("rehearsal.json")).ok()?).ok()?;
    Some(Rehearsal {
        at: Timestamp::from_micros(kept.at),
        name: kept.name,
        good: kept.failure.is_none(),
        failure: kept.failure,
    })
}

/// Restores the newest backup into a scratch folder, once a month, and notes how that went. Called by a job.
pub async fn self_test(gate: &Gate, means: &Arc<Means>) -> Result<()> {
    let desk = means.backups.clone();
    let Ok(press) = desk.press().cloned() else { return Ok(()) };
    let system = gate.system();
    let now = system.now();
    if rehearsal(&desk.data_dir).is_some_and(|last| last.at <= now && now.since(last.at) < REHEARSED_EVERY) {
        return Ok(());
    }
    let plan = system.view(BackupDeed::LoadPlan, rows::plan).await?;
    let passphrase = passphrase(&system, &plan)?;
    let outcome = tokio::task::spawn_blocking(move || {
        let folder = desk.folder();
        let shelf = Shelf(&folder);
        let Some(name) = shelf.names().into_iter().next() else { return Ok(None) };
        let tested = press.rehearse(&shelf.path(&name), passphrase);
        if let Err(error) = &tested {
            tracing::error!(
                code = error.code(),
                cause = error.chain(),
                "the newest backup could not be restored in a rehearsal"
            );
        }
        let failure = tested.err().map(|error| error.code().to_owned());
        let kept = Rehearsed { at: now.micros(), name: name.text(), failure: failure.clone() };
        let text = serde_json::to_vec(&kept).context("noting a rehearsal")?;
        std::fs::write(folder.join("rehearsal.json"), text).context("noting a rehearsal")?;
        Ok(Some(failure))
    })
    .await
    .context("rehearsing a restore")?;
    let Some(failure) = outcome? else { return Ok(()) };
    let outcome = if failure.is_some() { "failed" } else { "good" };
    system.act(BackupDeed::Rehearse { outcome }, |_| Ok(())).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_one_is_due_when_its_time_has_come_whatever_a_wrong_clock_left() {
        let at = |hour: i64| Timestamp::from_micros(hour * 3_600_000_000);
        let name = |hour, kind| Name { at: at(hour), kind, sealed: false };
        let plan = Plan { every_hours: 24, ..Plan::default() };
        assert!(is_due(&plan, &[], at(100)));
        assert!(is_due(&plan, &[name(100, Kind::Manual)], at(100)), "one made by hand is besides");
        assert!(!is_due(&plan, &[name(100, Kind::Scheduled)], at(123)));
        assert!(is_due(&plan, &[name(100, Kind::Scheduled)], at(124)));
        assert!(is_due(&plan, &[name(9_000, Kind::Scheduled), name(100, Kind::Scheduled)], at(124)));
        assert!(!is_due(&Plan { every_hours: 0, ..plan }, &[], at(100)));
    }
}
