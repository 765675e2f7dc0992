//! What a key is made of.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::features::users::is_unprintable;
use crate::gate::{Permission, Permissions};
use crate::id::ChannelId;

/// Characters of a name (the column's width).
pub const NAME_CHARS_MAX: usize = 100;
/// Keys that a clinic can have at once; revoked ones do not count.
pub const KEYS_MAX: i64 = 1_000;
/// Days that a key is good for when nothing is said.
pub const DAYS: i64 = 365;
/// Days that a key is good for at most: after that it has to be looked at again.
pub const DAYS_MAX: i64 = 730;
/// Hours that the old token works on after a rotation when nothing is said.
pub const GRACE_HOURS: i64 = 24;
/// Hours that it works on at most.
pub const GRACE_HOURS_MAX: i64 = 168;

type Checked<T> = Result<T, String>;

/// 1–100 printable characters.
pub(super) fn name(text: &str) -> Checked<String> {
    if text.trim().is_empty() || text.chars().count() > NAME_CHARS_MAX {
        return Err(format!("must have 1 to {NAME_CHARS_MAX} characters"));
    }
    if text.chars().any(is_unprintable) {
        return Err("may not have control characters".to_owned());
    }
    Ok(text.to_owned())
}

/// Names of permissions, at least one.
pub(super) fn permissions(names: &[String]) -> Checked<Permissions> {
    if names.is_empty() {
        return Err("must name at least one permission".to_owned());
    }
    let read: Option<Permissions> = names.iter().map(|name| Permission::named(name)).collect();
    read.ok_or_else(|| "must be names of permissions, as messages.send".to_owned())
}

/// Channels, at least one where there is a list at all.
pub(super) fn channels(list: Option<Vec<ChannelId>>) -> Checked<Option<BTreeSet<ChannelId>>> {
    match list {
        Some(list) if list.is_empty() => Err("must name at least one channel, or be null for all".to_owned()),
        list => Ok(list.map(|list| list.into_iter().collect())),
    }
}

/// How long a key is good for.
pub(super) fn days(days: i64) -> Checked<Duration> {
    span(days, 1, DAYS_MAX, 24 * 60 * 60)
}

/// How long an old token works on.
pub(super) fn grace(hours: i64) -> Checked<Duration> {
    span(hours, 0, GRACE_HOURS_MAX, 60 * 60)
}

fn span(count: i64, min: i64, max: i64, unit_secs: u64) -> Checked<Duration> {
    match u64::try_from(count) {
        Ok(n) if (min..=max).contains(&count) => Ok(Duration::from_secs(n * unit_secs)),
        _ => Err(format!("must be between {min} and {max}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_taken_and_refused_beyond() {
        assert!(days(1).is_ok() && days(730).is_ok() && days(0).is_err() && days(731).is_err() && days(-1).is_err());
        assert!(grace(0).is_ok() && grace(168).is_ok() && grace(169).is_err() && grace(i64::MIN).is_err());
        assert!(name(&"ä".repeat(100)).is_ok() && name(&"ä".repeat(101)).is_err());
        assert!(name(" ").is_err() && name("a\u{202e}b").is_err());
        assert!(permissions(&[]).is_err() && permissions(&["messages.fly".into()]).is_err());
        assert!(permissions(&["messages.send".into()]).is_ok_and(|p| p.has(Permission::MessagesSend)));
        assert!(channels(Some(Vec::new())).is_err() && channels(None).is_ok());
    }
}
