//! What is not yet safe. Each check is a few lines over plain facts, so that it can be read and tried at its limits.

use std::collections::BTreeMap;

use crate::wire::overview::Finding;

/// Free bytes below which a disk is nearly full, and below which it is about to stop the server from writing.
const FREE_BYTES_LOW: u64 = 2 << 30;
const FREE_BYTES_CRITICAL: u64 = 512 << 20;
/// Days before its end at which a certificate that renews itself should have done so long ago.
const CERTIFICATE_DAYS_LOW: i64 = 14;
const CERTIFICATE_DAYS_CRITICAL: i64 = 3;
/// Days in which a disk fills up that are too few.
const DISK_DAYS_LOW: u64 = 14;
/// Hours after which a snapshot is old although things change.
const SNAPSHOT_HOURS: i64 = 24;
/// Hours after which a backup is old.
const BACKUP_HOURS: i64 = 48;

/// The facts that are judged. Durations are in whole units, rounded down.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "facts that have nothing to do with each other")]
pub(super) struct Facts {
    pub(super) recovery_key: bool,
    pub(super) without_second_factor: i64,
    pub(super) certificate_days: Option<i64>,
    pub(super) own_certificate: bool,
    pub(super) sqlite: bool,
    /// Hours since the snapshot; `None` when there is none.
    pub(super) snapshot_hours: Option<i64>,
    pub(super) uptime_hours: i64,
    /// Hours since the last backup and whether it is on the same disk; `None` when there is none.
    pub(super) backup: Option<(i64, bool)>,
    pub(super) disk_free: Option<u64>,
    pub(super) disk_full: bool,
    pub(super) disk_days: Option<u64>,
    pub(super) trust_confirmed: bool,
    pub(super) registration_open: bool,
    pub(super) passwords_checked: bool,
    pub(super) phi_looked_for: bool,
    /// The last checking of the audit log found that it was tampered with.
    pub(super) audit_broken: bool,
}

const CRITICAL: &str = "critical";
const WARNING: &str = "warning";
const ADVICE: &str = "advice";

fn finding(code: &'static str, severity: &'static str, text: impl Into<String>, action: &'static str) -> Finding {
    Finding { code, severity, params: BTreeMap::new(), text: text.into(), action }
}

fn counting(mut finding: Finding, name: &'static str, count: i64) -> Finding {
    finding.params.insert(name, count);
    finding
}

/// Everything that is not yet safe, the gravest first.
pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let all =
        [disk(facts), passwords(facts), certificate(facts), keys(facts), copies(facts), people(facts), choices(facts)];
    let mut all: Vec<Finding> = all.into_iter().flatten().collect();
    all.sort_by_key(|finding| match finding.severity {
        CRITICAL => 0,
        WARNING => 1,
        _ => 2,
    });
    all
}

fn disk(facts: &Facts) -> Vec<Finding> {
    const ROOM: &str = "Make room on the disk of the data folder, or give the server a larger one.";
    let free = facts.disk_free.unwrap_or(u64::MAX);
    let mib = i64::try_from(free >> 20).unwrap_or(i64::MAX);
    if facts.disk_full {
        return vec![finding(
            "disk_full",
            CRITICAL,
            "The disk is full: nothing can be written until there is room.",
            ROOM,
        )];
    }
    let mut found = Vec::new();
    if free < FREE_BYTES_LOW {
        let severity = if free < FREE_BYTES_CRITICAL { CRITICAL } else { WARNING };
        let text = format!("The disk is nearly full: {mib} MiB are left.");
        found.push(counting(finding("disk_low", severity, text, ROOM), "freeMebibytes", mib));
    }
    if let Some(days) = facts.disk_days.filter(|days| *days < DISK_DAYS_LOW) {
        let text = format!("At this rate the disk is full in {days} days.");
        let days = i64::try_from(days).unwrap_or(i64::MAX);
        found.push(counting(finding("disk_filling", WARNING, text, ROOM), "days", days));
    }
    found
}

fn passwords(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    if facts.audit_broken {
        found.push(finding(
            "audit_broken",
            CRITICAL,
            "The audit log does not follow from its signatures: somebody changed it.",
            "Keep a copy of the data folder as it is, and find out who had access to it.",
        ));
    }
    if facts.passwords_checked {
        return found;
    }
    found.push(finding(
        "authentication_off",
        CRITICAL,
        "Passwords are not checked: anybody can sign in as anybody.",
        "Take AUTHENTICATE_USERS=false out of the configuration and restart the server.",
    ));
    found
}

fn certificate(facts: &Facts) -> Vec<Finding> {
    let Some(days) = facts.certificate_days.filter(|days| *days < CERTIFICATE_DAYS_LOW) else { return Vec::new() };
    let action = if facts.own_certificate {
        "It should have renewed itself: look at the log for why it could not."
    } else {
        "Put a new certificate where TLS_CERT_PATH and TLS_KEY_PATH say; it is taken over without a restart."
    };
    let severity = if days < CERTIFICATE_DAYS_CRITICAL { CRITICAL } else { WARNING };
    let text = if days < 0 {
        "The certificate is over: browsers do not connect any more.".to_owned()
    } else {
        format!("The certificate ends in {days} days.")
    };
    let code = if days < 0 { "certificate_over" } else { "certificate_ending" };
    vec![counting(finding(code, severity, text, action), "days", days)]
}

fn keys(facts: &Facts) -> Vec<Finding> {
    if facts.recovery_key {
        return Vec::new();
    }
    vec![finding(
        "no_recovery_key",
        WARNING,
        "Nobody has taken a recovery key: if this machine is lost, no copy of the data can be read.",
        "Make a recovery key (mcp-messenger key recovery-kit), print it and keep it away from the server.",
    )]
}

