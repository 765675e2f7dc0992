//! The steps of a set-up: with the one-time code while nobody can sign in, and by those who manage settings later.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use serde_json::{Value, json};

use super::deeds::SetupDeed;
use super::rows;
use super::site::{OnTrial, TRIAL};
use crate::error::{Error, Result};
use crate::features::auth::clinic_shown;
use crate::features::{Means, settings, users};
use crate::gate::Cx;
use crate::wire::auth::ClinicShown;
use crate::wire::setup::{
    FoundNetwork, Hosts, HostsWanted, Networks, NetworksWanted, PasswordStrength, PasswordTried, SetupClinic,
    SetupState, StepsDone, Trial,
};

/// Under which names the choices are kept.
pub const NETWORKS: &str = "site.networks";
/// See [`NETWORKS`].
pub const HOSTS: &str = "site.hosts";

/// Fails unless the code is right and set-up still open; counts wrong ones.
pub async fn admit(cx: &Cx, means: &Means, code: &str) -> Result<()> {
    if !means.door.is_open() {
        return Err(Error::missing("page"));
    }
    let address = cx.peer().ip.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    means.setups.check("", address, cx.monotonic())?;
    if means.door.admits(code) {
        return Ok(());
    }
    means.setups.failed("", address, cx.monotonic());
    cx.act(SetupDeed::WrongCode, |_| Ok(())).await?;
    Err(Error::refused("wrong_setup_code", "That is not the set-up code: look at the server's terminal."))
}

/// How far it is.
pub async fn state(cx: &Cx, means: &Arc<Means>) -> Result<SetupState> {
    let kept = cx.view(SetupDeed::SeeSteps, rows::kept).await?;
    let is = |name: &str| kept.iter().any(|known| known == name);
    let done = StepsDone {
        language: is("clinic.clinic.language"),
        clinic: is("clinic.clinic.name"),
        networks: is(NETWORKS),
        hosts: is(HOSTS),
    };
    Ok(SetupState {
        version: env!("CARGO_PKG_VERSION"),
        clinic: clinic_shown(&means.clinic.now()),
        languages: ["en", "es", "ar"],
        password_min: means.limits.password_chars_min,
        networks: networks(cx, means, true).await?,
        hosts: hosts(cx, means, true).await?,
        done,
    })
}

/// Language, name and time zone: all or none.
pub async fn clinic(cx: &Cx, means: &Means, body: SetupClinic) -> Result<ClinicShown> {
    let mut chosen = Vec::new();
    for (field, name, value) in [
        ("language", "clinic.language", body.language),
        ("name", "clinic.name", body.name),
        ("timeZone", "clinic.timeZone", body.time_zone),
    ] {
        if let Some(value) = value {
            chosen.push(settings::checked(field, name, &Value::String(value))?);
        }
    }
    cx.act(SetupDeed::Clinic, move |act| chosen.iter().try_for_each(|(name, json)| settings::write(act, name, json)))
        .await?;
    settings::load(cx, &means.clinic).await?;
    Ok(clinic_shown(&means.clinic.now()))
}

/// Who is let in now.
pub async fn networks(cx: &Cx, means: &Arc<Means>, by_code: bool) -> Result<Networks> {
    cx.view(SetupDeed::SeeSite { by_code }, |_| Ok(())).await?;
    let you = cx.peer().ip;
    let means = means.clone();
    off_thread(move || {
        let site = &means.place.site;
        let (ranges, changeable) = site.ranges();
        let found = site
            .networks()
            .into_iter()
            .map(|network| FoundNetwork {
                selected: site.admits(network.address),
                holds_you: you.is_some_and(|ip| (network.holds)(ip)),
                range: network.range,
                kind: network.kind,
            })
            .collect();
        let trial = means.place.trial();
        let pending = trial.0.as_ref().map(|on| Trial { ranges: on.shown.clone(), falls_back_at: on.falls_back_at });
        Ok(Networks { ranges, found, your_address: you.map(|ip| ip.to_string()), changeable, pending })
    })
    .await
}

