//! Signing in and out.

use schemars::JsonSchema;
use serde::Serialize;
use zeroize::Zeroizing;

use super::fields::{Body, Fields};
use super::users::User;
use crate::clock::Timestamp;

/// `POST /api/auth/login`.
pub struct Login {
    /// As it was given to the person; case does not matter.
    pub username: String,
    /// Wiped once it is checked.
    pub password: Zeroizing<String>,
}

impl Body for Login {
    const REFUSED: &'static [&'static str] = &[];
    fn read(fields: &mut Fields) -> Self {
        Self { username: fields.text("username"), password: Zeroizing::new(fields.text("password")) }
    }
}

/// `POST /api/auth/change-password`.
pub struct ChangePassword {
    /// The one in use.
    pub current: Zeroizing<String>,
    /// The one to use from now on.
    pub new: Zeroizing<String>,
}

impl Body for ChangePassword {
    const REFUSED: &'static [&'static str] = &[];
    fn read(fields: &mut Fields) -> Self {
        Self {
            current: Zeroizing::new(fields.text("currentPassword")),
            new: Zeroizing::new(fields.text("newPassword")),
        }
    }
}

/// The answer to a sign-in and to a refresh.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    /// The bearer token.
    pub token: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Who signed in.
    pub user: User,
}

/// `POST /api/setup`: the first administrator, with the one-time code that the terminal shows.
pub struct Setup {
    /// The one-time code.
    pub code: Zeroizing<String>,
    /// The administrator's name.
    pub username: String,
    /// The administrator's address.
    pub email: Option<String>,
    /// The administrator's password.
    pub password: Zeroizing<String>,
}

impl Body for Setup {
    const REFUSED: &'static [&'static str] = &["role", "status", "id", "createdBy"];
    fn read(fields: &mut Fields) -> Self {
        Self {
            code: Zeroizing::new(fields.text("code")),
            username: fields.text("username"),
            email: fields.optional_text("email"),
            password: Zeroizing::new(fields.text("password")),
        }
    }
}

/// The answer of a row that promises a "success message".
#[derive(Debug, Serialize, JsonSchema)]
pub struct Success {
    /// Always true: a failure is a problem body.
    pub success: bool,
    /// What was done.
    pub message: &'static str,
}

impl Success {
    /// Done, with a sentence.
    pub fn because(message: &'static str) -> Self {
        Self { success: true, message }
    }
}
