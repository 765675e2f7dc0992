//! Everything that can be configured, as one list: the clinic's policies, which are changed here, and how the server
//! is run, which is shown with where it comes from and why it is not changed here.

use std::sync::{PoisonError, RwLock};

use serde_json::Value;

use super::deeds::SettingDeed;
use super::model::{Clinic, POLICIES, Policy, policy};
use super::ops::{known, load, shown};
use super::rows;
use crate::config::Shown;
use crate::error::{Error, Result};
use crate::features::{Expected, Means, Versioned};
use crate::gate::Cx;
use crate::wire::settings::{AdminSetting, AdminSettings, Setting, SettingChange, SettingGroup};

/// How the server is run.
#[derive(Debug, Default)]
pub struct Configured(RwLock<Vec<Shown>>);

impl Configured {
    /// As it is shown.
    pub fn new(all: Vec<Shown>) -> Self {
        Self(RwLock::new(all))
    }

    /// It was read again.
    pub fn replace(&self, all: Vec<Shown>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = all;
    }

    /// Every row, secrets masked.
    pub fn all(&self) -> Vec<Shown> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Headings of the policies, by the part of their names before the dot.
const HEADINGS: &[(&str, &str)] =
    &[("messages", "Messages"), ("registration", "Accounts"), ("security", "Security"), ("phi", "Patient details")];

/// Everything, in groups.
pub async fn everything(cx: &Cx, means: &Means) -> Result<AdminSettings> {
    let stored = cx.view(SettingDeed::List, rows::stored).await?;
    let policies = POLICIES.iter().map(|policy| {
        let stored = stored.iter().find(|row| row.name == policy.name).cloned();
        of_policy(policy, shown(policy, stored))
    });
    let configured = means.configured.all();
    let settings: Vec<AdminSetting> = policies.chain(configured.iter().map(of_configuration)).collect();
    let mut groups: Vec<SettingGroup> = Vec::new();
    for setting in &settings {
        if groups.iter().all(|group| group.name != setting.group) {
            let title = HEADINGS.iter().find(|(name, _)| *name == setting.group).map(|(_, title)| *title);
            let configured = configured.iter().find(|one| one.group == setting.group).map(|one| one.title);
            let title = title.or(configured).unwrap_or(setting.group);
            groups.push(SettingGroup { name: setting.group, title });
        }
    }
    Ok(AdminSettings { groups, settings })
}

/// One of them.
pub async fn one(cx: &Cx, means: &Means, name: &str) -> Result<Versioned<AdminSetting>> {
    if let Some(policy) = policy(name) {
        let stored = cx.view(SettingDeed::List, rows::stored).await?;
        let stored = stored.into_iter().find(|row| row.name == policy.name);
        let version = rows::version(stored.as_ref());
        return Ok(Versioned { value: of_policy(policy, shown(policy, stored)), version });
    }
    cx.permit(SettingDeed::List).await?;
    let found = means.configured.all().into_iter().find(|one| one.name == name);
    let found = found.ok_or_else(|| Error::missing("setting"))?;
    Ok(Versioned { value: of_configuration(&found), version: 0 })
}

/// Changes a policy, if it is still as the caller saw it.
pub async fn put(
    cx: &Cx,
    means: &Means,
    name: &str,
    expected: Expected,
    body: SettingChange,
) -> Result<Versioned<AdminSetting>> {
    let policy = changeable(cx, means, name).await?;
    if !(policy.set)(&mut Clinic::default(), &body.value) {
        return Err(Error::field("value", format!("must be {}", (policy.allowed)())));
    }
    let value = body.value.to_string();
    cx.act(SettingDeed::Change { name: policy.name }, move |act| {
        expected.check(rows::version_in(act, policy.name)?)?;
        let by = act.user()?;
        rows::keep(act, policy.name, &value, Some(by))
    })
    .await?;
    load(cx, &means.clinic).await?;
    one(cx, means, name).await
}

/// Goes back to the default, if the policy is still as the caller saw it.
pub async fn put_back(cx: &Cx, means: &Means, name: &str, expected: Expected) -> Result<Versioned<AdminSetting>> {
    let policy = changeable(cx, means, name).await?;
    cx.act(SettingDeed::Reset { name: policy.name }, move |act| {
        expected.check(rows::version_in(act, policy.name)?)?;
        rows::forget(act, policy.name)
    })
    .await?;
    load(cx, &means.clinic).await?;
    one(cx, means, name).await
}

/// The policy of that name; what is configuration says why it is not changed here, to those who may know of it.
async fn changeable(cx: &Cx, means: &Means, name: &str) -> Result<&'static Policy> {
    if let Some(found) = means.configured.all().into_iter().find(|one| one.name == name) {
        cx.permit(SettingDeed::List).await?;
        return Err(Error::conflict("setting_not_changeable", reason(&found)));
    }
    known(name)
}

fn reason(found: &Shown) -> String {
    let restart = if found.live { "it is taken over at once" } else { "it counts from the next start" };
    match found.origin.as_str() {
        "default" => format!("How the server is run is set on its machine: set {} there; {restart}.", found.name),
        "environment" | "command line" => format!(
            "{} was given by the {} when the server was started: change it there and start the server again.",
            found.name, found.origin
        ),
        file => format!("{} is set in {file}: change it there; {restart}.", found.name),
    }
}

fn of_configuration(found: &Shown) -> AdminSetting {
    AdminSetting {
        name: found.name,
        group: found.group,
        description: found.doc,
        kind: found.kind,
        choices: found.choices.iter().map(|word| (*word).to_owned()).collect(),
        allowed: found.allowed.clone(),
        default: found.default.clone().into(),
        value: found.value.clone().map_or(Value::Null, Value::String),
        secret: found.secret,
        source: found.origin.clone(),
        changeable: false,
        reason: Some(reason(found)),
        restart: !found.live || matches!(found.origin.as_str(), "environment" | "command line"),
        updated_at: None,
        updated_by: None,
        updated_by_username: None,
    }
}

fn of_policy(policy: &'static Policy, shown: Setting) -> AdminSetting {
    let words = shown.allowed.strip_prefix("one of ");
    AdminSetting {
        name: policy.name,
        group: policy.name.split('.').next().unwrap_or_default(),
        description: policy.description,
        kind: match (&shown.default, words) {
            (Value::Bool(_), _) => "flag",
            (_, Some(_)) => "choice",
            (Value::Number(_), _) => "number",
            (Value::Array(_), _) => "list",
            _ => "text",
        },
        choices: words.into_iter().flat_map(str::split_whitespace).map(str::to_owned).collect(),
        allowed: shown.allowed,
        default: shown.default,
        value: shown.value,
        secret: false,
        source: if shown.is_set { "dashboard" } else { "default" }.to_owned(),
        changeable: true,
        reason: None,
        restart: false,
        updated_at: shown.updated_at,
        updated_by: shown.updated_by,
        updated_by_username: shown.updated_by_username,
    }
}
