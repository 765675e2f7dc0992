//! The plan, the names of backups, and which of them are kept.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::error::{Error, FieldFault, Result};
use crate::wire::backups::{BackupPlan, BackupPlanChange};
use crate::wire::fields::Change;

/// Hours between two backups at most: a week.
const EVERY_HOURS_MAX: i64 = 168;
/// Backups of one kind that are kept at most.
const KEEP_MAX: i64 = 400;
/// Backups made by hand that are kept.
pub(super) const MANUAL_KEPT: usize = 10;
/// Characters of a folder's name.
const FOLDER_CHARS_MAX: usize = 1_024;
/// Bytes of a passphrase.
const PASSPHRASE_BYTES_MAX: usize = 1_024;

/// When, where and how long. As it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Plan {
    pub(super) every_hours: i64,
    pub(super) keep_hourly: i64,
    pub(super) keep_daily: i64,
    pub(super) keep_weekly: i64,
    pub(super) keep_monthly: i64,
    pub(super) folder: Option<PathBuf>,
    /// The passphrase, sealed with the database's keys, in hexadecimal.
    pub(super) sealed_passphrase: Option<String>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            every_hours: 24,
            keep_hourly: 0,
            keep_daily: 7,
            keep_weekly: 4,
            keep_monthly: 3,
            folder: None,
            sealed_passphrase: None,
        }
    }
}

impl Plan {
    pub(super) fn shown(&self) -> BackupPlan {
        BackupPlan {
            every_hours: self.every_hours,
            keep_hourly: self.keep_hourly,
            keep_daily: self.keep_daily,
            keep_weekly: self.keep_weekly,
            keep_monthly: self.keep_monthly,
            folder: self.folder.as_ref().map(|folder| folder.display().to_string()),
            sealed: self.sealed_passphrase.is_some(),
        }
    }

    /// The plan with what is to be changed, except the passphrase; everything that is wrong is told at once.
    pub(super) fn changed(&self, change: &BackupPlanChange, data_dir: &Path, chars_min: usize) -> Result<Self> {
        let mut plan = self.clone();
        let mut faults = Vec::new();
        let mut number = |field: &'static str, value: Option<i64>, max: i64, at: &mut i64| match value {
            Some(value) if !(0..=max).contains(&value) => {
                faults.push(FieldFault { field, detail: format!("must be a whole number from 0 to {max}") });
            }
            Some(value) => *at = value,
            None => {}
        };
        number("everyHours", change.every_hours, EVERY_HOURS_MAX, &mut plan.every_hours);
        number("keepHourly", change.keep_hourly, KEEP_MAX, &mut plan.keep_hourly);
        number("keepDaily", change.keep_daily, KEEP_MAX, &mut plan.keep_daily);
        number("keepWeekly", change.keep_weekly, KEEP_MAX, &mut plan.keep_weekly);
        number("keepMonthly", change.keep_monthly, KEEP_MAX, &mut plan.keep_monthly);
        if plan.every_hours > 0 && plan.keep_hourly + plan.keep_daily + plan.keep_weekly + plan.keep_monthly == 0 {
            faults.push(FieldFault { field: "keepDaily", detail: "something has to be kept".into() });
        }
        match &change.folder {
            Change::Keep => {}
            Change::Clear => plan.folder = None,
            Change::Set(text) => match second_place(text, data_dir) {
                Ok(folder) => plan.folder = Some(folder),
                Err(detail) => faults.push(FieldFault { field: "folder", detail }),
            },
        }
        if let Change::Set(passphrase) = &change.passphrase {
            if passphrase.chars().count() < chars_min {
                let detail = format!("must have at least {chars_min} characters; a few words in a row are good");
                faults.push(FieldFault { field: "passphrase", detail });
            } else if passphrase.len() > PASSPHRASE_BYTES_MAX {
                let detail = format!("may have at most {PASSPHRASE_BYTES_MAX} bytes");
                faults.push(FieldFault { field: "passphrase", detail });
            }
        }
        if faults.is_empty() { Ok(plan) } else { Err(Error::fields(faults)) }
    }
}

/// A folder outside the data folder: what is inside goes where that goes.
pub(super) fn second_place(text: &str, data_dir: &Path) -> std::result::Result<PathBuf, String> {
    let folder = PathBuf::from(text);
    if text.chars().count() > FOLDER_CHARS_MAX || text.contains('\0') || !folder.is_absolute() {
        return Err(format!("must be a whole path of at most {FOLDER_CHARS_MAX} characters, such as /mnt/backup"));
    }
    let data_dir = data_dir.canonicalize().unwrap_or_else(|_| data_dir.to_owned());
    if folder.canonicalize().unwrap_or_else(|_| folder.clone()).starts_with(&data_dir) {
        return Err("must not be in the data folder: what happens to that happens to both".into());
    }
    Ok(folder)
}

/// Why a backup was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Scheduled,
    Manual,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Manual => "manual",
        }
    }
}

/// A backup's file name: `messenger-20260131T080000Z-scheduled.db`, and `.age` behind it when it is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) at: Timestamp,
    pub(super) kind: Kind,
    pub(super) sealed: bool,
}

