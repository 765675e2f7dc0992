//! What a preference may be.

use crate::error::FieldFault;
use crate::wire::preferences::QuietHours;

/// Reads a time of day as `22:00`; minutes since midnight.
fn minutes(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !two_digits(hours) || !two_digits(minutes) {
        return None;
    }
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

/// Both ends are times of the day and differ; the end may lie on the next day.
pub(super) fn check(hours: &QuietHours) -> Result<(), FieldFault> {
    match (minutes(&hours.from), minutes(&hours.to)) {
        (Some(from), Some(to)) if from != to => Ok(()),
        _ => Err(FieldFault {
            field: "quietHours",
            detail: "must have from and to as HH:MM, two different times of a day".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_are_two_times_of_a_day() {
        let hours = |from: &str, to: &str| check(&QuietHours { from: from.into(), to: to.into() }).is_ok();
        assert!(hours("22:00", "06:30") && hours("00:00", "23:59"));
        for (from, to) in [
            ("22:00", "22:00"),
            ("24:00", "01:00"),
            ("7:00", "08:00"),
            ("+7:00", "08:00"),
            ("", ""),
            ("12:60", "13:00"),
            ("12:00:00", "13:00"),
            ("\u{661}2:00", "13:00"),
        ] {
            assert!(!hours(from, to), "{from} {to}");
        }
    }
}
