//! Signing in and out.

use schemars::JsonSchema;
use serde::Serialize;
use zeroize::Zeroizing;

use super::fields::{Body, Fields};
use super::users::{NewUser, User};
use crate::clock::Timestamp;
use crate::id::{SessionId, UserId};

/// `POST /api/auth/login`.
pub struct Login {
    /// As it was given to the person; case does not matter.
    pub username: String,
    /// Wiped once it is checked.
    pub password: Zeroizing<String>,
    /// What the authenticator shows, or a recovery code, where the account has a second factor.
    pub code: Option<Zeroizing<String>>,
}

impl Body for Login {
    const REFUSED: &'static [&'static str] = &[];
    fn read(fields: &mut Fields) -> Self {
        Self {
            username: fields.text("username"),
            password: Zeroizing::new(fields.text("password")),
            code: fields.optional_text("code").map(Zeroizing::new),
        }
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

/// Who is signed in, what they may do, and where: what a client needs before its first page.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// Whose account.
    pub user: User,
    /// What they may do now, by name.
    pub permissions: Vec<&'static str>,
    /// The sign-in; null for an API key.
    pub session: Option<OwnSession>,
    /// The clinic.
    pub clinic: ClinicShown,
    /// After how many minutes without a touch a client locks itself; 0 for never.
    pub auto_lock_minutes: u32,
    /// Whether the account has to sign in with a second factor, by its role.
    pub second_factor_required: bool,
    /// The server's time.
    pub timestamp: Timestamp,
}

/// One's own sign-in.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnSession {
    /// Which.
    pub id: SessionId,
    /// When it ends unless it is renewed.
    pub expires_at: Timestamp,
}

/// What pages say of a clinic.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClinicShown {
    /// Null until it has one.
    pub name: Option<String>,
    /// The language for whoever has chosen none: `en`, `es`, `ar`.
    pub language: &'static str,
    /// A name of the IANA database.
    pub time_zone: String,
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

/// `POST /api/auth/reset-password`.
pub struct ResetPassword {
    /// What an administrator handed out.
    pub token: Zeroizing<String>,
    /// The password to use from now on.
    pub new: Zeroizing<String>,
}

impl Body for ResetPassword {
    const REFUSED: &'static [&'static str] = &["id", "userId", "role", "status"];
    fn read(fields: &mut Fields) -> Self {
        Self { token: Zeroizing::new(fields.text("token")), new: Zeroizing::new(fields.text("newPassword")) }
    }
}

/// The answer to `POST /api/users/:id/password-reset`: the only time that the token is seen.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IssuedReset {
    /// Whose password it is good for.
    pub user_id: UserId,
    /// To be handed to that person.
    pub token: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// `POST /api/auth/register`.
pub struct Register {
    /// The token of an invitation.
    pub invitation: Option<Zeroizing<String>>,
    /// The account; its role is the invitation's.
    pub account: NewUser,
}

impl Body for Register {
    const REFUSED: &'static [&'static str] =
        &["role", "status", "id", "createdBy", "createdAt", "forcePasswordChange", "twoFactorEnabled"];
    fn read(fields: &mut Fields) -> Self {
        Self {
            invitation: fields.optional_text("invitation").map(Zeroizing::new),
            account: NewUser {
                username: fields.text("username"),
                email: fields.optional_text("email"),
                password: Zeroizing::new(fields.text("password")),
                role: None,
                first_name: fields.optional_text("firstName"),
                last_name: fields.optional_text("lastName"),
                force_password_change: false,
            },
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