impl Name {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("messenger-")?;
        let (rest, sealed) = rest.strip_suffix(".age").map_or((rest, false), |rest| (rest, true));
        let (stamp, kind) = rest.strip_suffix(".db")?.split_once('-')?;
        let kind = [Kind::Scheduled, Kind::Manual].into_iter().find(|one| one.name() == kind)?;
        let name = Self { at: Timestamp::parse(stamp)?, kind, sealed };
        (name.text() == text).then_some(name)
    }

    pub(super) fn text(&self) -> String {
        let stamp = Timestamp::from_micros(self.at.seconds() * 1_000_000).to_string();
        let stamp = stamp.replace(['-', ':'], "").replace(".000", "");
        format!("messenger-{stamp}-{}.db{}", self.kind.name(), if self.sealed { ".age" } else { "" })
    }
}

/// Which of `names` may go. Of each hour, day, week and month the newest is kept, for as many of them as the plan says.
pub(super) fn to_remove(names: &[Name], plan: &Plan) -> Vec<Name> {
    let mut newest_first: Vec<&Name> = names.iter().collect();
    newest_first.sort_by_key(|name| std::cmp::Reverse(name.at));
    let mut kept: HashSet<String> = HashSet::new();
    let month = |at: Timestamp| at.to_string().get(..7).map_or(0, |text| text.replace('-', "").parse().unwrap_or(0));
    let spans: [(i64, &dyn Fn(Timestamp) -> i64); 4] = [
        (plan.keep_hourly, &|at| at.seconds().div_euclid(3_600)),
        (plan.keep_daily, &|at| at.seconds().div_euclid(86_400)),
        // 1970 began on a Thursday; weeks begin on Monday.
        (plan.keep_weekly, &|at| (at.seconds() + 3 * 86_400).div_euclid(7 * 86_400)),
        (plan.keep_monthly, &month),
    ];
    for (count, span) in spans {
        let mut seen = HashSet::new();
        for name in newest_first.iter().filter(|name| name.kind == Kind::Scheduled) {
            if i64::try_from(seen.len()).unwrap_or(i64::MAX) < count && seen.insert(span(name.at)) {
                kept.insert(name.text());
            }
        }
    }
    // The newest is never removed, whatever the plan says.
    kept.extend(newest_first.first().map(|name| name.text()));
    kept.extend(newest_first.iter().filter(|name| name.kind == Kind::Manual).take(MANUAL_KEPT).map(|name| name.text()));
    names.iter().filter(|name| !kept.contains(&name.text())).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn a_name_is_read_back_and_nothing_else_is_a_name() {
        let name = Name { at: at("2026-01-31T08:00:00Z"), kind: Kind::Scheduled, sealed: false };
        assert_eq!(name.text(), "messenger-20260131T080000Z-scheduled.db");
        assert_eq!(Name::parse(&name.text()), Some(name.clone()));
        let sealed = Name { sealed: true, kind: Kind::Manual, ..name };
        assert_eq!(Name::parse(&sealed.text()), Some(sealed));
        for bad in [
            "",
            "messenger.db",
            "messenger-20260131T080000Z-scheduled.db.json",
            "messenger-20260131T080000Z-other.db",
            "../messenger-20260131T080000Z-manual.db",
            "messenger-2026-01-31T08:00:00Z-manual.db",
            "messenger-20260131T080000Z-manual.db.age.age",
            "messenger--manual.db",
        ] {
            assert_eq!(Name::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn of_each_hour_day_week_and_month_the_newest_stays() {
        let mut names = Vec::new();
        let end = at("2026-03-31T12:30:00Z");
        for hour in 0..(24 * 90) {
            let time = Timestamp::from_micros(end.micros() - hour * 3_600_000_000);
            names.push(Name { at: time, kind: Kind::Scheduled, sealed: false });
        }
        let plan = Plan { keep_hourly: 3, keep_daily: 2, keep_weekly: 2, keep_monthly: 3, ..Plan::default() };
        let gone: Vec<String> = to_remove(&names, &plan).iter().map(Name::text).collect();
        let mut left: Vec<String> = names.iter().map(Name::text).filter(|name| !gone.contains(name)).collect();
        left.sort();
        let stamps: Vec<&str> = left.iter().map(|name| &name[10..25]).collect();
        assert_eq!(
            stamps,
            [
                "20260131T233000",
                "20260228T233000",
                "20260329T233000",
                "20260330T233000",
                "20260331T103000",
                "20260331T113000",
                "20260331T123000",
            ]
        );
        // Nothing to keep, and the newest stays all the same.
        let none = Plan { keep_hourly: 0, keep_daily: 0, keep_weekly: 0, keep_monthly: 0, ..Plan::default() };
        assert_eq!(to_remove(&names, &none).len(), names.len() - 1);
        assert!(to_remove(&[], &none).is_empty());
    }

    #[test]
    fn those_made_by_hand_do_not_make_way_for_those_of_the_plan() {
        let name = |n: i64| Name { at: Timestamp::from_micros(n * 1_000_000_000), kind: Kind::Manual, sealed: true };
        let names: Vec<Name> = (0..12).map(name).collect();
        assert_eq!(to_remove(&names, &Plan::default()), [name(0), name(1)]);
    }
}
