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
