//! People.

use schemars::JsonSchema;
use serde::Serialize;
use zeroize::Zeroizing;

use super::fields::{Body, Change, Fields};
use crate::clock::Timestamp;
use crate::id::UserId;

/// A person as clients see one: never a hash, never a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The person's id.
    pub id: UserId,
    /// The name to sign in with and to be shown under.
    pub username: String,
    /// Null when the clinic keeps none.
    pub email: Option<String>,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// The role's name.
    pub role: String,
    /// `active`, `inactive` or `locked`.
    pub status: String,
    /// Null until the first sign-in.
    pub last_login: Option<Timestamp>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Whether a second factor is asked for.
    pub two_factor_enabled: bool,
    /// Whether the next sign-in must choose a new password.
    pub force_password_change: bool,
}

/// `PUT /api/users/:id`: the fields to change.
pub struct ChangedUser {
    /// The name to sign in with.
    pub username: Option<String>,
    /// Null for none.
    pub email: Change<String>,
    /// Given name.
    pub first_name: Change<String>,
    /// Family name.
    pub last_name: Change<String>,
    /// A role's name.
    pub role: Option<String>,
    /// `active`, `inactive` or `locked`.
    pub status: Option<String>,
    /// Whether the next sign-in must choose a new password.
    pub force_password_change: Option<bool>,
}

impl Body for ChangedUser {
    const REFUSED: &'static [&'static str] =
        &["id", "createdBy", "createdAt", "password", "newPassword", "twoFactorEnabled"];
    fn read(fields: &mut Fields) -> Self {
        Self {
            username: fields.given_text("username"),
            email: fields.changed_text("email"),
            first_name: fields.changed_text("firstName"),
            last_name: fields.changed_text("lastName"),
            role: fields.given_text("role"),
            status: fields.given_text("status"),
            force_password_change: fields.changed_flag("forcePasswordChange"),
        }
    }
}

/// `POST /api/users/search`.
pub struct UserSearch {
    /// Words, each of which has to be in a name.
    pub query: Option<String>,
    /// A role's name.
    pub role: Option<String>,
    /// `active`, `inactive`, `locked`, or `deleted` for those who can still be brought back.
    pub status: Option<String>,
    /// Rows at most.
    pub limit: Option<u32>,
    /// The cursor that the page before gave.
    pub before: Option<String>,
}

impl Body for UserSearch {
    const REFUSED: &'static [&'static str] = &[];
    fn read(fields: &mut Fields) -> Self {
        let limit = fields.optional_number("limit");
        Self {
            query: fields.optional_text("query"),
            role: fields.optional_text("role"),
            status: fields.optional_text("status"),
            // What is too large or below zero is told by the list, with what is allowed.
            limit: limit.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX)),
            before: fields.optional_text("before"),
        }
    }
}

/// `PUT /api/users/:id/password`.
pub struct SetPassword {
    /// The one in use; needed for one's own.
    pub current: Option<Zeroizing<String>>,
    /// The one to use from now on.
    pub new: Zeroizing<String>,
    /// Whether the next sign-in must choose another one.
    pub force_password_change: bool,
}

impl Body for SetPassword {
    const REFUSED: &'static [&'static str] = &["id", "role", "status"];
    fn read(fields: &mut Fields) -> Self {
        Self {
            current: fields.optional_text("currentPassword").map(Zeroizing::new),
            new: Zeroizing::new(fields.text("newPassword")),
            force_password_change: fields.flag("forcePasswordChange", false),
        }
    }
}

/// `POST /api/users`.
pub struct NewUser {
    /// The name to sign in with.
    pub username: String,
    /// Optional.
    pub email: Option<String>,
    /// The first password.
    pub password: Zeroizing<String>,
    /// A role's name; `user` when missing.
    pub role: Option<String>,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Whether the first sign-in must choose a new password.
    pub force_password_change: bool,
}

impl Body for NewUser {
    const REFUSED: &'static [&'static str] = &["id", "status", "createdBy", "createdAt"];
    fn read(fields: &mut Fields) -> Self {
        Self {
            username: fields.text("username"),
            email: fields.optional_text("email"),
            password: Zeroizing::new(fields.text("password")),
            role: fields.optional_text("role"),
            first_name: fields.optional_text("firstName"),
            last_name: fields.optional_text("lastName"),
            force_password_change: fields.flag("forcePasswordChange", false),
        }
    }
}