/// Puts other rules in force, on trial.
pub async fn try_networks(cx: &Cx, means: &Arc<Means>, body: NetworksWanted, by_code: bool) -> Result<Networks> {
    let deed = || SetupDeed::TryNetworks { by_code };
    cx.view(deed(), |_| Ok(())).await?;
    let you = cx.peer().ip.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let (ranges, changeable) = means.place.site.ranges();
    if !changeable {
        return Err(Error::conflict(
            "set_in_configuration",
            "ALLOWED_NETWORK_RANGE names the networks: change it where the server is configured.",
        ));
    }
    let rules: Vec<String> = body.ranges.iter().map(|rule| rule.trim().to_owned()).filter(|r| !r.is_empty()).collect();
    let admitted = means.place.site.would_admit(&rules, you).map_err(|error| Error::field("ranges", error.detail()))?;
    if !admitted && !body.accept_lockout {
        return Err(Error::conflict(
            "would_lock_out",
            "These networks do not hold the address that you come from: you would be locked out. Send acceptLockout \
             if another device will confirm the change within two minutes.",
        ));
    }
    let (now, at) = (cx.monotonic(), cx.now());
    let held = means.clone();
    cx.act(deed(), move |_| {
        let mut trial = held.place.trial();
        // A change during a trial goes back to what was before the first.
        let (before, shown) = match trial.0.take() {
            Some(earlier) => (earlier.before, earlier.shown),
            None => (trial.1.clone(), ranges),
        };
        held.place.site.hold(Some(&rules))?;
        let (until, falls_back_at) = (now + TRIAL, at.plus(TRIAL));
        trial.0 = Some(OnTrial { before, shown, rules, until, falls_back_at });
        Ok(())
    })
    .await?;
    networks(cx, means, by_code).await
}

/// Keeps the rules that are on trial: asked by somebody whom they admit.
pub async fn confirm_networks(cx: &Cx, means: &Arc<Means>, by_code: bool) -> Result<Networks> {
    let you = cx.peer().ip.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let held = means.clone();
    cx.act(SetupDeed::ConfirmNetworks { by_code }, move |act| {
        let mut trial = held.place.trial();
        let Some(on) = &trial.0 else { return Err(Error::missing("change of the networks that waits")) };
        if !held.place.site.would_admit(&on.rules, you)? {
            return Err(Error::conflict(
                "not_through_new_rules",
                "The new networks do not hold the address that you come from: confirm from a device that they hold.",
            ));
        }
        rows::keep(act, NETWORKS, &json!(on.rules).to_string())?;
        let rules = on.rules.clone();
        *trial = (None, Some(rules));
        Ok(())
    })
    .await?;
    networks(cx, means, by_code).await
}

/// What the server is called now.
pub async fn hosts(cx: &Cx, means: &Arc<Means>, by_code: bool) -> Result<Hosts> {
    cx.view(SetupDeed::SeeSite { by_code }, |_| Ok(())).await?;
    let means = means.clone();
    off_thread(move || {
        let names = means.place.site.names();
        Ok(Hosts {
            names: names.hosts,
            addresses: names.addresses.iter().map(IpAddr::to_string).collect(),
            extra: names.extra,
            not_covered: names.not_covered,
            fingerprint: names.fingerprint,
        })
    })
    .await
}

/// Calls the server by other names besides its own; its certificate is made anew before this returns.
pub async fn call_hosts(cx: &Cx, means: &Arc<Means>, body: HostsWanted, by_code: bool) -> Result<Hosts> {
    let names: Vec<String> = body.names.iter().map(|name| name.trim().to_lowercase()).collect();
    if names.iter().any(|name| !is_name(name)) {
        return Err(Error::field("names", "must be host names or addresses, as chat.lan or 10.0.0.5"));
    }
    let json = json!(names).to_string();
    cx.act(SetupDeed::CallHosts { by_code }, move |act| rows::keep(act, HOSTS, &json)).await?;
    let held = means.clone();
    off_thread(move || held.place.site.call(&names)).await?;
    hosts(cx, means, by_code).await
}

/// How good a password is; nothing of it is kept.
pub fn strength(means: &Means, body: PasswordTried) -> PasswordStrength {
    let minimum = means.limits.password_chars_min;
    let username = body.username.unwrap_or_default();
    let chars: Vec<char> = body.password.chars().collect();
    let different = chars.iter().collect::<std::collections::HashSet<_>>().len();
    let runs = chars.windows(2).filter(|two| u32::from(two[0]).abs_diff(u32::from(two[1])) <= 1).count();
    // What follows from the character before it adds little.
    let worth = chars.len().saturating_sub(runs).min(different * 3);
    let problem = users::NewPassword::parse(body.password, &username, minimum).err();
    let score = match worth {
        0..6 => 0,
        6..10 => 1,
        10..15 => 2,
        15..20 => 3,
        _ => 4,
    };
    let acceptable = problem.is_none();
    PasswordStrength { score: if acceptable { score.max(2) } else { score.min(1) }, acceptable, problem, minimum }
}

fn is_name(name: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    name.parse::<IpAddr>().is_ok() || (name.len() <= 253 && name.split('.').all(label))
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|cause| Error::internal("asking the edge").because(cause))?
}
