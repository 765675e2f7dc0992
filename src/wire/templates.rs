//! The clinic's text templates, and the commands that a person may give.

use schemars::JsonSchema;
use serde::Serialize;

use super::fields::{Body, Fields};
use crate::clock::Timestamp;
use crate::id::{TemplateId, UserId};

/// A text that a command inserts.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    /// The template's id.
    pub id: TemplateId,
    /// The command's name, without its slash.
    pub name: String,
    /// What it inserts.
    pub text: String,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// `POST /api/templates`.
#[derive(Debug)]
pub struct NewTemplate {
    /// The command's name.
    pub name: String,
    /// What it inserts.
    pub text: String,
}

impl Body for NewTemplate {
    const REFUSED: &'static [&'static str] = &["id", "createdBy", "createdAt", "updatedAt"];
    fn read(fields: &mut Fields) -> Self {
        Self { name: fields.text("name"), text: fields.text("text") }
    }
}

/// `PUT /api/templates/:id`.
#[derive(Debug)]
pub struct TemplateChange {
    /// The new name.
    pub name: Option<String>,
    /// The new text.
    pub text: Option<String>,
}

impl Body for TemplateChange {
    const REFUSED: &'static [&'static str] = &["id", "createdBy", "createdAt", "updatedAt"];
    fn read(fields: &mut Fields) -> Self {
        Self { name: fields.given_text("name"), text: fields.given_text("text") }
    }
}

/// A command, for completion.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Command {
    /// Its name, without the slash.
    pub name: String,
    /// What follows it.
    pub usage: String,
    /// What it does.
    pub description: String,
    /// Whether it is one of the clinic's templates.
    pub template: bool,
}

/// A command was carried out; nothing was posted.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Done {
    /// Always true.
    pub success: bool,
    /// Its name, without the slash.
    pub command: &'static str,
    /// What was done.
    pub message: &'static str,
}

/// The types of messages that have a schema.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SchemaNames {
    /// As `metadata.type` names them.
    pub schemas: Vec<&'static str>,
}
