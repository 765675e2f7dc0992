//! Roles, what they allow, and what a change of that would do.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::fields::{Body, Change, Fields};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::{RoleId, UserId};

/// Permissions that a body may name; more than there are.
const PERMISSIONS_MAX: usize = 100;

/// One thing that a role may allow.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PermissionShown {
    /// As it is named everywhere.
    pub name: &'static str,
    /// What it is about: the part of the name before the dot.
    pub category: &'static str,
    /// What it allows.
    pub description: &'static str,
}

/// A role.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    /// The role's id.
    pub id: RoleId,
    /// Its name, as accounts name it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether new accounts get it where none is named.
    pub is_default: bool,
    /// Whether it came with the server: then it keeps its name and cannot be deleted.
    pub built_in: bool,
    /// Whether nobody can change what it allows.
    pub fixed: bool,
    /// The names of what it allows.
    pub permissions: Vec<&'static str>,
    /// How many accounts have it.
    pub people: i64,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

/// All roles against all permissions.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Matrix {
    /// Every permission there is.
    pub permissions: Vec<PermissionShown>,
    /// Every role, built-in ones first.
    pub roles: Vec<Role>,
}

/// `POST /api/roles`.
pub struct NewRole {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The names of what it allows.
    pub permissions: Vec<String>,
}

impl Body for NewRole {
    const REFUSED: &'static [&'static str] = &["id", "builtIn", "fixed", "people", "createdAt", "isDefault"];
    fn read(fields: &mut Fields) -> Self {
        Self {
            name: fields.text("name"),
            description: fields.optional_text("description"),
            permissions: fields.texts("permissions", PERMISSIONS_MAX),
        }
    }
}

/// `PUT /api/roles/:id`.
pub struct ChangedRole {
    /// The new name.
    pub name: Option<String>,
    /// Null for none.
    pub description: Change<String>,
    /// The names of all that it allows from then on.
    pub permissions: Option<Vec<String>>,
    /// True: new accounts get it where none is named, and no longer the one that had this.
    pub is_default: Option<bool>,
}

impl Body for ChangedRole {
    const REFUSED: &'static [&'static str] = &["id", "builtIn", "fixed", "people", "createdAt"];
    fn read(fields: &mut Fields) -> Self {
        Self {
            name: fields.given_text("name"),
            description: fields.changed_text("description"),
            permissions: fields.optional_texts("permissions", PERMISSIONS_MAX),
            is_default: fields.changed_flag("isDefault"),
        }
    }
}

/// `PUT /api/roles/matrix` and its preview: `{"roles": {"ROLE ID": ["messages.send", …]}}`.
pub struct ChangedMatrix {
    /// For each role that is to change, all that it allows from then on.
    pub roles: Vec<(RoleId, Vec<String>)>,
}

impl Body for ChangedMatrix {
    const REFUSED: &'static [&'static str] = &["permissions"];
    fn read(fields: &mut Fields) -> Self {
        let roles = match fields.optional_object("roles") {
            Some(Value::Object(roles)) => roles.into_iter().map(entry).collect::<Result<Vec<_>>>(),
            _ => Err(Error::field("roles", "is missing")),
        };
        let roles = roles.unwrap_or_else(|_| {
            fields.fault("roles", "must be an object of role ids with lists of permissions");
            Vec::new()
        });
        Self { roles }
    }
}

fn entry((id, list): (String, Value)) -> Result<(RoleId, Vec<String>)> {
    let wrong = || Error::field("roles", "must be an object of role ids with lists of permissions");
    let Value::Array(list) = list else { return Err(wrong()) };
    let names = list.into_iter().map(|name| name.as_str().map(str::to_owned).ok_or_else(wrong));
    Ok((id.parse().map_err(|_| wrong())?, names.collect::<Result<Vec<_>>>()?))
}

/// What a change of what roles allow would do.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MatrixPreview {
    /// The roles that would really change.
    pub roles: Vec<RolePreview>,
    /// How many people it concerns.
    pub people_count: i64,
    /// The first 200 of them by name.
    pub people: Vec<PersonPreview>,
    /// Why it would be refused, as an error code; null when it would not.
    pub refused: Option<&'static str>,
    /// The same as a sentence.
    pub refusal: Option<String>,
}

/// What would change of a role.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RolePreview {
    /// The role.
    pub id: RoleId,
    /// Its name.
    pub name: String,
    /// What it would allow besides.
    pub gained: Vec<&'static str>,
    /// What it would no longer allow.
    pub lost: Vec<&'static str>,
    /// How many accounts have it.
    pub people: i64,
}

/// What would change for a person.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonPreview {
    /// Who.
    pub user_id: UserId,
    /// Their name.
    pub username: String,
    /// The role that changes.
    pub role: String,
    /// What they could do besides.
    pub gained: Vec<&'static str>,
    /// What they could no longer do.
    pub lost: Vec<&'static str>,
}

/// What a person may do, and why.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EffectivePermissions {
    /// Whose.
    pub user_id: UserId,
    /// Whether the account may be used; otherwise it may do nothing, whatever stands below.
    pub active: bool,
    /// The role that the account has.
    pub role: RoleName,
    /// Every permission there is, and where it comes from.
    pub permissions: Vec<PermissionSource>,
    /// Channels in which the person may do more, or less, than others; at most 200.
    pub channels: Vec<ChannelStanding>,
}

/// A role's id and name.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RoleName {
    /// Its id.
    pub id: RoleId,
    /// Its name.
    pub name: String,
}

/// A permission, and whether and why somebody has it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PermissionSource {
    /// As it is named everywhere.
    pub name: &'static str,
    /// What it is about.
    pub category: &'static str,
    /// What it allows.
    pub description: &'static str,
    /// Whether they have it now.
    pub granted: bool,
    /// `role`; null when they do not have it.
    pub source: Option<&'static str>,
}

/// A standing in a channel that is not that of a plain member.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChannelStanding {
    /// The channel.
    pub channel_id: crate::id::ChannelId,
    /// Its name.
    pub channel_name: String,
    /// `owner`, `moderator` or `readonly`.
    pub standing: String,
}
