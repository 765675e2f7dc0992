//! The clinic's policies.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::fields::{Body, Fields};
use crate::clock::Timestamp;
use crate::id::UserId;

/// One policy.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// The value in force.
    pub value: Value,
    /// The value without anybody's choice.
    pub default: Value,
    /// What is allowed.
    pub allowed: String,
    /// What it decides.
    pub description: &'static str,
    /// Whether somebody chose the value.
    pub is_set: bool,
    /// When it was chosen.
    pub updated_at: Option<Timestamp>,
    /// By whom.
    pub updated_by: Option<UserId>,
    /// Their name.
    pub updated_by_username: Option<String>,
}

/// `PUT /api/settings/:name`.
#[derive(Debug)]
pub struct SettingChange {
    /// The new value, of the setting's kind.
    pub value: Value,
}

impl Body for SettingChange {
    const REFUSED: &'static [&'static str] = &["name", "default", "allowed", "updatedAt", "updatedBy"];
    fn read(fields: &mut Fields) -> Self {
        Self { value: fields.any("value") }
    }
}

/// Everything that can be configured.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AdminSettings {
    /// The groups, in the order in which people want to read them.
    pub groups: Vec<SettingGroup>,
    /// The settings, in the order of their groups.
    pub settings: Vec<AdminSetting>,
}

/// Settings that belong together.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SettingGroup {
    /// As the settings name it.
    pub name: &'static str,
    /// Its heading, in English.
    pub title: &'static str,
}

/// One thing that can be configured.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdminSetting {
    /// A policy as `phi.policy`, or an environment variable as `PORT`.
    pub name: &'static str,
    /// Its group.
    pub group: &'static str,
    /// What it decides.
    pub description: &'static str,
    /// `flag`, `choice`, `number`, `bytes`, `duration`, `text`, `path`, `list` or `secret`.
    pub kind: &'static str,
    /// The words of a choice.
    pub choices: Vec<String>,
    /// What is allowed, in words.
    pub allowed: String,
    /// The value without anybody's choice; of configuration, in words.
    pub default: Value,
    /// The value in force, asterisks if it is secret; null when it is not set.
    pub value: Value,
    /// Whether the value is never shown.
    pub secret: bool,
    /// `default`, `dashboard`, `environment`, `command line`, or the file that it stands in.
    pub source: String,
    /// Whether it can be changed here.
    pub changeable: bool,
    /// Why not, and where it can be.
    pub reason: Option<String>,
    /// Whether a change counts only from the next start.
    pub restart: bool,
    /// When it was changed here.
    pub updated_at: Option<Timestamp>,
    /// By whom.
    pub updated_by: Option<UserId>,
    /// Their name.
    pub updated_by_username: Option<String>,
}

/// What runs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct About {
    /// The version of the server.
    pub version: &'static str,
    /// Its licence.
    pub license: &'static str,
    /// The system that it was made for.
    pub system: &'static str,
    /// The processor that it was made for.
    pub architecture: &'static str,
    /// The libraries that it is made of.
    pub components: Vec<Component>,
}

/// A library.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}
