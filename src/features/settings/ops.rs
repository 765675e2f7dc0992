//! Reading and changing the policies.

use std::collections::HashMap;

use serde_json::Value;

use super::current::Current;
use super::deeds::SettingDeed;
use super::model::{Clinic, POLICIES, Policy, policy};
use super::rows::{self, Stored};
use crate::error::{Error, Result};
use crate::features::Means;
use crate::gate::{Act, Cx};
use crate::wire::settings::{Setting, SettingChange};

/// Every policy with its value in force.
pub async fn list(cx: &Cx) -> Result<Vec<Setting>> {
    let stored = cx.view(SettingDeed::List, rows::stored).await?;
    let mut by_name: HashMap<String, Stored> = stored.into_iter().map(|row| (row.name.clone(), row)).collect();
    Ok(POLICIES.iter().map(|policy| shown(policy, by_name.remove(policy.name))).collect())
}

/// One policy.
pub async fn show(cx: &Cx, name: &str) -> Result<Setting> {
    let policy = known(name)?;
    let stored = cx.view(SettingDeed::List, rows::stored).await?;
    Ok(shown(policy, stored.into_iter().find(|row| row.name == policy.name)))
}

/// Puts a value in force, for everybody, before this returns.
pub async fn change(cx: &Cx, means: &Means, name: &str, body: SettingChange) -> Result<Setting> {
    let policy = known(name)?;
    if !(policy.set)(&mut Clinic::default(), &body.value) {
        return Err(Error::field("value", format!("must be {}", (policy.allowed)())));
    }
    let value = body.value.to_string();
    cx.act(SettingDeed::Change { name: policy.name }, move |act| {
        let by = act.user()?;
        act.everybody_changed();
        rows::keep(act, policy.name, &value, Some(by))
    })
    .await?;
    load(cx, &means.clinic).await?;
    show(cx, name).await
}

/// A value that another feature is about to set, as it is stored; an error names its own field.
pub fn checked(field: &'static str, name: &str, value: &Value) -> Result<(&'static str, String)> {
    let policy = known(name)?;
    if (policy.set)(&mut Clinic::default(), value) {
        return Ok((policy.name, value.to_string()));
    }
    Err(Error::field(field, format!("must be {}", (policy.allowed)())))
}

/// Stores such a value, inside the deed of that feature; [`load`] puts it in force.
pub fn write(act: &mut Act<'_, '_>, name: &str, json: &str) -> Result<()> {
    act.everybody_changed();
    rows::keep(act, name, json, act.user().ok())
}

/// Puts the default in force again.
pub async fn reset(cx: &Cx, means: &Means, name: &str) -> Result<Setting> {
    let policy = known(name)?;
    cx.act(SettingDeed::Reset { name: policy.name }, move |act| {
        act.everybody_changed();
        rows::forget(act, policy.name)
    })
    .await?;
    load(cx, &means.clinic).await?;
    show(cx, name).await
}

/// Reads what is stored and puts it in force. A value that this version does not allow any more counts as not set.
pub async fn load(cx: &Cx, current: &Current) -> Result<()> {
    let _one_at_a_time = current.reading.lock().await;
    let stored = cx.view(SettingDeed::Load, rows::stored).await?;
    let mut clinic = Clinic::default();
    for row in stored {
        let Some(policy) = policy(&row.name) else { continue };
        let allowed = serde_json::from_str(&row.value).is_ok_and(|value| (policy.set)(&mut clinic, &value));
        if !allowed {
            tracing::warn!(name = policy.name, "a stored setting is not allowed by this version: its default is used");
        }
    }
    current.keep(clinic);
    Ok(())
}

pub(super) fn known(name: &str) -> Result<&'static Policy> {
    policy(name).ok_or_else(|| Error::missing("setting"))
}

pub(super) fn shown(policy: &Policy, stored: Option<Stored>) -> Setting {
    let mut clinic = Clinic::default();
    let default = (policy.show)(&clinic);
    let set = stored.as_ref().and_then(|row| serde_json::from_str::<Value>(&row.value).ok());
    let is_set = set.is_some_and(|value| (policy.set)(&mut clinic, &value));
    Setting {
        name: policy.name,
        value: (policy.show)(&clinic),
        default,
        allowed: (policy.allowed)(),
        description: policy.description,
        is_set,
        updated_at: stored.as_ref().and_then(|row| row.at),
        updated_by: stored.as_ref().and_then(|row| row.by),
        updated_by_username: stored.and_then(|row| row.username),
    }
}