fn copies(facts: &Facts) -> Vec<Finding> {
    const COPY: &str = "Set a backup folder on another disk or machine, or copy messenger.db there regularly.";
    let mut found = Vec::new();
    if facts.sqlite
        && facts.uptime_hours >= SNAPSHOT_HOURS
        && facts.snapshot_hours.is_none_or(|h| h >= SNAPSHOT_HOURS * 7)
    {
        let action = "Look at the log for why it could not be published.";
        found.push(finding("snapshot_stale", WARNING, "The snapshot of the database is more than a week old.", action));
    }
    match facts.backup {
        None => found.push(finding("backup_absent", WARNING, "No backup was made yet.", COPY)),
        Some((hours, same_disk)) => {
            if hours >= BACKUP_HOURS {
                let text = format!("The last backup was made {hours} hours ago.");
                found.push(counting(finding("backup_stale", WARNING, text, COPY), "hours", hours));
            }
            if same_disk {
                let text = "The backup is on the disk of the database: one broken disk takes both.";
                found.push(finding("backup_same_disk", WARNING, text, COPY));
            }
        }
    }
    found
}

fn people(facts: &Facts) -> Vec<Finding> {
    if facts.without_second_factor == 0 {
        return Vec::new();
    }
    let count = facts.without_second_factor;
    let text = format!("{count} accounts that manage the clinic have no second factor.");
    let action = "Ask them to turn the second factor on in their account.";
    vec![counting(finding("administrators_without_second_factor", WARNING, text, action), "count", count)]
}

fn choices(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    if facts.registration_open {
        found.push(finding(
            "registration_open",
            WARNING,
            "Anybody on the network can make an account without an invitation.",
            "Turn the setting registration.open off when everybody has an account.",
        ));
    }
    if !facts.trust_confirmed {
        found.push(finding(
            "trust_unconfirmed",
            ADVICE,
            "Nobody has confirmed yet that the clinic's devices trust this server.",
            "Open /trust on each device, then turn the setting security.hsts on.",
        ));
    }
    if !facts.phi_looked_for {
        found.push(finding(
            "phi_not_looked_for",
            ADVICE,
            "Messages are not looked through for patient details that nobody marked.",
            "Set phi.policy to suggest or more.",
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut Facts);

    fn safe() -> Facts {
        Facts {
            recovery_key: true,
            certificate_days: Some(60),
            own_certificate: true,
            sqlite: true,
            snapshot_hours: Some(0),
            uptime_hours: 1_000,
            backup: Some((1, false)),
            disk_free: Some(1 << 40),
            trust_confirmed: true,
            passwords_checked: true,
            phi_looked_for: true,
            ..Facts::default()
        }
    }

    #[test]
    fn nothing_is_found_where_all_is_safe_and_each_fault_is_found_alone() {
        assert_eq!(findings(&safe()), []);
        let faults: [(&str, &str, Change); 19] = [
            ("no_recovery_key", WARNING, |f| f.recovery_key = false),
            ("administrators_without_second_factor", WARNING, |f| f.without_second_factor = 1),
            ("certificate_ending", WARNING, |f| f.certificate_days = Some(13)),
            ("certificate_ending", CRITICAL, |f| f.certificate_days = Some(2)),
            ("certificate_over", CRITICAL, |f| f.certificate_days = Some(-1)),
            ("snapshot_stale", WARNING, |f| f.snapshot_hours = None),
            ("snapshot_stale", WARNING, |f| f.snapshot_hours = Some(168)),
            ("backup_absent", WARNING, |f| f.backup = None),
            ("backup_stale", WARNING, |f| f.backup = Some((48, false))),
            ("backup_same_disk", WARNING, |f| f.backup = Some((0, true))),
            ("disk_full", CRITICAL, |f| f.disk_full = true),
            ("disk_low", WARNING, |f| f.disk_free = Some(FREE_BYTES_LOW - 1)),
            ("disk_low", CRITICAL, |f| f.disk_free = Some(FREE_BYTES_CRITICAL - 1)),
            ("disk_filling", WARNING, |f| f.disk_days = Some(13)),
            ("trust_unconfirmed", ADVICE, |f| f.trust_confirmed = false),
            ("registration_open", WARNING, |f| f.registration_open = true),
            ("authentication_off", CRITICAL, |f| f.passwords_checked = false),
            ("audit_broken", CRITICAL, |f| f.audit_broken = true),
            ("phi_not_looked_for", ADVICE, |f| f.phi_looked_for = false),
        ];
        for (code, severity, change) in faults {
            let mut facts = safe();
            change(&mut facts);
            let found: Vec<_> = findings(&facts).iter().map(|f| (f.code, f.severity)).collect();
            assert_eq!(found, [(code, severity)]);
        }
    }

    #[test]
    fn at_the_limit_it_is_still_safe_and_the_gravest_comes_first() {
        let mut facts = safe();
        facts.certificate_days = Some(CERTIFICATE_DAYS_LOW);
        facts.disk_free = Some(FREE_BYTES_LOW);
        facts.disk_days = Some(DISK_DAYS_LOW);
        facts.backup = Some((BACKUP_HOURS - 1, false));
        assert_eq!(findings(&facts), []);
        facts.trust_confirmed = false;
        facts.recovery_key = false;
        facts.disk_full = true;
        let order: Vec<_> = findings(&facts).iter().map(|f| f.severity).collect();
        assert_eq!(order, [CRITICAL, WARNING, ADVICE]);
    }
}
